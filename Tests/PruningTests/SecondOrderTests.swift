import ChannelGroups
import GraphRuntime
import ModelGraph
import Pruning
import StudyModel
import Support
import Tensors
import TestSupport
import Testing
import Training

extension ComputeSuite {
  /// Criteria of the Hessian against differences of gradients and plain linear algebra.
  @Suite struct SecondOrderTests {
    /// One smooth convolution of three channels and a linear layer, for `[N, 1, 4, 4]`: 27 + 144 weights.
    static func smooth() throws -> Graph {
      var builder = GraphBuilder("smooth", seed: 4)
      var x = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(4), .fixed(4)])
      x = builder.convolution("conv", x, inputs: 1, outputs: 3, kernel: 3, padding: 1, bias: true)
      x = builder.node("tanh", .activation(.tanh), x)
      x = builder.linear("fc", builder.node("flatten", .flatten(axis: 1), x), inputs: 48, outputs: 3)
      return TopologyZoo.randomized(try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(3)]), seed: 6)
    }

    static func source() throws -> BatchSource {
      try TestNetworks.source(TestNetworks.images(48, channels: 1, size: 4, classes: 3))
    }

    private func context(_ batches: Int, _ size: Int, seed: UInt64 = 9) throws -> ScoringContext {
      try ScoringContext(
        module: GraphModule(Self.smooth()), data: Self.source(), seed: seed,
        calibration: Calibration(batches: batches, batchSize: size))
    }

    /// Second derivatives along each of a weight's elements, by central differences of the gradient.
    private func differences(
      _ weight: String, _ context: ScoringContext, step every: Int = 1
    ) throws -> [Double] {
      let module = context.module
      let data = try #require(module.graph.weights[weight])
      let step: Float = 0x1p-7
      func gradient(_ element: Int, _ change: Float) throws -> Double {
        var values = data.floats
        values[element] += change
        try module.load([weight: TensorData(shape: data.shape, floats: values)])
        var sum = 0.0
        try context.forEachGradient { sum += Double(try #require(module.tensor(named: weight)?.grad).floats[element]) }
        try module.load([weight: data])
        return sum / Double(context.batchCount)
      }
      return try stride(from: 0, to: data.elementCount, by: every).map { element in
        (try gradient(element, step) - gradient(element, -step)) / Double(2 * step)
      }
    }

    @Test(arguments: [("conv.weight", 1), ("fc.weight", 7)])
    func exactDiagonalIsTheDifferenceOfGradients(weight: String, every: Int) throws {
      let context = try context(3, 8)
      let weights = try #require(context.module.graph.weights[weight]).floats.map(Double.init)
      let places = Array(stride(from: 0, to: weights.count, by: every))
      let expected = zip(try differences(weight, context, step: every), places).map { curvature, place in
        curvature * weights[place] * weights[place] / 2
      }
      let scores = try #require(OBDImportance().elementScores(of: [weight], in: context)[weight])
      let found = places.map { scores[$0] }
      let scale = expected.map { abs($0) }.max() ?? 0
      #expect(scale > 0)
      for (score, wanted) in zip(found, expected) {
        #expect(abs(Double(score) - wanted) < 0.01 * abs(wanted) + 2e-3 * scale, "\(score) against \(wanted)")
      }
    }

    @Test func hessianTraceIsTheMeanCurvatureTimesTheNorm() throws {
      let context = try context(3, 8)
      let group = try #require(ChannelAnalysis(context.module.graph).groups.first { $0.name == "conv" })
      let diagonal = try differences("conv.weight", context)
      let weights = try #require(context.module.graph.weights["conv.weight"]).floats.map(Double.init)
      let found = try #require(
        HessianTraceImportance().layerScores(of: [group], aggregation: nil, in: context)["conv"]?.first)
      #expect(found.layer == "conv.weight")
      #expect(found.units == [0, 1, 2])
      for unit in 0..<3 {
        let own = unit * 9..<(unit + 1) * 9
        let expected = diagonal[own].reduce(0, +) / 18 * weights[own].reduce(0) { $0 + $1 * $1 }
        #expect(abs(found.scores[unit] - expected) < 0.01 * abs(expected) + 1e-6, "\(found.scores[unit]), \(expected)")
      }
    }

    /// Signed vectors give the exact diagonal and traces in the mean; 160 of them come near.
    @Test func estimatesComeNearTheExactDiagonal() throws {
      let context = try context(40, 4)
      let exact = try #require(OBDImportance().elementScores(of: ["conv.weight"], in: context)["conv.weight"])
      let found = try #require(
        OBDImportance(exactLimit: 0).elementScores(of: ["conv.weight"], in: context)["conv.weight"])
      let size = exact.map { abs($0) }.reduce(0, +)
      let error = zip(exact, found).map { abs($0 - $1) }.reduce(0, +) / size
      #expect(error < 0.3, "\(found) against \(exact)")
      #expect(error > 0)
      let groups = try ChannelAnalysis(context.module.graph).groups.filter { $0.name == "conv" }
      let traces = try #require(HessianTraceImportance(exactLimit: 0).channelScores(of: groups, in: context)["conv"])
      let weights = try #require(context.module.graph.weights["conv.weight"]).floats
      let expected = (0..<3).map { unit -> Float in
        let own = unit * 9..<(unit + 1) * 9
        // The diagonal is twice the score over the square.
        let trace = own.reduce(Float(0)) { $0 + 2 * exact[$1] / (weights[$1] * weights[$1]) }
        return trace / 18 * weights[own].reduce(0) { $0 + $1 * $1 }
      }
      let scale = expected.map { abs($0) }.max() ?? 0
      for (found, wanted) in zip(traces, expected) { #expect(abs(found - wanted) < 0.3 * scale) }
    }

    /// The gradients of batches are all added up, in float64: four batches are one of four times the size.
    @Test(arguments: [Criterion.obd, .hessianTrace, .obs, .sparseGPT])
    func allBatchesCount(criterion: Criterion) throws {
      let implementation = ImportanceScoring.implementation(of: criterion)
      // Few weights, so that curvatures are exact.
      let (many, one) = (try context(4, 8), try context(1, 32))
      let (elements, whole) = try (
        #require(implementation.elementScores(of: ["fc.weight"], in: many)["fc.weight"]),
        #require(implementation.elementScores(of: ["fc.weight"], in: one)["fc.weight"])
      )
      let scale = whole.map { abs($0) }.max() ?? 0
      for (left, right) in zip(elements, whole) { #expect(abs(left - right) < 1e-3 * abs(right) + 1e-4 * scale) }
      let groups = try ChannelAnalysis(many.module.graph).groups
      let units = try implementation.channelScores(of: groups, in: many)
      for (name, scores) in try implementation.channelScores(of: groups, in: one) {
        for (left, right) in zip(try #require(units[name]), scores) { #expect(abs(left - right) < 1e-3 * abs(right)) }
      }
      // And a single small batch is something else.
      let first = try #require(implementation.elementScores(of: ["fc.weight"], in: context(1, 8))["fc.weight"])
      #expect(first != elements)
    }

    // MARK: Optimal brain surgeon

    /// The damped empirical Fisher information of a weight, from one sample's gradient after another, within blocks.
    private func fisher(_ weight: String, _ context: ScoringContext, width: Int) throws -> [[Double]] {
      let count = try #require(context.module.graph.weights[weight]).elementCount
      var sum = Array(repeating: Array(repeating: 0.0, count: count), count: count)
      var samples = 0.0
      try context.forEachBatch { images, labels in
        for sample in 0..<images.shape[0] {
          try context.module.zeroGradients()
          try context.module.scores(images.slice(0, sample, sample + 1), mode: .evaluation)
            .crossEntropy(labels: labels.slice(0, sample, sample + 1)).backward()
          let gradient = try #require(context.module.tensor(named: weight)?.grad).doubles
          samples += 1
          for row in 0..<count {
            for column in 0..<count where row / width == column / width {
              sum[row][column] += gradient[row] * gradient[column]
            }
          }
        }
      }
      try context.module.zeroGradients()
      let trace = (0..<count).reduce(0) { $0 + sum[$1][$1] / samples }
      for row in 0..<count {
        for column in 0..<count { sum[row][column] /= samples }
        sum[row][row] += 0.01 * trace / Double(count)
      }
      return sum
    }

    @Test(arguments: [10, 128])
    func surgeonIsHassibisFormula(width: Int) throws {
      let context = try context(2, 10)
      let fisher = try fisher("conv.weight", context, width: width)
      let inverse = GaussianElimination.inverse(fisher)
      let weights = try #require(context.module.graph.weights["conv.weight"]).floats.map(Double.init)
      let criterion = OBSImportance(blockWidth: width)
      let found = try #require(criterion.elementScores(of: ["conv.weight"], in: context)["conv.weight"])
      for element in weights.indices {
        let expected = weights[element] * weights[element] / (2 * inverse[element][element])
        #expect(abs(Double(found[element]) - expected) < 1e-4 * expected + 1e-12)
      }
    }

    /// A channel's weights are those of the linear layer that read its sixteen positions, in each of three rows.
    @Test(arguments: [10, 128])
    func surgeonsChannelsLeaveTheirReaders(width: Int) throws {
      let context = try context(2, 10)
      let inverse = GaussianElimination.inverse(try fisher("fc.weight", context, width: width))
      let weights = try #require(context.module.graph.weights["fc.weight"]).floats.map(Double.init)
      let groups = try ChannelAnalysis(context.module.graph).groups.filter { $0.name == "conv" }
      let units = try #require(OBSImportance(blockWidth: width).channelScores(of: groups, in: context)["conv"])
      for unit in 0..<3 {
        let set = (0..<144).filter { $0 % 48 / 16 == unit }
        let removed = set.map { weights[$0] }
        let solved = GaussianElimination.solve(GaussianElimination.part(inverse, set, set), removed.map { [$0] })
        let expected = zip(removed, solved).reduce(0) { $0 + $1.0 * $1.1[0] } / 2
        #expect(abs(Double(units[unit]) - expected) < 1e-4 * expected)
      }
    }

    /// A filter of zeros behind a batch normalisation is a constant that the next layer reads, and a large filter that
    /// nothing reads is nothing: what a loss says of a channel is said where it is read.
    @Test(arguments: [Criterion.fisher, .snip, .grasp, .obd, .obs, .sparseGPT])
    func constantsCountAndUnreadChannelsDoNot(criterion: Criterion) throws {
      var builder = GraphBuilder("constants", seed: 4)
      var x = builder.input("input", [.symbolic("batch"), .fixed(1), .fixed(4), .fixed(4)])
      x = builder.convolution("conv", x, inputs: 1, outputs: 3, kernel: 3, padding: 1, bias: false)
      x = builder.batchNormalization("bn", x, channels: 3)
      x = builder.node("tanh", .activation(.tanh), x)
      x = builder.linear("fc", builder.node("flatten", .flatten(axis: 1), x), inputs: 48, outputs: 3)
      var graph = TopologyZoo.randomized(
        try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(3)]), seed: 6)
      func set(_ name: String, _ change: (Int, Float) -> Float) throws {
        let old = try #require(graph.weights[name])
        graph.weights[name] = TensorData(
          shape: old.shape, floats: old.floats.enumerated().map { change($0.offset, $0.element) })
      }
      try set("conv.weight") { $0 / 9 == 0 ? 0 : $0 / 9 == 1 ? 3 : $1 }
      try set("fc.weight") { $0 % 48 / 16 == 1 ? 0 : $1 }
      let context = try ScoringContext(
        module: GraphModule(graph), data: Self.source(), seed: 9, calibration: Calibration(batches: 3, batchSize: 8))
      let groups = try ChannelAnalysis(graph).groups.filter { $0.name == "conv" }
      let scores = try #require(
        ImportanceScoring.implementation(of: criterion).channelScores(of: groups, in: context)["conv"])
      #expect(scores[1] == 0)
      #expect(abs(scores[0]) > 1e-6)
      #expect(abs(scores[2]) > 1e-6)
    }

    /// dw = -H^-1[:, Q] (H^-1[Q, Q])^-1 w_Q, and no other step of the kept weights costs less by the quadratic.
    @Test(arguments: [10, 128])
    func surgeonsStepIsTheBest(width: Int) throws {
      let context = try context(2, 10)
      let fisher = try fisher("conv.weight", context, width: width)
      let inverse = GaussianElimination.inverse(fisher)
      let weights = try #require(context.module.graph.weights["conv.weight"]).floats.map(Double.init)
      var generator = SeededGenerator(seed: 3, stream: "mask")
      let mask = weights.map { _ in generator.uniform() < 0.5 }
      let set = mask.indices.filter { !mask[$0] }
      let solved = GaussianElimination.solve(
        GaussianElimination.part(inverse, set, set), set.map { [weights[$0]] }
      ).map { $0[0] }
      let step = GaussianElimination.product(GaussianElimination.part(inverse, Array(weights.indices), set), solved)
      let found = try #require(
        OBSImportance(blockWidth: width).compensated(["conv.weight": mask], in: context)["conv.weight"]
      ).doubles
      for element in weights.indices {
        let expected = mask[element] ? weights[element] - step[element] : 0
        #expect(abs(found[element] - expected) < 1e-6 * max(1, abs(expected)))
        if !mask[element] { #expect(found[element] == 0) }
      }
      #expect(zip(found, weights).contains { $0 != 0 && abs($0 - $1) > 1e-4 })
      func cost(_ values: [Double]) -> Double {
        let change = zip(values, weights).map { $0 - $1 }
        return zip(change, GaussianElimination.product(fisher, change)).reduce(0) { $0 + $1.0 * $1.1 } / 2
      }
      let least = cost(found)
      #expect(least < cost(zip(weights, mask).map { $1 ? $0 : 0 }))
      for _ in 0..<20 {
        let other = zip(found, mask).map { $1 ? $0 + (generator.uniform() - 0.5) * 0.1 : 0 }
        #expect(cost(other) >= least)
      }
    }
  }
}
