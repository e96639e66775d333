import SpecYAML
import StudyModel
import Support
import Testing

/// The example of the format's description, with every key that it names.
let fullSpec = """
  coppice: 1
  study: fashion
  network: base.onnx
  data: fashion-mnist
  input: {scale: 255, mean: [0.2860], std: [0.3530]}
  split: {train: 50000, validation: 10000, seed: 3, seen-training: false, order: file}
  expect: {accuracy: 0.91}
  objectives: [accuracy, parameters, latency]
  latency: {batch: 1, threads: 1, runtime: libtorch}
  space:
    criterion: [l1, l2, taylor, bn-scale, fpgm, random]
    granularity: channel
    scope: per-group
    sparsity: {min: 0.0, max: 0.95}
    layers: {include: all, exclude: ["fc*"]}
    round-to: 1
  fine-tune:
    rungs: [0, 1/3, 1, 3]
    samples-per-epoch: 10000
    optimizer: sgd
    learning-rate: 0.02
    momentum: 0.9
    weight-decay: 1e-4
    batch-size: 64
    augmentation: {crop: 2, flip: true}
    recalibration-batches: 8
  sampler: nsga2
  constraints: ["accuracy >= baseline - 0.05", "parameters <= 0.5 baseline"]
  budget: {time: 5m, trials: 200}
  workers: 2
  limits: {disk: 200MB, memory: 1.5 GiB}
  seed: 7
  """

/// A spec with every choice of pruning that the format has.
let everyChoice = """
  network: n.onnx
  data: fashion-mnist
  objectives: [accuracy, parameters]
  space:
    criterion: [l1, {name: entropy, remove: high, aggregation: max, normalization: lamp}, {name: skewness, transform: log}]
    remove: [usual, outlying]
    aggregation: [usual, sum, l2]
    normalization: [mean, isomorphic]
    transform: [none, standardize]
    granularity: [filter, head, recurrent-unit, layer]
    scope: global
    sparsity: {min: 0.1, max: 0.9, target: parameters}
    layers: {include: [conv*, fc*], exclude: conv1, kinds: [Conv, Gemm], depth: [0, 0.5], first: 8, last: 2}
    schedule:
      - one-shot
      - agp
      - {kind: iterative, steps: 3, epochs-per-step: 1/4, rewind: 0.125}
      - {kind: dynamic-rate, steps: 3, epochs-per-step: 0.1, rate: 0.3, tolerance: 0.02}
    order: [all, bottom-up, off-critical-path]
    sparse-training: [none, group-lasso, {penalty: l1, update: ftrl, strength: 1e-3, epochs: 0.5}]
    redundancy: true
    mean-replacement: false
  fine-tune: {rungs: [0, 2, 4]}
  """

func readSpec(_ yaml: String, folder: String = "/studies") throws -> StudySpec {
  try SpecReader.read(try SpecNode(yaml: yaml), folder: folder)
}

@Suite struct SpecReaderTests {
  /// As command lines name them.
  @Test func builtInNetworksHaveOneWordToo() throws {
    let rest = "\ndata: fashion-mnist\nobjectives: [accuracy]"
    let spec = try readSpec("network: builtin:resnet20" + rest)
    #expect(spec.network.origin == .builtin(name: "resnet20"))
    #expect(try readSpec("network: {builtin: resnet20}" + rest) == spec)
  }

  @Test func theShareOfLayersIsReadAndUsualWhenNotSaid() throws {
    let base = "network: n.onnx\ndata: fashion-mnist\nobjectives: [accuracy]\nspace: {scope: layers-then-weights"
    #expect(try readSpec(base + ", layer-share: 0.25}").space.layerShare == 0.25)
    #expect(try readSpec(base + ", layer-share: 1}").space.layerShare == 1)
    for usual in ["}", ", layer-share: usual}"] { #expect(try readSpec(base + usual).space.layerShare == nil) }
  }

  /// On unless said; a spec that was stored before the key existed has it off.
  @Test func meansAreReplacedUnlessTheSpecSaysNot() throws {
    let base = "network: n.onnx\ndata: fashion-mnist\nobjectives: [accuracy]\nspace: {mean-replacement: "
    #expect(try readSpec(base + "true}").space.replacement == .mean)
    #expect(try readSpec(base + "false}").space.replacement == nil)
    let spec = try readSpec("network: n.onnx\ndata: fashion-mnist\nobjectives: [accuracy]")
    #expect(spec.space.replacement == .mean)
    var old = spec
    old.space.replacement = nil
    #expect(!String(decoding: try CanonicalBytes.encode(old), as: UTF8.self).contains("replacement"))
    #expect(
      SpecDifference.between(old, spec).map(\.description) == ["space.mean-replacement: false -> true"])
  }

  @Test func readsEveryKey() throws {
    let expected = StudySpec(
      study: "fashion", network: .file(path: "/studies/base.onnx"), data: DataSource(format: "fashion-mnist"),
      input: InputNormalization(scale: 255, mean: [0.2860], std: [0.3530]),
      split: SplitSpec(train: 50000, validation: 10000, seed: 3, seenTraining: false, keepsFileOrder: true),
      expectedAccuracy: 0.91, objectives: [.accuracy, .parameters, .latency], latency: LatencySpec(),
      space: SearchSpace(
        criteria: [.l1, .l2, .taylor, .batchNormScale, .fpgm, .random], layers: LayerSet(exclude: ["fc*"])),
      fineTune: FineTuneSpec(
        rungs: [0, 1.0 / 3, 1, 3],
        recovery: Recovery(
          recalibrationBatches: 8, weightDecay: 1e-4, batchSize: 64, samplesPerEpoch: 10000,
          augmentation: Augmentation(cropPadding: 2, flips: true))),
      sampler: .nsga2,
      constraints: [
        Constraint(objective: .accuracy, relation: .atLeast, baselineFactor: 1, offset: -0.05),
        Constraint(objective: .parameters, relation: .atMost, baselineFactor: 0.5, offset: 0),
      ],
      budget: Budget(seconds: 300, trials: 200), workers: 2, diskLimit: 200_000_000, memoryLimit: 1_610_612_736, seed: 7
    )
    #expect(try readSpec(fullSpec) == expected)
  }

  @Test func readsEveryChoiceOfPruning() throws {
    let space = try readSpec(everyChoice).space
    #expect(
      space.choices == [
        CriterionChoice(.l1),
        CriterionChoice(.entropy, removal: .high, aggregation: .max, normalization: .lamp),
        CriterionChoice(.skewness, transform: .log),
      ])
    #expect(space.removals == [nil, .outlying] && space.aggregations == [nil, .sum, .l2])
    #expect(space.normalizations == [.mean, .isomorphic] && space.transforms == [.none, .standardize])
    #expect(space.granularities == [.channel, .head, .unit, .layer])
    #expect(space.measure == .parameters && space.minimumSparsity == 0.1 && space.maximumSparsity == 0.9)
    #expect(
      space.layers
        == LayerSet(
          include: ["conv*", "fc*"], exclude: ["conv1"], kinds: ["Conv", "Gemm"], depth: 0...0.5, first: 8, last: 2))
    // Without a length of its own a schedule parts evenly what sparse training leaves of the first trained rung.
    #expect(
      space.schedules == [
        .oneShot, Schedule(.agp, steps: 4, epochsPerStep: 0.25),
        Schedule(.iterative, steps: 3, epochsPerStep: 0.25, rewind: 0.125),
        Schedule(.dynamicRate, steps: 3, epochsPerStep: 0.1, rate: 0.3, tolerance: 0.02),
      ])
    #expect(space.orders == [.allAtOnce, .bottomUp, .offCriticalPath])
    #expect(
      space.sparseTrainings == [
        nil, SparseTraining(.groupLasso), SparseTraining(.l1, update: .ftrl, strength: 1e-3, epochs: 0.5),
      ])
    #expect(space.removesRedundant && space.replacement == nil)
  }

  @Test func wordsOfGranularities() throws {
    func granularities(_ text: String) throws -> [Granularity] {
      try readSpec(
        "network: n\ndata: fashion-mnist\nobjectives: [accuracy]\nspace: {scope: local, granularity: \(text)}"
      )
      .space.granularities
    }
    #expect(
      try granularities("[neuron, 2:4, block 4x1, element]") == [
        .channel, .nOfM(kept: 2, of: 4), .block(rows: 4, columns: 1), .element,
      ])
    // What is usual is held to what can judge weights.
    let spec = try readSpec(
      "network: n\ndata: fashion-mnist\nobjectives: [accuracy]\nspace: {scope: global, granularity: element}")
    #expect(spec.space.criteria == [.random, .l1, .l2, .taylor])
  }

  @Test func schedulesFitTheFirstTrainedRungByThemselves() throws {
    for kind in Schedule.Kind.allCases {
      for rewind in ["none", "0"] where kind != .oneShot {
        let spec = try readSpec(
          """
          network: n
          data: fashion-mnist
          objectives: [accuracy]
          space: {schedule: {kind: \(kind.rawValue), rewind: \(rewind)}}
          fine-tune: {rungs: [0, 1/3]}
          """)
        #expect(spec.space.schedules.map(\.kind) == [kind])
        #expect((spec.space.schedules.first?.epochsPerStep ?? 0) > 0)
      }
    }
  }

  @Test func fillsDefaults() throws {
    let spec = try readSpec("network: n.onnx\ndata: cifar10:d\nobjectives: [accuracy]")
    #expect(spec.data == DataSource(format: "cifar10", path: "/studies/d"))
    #expect(spec.input == InputNormalization(mean: [0.4914, 0.4822, 0.4465], std: [0.2470, 0.2435, 0.2616]))
    #expect(spec.space == SearchSpace())
    #expect(spec.fineTune == FineTuneSpec())
    #expect(spec.budget == Budget(seconds: 28800, trials: nil))
    #expect(spec.sampler == .nsga2 && spec.workers == 2 && spec.seed == 0)
  }

  @Test(arguments: [
    ("n.onnx", true), ("{builtin: resnet20}", false), ("{builtin: resnet20, weights: w.safetensors}", true),
  ])
  func givenWeightsHaveSeenTheTrainingFile(network: String, seen: Bool) throws {
    let base = "network: \(network)\ndata: fashion-mnist\nobjectives: [accuracy]\n"
    #expect(try readSpec(base).split.seenTraining == seen)
    #expect(try readSpec(base + "split: {seen-training: \(!seen)}").split.seenTraining == !seen)
  }

  @Test func emptyTextNamesTheMissingKey() throws {
    #expect(throws: SpecError.self) { try readSpec("") }
    let error = #expect(throws: SpecError.self) { try readSpec("data: fashion-mnist\nobjectives: [accuracy]") }
    #expect(error?.code == .missingKey && error?.path == "network")
  }

  @Test func absolutePathsStay() throws {
    let spec = try readSpec(
      "network: {builtin: resnet20, weights: ./w.safetensors}\ndata: {format: idx, path: /d}\nobjectives: accuracy")
    #expect(spec.network == .builtin(name: "resnet20", weights: "/studies/w.safetensors"))
    #expect(spec.data.path == "/d")
  }

  @Test func readsHowANetworkIsPrepared() throws {
    let text = """
      network:
        file: vad.onnx
        weights: vad.safetensors
        set: {sr: 16000}
        state-pairs: {state: stateN}
        freeze: ["encoder.0.*", stem]
        batch-norm: insert
      data: fashion-mnist
      objectives: [accuracy]
      """
    let network = try readSpec(text).network
    #expect(
      network
        == NetworkSource(
          .file(path: "/studies/vad.onnx"), weights: "/studies/vad.safetensors", fixedInputs: ["sr": 16000],
          statePairs: ["state": "stateN"], freeze: ["encoder.0.*", "stem"], batchNormalization: .insert))
    // What is printed reads back equal.
    #expect(try SpecReader.read(SpecNode(yaml: SpecPrinter.yaml(readSpec(text))), folder: "").network == network)
    let twoOrigins = "network: {file: a.onnx, builtin: resnet20}\ndata: fashion-mnist\nobjectives: [accuracy]"
    let error = #expect(throws: SpecError.self) { try readSpec(twoOrigins) }
    #expect(error?.code == .conflict)
    for wrong in ["set: {sr: fast}", "set: [sr]", "batch-norm: always", "state-pairs: {a: {}}", "freeze: []"] {
      #expect(throws: SpecError.self) {
        try readSpec("network: {file: a.onnx, \(wrong)}\ndata: fashion-mnist\nobjectives: [accuracy]")
      }
    }
  }
}
