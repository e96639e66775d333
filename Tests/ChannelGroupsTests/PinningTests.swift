import ChannelGroups
import ModelGraph
import TestSupport
import Testing

/// Ties that nothing can follow: the channels stay, the reason names the node, and the rest can still leave.
@Suite struct PinningTests {
  private func builder() -> (GraphBuilder, String) {
    var builder = GraphBuilder("pins", seed: 4)
    let input = builder.input("input", [.symbolic("batch"), .fixed(4), .fixed(4), .fixed(4)])
    return (builder, input)
  }

  private func reasons(_ analysis: ChannelAnalysis) -> [String: String] {
    Dictionary(analysis.pinnedGroups.map { ($0.name, $0.pinned ?? "") }) { first, _ in first }
  }

  private func finished(_ builder: GraphBuilder, _ x: String) throws -> Graph {
    try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(1), .fixed(1), .fixed(1)])
  }

  @Test func aWeightSharedWithTheInputKeepsItsColumns() throws {
    var (builder, input) = builder()
    let x = builder.convolution("first", input, inputs: 4, outputs: 4, kernel: 1)
    let one = builder.convolution("twin", x, inputs: 4, outputs: 5, kernel: 1)
    let two = builder.node("twin2", .convolution(Convolution(kernel: [1, 1])), input, "twin.weight")
    let y = builder.convolution("last", builder.add("add", one, two), inputs: 5, outputs: 2, kernel: 1)
    let analysis = try ChannelAnalysis(finished(builder, y))
    #expect(analysis.groups.map(\.name) == ["twin"])
    #expect(reasons(analysis)["first"] == "its weight 'twin.weight' is shared with a node that needs it whole")
  }

  /// Numbers taken one by one keep all channels where they are; the canonical form knows that nothing was taken.
  @Test func aStridedViewOfEverythingPinsNothingOnceItIsCanonical() throws {
    var builder = GraphBuilder("view", seed: 4)
    let input = builder.input("input", [.fixed(1), .fixed(4), .fixed(4), .fixed(4)])
    let x = builder.convolution("first", input, inputs: 4, outputs: 6, kernel: 1)
    let all = builder.weight("all", TensorData(shape: [1, 6, 16], integers: (0..<96).map { $0 }))
    let view = builder.node("view", .gather(axis: 0), builder.reshape("flat", x, [96]), all)
    let y = builder.convolution("last", builder.reshape("image", view, [1, 6, 4, 4]), inputs: 6, outputs: 2, kernel: 4)
    let graph = try builder.finished(output: y, shape: [.fixed(1), .fixed(2), .fixed(1), .fixed(1)])
    #expect(try reasons(ChannelAnalysis(graph))["first"] == "'view' takes single channels of it")
    let analysis = try ChannelAnalysis(graph.canonical())
    #expect(analysis.groups.map(\.name) == ["first"])
    #expect(analysis.groups.first?.units.count == 6)
  }

  /// Both sides of a product lose the same columns; what indexes its result is data.
  @Test func aProductOfComputedMatricesTiesItsInnerAxis() throws {
    var builder = GraphBuilder("product", seed: 4)
    let input = builder.input("input", [.fixed(4), .fixed(6)])
    let left = builder.linear("left", input, inputs: 6, outputs: 5)
    let right = builder.linear("right", input, inputs: 6, outputs: 5)
    let product = builder.node("product", .gemm(Gemm()), left, right)
    let x = builder.linear("last", product, inputs: 4, outputs: 3)
    let graph = try builder.finished(output: x, shape: [.fixed(4), .fixed(3)])
    let analysis = try ChannelAnalysis(graph)
    #expect(analysis.groups.map(\.layers) == [["left", "right"]])
    let data = ReferenceTensor.random(shape: [4, 6], seed: 1)
    let keeping = ["left": [1, 2, 4]]
    let one = try ReferenceExecutor.output(of: analysis.compacted(graph, keeping: keeping), input: data)
    let two = try ReferenceExecutor.output(of: analysis.masked(graph, keeping: keeping), input: data)
    #expect(one.largestDifference(from: two) < 1e-12)
  }

  @Test func aWeightOnTheLeftIsALayerOfRows() throws {
    var builder = GraphBuilder("left", seed: 4)
    let input = builder.input("input", [.fixed(4), .fixed(6)])
    let weight = builder.constant("mix.weight", [7, 4])
    let x = builder.node("mix", .gemm(Gemm(transposesB: false)), weight, input)
    let second = builder.constant("unmix.weight", [3, 7])
    let y = builder.node("unmix", .gemm(Gemm(transposesB: false)), second, x)
    let graph = try builder.finished(output: y, shape: [.fixed(3), .fixed(6)])
    let analysis = try ChannelAnalysis(graph)
    #expect(analysis.groups.map(\.name) == ["mix"])
    let data = ReferenceTensor.random(shape: [4, 6], seed: 1)
    let keeping = ["mix": [1, 2, 5]]
    let one = try ReferenceExecutor.output(of: analysis.compacted(graph, keeping: keeping), input: data)
    let two = try ReferenceExecutor.output(of: analysis.masked(graph, keeping: keeping), input: data)
    #expect(one.largestDifference(from: two) < 1e-12)
    #expect(try analysis.compacted(graph, keeping: keeping).weights["unmix.weight"]?.shape == [3, 3])
  }

  @Test func unevenSharesOfAGroupedConvolutionStay() throws {
    var (builder, input) = builder()
    let x = builder.convolution("first", input, inputs: 4, outputs: 4, kernel: 1)
    let y = builder.convolution("second", input, inputs: 4, outputs: 2, kernel: 1)
    let one = builder.channels("one", x, 0..<1)
    let joined = builder.concat("cat", [x, one, one, y])
    let z = builder.convolution("grouped", joined, inputs: 8, outputs: 4, kernel: 1, groups: 2)
    let last = builder.convolution("last", z, inputs: 4, outputs: 2, kernel: 1)
    let analysis = try ChannelAnalysis(finished(builder, last))
    #expect(analysis.groups.map(\.name) == ["grouped"])
    #expect(reasons(analysis)["first"] == "the groups of 'grouped' read some of its channels more than once")
    #expect(reasons(analysis)["second"] == "the groups of 'grouped' read some of its channels more than once")
  }

  @Test func groupsOfOneChannelCannotShrinkAlike() throws {
    var (builder, input) = builder()
    let x = builder.convolution("first", input, inputs: 4, outputs: 8, kernel: 1)
    // Two channels in and one out for each of four groups.
    let y = builder.convolution("grouped", x, inputs: 8, outputs: 4, kernel: 1, groups: 4)
    let last = builder.convolution("last", y, inputs: 4, outputs: 2, kernel: 1)
    let analysis = try ChannelAnalysis(finished(builder, last))
    #expect(analysis.groups.map(\.name) == ["first"])
    #expect(reasons(analysis)["grouped"] == "the groups of 'grouped' cannot get smaller by equal counts")
  }

  @Test func severalOutputsPinWhatMakesThem() throws {
    var (builder, input) = builder()
    let x = builder.convolution("first", input, inputs: 4, outputs: 4, kernel: 1)
    let y = builder.convolution("second", builder.relu("relu", x), inputs: 4, outputs: 5, kernel: 1)
    let last = builder.convolution("last", y, inputs: 5, outputs: 2, kernel: 1)
    var graph = try finished(builder, last)
    graph.outputs.append(ValueInfo(name: "relu_out", shape: [.symbolic("batch"), .fixed(4), .fixed(4), .fixed(4)]))
    let analysis = try ChannelAnalysis(graph)
    #expect(analysis.groups.map(\.name) == ["second"])
    #expect(reasons(analysis)["first"] == "it is an output of the network ('relu_out')")
  }
}
