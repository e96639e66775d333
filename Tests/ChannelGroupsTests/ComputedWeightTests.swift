import ChannelGroups
import ModelGraph
import TestSupport
import Testing

/// What a network makes its weights of is cut where the weights are read, once its canonical form has computed them.
@Suite struct ComputedWeightTests {
  private let batch = Dimension.symbolic("batch")

  /// The groups, and that cutting them gives what masking them gives.
  private func groups(
    of graph: Graph, keeping: [String: [Int]], input: [Int]
  ) throws -> (names: [String], compacted: Graph) {
    let canonical = try graph.canonical()
    let analysis = try ChannelAnalysis(canonical)
    let data = ReferenceTensor.random(shape: input, seed: 1)
    let compacted = try analysis.compacted(canonical, keeping: keeping)
    let one = try ReferenceExecutor.output(of: compacted, input: data)
    let two = try ReferenceExecutor.output(of: analysis.masked(canonical, keeping: keeping), input: data)
    #expect(one.largestDifference(from: two) < 1e-12)
    return (analysis.groups.map(\.name), compacted)
  }

  /// Two layers whose weights and biases are halves of one array each lose units of their own.
  @Test func halvesOfAPackedWeightLoseUnitsOfTheirOwn() throws {
    var builder = GraphBuilder("packed", seed: 4)
    let x = builder.input("x", [batch, .fixed(6)])
    let halves = builder.split("halves", builder.constant("packed.weight", [16, 6]), sizes: [8, 8], axis: 0)
    let bias = builder.constant("packed.bias", [16])
    var sum = ""
    for (place, weight) in halves.enumerated() {
      let own = builder.slice("bias\(place)", bias, axes: [0], starts: [8 * place], ends: [8 * place + 8])
      let y = builder.node("fc\(place)", .gemm(Gemm()), x, weight, own)
      let z = builder.linear("out\(place)", builder.relu("relu\(place)", y), inputs: 8, outputs: 3)
      sum = sum.isEmpty ? z : builder.add("sum", sum, z)
    }
    let graph = try builder.finished(output: sum, shape: [batch, .fixed(3)])
    let keeping = ["fc0": [0, 3, 5], "fc1": [1, 2, 6, 7]]
    let (names, compacted) = try groups(of: graph, keeping: keeping, input: [2, 6])
    #expect(names == ["fc0", "fc1"])
    #expect(compacted.weights[halves[0]]?.shape == [3, 6])
    #expect(compacted.weights[halves[1]]?.shape == [4, 6])
    #expect(compacted.weights["bias1_out"]?.shape == [4])
  }

  /// A kernel that is one image for all channels loses its rows, and its file still holds each row once.
  @Test func repeatedKernelsLoseTheirRows() throws {
    var builder = GraphBuilder("repeated", seed: 4)
    let x = builder.input("x", [batch, .fixed(3), .fixed(5), .fixed(5)])
    let first = builder.convolution("first", x, inputs: 3, outputs: 6, kernel: 1)
    let kernel = builder.expand("kernel", builder.constant("rows", [8, 1, 3, 3]), [8, 6, 3, 3])
    let y = builder.node("conv", .convolution(Convolution(kernel: [3, 3])), builder.relu("relu", first), kernel)
    let z = builder.convolution("last", y, inputs: 8, outputs: 2, kernel: 1)
    let graph = try builder.finished(output: z, shape: [batch, .fixed(2), .fixed(3), .fixed(3)])
    let keeping = ["first": [1, 4], "conv": [0, 2, 5, 6]]
    let (names, compacted) = try groups(of: graph, keeping: keeping, input: [2, 3, 5, 5])
    #expect(names == ["first", "conv"])
    #expect(compacted.weights["kernel_out"]?.shape == [4, 2, 3, 3])
    let packed = compacted.packingRepeatedWeights()
    #expect(packed.weights["kernel_out.once"]?.shape == [4, 1, 3, 3])
  }

  /// The product of two constants is no layer, whatever is added to it.
  @Test func lowRankSumsLoseTheirUnits() throws {
    var builder = GraphBuilder("adapted", seed: 4)
    let x = builder.input("x", [batch, .fixed(6)])
    let product = builder.product("ba", builder.constant("b", [8, 2]), builder.constant("a", [2, 6]))
    let y = builder.node("fc", .gemm(Gemm()), x, builder.add("sum", builder.constant("w", [8, 6]), product))
    let z = builder.linear("last", builder.relu("relu", y), inputs: 8, outputs: 3)
    let graph = try builder.finished(output: z, shape: [batch, .fixed(3)])
    let (names, compacted) = try groups(of: graph, keeping: ["fc": [2, 3, 7]], input: [2, 6])
    #expect(names == ["fc"])
    #expect(compacted.weights["sum_out"]?.shape == [3, 6])
    #expect(Set(compacted.weights.keys) == ["sum_out", "last.weight", "last.bias"])
  }
}
