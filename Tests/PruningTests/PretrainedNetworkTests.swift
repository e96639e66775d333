import ChannelGroups
import Datasets
import Foundation
import GraphRuntime
import ModelFormats
import ModelGraph
import Pruning
import StudyModel
import Support
import Tensors
import TestSupport
import Testing
import Training

extension ComputeSuite {
  /// resnet20 with published weights on CIFAR-10; skipped where they are not at hand.
  @Suite struct PretrainedNetworkTests {
    /// The weights were trained with ImageNet's numbers.
    private static let input = InputNormalization(mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])

    private func network() throws -> Graph? {
      let names = ["models/resnet20_cifar10.safetensors", "resnet20_cifar10.safetensors"]
      guard let weights = SharedData.url(names, for: "resnet20") else { return nil }
      return try BuiltinNetworks.graph(named: "resnet20").laying(try SafetensorsFile.read(weights))
    }

    private func images(_ part: DatasetPart) throws -> ImageDataset? {
      guard let folder = SharedData.url(["cifar-10", "data/cifar-10"], for: "resnet20") else { return nil }
      return try DatasetSource.cifar10(folder: folder).load(part)
    }

    /// 91.65% was measured independently with PyTorch on the same weights and images, 91.73% is claimed by their source.
    @Test func reachesItsPublishedAccuracy() throws {
      guard let graph = try network(), let dataset = try images(.test) else { return }
      let source = try BatchSource(dataset, indices: (0..<Int32(dataset.count)).map { $0 }, input: Self.input)
      let module = try GraphModule(graph, memoryFormat: .channelsLast)
      let start = ContinuousClock.now
      let result = try AccuracyMeasurement.run(module, on: source)
      print(
        "resnet20 on CIFAR-10's test images: \(result.accuracy.successes) of \(result.accuracy.total) right,",
        "\(Units.percent(result.accuracy.share)), loss \(result.loss), in \(ContinuousClock.now - start)")
      #expect(graph.parameterCount == 269_722)
      #expect(result.accuracy.total == 10_000)
      #expect((9155...9180).contains(result.accuracy.successes))
    }

    /// Cut by 30% in every group, recalibrated on training images and evaluated on 1,000 test images.
    @Test func staysANetworkUnderEveryCriterion() throws {
      guard let graph = try network(), let train = try images(.training), let test = try images(.test) else { return }
      let training = try BatchSource(train, indices: (0..<2000).map { $0 }, input: Self.input)
      let validation = try BatchSource(test, indices: (0..<1000).map { $0 }, input: Self.input)
      let dense = try GraphModule(graph)
      for criterion in Criterion.allCases {
        let plan = PruningPlan(criterion: criterion, scope: .local, sparsity: .uniform(0.3), seed: 1)
        let start = ContinuousClock.now
        let outcome = try PruningStep.apply(
          plan, to: dense, data: training, calibration: Calibration(batches: 4, batchSize: 32))
        let time = ContinuousClock.now - start
        let module = try GraphModule(outcome.graph, memoryFormat: .channelsLast)
        try Recalibration.run(module, on: training, batches: 8, batchSize: 128, seed: 1)
        let result = try AccuracyMeasurement.run(module, on: validation)
        print(
          "resnet20 less 30% by \(criterion.rawValue): \(outcome.graph.parameterCount) parameters,",
          "recalibrated \(Units.percent(result.accuracy.share)), cut in \(time)")
        #expect(result.loss.isFinite)
        #expect(result.accuracy.share > 0.12)
        // About 0.7 squared of the weights of a chain of convolutions are left.
        #expect((0.4...0.62).contains(Double(outcome.graph.parameterCount) / Double(graph.parameterCount)))
        // What is written is what was measured, and it reads back.
        let copy = try ONNXFile.decode(try ONNXFile.encode(Checkpoint.capture(module, plan: plan)))
        let batch = try validation.batch(0..<20).images
        let (first, second) = try (module.infer(batch).floats, GraphModule(copy).infer(batch).floats)
        for (value, other) in zip(first, second) { #expect(abs(value - other) < 1e-3 * max(1, abs(value))) }
      }
    }
  }
}
