import Foundation
import GraphRuntime
import ModelFormats
import ModelGraph
import StudyModel
import Tensors
import Testing
import Training

import struct Datasets.ImageDataset

extension ComputeSuite {
  @Suite struct FineTuningTests {
    private static let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Goldens")

    /// Every batch of the golden holds all samples, so only rounding depends on their order.
    @Test(arguments: [MemoryFormat.contiguous, .channelsLast])
    func sixStepsAreThoseOfPyTorch(format: MemoryFormat) throws {
      let golden = try SafetensorsFile.read(Self.goldens.appendingPathComponent("sgd_steps.safetensors"))
      func part(_ prefix: String) -> [String: TensorData] {
        Dictionary(
          uniqueKeysWithValues: golden.filter { $0.key.hasPrefix(prefix) }.map {
            (String($0.key.dropFirst(prefix.count)), $0.value)
          })
      }
      let images = try #require(golden["images"])
      let labels = try #require(golden["labels"])
      let dataset = try ImageDataset(
        name: "golden", channels: 1, height: 8, width: 8, classCount: 5, images: images.bytes,
        labels: Array(labels.bytes))
      let source = try TestNetworks.source(dataset)
      let module = try GraphModule(TestNetworks.golden().laying(part("initial.")), memoryFormat: format)
      var losses: [Double] = []
      let summary = try FineTuning.run(
        module, on: source,
        recovery: Recovery(learningRate: 0.1, momentum: 0.9, weightDecay: 0.01, batchSize: 24), epochs: 6, seed: 1
      ) { _, loss in losses.append(loss) }
      #expect(summary.steps == 6 && summary.samples == 144)
      let expectedLosses = try #require(golden["losses"]).floats
      #expect(losses.count == expectedLosses.count)
      for (loss, expected) in zip(losses, expectedLosses) { #expect(abs(loss - Double(expected)) < 2e-5) }
      let final = part("final.")
      let trained = try module.exportedGraph().weights
      #expect(Set(trained.keys) == Set(final.keys))
      for (name, expected) in final {
        let values = try #require(trained[name]).floats
        let error = zip(values, expected.floats).map { abs($0 - $1) }.max() ?? .infinity
        #expect(error < 3e-5, "\(name) is off by \(error)")
      }
      let measured = try AccuracyMeasurement.run(module, on: source, batchSize: 10)
      let evaluated = try #require(golden["evaluated"]).floats
      #expect(abs(measured.loss - Double(evaluated[0])) < 2e-5)
      #expect(measured.accuracy == Proportion(successes: Int(evaluated[1]), total: 24))
    }

    @Test func equalSeedsGiveEqualBits() throws {
      let source = try TestNetworks.source(TestNetworks.images(60))
      let recovery = Recovery(batchSize: 16, augmentation: Augmentation(cropPadding: 1, flips: true))
      func trained(_ seed: UInt64) throws -> [String: TensorData] {
        let module = try GraphModule(TestNetworks.mixed())
        try FineTuning.run(module, on: source, recovery: recovery, epochs: 3, seed: seed)
        try Recalibration.run(module, on: source, batches: 3, batchSize: 16, seed: seed)
        return try module.exportedGraph().weights
      }
      try onOneThread {
        let first = try trained(1)
        #expect(try first == trained(1))
        #expect(try first != trained(2))
      }
    }

    @Test func learns() throws {
      let source = try TestNetworks.source(TestNetworks.images(200))
      let module = try GraphModule(TestNetworks.mixed())
      let before = try AccuracyMeasurement.run(module, on: source)
      let summary = try FineTuning.run(
        module, on: source, recovery: Recovery(learningRate: 0.05, batchSize: 20), epochs: 5, seed: 1)
      let after = try AccuracyMeasurement.run(module, on: source)
      #expect(summary.steps == 50)
      #expect(before.accuracy.share < 0.6)
      #expect(after.accuracy.share > 0.95)
      #expect(after.loss < before.loss / 2)
    }

    /// bfloat16 has 8 bits of mantissa: other losses, but near, and a network that is as good, with float32 weights.
    @Test func bfloat16LearnsAsWell() throws {
      let source = try TestNetworks.source(TestNetworks.images(200))
      func trained(_ precision: TrainingPrecision) throws -> (
        losses: [Double], share: Double, weights: [String: TensorData]
      ) {
        let module = try GraphModule(TestNetworks.mixed(), memoryFormat: .channelsLast)
        var losses: [Double] = []
        try FineTuning.run(
          module, on: source, recovery: Recovery(learningRate: 0.05, batchSize: 20), epochs: 5, seed: 1,
          precision: precision
        ) { losses.append($1) }
        let share = try AccuracyMeasurement.run(module, on: source).accuracy.share
        return (losses, share, try module.exportedGraph().weights)
      }
      try onOneThread {
        let (exact, rounded) = (try trained(.float32), try trained(.bfloat16))
        #expect(rounded.share > 0.95)
        #expect(exact.losses != rounded.losses)
        for (loss, other) in zip(exact.losses, rounded.losses) { #expect(abs(loss - other) < 0.1 + 0.1 * loss) }
        #expect(rounded.weights.values.allSatisfy { $0.elementType == .float32 })
        #expect(try trained(.bfloat16).weights == rounded.weights)
      }
    }

    @Test func bfloat16IsChosenWhereHardwareHasIt() {
      func choice(_ flags: String) -> TrainingPrecision { .fastest(on: .cpu, cpuInfo: flags) }
      #expect(choice("processor : 0\nflags\t\t: fpu avx512f avx512_bf16 sse\n") == .bfloat16)
      #expect(choice("flags\t: fpu amx_bf16") == .bfloat16)
      #expect(choice("Features\t: fp asimd bf16 i8mm") == .bfloat16)
      #expect(choice("flags\t: fpu avx512f sse") == .float32)
      #expect(choice("") == .float32)
      #expect(TrainingPrecision.fastest(on: .cuda(0), cpuInfo: "") == .bfloat16)
    }

    /// A rung that starts where another ended sees the samples that a longer run would see next.
    @Test func rungsContinueTheOrder() throws {
      let source = try TestNetworks.source(TestNetworks.images(60))
      let still = Recovery(learningRate: 0, weightDecay: 0, batchSize: 15)
      func losses(_ start: Double, _ epochs: Double) throws -> [Double] {
        let graph = try TestNetworks.mixed()
        let module = try GraphModule(graph)
        var losses: [Double] = []
        try FineTuning.run(module, on: source, recovery: still, epochs: epochs, from: start, seed: 3) {
          losses.append($1)
        }
        return losses
      }
      try onOneThread {
        let whole = try losses(0, 2)
        #expect(whole.count == 8)
        #expect(try losses(0, 0.5) + losses(0.5, 0.75) + losses(1.25, 0.75) == whole)
        #expect(try losses(1, 0) == [])
      }
    }

    @Test func masksHold() throws {
      let source = try TestNetworks.source(TestNetworks.images(60))
      let graph = try TestNetworks.mixed()
      let module = try GraphModule(graph)
      var masks: [String: Tensor] = [:]
      for name in ["conv1.weight", "fc1.weight"] {
        let shape = try #require(graph.weights[name]).shape
        masks[name] = try TorchGenerator(seed: 2).bernoulli(shape, probability: 0.4)
      }
      var broken = 0
      try FineTuning.run(
        module, on: source, recovery: Recovery(learningRate: 0.1, batchSize: 20), epochs: 2, seed: 1, masks: masks
      ) { _, _ in
        for (name, mask) in masks {
          let weight = try #require(module.tensor(named: name)).detach()
          broken += Int(try weight.ne(0).and(mask.eq(0)).sum().item())
        }
      }
      #expect(broken == 0)
      let kept = try #require(module.tensor(named: "fc1.weight")).detach()
      let before = try Tensor(try #require(graph.weights["fc1.weight"]))
      let mask = try #require(masks["fc1.weight"])
      #expect(try kept.ne(before).and(mask.ne(0)).sum().item() > 100)
      #expect(throws: TrainingError.self) {
        try FineTuning.run(
          module, on: source, recovery: Recovery(batchSize: 20), epochs: 1, seed: 1,
          masks: ["fc1.weight": Tensor.ones([2, 2])])
      }
    }

    @Test func divergenceIsAnErrorAndRepeats() throws {
      let source = try TestNetworks.source(TestNetworks.images(60))
      for _ in 0..<2 {
        let module = try GraphModule(TestNetworks.mixed())
        #expect {
          try FineTuning.run(
            module, on: source, recovery: Recovery(learningRate: 1e30, batchSize: 20), epochs: 3, seed: 1)
        } throws: {
          let error = $0 as? TrainingError
          return error?.code == .diverged
        }
      }
    }

    @Test func whatProgressThrowsEndsTheTraining() throws {
      struct Stop: Error {}
      let source = try TestNetworks.source(TestNetworks.images(60))
      let module = try GraphModule(TestNetworks.mixed())
      var shares: [Double] = []
      #expect(throws: Stop.self) {
        try FineTuning.run(module, on: source, recovery: Recovery(batchSize: 20), epochs: 10, seed: 1) { share, _ in
          shares.append(share)
          if shares.count == 4 { throw Stop() }
        }
      }
      #expect(shares.count == 4)
      for (step, share) in shares.enumerated() { #expect(abs(share - Double(step + 1) / 30) < 1e-12) }
    }

    @Test func settingsThatCannotBeAreRefused() throws {
      let source = try TestNetworks.source(TestNetworks.images(8))
      let module = try GraphModule(TestNetworks.mixed())
      for recovery in [
        Recovery(learningRate: -1), Recovery(learningRate: .nan), Recovery(momentum: 1), Recovery(weightDecay: -0.1),
        Recovery(batchSize: 0),
      ] {
        #expect {
          try FineTuning.run(module, on: source, recovery: recovery, epochs: 1, seed: 1)
        } throws: { ($0 as? TrainingError)?.code == .invalidSettings }
      }
    }

    @Test func checkpointsHoldTheWeightsAndThePlan() throws {
      let source = try TestNetworks.source(TestNetworks.images(40))
      let module = try GraphModule(TestNetworks.mixed())
      try FineTuning.run(module, on: source, recovery: Recovery(batchSize: 20), epochs: 1, seed: 1)
      let plan = PruningPlan(criterion: .l1, sparsity: .uniform(0.5))
      let graph = try Checkpoint.capture(module, plan: plan)
      let text = try #require(graph.metadata[Checkpoint.planKey])
      #expect(try JSONDecoder().decode(PruningPlan.self, from: Data(text.utf8)) == plan)
      #expect(graph.weights["conv1.weight"] != (try TestNetworks.mixed().weights["conv1.weight"]))
      let again = try GraphModule(graph)
      let images = try source.batch(0..<5).images
      #expect(try again.infer(images).floats == module.infer(images).floats)
      try module.tensor(named: "fc2.bias")?.fill_(.nan)
      #expect(throws: TrainingError.self) { try Checkpoint.capture(module) }
    }

    /// Constants may be infinite; a weight may not, and what helps depends on what was done last.
    @Test func onlyWeightsHaveToBeFinite() throws {
      var builder = GraphBuilder("limits", seed: 3)
      let x = builder.input("x", [.symbolic("batch"), .fixed(4)])
      let y = builder.linear("first", x, inputs: 4, outputs: 6)
      let low = builder.scalar("low", -.infinity)
      let mask = builder.weight("mask", TensorData(shape: [6], floats: [0, 0, 0, -.infinity, 0, 0]))
      let limited = builder.node("limited", .aggregate(.maximum), builder.add("masked", y, mask), low)
      let z = builder.linear("last", builder.relu("relu", limited), inputs: 6, outputs: 2)
      let module = try GraphModule(try builder.finished(output: z, shape: [.symbolic("batch"), .fixed(2)]))
      let graph = try Checkpoint.capture(module, after: .cut)
      #expect(graph.weights["low"]?.floats == [-.infinity])

      try module.tensor(named: "first.bias")?.fill_(.infinity)
      let cut = #expect(throws: TrainingError.self) { try Checkpoint.capture(module, after: .cut) }
      #expect(cut?.message == "The weight 'first.bias' of 'limits' is not finite: it holds inf.")
      #expect(cut?.remedy?.contains("learning rate") == false)
      let trained = #expect(throws: TrainingError.self) { try Checkpoint.capture(module, after: .training) }
      #expect(trained?.remedy?.contains("fine-tune.learning-rate") == true)
    }
  }
}
