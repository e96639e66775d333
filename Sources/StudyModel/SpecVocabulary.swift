/// The words of the spec's format: what is built, and what the format knows but this build refuses by name.
///
/// A key or value moves from the second kind to the first when its capability arrives.
enum SpecVocabulary {
  struct Section {
    let keys: [String]
    let notBuilt: [String]
  }

  /// By the section's path; the top level has the empty path.
  static let sections: [String: Section] = [
    "": Section(
      keys: [
        "coppice", "study", "network", "data", "input", "split", "expect", "objectives", "latency", "space",
        "fine-tune", "sampler", "plans", "sensitivity", "constraints", "budget", "workers", "limits",
        "seed",
      ],
      notBuilt: [
        "device", "shared-fine-tuning", "precision", "quantisation", "quantization", "distillation", "targets",
        "fidelity",
        "timings", "notify", "reference-point",
      ]),
    "network": Section(
      keys: ["builtin", "file", "weights", "set", "state-pairs", "freeze", "batch-norm"], notBuilt: []),
    "data": Section(keys: ["format", "path"], notBuilt: []),
    "input": Section(
      keys: ["scale", "mean", "std"], notBuilt: ["layout", "colour-order", "color-order", "labels", "names"]),
    "split": Section(keys: ["train", "validation", "seed", "seen-training", "order"], notBuilt: ["test"]),
    "expect": Section(keys: ["accuracy"], notBuilt: ["loss"]),
    "latency": Section(keys: ["batch", "threads", "runtime"], notBuilt: ["table", "class", "command"]),
    "space": Section(
      keys: [
        "criterion", "remove", "aggregation", "normalization", "transform", "granularity", "scope", "layer-share",
        "sparsity", "layers", "round-to", "schedule", "order", "sparse-training", "redundancy",
        "mean-replacement",
      ],
      notBuilt: ["quantisation", "quantization", "precision", "targets"]),
    "space.criterion": Section(
      keys: ["name", "remove", "aggregation", "normalization", "transform"], notBuilt: []),
    "space.sparsity": Section(keys: ["min", "max", "share", "target", "threshold"], notBuilt: ["per-group"]),
    "space.layers": Section(
      keys: ["include", "exclude", "kinds", "depth", "first", "last"], notBuilt: ["freeze", "names", "globs"]),
    "space.schedule": Section(
      keys: ["kind", "steps", "epochs-per-step", "rate", "tolerance", "rewind"], notBuilt: []),
    "space.sparse-training": Section(keys: ["penalty", "update", "strength", "epochs"], notBuilt: []),
    "fine-tune": Section(
      keys: [
        "rungs", "promote", "samples-per-epoch", "optimizer", "learning-rate", "momentum", "weight-decay", "batch-size",
        "augmentation", "recalibration-batches",
      ],
      notBuilt: [
        "distillation", "early-stop", "learning-rate-schedule", "label-smoothing", "reinsertion", "re-insertion",
        "shared", "quantisation", "quantization", "precision",
      ]),
    "fine-tune.augmentation": Section(keys: ["crop", "flip"], notBuilt: ["colour", "color", "mixup", "cutout"]),
    "budget": Section(keys: ["time", "trials"], notBuilt: ["epochs", "stagnation", "energy"]),
    "limits": Section(keys: ["disk", "memory"], notBuilt: []),
  ]

  /// Why a key is not built, where more can be said than that.
  static let reasonsNotBuilt = [
    "device": "this version computes on processors only and uses no GPU, whether there is one or not"
  ]

  /// Other names of the same thing in the field.
  static let criterionSynonyms = ["l-infinity": Criterion.linf, "activation-entropy": .entropy]
  static let granularitySynonyms = ["filter": Granularity.channel, "neuron": .channel, "recurrent-unit": .unit]
  static let scopesNotBuilt = ["layer-sets"]
  static let samplersNotBuilt = ["sobol", "motpe", "tpe", "gp", "auto"]
  static let objectivesNotBuilt = [
    "loss", "top-5", "false-positive-rate", "coverage", "flops", "nonzero-parameters", "stored-size", "peak-memory",
  ]
  static let optimizersNotBuilt = ["adam", "adamw", "rmsprop", "ftrl", "proximal"]
  static let runtimesNotBuilt = ["onnxruntime"]
  static let dataFormats = ["fashion-mnist", "idx", "cifar10"]
  static let dataFormatsNotBuilt = ["image-folder", "npz", "csv", "cifar100", "imagenet"]

  /// The words of the section at a path; members of a list share theirs.
  static func section(at path: String) -> Section? {
    var name = ""
    var depth = 0
    for character in path {
      if character == "[" { depth += 1 }
      if depth == 0 { name.append(character) }
      if character == "]" { depth -= 1 }
    }
    // A plan of the list has the keys of a space.
    if name == "plans" || name.hasPrefix("plans.") { name = "space" + name.dropFirst(5) }
    return sections[name]
  }

  /// Every key's path that is built, for hints at a key that stands in the wrong place.
  static let allPaths: [String] = sections.flatMap { section, words in
    words.keys.map { section.isEmpty ? $0 : section + "." + $0 }
  }.sorted()
}
