import ChannelGroups
import Foundation
import GraphRuntime
import ModelGraph
import Pruning
import Selection
import StudyModel
import Support
import Tensors
import TestSupport
import Testing
import Training

extension ComputeSuite {
  /// What a channel says on average does not leave with it.
  @Suite struct MeanReplacementTests {
    private let calibration = Calibration(batches: 2, batchSize: 16)

    private func source() throws -> BatchSource { try TestNetworks.source(TestNetworks.images(32)) }

    /// Three channels of eight rows and columns, "a", tanh, then whatever reads it, then a mean and a linear layer.
    private func network(
      outputs: Int = 4, seed: UInt64 = 3, reader: (inout GraphBuilder, String) -> String
    ) throws -> Graph {
      var builder = GraphBuilder("reader", seed: seed)
      var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
      x = builder.convolution("a", x, inputs: 3, outputs: 6, kernel: 3, padding: 1, bias: true)
      x = reader(&builder, builder.node("tanh", .activation(.tanh), x))
      x = builder.node("pool", .globalAveragePool, builder.relu("relu", x))
      x = builder.linear("fc", builder.flatten("flat", x), inputs: outputs, outputs: 4)
      return TopologyZoo.randomized(
        try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)]), seed: seed)
    }

    private func plan(_ group: String, _ share: Double, _ criterion: Criterion = .random) -> PruningPlan {
      PruningPlan(
        criterion: criterion, scope: .perGroup, sparsity: .perGroup([group: share]), replacement: .mean, seed: 5)
    }

    private func apply(_ plan: PruningPlan, _ graph: Graph, _ data: BatchSource?) throws -> PruningOutcome {
      try PruningStep.apply(plan, to: GraphModule(graph), data: data, calibration: calibration)
    }

    /// The mean of each output channel of a node over the samples and positions of the calibration data.
    private func means(_ node: String, of graph: Graph, _ data: BatchSource) throws -> [Double] {
      let value = try #require(graph.nodes.first { $0.name == node }).outputs[0]
      let context = try ScoringContext(module: GraphModule(graph), data: data, seed: 5, calibration: calibration)
      var sum: [Double] = []
      try context.forEachForward(observing: [value]) { _, tensor, _ in
        let wide = try tensor.to(.float64)
        let own = try wide.mean((0..<wide.rank).filter { $0 != 1 }).doubles
        sum = sum.isEmpty ? own : zip(sum, own).map { $0 + $1 }
      }
      return sum.map { $0 / Double(calibration.batches) }
    }

    private func distance(_ first: [Double], _ second: [Double]) -> Double {
      zip(first, second).map { abs($0 - $1) }.max() ?? .infinity
    }

    // MARK: The mean of a reader's result

    @Test(arguments: ["plain", "padded", "strided", "same", "grouped", "transposed", "biased", "linear"])
    func readersKeepTheMeanOfTheirResult(kind: String) throws {
      let graph = try network { builder, x in
        switch kind {
        case "plain": return builder.convolution("b", x, inputs: 6, outputs: 4, kernel: 3)
        case "padded": return builder.convolution("b", x, inputs: 6, outputs: 4, kernel: 3, padding: 2)
        case "strided": return builder.convolution("b", x, inputs: 6, outputs: 4, kernel: 3, stride: 2, padding: 1)
        case "same":
          let kernel = builder.weight("b.weight", .filled([4, 6, 2, 3], with: 0.1))
          let attributes = Convolution(padding: Padding(rule: .sameUpper))
          return builder.node("b", .convolution(attributes), inputs: [x, kernel])
        case "grouped": return builder.convolution("b", x, inputs: 6, outputs: 4, kernel: 3, padding: 1, groups: 2)
        case "transposed":
          return builder.transposedConvolution("b", x, inputs: 6, outputs: 4, kernel: 3, stride: 2, padding: 1)
        case "biased": return builder.convolution("b", x, inputs: 6, outputs: 4, kernel: 3, padding: 1, bias: true)
        default:
          let flat = builder.linear("b", builder.flatten("rows", x), inputs: 384, outputs: 4, bias: false)
          return builder.node("unflat", .unsqueeze, inputs: [flat, builder.integers("axes", [2, 3])])
        }
      }
      let data = try source()
      var plan = plan("a", 0.5)
      let outcome = try apply(plan, graph, data)
      // Of two groups of three one each stays.
      #expect(outcome.keptUnits["a"]?.count == (kind == "grouped" ? 2 : 3))
      let wanted = try means("b", of: graph, data)
      #expect(distance(try means("b", of: outcome.graph, data), wanted) < 1e-5)
      plan.replacement = nil
      let plain = try apply(plan, graph, data)
      #expect(plain.keptUnits == outcome.keptUnits && plain.adjusted == nil)
      #expect(distance(try means("b", of: plain.graph, data), wanted) > 1e-3)
    }

    /// Several layers at once: each reader gets what its channels said in the network before the cut.
    @Test func everyReaderIsFilledFromTheNetworkBeforeTheCut() throws {
      let graph = try TestNetworks.mixed()
      let data = try source()
      for group in ["conv1", "conv2", "fc1"] {
        let reader = ["conv1": "conv2", "conv2": "fc1", "fc1": "fc2"][group] ?? ""
        let outcome = try apply(plan(group, 0.5), graph, data)
        #expect(distance(try means(reader, of: outcome.graph, data), try means(reader, of: graph, data)) < 1e-5)
      }
      var all = plan("", 0)
      (all.scope, all.sparsity) = (.local, .uniform(0.5))
      let (filled, kept) = (try apply(all, graph, data), try apply(plan("fc1", 0.5), graph, data).keptUnits)
      let rows = try #require(filled.keptUnits["fc1"])
      #expect(kept["fc1"] == rows)
      // The last layer's readers are those of its own cut.
      let alone = try apply(plan("fc1", 0.5), graph, data).graph.weights["fc2.bias"]
      #expect(filled.graph.weights["fc2.bias"] == alone)
    }

    // MARK: Constants

    /// A filter of zeros with a bias of 0.7 scores zero and is read as tanh(0.7) everywhere: without padding nothing is lost
    /// when it leaves, and no data are needed to know.
    @Test func constantsByWeightsLeaveWithoutATraceWhereNothingIsPadded() throws {
      var graph = try network { $0.convolution("b", $1, inputs: 6, outputs: 4, kernel: 3) }
      try makeConstant(&graph, row: 2)
      let images = try source().batch((0..<32).map { Int64($0) }).images
      let wanted = try GraphModule(graph).infer(images).floats.map(Double.init)
      for data in [nil, try source()] {
        let outcome = try apply(plan("a", 1.0 / 6, .l1), graph, data)
        #expect(outcome.keptUnits["a"] == [0, 1, 3, 4, 5])
        let found = try GraphModule(outcome.graph).infer(images).floats.map(Double.init)
        #expect(distance(found, wanted) < 1e-5)
      }
    }

    /// Before a padding of one, a place at the border reads two thirds of it: the bias holds the mean over all 8 x 8 places.
    @Test func paddedReadersGetTheMeanOverAllPlaces() throws {
      var graph = try network { $0.convolution("b", $1, inputs: 6, outputs: 4, kernel: 3, padding: 1) }
      try makeConstant(&graph, row: 2)
      let outcome = try apply(plan("a", 1.0 / 6, .l1), graph, nil)
      let kernel = try #require(graph.weights["b.weight"]).floats
      let share = [7.0 / 8, 1, 7.0 / 8]
      for (output, bias) in try #require(outcome.graph.weights["b.bias"]).floats.enumerated() {
        var wanted = 0.0
        for row in 0..<3 {
          for column in 0..<3 {
            let weight = Double(kernel[((output * 6 + 2) * 3 + row) * 3 + column])
            wanted += weight * share[row] * share[column] * tanh(0.7)
          }
        }
        #expect(abs(Double(bias) - wanted) < 1e-6)
      }
    }

    /// Without data nothing is known of channels that depend on the input.
    @Test func withoutDataOtherChannelsAreReadAsZero() throws {
      let graph = try network { $0.convolution("b", $1, inputs: 6, outputs: 4, kernel: 3) }
      let outcome = try apply(plan("a", 0.5), graph, nil)
      #expect(outcome.adjusted == nil && outcome.graph.weights["b.bias"] == nil)
    }

    /// A channel of zeros that is multiplied with the input is no constant.
    @Test func aConstantTimesTheInputIsNoConstant() throws {
      var builder = GraphBuilder("gated", seed: 3)
      let input = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(8), .fixed(8)])
      var x = builder.convolution("a", input, inputs: 1, outputs: 6, kernel: 3, padding: 1, bias: true)
      x = builder.node("gate", .elementwise(.multiply), inputs: [x, input])
      x = builder.convolution("b", x, inputs: 6, outputs: 4, kernel: 3)
      x = builder.node("pool", .globalAveragePool, x)
      x = builder.linear("fc", builder.flatten("flat", x), inputs: 4, outputs: 4)
      var graph = TopologyZoo.randomized(
        try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4)]), seed: 3)
      try makeConstant(&graph, row: 2)
      let outcome = try apply(plan("a", 1.0 / 6, .l1), graph, nil)
      #expect(outcome.keptUnits["a"] == [0, 1, 3, 4, 5] && outcome.adjusted == nil)
    }

    /// A convolution without a bias before a batch normalisation gets none: its mean is what is subtracted there.
    @Test func theMeanOfANormalisationTakesItUp() throws {
      let graph = try network {
        let x = $0.convolution("b", $1, inputs: 6, outputs: 4, kernel: 3, padding: 1)
        return $0.batchNormalization("bn", x, channels: 4)
      }
      let data = try source()
      let outcome = try apply(plan("a", 0.5), graph, data)
      #expect(outcome.graph.weights["b.bias"] == nil)
      #expect(outcome.graph.weights["bn.running_mean"] != graph.weights["bn.running_mean"])
      #expect(distance(try means("bn", of: outcome.graph, data), try means("bn", of: graph, data)) < 1e-5)
    }

    // MARK: Where it has no part

    @Test func criteriaThatUpdateWeightsMakeUpForMeansThemselves() throws {
      let graph = try TestNetworks.mixed()
      let data = try source()
      for criterion in [Criterion.sparseGPT, .obs] {
        var plan = plan("conv2", 0.4, criterion)
        let with = try apply(plan, graph, data)
        plan.replacement = nil
        #expect(try apply(plan, graph, data) == with)
      }
    }

    // MARK: The zoo

    /// Masked means here: the readers' biases are grown, and the channels that leave are hidden as ever. The smaller network
    /// computes the same.
    @Test(arguments: try TopologyZoo.all())
    func compactedEqualsMaskedInTheZoo(topology: Topology) throws {
      guard let imaged = try ImagedTopology(topology) else { return }
      let data = try imaged.source()
      for granularity in [Granularity.channel, .head] {
        var plan = PruningPlan(
          criterion: .random, granularity: granularity, scope: .local, sparsity: .uniform(0.5), replacement: .mean,
          seed: 3)
        let outcome = try apply(plan, imaged.graph, data)
        plan.replacement = nil
        let plain = try apply(plan, imaged.graph, data)
        #expect(plain.keptUnits == outcome.keptUnits)
        guard let base = outcome.adjusted else { continue }
        let masked = try StructuralAnalysis(base, granularity: granularity).masked(base, keeping: outcome.keptUnits)
        let images = try data.batch((0..<4).map { Int64($0) }).images
        let (small, large) = (
          try GraphModule(outcome.graph).infer(images).floats, try GraphModule(masked).infer(images).floats
        )
        let scale = max(1, large.map { abs($0) }.max() ?? 1)
        #expect(zip(small, large).allSatisfy { abs($0 - $1) <= 2e-4 * scale }, "\(topology)")
      }
    }

    private func makeConstant(_ graph: inout Graph, row: Int) throws {
      var kernel = try #require(graph.weights["a.weight"])
      let size = kernel.elementCount / kernel.shape[0]
      var floats = kernel.floats
      for place in row * size..<(row + 1) * size { floats[place] = 0 }
      kernel = TensorData(shape: kernel.shape, floats: floats)
      graph.weights["a.weight"] = kernel
      var bias = try #require(graph.weights["a.bias"]).floats
      bias[row] = 0.7
      graph.weights["a.bias"] = TensorData(shape: [bias.count], floats: bias)
    }
  }
}
