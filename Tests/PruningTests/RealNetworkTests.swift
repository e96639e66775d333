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
  /// Published weights under every structured criterion at four sparsities; what is not at hand is skipped.
  @Suite(.tags(.slow)) struct RealNetworkTests {
    struct Source: Sendable, CustomTestStringConvertible {
      let builtin: String
      let weights: String
      let size: Int
      let classes: Int
      var testDescription: String { builtin }
    }

    static let sources = [
      Source(builtin: "resnet8", weights: "resnet8_cifar10", size: 32, classes: 10),
      Source(builtin: "resnet20", weights: "resnet20_cifar10", size: 32, classes: 10),
      Source(builtin: "resnet32", weights: "resnet32_cifar10", size: 32, classes: 10),
      Source(builtin: "resnet44", weights: "resnet44_cifar10", size: 32, classes: 10),
      Source(builtin: "mobilenetv1-025", weights: "mobilenetv1_025_vww96", size: 96, classes: 2),
    ]
    static let shares = [0.1, 0.3, 0.5, 0.7]

    /// Images of noise: that nothing breaks is shown here, and accuracy elsewhere.
    @Test(arguments: sources) func survivesEveryCriterion(source: Source) throws {
      let names = ["models/\(source.weights).safetensors", "\(source.weights).safetensors"]
      guard let file = SharedData.url(names, for: source.builtin) else { return }
      let graph = try BuiltinNetworks.graph(named: source.builtin).laying(try SafetensorsFile.read(file))
      let dense = try GraphModule(graph)
      let images = try TestNetworks.source(
        TestNetworks.images(16, size: source.size, classes: source.classes))
      let analysis = try ChannelAnalysis(graph)
      let batch = try images.batch(0..<4).images
      for criterion in Criterion.allCases {
        let scores = try ImportanceScoring.channelScores(
          criterion, groups: analysis.groups, module: dense, data: images, seed: 1,
          calibration: Calibration(batches: 2, batchSize: 4))
        for share in Self.shares {
          let plan = PruningPlan(criterion: criterion, scope: .local, sparsity: .uniform(share))
          let outcome = try PruningStep.cut(plan, graph, analysis: .channels(analysis), scores: scores)
          for group in analysis.groups {
            let kept = outcome.keptUnits[group.name]?.count ?? 0
            let allowed = max(1, Int((Double(group.units.count) * (1 - share) + 1e-9).rounded(.down)))
            #expect(kept == allowed, "\(criterion.rawValue) \(share) \(group.name)")
          }
          let small = try GraphModule(outcome.graph).infer(batch).floats
          let masked = try GraphModule(analysis.masked(graph, keeping: outcome.keptUnits)).infer(batch).floats
          let scale = masked.reduce(Float(1)) { max($0, abs($1)) }
          #expect(small.allSatisfy { $0.isFinite })
          #expect(zip(small, masked).allSatisfy { abs($0 - $1) <= 1e-4 * scale }, "\(criterion.rawValue) \(share)")
        }
      }
    }

    /// The recurrent units of a published voice detector, whose state h and c lie one upon the other in one input, by every
    /// criterion that looks at weights alone: its data are sound.
    @Test func voiceDetectorLosesRecurrentUnits() throws {
      let name = "silero_vad_16k_lstm_torch23_opset15.onnx"
      guard let file = SharedData.url(["models/onnx/\(name)", "onnx/\(name)"], for: "silero") else { return }
      let graph = try ONNXFile.read(file, fixing: ["sr": 16_000, "sequence": 576])
      let analysis = try StructuralAnalysis(graph, granularity: .unit)
      let group = try #require(analysis.groups.first)
      #expect(analysis.groups.count == 1)
      #expect(group.units.count == 128)
      let dense = try GraphModule(graph)
      var generator = SeededGenerator(seed: 1, stream: "sound")
      let sound = try Tensor(floats: (0..<576).map { _ in Float(generator.uniform() - 0.5) }, shape: [1, 576])
      for criterion in Criterion.allCases where !criterion.needsData && criterion != .batchNormScale {
        let scores = try ImportanceScoring.channelScores(
          criterion, groups: analysis.groups, module: dense, data: nil, seed: 1)
        for share in Self.shares {
          let plan = PruningPlan(criterion: criterion, granularity: .unit, scope: .local, sparsity: .uniform(share))
          let outcome = try PruningStep.cut(plan, graph, analysis: analysis, scores: scores)
          let kept = Int((128 * (1 - share) + 1e-9).rounded(.down))
          #expect(outcome.keptUnits[group.name]?.count == kept)
          let masked = try analysis.masked(graph, keeping: outcome.keptUnits)
          func speech(_ network: Graph, width: Int) throws -> Float {
            let state = try Tensor.ones([2, 1, width], device: .cpu).mul(0)
            let outputs = try GraphModule(network).forward(["input": sound, "state": state], mode: .evaluation)
            return try #require(outputs["output"]).floats[0]
          }
          let (small, large) = try (speech(outcome.graph, width: kept), speech(masked, width: 128))
          #expect(small.isFinite && abs(small - large) < 1e-5, "\(criterion.rawValue) \(share)")
        }
      }
    }

    /// The detector's LSTM by itself, over eight steps of noise and before two classes, so that criteria that look at data can
    /// judge its units, too.
    @Test func voiceDetectorsLayerMeetsEveryCriterion() throws {
      let name = "silero_vad_16k_lstm_torch23_opset15.onnx"
      guard let file = SharedData.url(["models/onnx/\(name)", "onnx/\(name)"], for: "silero") else { return }
      let detector = try ONNXFile.read(file, fixing: ["sr": 16_000, "sequence": 576])
      let layer = try #require(detector.nodes.first { if case .recurrent = $0.op { true } else { false } })
      var builder = GraphBuilder("detector", seed: 3)
      var x = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(8), .fixed(128)])
      x = builder.transpose("steps", builder.reshape("rows", x, [0, 8, 128]), [1, 0, 2])
      x = builder.recurrent("lstm", x, .lstm, inputs: 128, hidden: 128).sequence
      x = builder.gather("last", builder.squeeze("flat", x, axes: [1]), at: -1, axis: 0)
      x = builder.linear("fc", x, inputs: 128, outputs: 2)
      var graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(2)])
      for (part, published) in zip(["W", "R", "B"], layer.inputs[1...3]) {
        let tensor = try #require(detector.weights[published])
        #expect(graph.weights["lstm.\(part)"]?.shape == tensor.shape)
        graph.weights["lstm.\(part)"] = tensor
      }
      let analysis = try StructuralAnalysis(graph, granularity: .unit)
      let dense = try GraphModule(graph)
      let noise = try TestNetworks.source(TestNetworks.images(16, channels: 1, height: 8, width: 128, classes: 2))
      let batch = try noise.batch(0..<4).images
      for criterion in Criterion.allCases where criterion != .batchNormScale {
        let scores = try ImportanceScoring.channelScores(
          criterion, groups: analysis.groups, module: dense, data: noise, seed: 1,
          calibration: Calibration(batches: 2, batchSize: 4))
        for share in Self.shares {
          let plan = PruningPlan(criterion: criterion, granularity: .unit, scope: .local, sparsity: .uniform(share))
          let outcome = try PruningStep.cut(plan, graph, analysis: analysis, scores: scores)
          let kept = Int((128 * (1 - share) + 1e-9).rounded(.down))
          #expect(outcome.keptUnits["lstm"]?.count == kept, "\(criterion.rawValue) \(share)")
          #expect(outcome.graph.weights["lstm.R"]?.shape == [1, 4 * kept, kept])
          let small = try GraphModule(outcome.graph).infer(batch).floats
          let masked = try GraphModule(analysis.masked(graph, keeping: outcome.keptUnits)).infer(batch).floats
          for (one, other) in zip(small, masked) {
            #expect(one.isFinite && abs(one - other) < 1e-5, "\(criterion.rawValue) \(share)")
          }
        }
      }
    }

    /// 87.90% of the first 2,000 test images is what an independent PyTorch evaluation gave.
    @Test func residualNetworkOfEightLayersReachesItsAccuracy() throws {
      let names = ["models/resnet8_cifar10.safetensors", "resnet8_cifar10.safetensors"]
      guard let file = SharedData.url(names, for: "resnet8"),
        let folder = SharedData.url(["cifar-10", "data/cifar-10"], for: "resnet8")
      else { return }
      let graph = try BuiltinNetworks.graph(named: "resnet8").laying(try SafetensorsFile.read(file))
      let dataset = try DatasetSource.cifar10(folder: folder).load(.test)
      let source = try BatchSource(
        dataset, indices: (0..<2000).map { $0 }, input: InputNormalization(scale: 1, mean: [0], std: [1]))
      let result = try AccuracyMeasurement.run(GraphModule(graph), on: source)
      print("resnet8 on 2,000 of CIFAR-10's test images: \(result.accuracy.successes) right")
      #expect((1755...1761).contains(result.accuracy.successes))
    }
  }
}
