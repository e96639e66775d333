import ChannelGroups
import ModelGraph
import Support
import TestSupport
import Testing

/// Channels that lie on two axes together, and nodes that count them: what is written for the compacted network.
@Suite struct JointAxesTests {
  private func projections(_ builder: inout GraphBuilder, _ x: String, width: Int = 8) -> [String] {
    ["q", "k", "v"].map { builder.matrix($0, x, inputs: 6, outputs: width) }
  }

  private func finished(_ builder: GraphBuilder, _ x: String) throws -> Graph {
    try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(3), .fixed(4)])
  }

  private func opened() -> (GraphBuilder, String) {
    var builder = GraphBuilder("joint", seed: 3)
    let x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(6)])
    return (builder, x)
  }

  /// Two heads of four elements: each head keeps two, at places of its own, and the scale stays that of four.
  @Test func attentionInOneNodeKeepsItsScale() throws {
    var (builder, x) = opened()
    let parts = projections(&builder, x)
    let y = builder.node(
      "attention", .attention(Attention(queryHeads: 2, keyValueHeads: 2)), parts[0], parts[1], parts[2])
    let last = builder.matrix("out", y, inputs: 8, outputs: 4)
    let graph = try finished(builder, last)
    let analysis = try ChannelAnalysis(graph)
    #expect(analysis.groups.map(\.layers) == [["q", "k"], ["v"]])
    #expect(analysis.groups.map(\.blocks) == [[[0, 1, 2, 3], [4, 5, 6, 7]], [[0, 1, 2, 3], [4, 5, 6, 7]]])
    let compacted = try analysis.compacted(graph, keeping: ["q": [0, 3, 5, 6], "v": [1, 7]])
    let scales = compacted.nodes.compactMap { node -> Double? in
      if case .attention(let attention) = node.op { attention.scale } else { nil }
    }
    #expect(scales == [0.5])
    #expect(compacted.weights["k.weight"]?.shape == [6, 4])
    #expect(compacted.weights["out.weight"]?.shape == [2, 4])
    #expect(throws: ChannelGroupError.self) { try analysis.compacted(graph, keeping: ["q": [0, 1, 2, 5]]) }
  }

  /// Elements of a head turn in pairs by angles that all heads share: four elements are two units of all heads.
  @Test(arguments: [false, true]) func rotaryEmbeddingTurnsPairs(interleaved: Bool) throws {
    var (builder, x) = opened()
    let parts = projections(&builder, x)
    let angles = ["cos", "sin"].map { builder.constant($0, [1, 3, 2]) }
    let turned = parts.prefix(2).enumerated().map { index, part in
      builder.node(
        "turn\(index)", .rotaryEmbedding(RotaryEmbedding(interleaved: interleaved, heads: 2)), part, angles[0],
        angles[1])
    }
    let y = builder.node(
      "attention", .attention(Attention(queryHeads: 2, keyValueHeads: 2)), turned[0], turned[1], parts[2])
    let last = builder.matrix("out", y, inputs: 8, outputs: 4)
    let graph = try finished(builder, last)
    let analysis = try ChannelAnalysis(graph)
    #expect(analysis.groups.map(\.layers) == [["q", "k"], ["v"]])
    #expect(analysis.groups[0].units.count == 2)
    let columns = analysis.groups[0].units[1].slices.first { $0.weight == "q.weight" }?.indices
    #expect(columns == (interleaved ? [2, 3, 6, 7] : [1, 3, 5, 7]))
    let compacted = try analysis.compacted(graph, keeping: ["q": [1]])
    #expect(compacted.weights["cos"]?.shape == [1, 3, 1])
    #expect(compacted.weights["q.weight"]?.shape == [6, 4])
  }

  /// A target that is computed keeps its computed entries, and gets constants where channels are counted.
  @Test func aComputedTargetIsPatched() throws {
    var (builder, x) = opened()
    let y = builder.matrix("wide", x, inputs: 6, outputs: 8)
    let shape = builder.node("shape", .shape(start: 0, end: 2), x)
    let target = builder.node("target", .concat(axis: 0), shape, builder.integers("heads", [2, 4]))
    let rows = builder.node("cut", .reshape(allowsZero: false), y, target)
    let merged = builder.reshape("merge", builder.relu("relu", rows), [0, 0, -1])
    let last = builder.matrix("out", merged, inputs: 8, outputs: 4)
    let graph = try finished(builder, last)
    let analysis = try ChannelAnalysis(graph)
    #expect(analysis.groups.map(\.blocks) == [[[0, 1, 2, 3], [4, 5, 6, 7]]])
    let keeping = ["wide": [0, 1, 2, 4, 6, 7]]
    let compacted = try analysis.compacted(graph, keeping: keeping)
    #expect(try compacted.shapes(binding: ["batch": 5])["cut_out"] == [5, 3, 2, 3])
    let data = ReferenceTensor.random(shape: [2, 3, 6], seed: 1)
    let small = try ReferenceExecutor.output(of: compacted, input: data)
    let large = try ReferenceExecutor.output(of: analysis.masked(graph, keeping: keeping), input: data)
    #expect(small.largestDifference(from: large) < 1e-9)
  }

  /// A size that is computed with says something else when channels leave, so they stay.
  @Test func aSizeThatIsComputedWithPinsItsAxis() throws {
    var (builder, x) = opened()
    let y = builder.matrix("wide", x, inputs: 6, outputs: 8)
    let size = builder.node("size", .cast(Cast(to: .float32)), builder.node("shape", .shape(start: 2, end: 3), y))
    let scaled = builder.node("scale", .elementwise(.divide), y, size)
    let last = builder.matrix("out", scaled, inputs: 8, outputs: 4)
    let graph = try finished(builder, last)
    let analysis = try ChannelAnalysis(graph)
    #expect(analysis.groups.isEmpty)
    #expect(analysis.pinnedGroups.first { $0.name == "wide" }?.pinned == "'size' computes with its size")
  }

  /// The states of an unrolled network are declared, not found.
  @Test func aDeclaredPairShrinksWithItsUnits() throws {
    var builder = GraphBuilder("cell", seed: 3)
    let x = builder.input("input", [.symbolic("batch"), .fixed(3)])
    let state = builder.input("h", [.symbolic("batch"), .fixed(5)])
    let sum = builder.add(
      "sum", builder.matrix("in", x, inputs: 3, outputs: 5), builder.matrix("again", state, inputs: 5, outputs: 5))
    let next = builder.node("next", .activation(.tanh), sum)
    let y = builder.matrix("out", next, inputs: 5, outputs: 2)
    let graph = try builder.finished(outputs: [
      (y, ValueInfo(name: "y", shape: [.symbolic("batch"), .fixed(2)])),
      (next, ValueInfo(name: "h_next", shape: [.symbolic("batch"), .fixed(5)])),
    ])
    #expect(try ChannelAnalysis(graph).groups.isEmpty)
    let analysis = try ChannelAnalysis(graph, statePairs: [StatePair(input: "h", output: "h_next")])
    #expect(analysis.groups.map(\.layers) == [["in", "again"]])
    let compacted = try analysis.compacted(graph, keeping: ["in": [0, 2, 3]])
    #expect(compacted.inputs[1].shape == [.symbolic("batch"), .fixed(3)])
    #expect(compacted.outputs[1].shape == [.symbolic("batch"), .fixed(3)])
    #expect(compacted.weights["again.weight"]?.shape == [3, 3])
  }

  /// Equal vectors that an exporter merged tie no layers; those of a layer that is used twice do.
  @Test func mergedVectorsAreSeparated() throws {
    var (builder, x) = opened()
    let bias = builder.constant("shared", [5])
    let first = builder.constant("first.weight", [6, 5])
    let second = builder.constant("second.weight", [5, 5])
    var y = builder.add("first.shift", builder.product("first", x, first), bias)
    for step in 0..<2 { y = builder.add("shift\(step)", builder.product("second\(step)", y, second), bias) }
    let last = builder.matrix("out", y, inputs: 5, outputs: 4)
    let graph = try finished(builder, last).separatingVectors()
    let biases = graph.nodes.filter { $0.name.contains("shift") }.map { $0.inputs[1] }
    #expect(biases[0] == "shared" && biases[1] == "shared.shift0" && biases[2] == biases[1])
    #expect(graph.weights["shared.shift0"] == graph.weights["shared"])
  }
}
