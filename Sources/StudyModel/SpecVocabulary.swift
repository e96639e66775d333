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
        "fine-tune", "sampler", "constraints", "budget", "workers", "seed",
      ],
      notBuilt: [
        "sensitivity", "shared-fine-tuning", "precision", "quantisation", "quantization", "distillation",
        "sparse-training", "targets", "fidelity", "timings", "notify", "reference-point",
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
      keys: ["criterion", "granularity", "scope", "sparsity", "layers", "round-to", "schedule", "order"],
      notBuilt: [
        "remove", "sparse-training", "quantisation", "quantization", "precision", "targets", "target", "redundancy",
        "depth", "rewinding", "tolerance",
      ]),
    "space.sparsity": Section(keys: ["min", "max"], notBuilt: ["per-group"]),
    "space.layers": Section(
      keys: ["include", "exclude"], notBuilt: ["kinds", "depth", "first", "last", "freeze", "names", "globs"]),
    "fine-tune": Section(
      keys: [
        "rungs", "samples-per-epoch", "optimizer", "learning-rate", "momentum", "weight-decay", "batch-size",
        "augmentation", "recalibration-batches",
      ],
      notBuilt: [
        "distillation", "early-stop", "learning-rate-schedule", "label-smoothing", "reinsertion", "re-insertion",
        "shared", "sparse-training", "quantisation", "quantization", "precision", "rewinding",
      ]),
    "fine-tune.augmentation": Section(keys: ["crop", "flip"], notBuilt: ["colour", "color", "mixup", "cutout"]),
    "budget": Section(keys: ["time", "trials"], notBuilt: ["epochs", "stagnation", "energy"]),
  ]

  static let criteriaNotBuilt = [
    "l-infinity", "threshold", "entropy", "activation-entropy", "mean-activation", "apoz", "obs", "hessian-trace",
    "hrank", "weight-moments", "movement", "dropout-rates", "gates", "wanda", "sparsegpt", "distilled-sparsity",
  ]
  static let granularitiesNotBuilt = [
    "n:m", "block", "head", "group", "unit", "recurrent-unit", "layer",
  ]
  static let scopesNotBuilt = ["layer-sets", "layers-then-weights"]
  static let schedulesNotBuilt = ["iterative", "gradual", "agp", "fixed-rate", "dynamic", "threshold", "rewinding"]
  static let ordersNotBuilt = [
    "bottom-up", "top-down", "shallow", "shallow-only", "least-sensitive", "critical-path",
  ]
  static let samplersNotBuilt = ["grid", "list", "sobol", "motpe", "tpe", "gp", "auto"]
  static let objectivesNotBuilt = [
    "loss", "top-5", "false-positive-rate", "coverage", "flops", "nonzero-parameters", "stored-size", "peak-memory",
  ]
  static let optimizersNotBuilt = ["adam", "adamw", "rmsprop", "ftrl", "proximal"]
  static let runtimesNotBuilt = ["onnxruntime"]
  static let dataFormats = ["fashion-mnist", "idx", "cifar10"]
  static let dataFormatsNotBuilt = ["image-folder", "npz", "csv", "cifar100", "imagenet"]

  /// Every key's path that is built, for hints at a key that stands in the wrong place.
  static let allPaths: [String] = sections.flatMap { section, words in
    words.keys.map { section.isEmpty ? $0 : section + "." + $0 }
  }.sorted()
}
