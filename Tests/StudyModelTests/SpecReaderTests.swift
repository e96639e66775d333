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
  seed: 7
  """

func readSpec(_ yaml: String, folder: String = "/studies") throws -> StudySpec {
  try SpecReader.read(try SpecNode(yaml: yaml), folder: folder)
}

@Suite struct SpecReaderTests {
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
      budget: Budget(seconds: 300, trials: 200), workers: 2, seed: 7)
    #expect(try readSpec(fullSpec) == expected)
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
