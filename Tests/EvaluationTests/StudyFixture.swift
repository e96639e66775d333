import ArtifactStore
import Evaluation
import Foundation
import ModelFormats
import ModelGraph
import StudyModel
import Support
import TestSupport

/// A small study on synthetic images in a folder of its own, with a dense network that has learned them.
struct StudyFixture {
  let folder: TemporaryFolder
  var context: StudyContext

  static let classes = 4
  static let size = 12
  static let trainingCount = 480
  static let testCount = 160

  init(network: Graph? = nil) throws {
    folder = try TemporaryFolder("coppice-evaluation")
    let images = folder.file("images")
    try Self.writeImages(to: images)
    let store = try ArtifactStore(folder: folder.file("artifacts"))
    let graph = try network ?? Self.trained.get()
    let digest = try store.put(ONNXFile.encode(graph))
    context = StudyContext(
      spec: Self.spec(images: images), network: digest, artifactFolder: folder.file("artifacts").path)
  }

  static func spec(images: URL) -> StudySpec {
    StudySpec(
      study: "synthetic", network: .file(path: "base.onnx"), data: DataSource(format: "idx", path: images.path),
      objectives: [.accuracy, .parameters, .latency])
  }

  static func writeImages(to folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try SyntheticImages.writeIDX(
      to: folder, training: trainingCount, test: testCount, classes: classes, size: size, seed: 3)
  }

  /// Two convolutions and two linear layers.
  static func network(classes: Int = Self.classes, size: Int = Self.size, seed: UInt64 = 5) throws -> Graph {
    var builder = GraphBuilder("small", seed: seed)
    var x = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(size), .fixed(size)])
    x = builder.convolution("conv1", x, inputs: 1, outputs: 8, kernel: 3, padding: 1)
    x = builder.batchNormalization("bn1", x, channels: 8)
    x = builder.relu("relu1", x)
    x = builder.maxPool("pool1", x, kernel: 2)
    x = builder.convolution("conv2", x, inputs: 8, outputs: 16, kernel: 3, padding: 1)
    x = builder.batchNormalization("bn2", x, channels: 16)
    x = builder.relu("relu2", x)
    x = builder.maxPool("pool2", x, kernel: 2)
    x = builder.node("flatten", .flatten(axis: 1), x)
    x = builder.linear("fc1", x, inputs: 16 * (size / 4) * (size / 4), outputs: 24)
    x = builder.relu("relu3", x)
    x = builder.linear("fc2", x, inputs: 24, outputs: classes)
    return try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(classes)])
  }

  /// Trained once for all tests.
  private static let trained = Result {
    let folder = try TemporaryFolder("coppice-training")
    try writeImages(to: folder.url)
    let data = try StudyData(
      source: DataSource(format: "idx", path: folder.url.path), split: SplitSpec(), input: InputNormalization())
    return try NetworkTraining.run(
      network(), on: data, recovery: Recovery(learningRate: 0.05, batchSize: 32), epochs: 3, seed: 1,
      progress: { _, _ in }
    ).network
  }

  var store: ArtifactStore {
    get throws { try ArtifactStore(folder: URL(fileURLWithPath: context.artifactFolder)) }
  }

  func runner() throws -> EvaluationRunner { try EvaluationRunner(context: context, threads: 1) }

  func checkpoint(_ digest: Digest) throws -> Graph { try ONNXFile.decode(store.read(digest)) }

  func plan(
    _ criterion: Criterion = .l1, _ granularity: Granularity = .channel, sparsity: Double = 0.5, seed: UInt64 = 7
  ) -> PruningPlan {
    PruningPlan(
      criterion: criterion, granularity: granularity, scope: .local, sparsity: .uniform(sparsity),
      recovery: Recovery(recalibrationBatches: 4, learningRate: 0.02, batchSize: 32), seed: seed)
  }

  func rung(
    _ rung: Int, of plan: PruningPlan, from: Double = 0, to: Double = 0, parent: Digest? = nil, trial: Int64 = 1
  ) -> Assignment {
    Assignment(
      lease: LeaseID(trial * 10 + Int64(rung)), key: EvaluationKey(trial: TrialID(trial), rung: rung), attempt: 1,
      plan: plan, fromEpochs: from, toEpochs: to, parentCheckpoint: parent, timeLimit: 600)
  }

  var baseline: Assignment {
    Assignment(
      lease: LeaseID(1000), key: .baseline, attempt: 1, plan: .dense(seed: 0), fromEpochs: 0, toEpochs: 0,
      parentCheckpoint: nil, timeLimit: 600)
  }

  func sealedTest(of checkpoint: Digest?) -> Assignment {
    Assignment(
      lease: LeaseID(1001),
      key: EvaluationKey(trial: TrialID(checkpoint == nil ? 0 : 1), rung: 0, purpose: .sealedTest),
      attempt: 1, plan: .dense(seed: 0), fromEpochs: 0, toEpochs: 0, parentCheckpoint: checkpoint, timeLimit: 600)
  }
}

extension EvaluationResult {
  /// Without what no two runs have in common.
  var reproducible: EvaluationResult {
    var result = self
    result.timings = [:]
    result.measures.latency = nil
    return result
  }
}
