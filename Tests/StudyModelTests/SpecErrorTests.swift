import StudyModel
import Support
import Testing

/// Every case replaces one key of a good spec by a bad line 4 and names what must come back.
struct BadSpec: CustomTestStringConvertible, Sendable {
  let line: String
  let code: SpecError.Code
  let path: String
  /// A part of the message or the remedy.
  let says: String
  var testDescription: String { line }

  init(_ line: String, _ code: SpecError.Code, _ path: String, _ says: String) {
    self.line = line
    self.code = code
    self.path = path
    self.says = says
  }
}

@Suite struct SpecErrorTests {
  static let base = "network: n.onnx\ndata: fashion-mnist\nobjectives: [accuracy, latency]\n"

  static let cases: [BadSpec] = [
    BadSpec("study: ../../up", .outOfRange, "study", "'../../up'"),
    BadSpec("study: /etc", .outOfRange, "study", "leads to another place"),
    BadSpec("study: a/b", .outOfRange, "study", "leads to another place"),
    BadSpec("study: ..", .outOfRange, "study", "leads to another place"),
    BadSpec("study: .", .outOfRange, "study", "leads to another place"),
    BadSpec("study: \(String(repeating: "a", count: 360))", .outOfRange, "study", "360 bytes"),
    BadSpec("study: \(String(repeating: "ä", count: 101))", .outOfRange, "study", "202 bytes"),
    BadSpec("study: \"a\\tb\"", .outOfRange, "study", "cannot be printed"),
    BadSpec("study: \"  \"", .outOfRange, "study", "nothing but spaces"),
    BadSpec("sampeler: nsga2", .unknownKey, "sampeler", "nearest is 'sampler'"),
    BadSpec("rungs: [0]", .unknownKey, "rungs", "'fine-tune.rungs' exists"),
    BadSpec("space: {criterium: l1}", .unknownKey, "space.criterium", "nearest is 'criterion'"),
    BadSpec("fine-tune: {lr: 0.1}", .unknownKey, "fine-tune.lr", "learning-rate"),
    BadSpec("space: {criterion: entropi}", .unknownValue, "space.criterion", "nearest is 'entropy'"),
    BadSpec("space: {criterion: threshold}", .unknownValue, "space.criterion", "space.sparsity.threshold"),
    BadSpec("space: {criterion: {remove: high}}", .missingKey, "space.criterion.name", "name: entropy"),
    BadSpec("space: {criterion: [l1, {name: l2, top: 3}]}", .unknownKey, "space.criterion[1].top", "The keys here are"),
    BadSpec(
      "space: {criterion: {name: entropy, remove: hi}}", .unknownValue, "space.criterion.remove", "nearest is 'high'"),
    BadSpec("space: {criterion: {name: random, remove: high}}", .conflict, "space.criterion.remove", "'random'"),
    BadSpec("space: {criterion: random, remove: [low, high]}", .conflict, "space.remove", "'random'"),
    BadSpec("space: {criterion: {name: l1, transform: log}}", .conflict, "space.criterion.transform", "skewness"),
    BadSpec("space: {criterion: [l1, l2], transform: log}", .conflict, "space.transform", "skewness"),
    BadSpec("space: {aggregation: median}", .unknownValue, "space.aggregation", "sum, mean, max"),
    BadSpec("space: {normalization: lamp}", .conflict, "space.normalization", "scope: global"),
    BadSpec(
      "space: {scope: local, criterion: {name: l1, normalization: max}}", .conflict, "space.criterion", "scope: global"),
    BadSpec("space: {criterion: [l1, l1]}", .duplicateKey, "space.criterion[1]", "twice"),
    BadSpec("space: {criterion: l3}", .unknownValue, "space.criterion", "nearest is 'l1'"),
    BadSpec("space: {criterion: []}", .outOfRange, "space.criterion", "empty"),
    BadSpec("space: {granularity: 4:2}", .outOfRange, "space.granularity", "N below M"),
    BadSpec("space: {granularity: block}", .outOfRange, "space.granularity", "block 4x1"),
    BadSpec("space: {granularity: heads}", .unknownValue, "space.granularity", "nearest is 'head'"),
    BadSpec("space: {granularity: 2:4}", .conflict, "space.granularity", "scope: local"),
    BadSpec(
      "space: {criterion: l1, scope: local, granularity: 2:4, schedule: [one-shot, agp]}", .conflict, "space.schedule",
      "'2:4' removes a share of its own in one cut"),
    BadSpec(
      "space: {scope: layers-then-weights, schedule: iterative}", .conflict, "space.schedule", "chooses its layers once"
    ),
    BadSpec("space: {scope: layers-then-weights, order: [all, bottom-up]}", .conflict, "space.order", "'bottom-up'"),
    BadSpec(
      "space: {criterion: l1, scope: global, granularity: element, sparsity: {target: parameters}, schedule: agp}",
      .conflict, "space.schedule", "is met in one cut"),
    BadSpec(
      "space: {criterion: [l1, {name: entropy, remove: high}], scope: global, sparsity: {threshold: 0.5}, schedule: agp}",
      .conflict, "space.schedule", "where 'high' scores leave"),
    BadSpec(
      "space: {criterion: l1, scope: local, sparsity: {threshold: [1, -1]}, schedule: history}", .conflict,
      "space.schedule", "the threshold -1.0 takes more than the whole"),
    BadSpec("space: {criterion: l1, scope: row}", .conflict, "space.scope", "'channel'"),
    BadSpec("space: {criterion: l1, granularity: [element, 2:4], scope: row}", .conflict, "space.scope", "'2:4'"),
    BadSpec(
      "space: {criterion: l1, granularity: element, scope: row, sparsity: {threshold: 1}}", .conflict,
      "space.sparsity", "'row'"),
    BadSpec(
      "space: {criterion: l1, granularity: element, scope: row, normalization: max}", .conflict, "space.normalization",
      "scope: global"),
    BadSpec(
      "space: {criterion: l1, granularity: element, scope: row, sparsity: {target: parameters}}", .conflict,
      "space.sparsity", "scope: global"),
    BadSpec("space: {layer-share: 0.5}", .conflict, "space.layer-share", "scope: layers-then-weights"),
    BadSpec("space: {scope: layers-then-weights, layer-share: 0}", .outOfRange, "space.layer-share", "above 0"),
    BadSpec("space: {scope: layers-then-weights, layer-share: most}", .wrongType, "space.layer-share", "most"),
    BadSpec("space: {criterion: fpgm, granularity: element}", .conflict, "space.granularity", "'fpgm' cannot judge"),
    BadSpec("space: {criterion: [l1, fpgm], granularity: element}", .conflict, "space.criterion", "'fpgm' judges"),
    BadSpec("space: {granularity: element, redundancy: true}", .conflict, "space.redundancy", "redundancy: false"),
    BadSpec("space: {mean-replacement: usual}", .wrongType, "space.mean-replacement", "true or false"),
    BadSpec("space: {redundancy: maybe}", .wrongType, "space.redundancy", "true or false"),
    BadSpec("space: {round-to: auto}", .notBuilt, "space.round-to", "auto"),
    BadSpec("space: {round-to: 0}", .outOfRange, "space.round-to", "0"),
    BadSpec("space: {schedule: gradual}", .unknownValue, "space.schedule", "one-shot, iterative, agp"),
    BadSpec("space: {schedule: [agp, agp]}", .duplicateKey, "space.schedule[1]", "twice"),
    BadSpec("space: {schedule: {steps: 3}}", .missingKey, "space.schedule.kind", "kind: agp"),
    BadSpec("space: {schedule: {kind: agp, steps: 1}}", .outOfRange, "space.schedule.steps", "from 2"),
    BadSpec("space: {schedule: {kind: agp, rate: 0.5}}", .conflict, "space.schedule.rate", "fixed-rate, dynamic-rate"),
    BadSpec("space: {schedule: {kind: one-shot, rewind: 0}}", .conflict, "space.schedule.rewind", "iterative"),
    BadSpec("space: {schedule: {kind: one-shot, steps: 4}}", .conflict, "space.schedule.steps", "iterative"),
    BadSpec(
      "space: {schedule: {kind: agp, steps: 5, epochs-per-step: 1/2}}", .conflict, "space.schedule",
      "takes 2.0 epochs up to its last cut, but the first trained rung ends at 1.0"),
    BadSpec(
      "space: {schedule: {kind: dynamic-rate, steps: 4, epochs-per-step: 0.5}}", .conflict, "space.schedule",
      "takes 2.0 epochs"),
    BadSpec(
      "space: {schedule: {kind: agp, epochs-per-step: -1}}", .outOfRange, "space.schedule.epochs-per-step", "negative"),
    BadSpec(
      "space: {schedule: iterative}\nfine-tune: {rungs: [0]}", .conflict, "space.schedule", "train nothing"),
    BadSpec("space: {order: bottomup}", .unknownValue, "space.order", "nearest is 'bottom-up'"),
    BadSpec("space: {order: [all, all]}", .duplicateKey, "space.order[1]", "twice"),
    BadSpec("space: {sparse-training: lasso}", .unknownValue, "space.sparse-training", "group-lasso"),
    BadSpec(
      "space: {sparse-training: {penalty: l1, strength: 0}}", .outOfRange, "space.sparse-training.strength", "positive"),
    BadSpec(
      "space: {sparse-training: {penalty: l1, epochs: 2}}", .conflict, "space.sparse-training", "takes 2.0 epochs"),
    BadSpec("sparse-training: l1", .unknownKey, "sparse-training", "'space.sparse-training' exists"),
    BadSpec("space: {tolerance: 0.1}", .unknownKey, "space.tolerance", "'space.schedule.tolerance' exists"),
    BadSpec("sensitivity: 1", .wrongType, "sensitivity", "true or false"),
    BadSpec("sensitivity: true\nspace: {scope: local}", .conflict, "sensitivity", "scope: per-group"),
    BadSpec("space: {quantisation: int8}", .notBuilt, "space.quantisation", "not built yet"),
    BadSpec("space: {layers: {kinds: []}}", .outOfRange, "space.layers.kinds", "empty"),
    BadSpec("space: {layers: {depth: [0.5, 0.2]}}", .outOfRange, "space.layers.depth", "rise"),
    BadSpec("space: {layers: {depth: [0, 2]}}", .outOfRange, "space.layers.depth[1]", "2"),
    BadSpec("space: {layers: {first: 0}}", .outOfRange, "space.layers.first", "0"),
    BadSpec("space: {layers: {last: some}}", .wrongType, "space.layers.last", "some"),
    BadSpec("space: {sparsity: {target: flops}}", .unknownValue, "space.sparsity.target", "channels, parameters, macs"),
    BadSpec("space: {sparsity: {target: parameters}}", .conflict, "space.sparsity", "scope is 'per-group'"),
    BadSpec("space: {scope: local, sparsity: {target: macs}}", .conflict, "space.sparsity", "scope: global"),
    BadSpec(
      "space: {criterion: l1, scope: global, granularity: element, sparsity: {target: macs}}", .conflict,
      "space.sparsity", "target: parameters"),
    BadSpec(
      "space: {criterion: l1, scope: global, granularity: 2:4, sparsity: {target: parameters}}", .conflict,
      "space.sparsity", "a share of its own"),
    BadSpec("space: {sparsity: {threshold: 0.1}}", .conflict, "space.sparsity", "scope: global"),
    BadSpec(
      "space: {scope: global, sparsity: {threshold: 0.1, max: 0.5}}", .conflict, "space.sparsity.threshold", "either"),
    BadSpec(
      "space: {scope: global, sparsity: {threshold: 0.1, target: macs}}", .conflict, "space.sparsity.threshold",
      "Leave target out"),
    BadSpec("space: {target: macs}", .unknownKey, "space.target", "'space.sparsity.target' exists"),
    BadSpec("space: {sparsity: {max: 1.0}}", .outOfRange, "space.sparsity.max", "1.0"),
    BadSpec("space: {sparsity: {min: -0.1}}", .outOfRange, "space.sparsity.min", "-0.1"),
    BadSpec("space: {sparsity: {min: 0.6, max: 0.5}}", .outOfRange, "space.sparsity", "min 0.6 is above max 0.5"),
    BadSpec("space: {sparsity: half}", .wrongType, "space.sparsity", "'half' is not a number"),
    BadSpec("space: {sparsity: {max: nan}}", .wrongType, "space.sparsity.max", "nan"),
    BadSpec("fine-tune: {rungs: [1, 3]}", .outOfRange, "fine-tune.rungs", "rise from 0"),
    BadSpec("fine-tune: {rungs: [0, 3, 1]}", .outOfRange, "fine-tune.rungs", "rise from 0"),
    BadSpec("fine-tune: {rungs: [0, 1/0]}", .wrongType, "fine-tune.rungs[1]", "1/0"),
    BadSpec("fine-tune: {rungs: []}", .outOfRange, "fine-tune.rungs", "rise from 0"),
    BadSpec("fine-tune: {distillation: true}", .notBuilt, "fine-tune.distillation", "not built yet"),
    BadSpec("fine-tune: {early-stop: 3}", .notBuilt, "fine-tune.early-stop", "not built yet"),
    BadSpec("fine-tune: {optimizer: adamw}", .notBuilt, "fine-tune.optimizer", "adamw"),
    BadSpec("fine-tune: {learning-rate: 0}", .outOfRange, "fine-tune.learning-rate", "0"),
    BadSpec("fine-tune: {momentum: 1}", .outOfRange, "fine-tune.momentum", "below 1"),
    BadSpec("fine-tune: {batch-size: many}", .wrongType, "fine-tune.batch-size", "many"),
    BadSpec("fine-tune: {augmentation: {flip: 2}}", .wrongType, "fine-tune.augmentation.flip", "true nor false"),
    BadSpec("device: cuda", .notBuilt, "device", "no GPU"),
    BadSpec("sampler: motpe", .notBuilt, "sampler", "motpe"),
    BadSpec("sampler: sobol", .notBuilt, "sampler", "sobol"),
    BadSpec("sampler: grid", .conflict, "sampler", "sparsity: [0.3, 0.5, 0.7]"),
    BadSpec("space: {sparsity: {min: 0.1, max: 0.9}}\nsampler: grid", .conflict, "space.sparsity", "from 0.1 to 0.9"),
    BadSpec(
      "sampler: grid\nspace: {criterion: l1, granularity: [element, 2:4]}", .conflict, "sampler", "no end of choices"),
    BadSpec("sensitivity: true\nsampler: grid\nspace: {sparsity: 0.5}", .conflict, "sensitivity", "draws none"),
    BadSpec("sampler: list", .missingKey, "sampler", "plans: [{criterion: l1, sparsity: 0.5}]"),
    BadSpec("sampler: nsga2\nplans: [{criterion: l1, sparsity: 0.5}]", .conflict, "sampler", "'nsga2'"),
    BadSpec("plans: []", .outOfRange, "plans", "empty"),
    BadSpec("plans: [l1]", .wrongType, "plans[0]", "l1 is not a plan"),
    BadSpec("plans: {criterion: l1}", .wrongType, "plans", "not a list"),
    BadSpec("plans: [{criterion: l1, sparsity: 0.5}, {sparsity: 0.5}]", .missingKey, "plans[1].criterion", "criterion"),
    BadSpec("plans: [{criterion: l1}]", .conflict, "plans[0].sparsity", "the range from 0.0 to 0.95"),
    BadSpec("plans: [{criterion: [l1, l2], sparsity: 0.5}]", .conflict, "plans[0].criterion", "here are 2"),
    BadSpec("plans: [{criterion: l1, sparsity: [0.3, 0.5]}]", .conflict, "plans[0].sparsity", "a list of 2"),
    BadSpec("plans: [{criterion: l1, sparsity: 0.5, scope: per-group}]", .conflict, "plans[0].scope", "scope: local"),
    BadSpec(
      "plans: [{criterion: l1, sparsity: 0.5}, {criterion: l1, sparsity: 0.50}]", .duplicateKey, "plans[1]",
      "the same plan as plans[0]"),
    BadSpec("plans: [{criterion: l1, sparsitee: 0.5}]", .unknownKey, "plans[0].sparsitee", "'sparsity'"),
    BadSpec("plans: [{criterion: l1, sparsity: 50}]", .outOfRange, "plans[0].sparsity", "Did you mean 0.5?"),
    BadSpec("space: {sparsity: [0.3, 50]}", .outOfRange, "space.sparsity[1]", "Did you mean 0.5?"),
    BadSpec("space: {sparsity: [0.3, 0.30]}", .duplicateKey, "space.sparsity[1]", "twice"),
    BadSpec("space: {sparsity: []}", .outOfRange, "space.sparsity", "empty"),
    BadSpec("space: {sparsity: {share: [0.5], max: 0.9}}", .conflict, "space.sparsity.share", "either share or"),
    BadSpec(
      "space: {scope: global, sparsity: {share: 0.5, threshold: 1}}", .conflict, "space.sparsity.threshold",
      "no share to choose"),
    BadSpec("fine-tune: {promote: best}", .unknownValue, "fine-tune.promote", "all, third"),
    BadSpec("constraints: [\"accuracy >= 95\"]", .outOfRange, "constraints[0]", "Did you mean \"accuracy >= 0.95\"?"),
    BadSpec(
      "constraints: [\"accuracy >= baseline - 5\"]", .outOfRange, "constraints[0]", "\"accuracy >= baseline - 0.05\""),
    BadSpec(
      "constraints: [\"accuracy >= 95 baseline\"]", .outOfRange, "constraints[0]", "\"accuracy >= 0.95 baseline\""),
    BadSpec("constraints: [\"accuracy >= 120%\"]", .outOfRange, "constraints[0]", "a share from 0 to 1"),
    BadSpec("constraints: [\"parameters <= 0.5\"]", .outOfRange, "constraints[0]", "\"parameters <= 0.5 baseline\""),
    BadSpec("constraints: [\"latency <= 0\"]", .outOfRange, "constraints[0]", "above 0"),
    BadSpec("constraints: [\"macs >= 2 baseline\"]", .outOfRange, "constraints[0]", "upper bound"),
    BadSpec(
      "constraints: [\"parameters <= 0.2 baseline\", \"parameters >= 0.5 baseline\"]", .outOfRange, "constraints[1]",
      "no network keeps both"),
    BadSpec("constraints: [\"accuracy >= 0.9\", \"accuracy <= 0.8\"]", .outOfRange, "constraints[1]", "keeps both"),
    BadSpec("sampler: [nsga2]", .wrongType, "sampler", "a list of 1"),
    BadSpec("latency: {runtime: onnxruntime}", .notBuilt, "latency.runtime", "onnxruntime"),
    BadSpec("latency: {runtime: ./bench.sh}", .notBuilt, "latency.runtime", "external command"),
    BadSpec("latency: {threads: 0}", .outOfRange, "latency.threads", "0"),
    BadSpec("limits: {disk: 200}", .wrongType, "limits.disk", "200"),
    BadSpec("limits: {memory: 1kB}", .outOfRange, "limits.memory", "1kB"),
    BadSpec("limits: {swap: 1GB}", .unknownKey, "limits.swap", "disk"),
    BadSpec("workers: 0", .outOfRange, "workers", "0"),
    BadSpec("workers: 1.5", .outOfRange, "workers", "1.5"),
    BadSpec("seed: -1", .outOfRange, "seed", "-1"),
    BadSpec("budget: {time: 5}", .wrongType, "budget.time", "unit"),
    BadSpec("budget: {time: soon}", .wrongType, "budget.time", "soon"),
    BadSpec("budget: {trials: 0}", .outOfRange, "budget.trials", "0"),
    BadSpec("budget: {epochs: 100}", .notBuilt, "budget.epochs", "not built yet"),
    BadSpec("constraints: [\"accurcy >= 0.9\"]", .unknownValue, "constraints[0]", "nearest is 'accuracy'"),
    BadSpec("constraints: [\"speed >= 0.9\"]", .unknownValue, "constraints[0]", "The measures are accuracy, "),
    BadSpec("constraints: [accuracy = 0.9]", .unknownValue, "constraints[0]", "neither >= nor <="),
    BadSpec("constraints: [\"coverage >= 0.9\"]", .notBuilt, "constraints[0]", "coverage"),
    BadSpec("expect: {accuracy: 91}", .outOfRange, "expect.accuracy", "91"),
    BadSpec("input: {std: [0]}", .outOfRange, "input.std[0]", "0"),
    BadSpec("input: {mean: [1, 2, 3], std: [1, 2]}", .conflict, "input.std", "3 channels"),
    BadSpec("input: {layout: nhwc}", .notBuilt, "input.layout", "not built yet"),
    BadSpec("split: {train: 0}", .outOfRange, "split.train", "0"),
    BadSpec("split: {seen-training: perhaps}", .wrongType, "split.seen-training", "perhaps"),
    BadSpec("coppice: 2", .unknownValue, "coppice", "version 2"),
  ]

  /// A word that is like none of the known ones gets no neighbour named; one that begins a known word means that.
  @Test(arguments: [
    ("network: n.onnx\ndata: {format: folder, path: x}\nobjectives: [accuracy]", nil),
    ("network: n.onnx\ndata: fashion-mnist\nobjectives: [acc]", "accuracy"),
    ("network: n.onnx\ndata: fashion-mnist\nobjectives: [speed]", nil),
    ("network: n.onnx\ndata: fashion-mnist\nobjectives: [accuracy]\nsampler: evolution", nil),
    ("network: n.onnx\ndata: fashion-mnist\nobjectives: [accuracy]\nepochs: 3", nil),
    ("network: n.onnx\ndata: fashion-mnist\nobjectives: [accuracy]\nspace: {criterion: entorpy}", "entropy"),
    ("network: n.onnx\ndata: fashion-mnist\nobjectives: [accuracy]\nconstraints: [\"speed >= 1\"]", nil),
  ]) func onlyWordsThatAreAlikeAreNamed(text: String, nearest: String?) throws {
    let error = try #require(throws: SpecError.self) { try readSpec(text) }
    #expect(error.reason.contains("the nearest is") == (nearest != nil), "\(error)")
    if let nearest { #expect(error.reason.hasSuffix("the nearest is '\(nearest)'"), "\(error)") }
    // What can be written there is said all the same.
    #expect(error.remedy?.contains(", ") == true, "\(error)")
  }

  @Test(arguments: cases) func namesPlaceValueAndRemedy(bad: BadSpec) throws {
    let error = try #require(throws: SpecError.self) { try readSpec(Self.base + bad.line) }
    #expect(error.code == bad.code)
    #expect(error.path == bad.path)
    #expect(error.line == 4)
    #expect(error.description.contains(bad.says), "\(error)")
    #expect(error.remedy?.isEmpty == false)
    #expect(error.message.hasPrefix("Spec, line 4, '\(bad.path)': "))
  }

  @Test func objectivesNeedAccuracy() throws {
    for objectives in ["[]", "[latency]", "[accuracy, accuracy]", "[accuracy, coverage]", "[speed]"] {
      #expect(throws: SpecError.self, "\(objectives)") {
        try readSpec("network: n.onnx\ndata: fashion-mnist\nobjectives: \(objectives)")
      }
    }
  }

  @Test func dataAndNetworkConflictsAreRefused() throws {
    for (lines, code) in [
      ("network: n.onnx\ndata: idx", SpecError.Code.missingKey),
      ("network: n.onnx\ndata: fashion-mnist:here", .conflict),
      ("network: n.onnx\ndata: {format: npz, path: x}", .notBuilt),
      ("network: {builtin: resnet20, file: n.onnx}\ndata: fashion-mnist", .conflict),
      ("network: {weights: w}\ndata: fashion-mnist", .missingKey),
    ] {
      let error = #expect(throws: SpecError.self, "\(lines)") { try readSpec(lines + "\nobjectives: [accuracy]") }
      #expect(error?.code == code, "\(lines)")
    }
  }

  @Test func brokenTextNamesItsLine() throws {
    let error = #expect(throws: SpecError.self) { try readSpec("network: n.onnx\ndata: [fashion\nobjectives: x: y") }
    #expect(error?.code == .syntax)
    #expect((error?.line ?? 0) >= 2)
    let twice = #expect(throws: SpecError.self) { try readSpec(Self.base + "seed: 1\nseed: 2") }
    #expect(twice?.code == .duplicateKey)
  }

  /// The first line that a tab indents is named, not what the parser then stumbles over.
  @Test(arguments: [
    ("network: n.onnx\nspace:\n\tcriterion: l1\n", 3), ("network: n.onnx\nobjectives:\n  - accuracy\n\t- latency\n", 4),
    ("\tnetwork: n.onnx\n", 1), ("network: n.onnx\n  \tdata: x\n", 2),
    ("network: n.onnx\nspace:\n  criterion: l1\n \tscope: local\n", 4),
    ("network: n.onnx\r\nspace:\r\n\tcriterion: l1\r\n", 3),
  ]) func tabsAreNamed(text: String, line: Int) throws {
    let error = try #require(throws: SpecError.self) { try readSpec(text) }
    #expect(error.code == .syntax && error.line == line, "\(error)")
    #expect(error.message.contains("indented with a tab") && error.remedy?.contains("spaces") == true, "\(error)")
  }

  /// Tabs elsewhere are allowed, and other faults are not put down to them.
  @Test func tabsThatDoNoHarmAreNotBlamed() throws {
    #expect(try readSpec("network:\tn.onnx\ndata: fashion-mnist\nobjectives: [accuracy]").study == "study")
    let error = try #require(throws: SpecError.self) {
      try readSpec("network: n.onnx\nobjectives: [a,\n\tb]\n\n\nx: y: z\n")
    }
    #expect(error.code == .syntax && !error.message.contains("tab"), "\(error)")
  }

  /// The tree may come from a parser that lets repeated keys through.
  @Test func repeatedKeysAreRefused() throws {
    let entry = { SpecNode.Entry(key: "seed", line: $0, value: .scalar("1", line: $0, isQuoted: false)) }
    let error = #expect(throws: SpecError.self) {
      try SpecReader.read(.mapping([entry(1), entry(2)], line: 1), folder: "")
    }
    #expect(error?.code == .duplicateKey && error?.line == 2)
  }
}
