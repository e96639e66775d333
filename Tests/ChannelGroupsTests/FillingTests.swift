import ChannelGroups
import ModelGraph
import TestSupport
import Testing

/// Values that are filled to a size, group normalisations with one scale a group, and channels made of pieces: what leaves, what stays and
/// why.
@Suite struct FillingTests {
  private func opened() -> (GraphBuilder, String) {
    var builder = GraphBuilder("filling", seed: 4)
    let input = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(4), .fixed(4)])
    let x = builder.convolution("first", input, inputs: 3, outputs: 8, kernel: 1, bias: true)
    return (builder, x)
  }

  private func analysed(_ builder: GraphBuilder, _ x: String) throws -> (graph: Graph, analysis: ChannelAnalysis) {
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(2), .fixed(4), .fixed(4)])
    return (graph, try ChannelAnalysis(graph))
  }

  private func expectEqual(_ graph: Graph, _ analysis: ChannelAnalysis, keeping: [String: [Int]]) throws {
    let data = ReferenceTensor.random(shape: [2, 3, 4, 4], seed: 1)
    let small = try ReferenceExecutor.output(of: analysis.compacted(graph, keeping: keeping), input: data)
    let large = try ReferenceExecutor.output(of: analysis.masked(graph, keeping: keeping), input: data)
    #expect(small.largestDifference(from: large) < 1e-9)
  }

  private func reason(_ analysis: ChannelAnalysis) -> String? {
    analysis.pinnedGroups.first { $0.name == "first" }?.pinned
  }

  /// A size that is read off channels follows them by itself: no node is written for it.
  @Test func sizesThatAreReadNeedNothing() throws {
    var (builder, x) = opened()
    let zeros = builder.node(
      "zeros", .constantOfShape(value: nil), builder.node("sizes", .shape(start: 0, end: nil), x))
    let y = builder.convolution("last", builder.concat("cat", [x, zeros]), inputs: 16, outputs: 2, kernel: 1)
    let (graph, analysis) = try analysed(builder, y)
    #expect(analysis.groups.map(\.units.count) == [8])
    let compacted = try analysis.compacted(graph, keeping: ["first": [1, 4, 6]])
    #expect(compacted.nodes == graph.nodes)
    #expect(compacted.weights["last.weight"]?.shape == [2, 6, 1, 1])
    try expectEqual(graph, analysis, keeping: ["first": [1, 4, 6]])
  }

  /// A layer that reads the filled value reads as many channels.
  @Test func layersReadWhatIsFilled() throws {
    var (builder, x) = opened()
    let one = TensorData(shape: [1], floats: [1])
    let ones = builder.node("ones", .constantOfShape(value: one), builder.node("sizes", .shape(start: 0, end: nil), x))
    let again = builder.convolution("again", ones, inputs: 8, outputs: 8, kernel: 1)
    let y = builder.convolution("last", builder.add("add", again, x), inputs: 8, outputs: 2, kernel: 1)
    let (graph, analysis) = try analysed(builder, y)
    #expect(analysis.groups.map(\.layers) == [["first", "again"]])
    try expectEqual(graph, analysis, keeping: ["first": [0, 2, 3, 7]])
  }

  /// Twice as many as there are channels is another number than that of the channels.
  @Test func aSizeThatIsDoubledPinsItsChannels() throws {
    var (builder, x) = opened()
    let sizes = builder.multiply(
      "doubled", builder.node("sizes", .shape(start: 0, end: nil), x), builder.integers("two", [1, 2, 1, 1]))
    let zeros = builder.channels("half", builder.node("zeros", .constantOfShape(value: nil), sizes), 0..<8)
    let y = builder.convolution("last", builder.concat("cat", [x, zeros]), inputs: 16, outputs: 2, kernel: 1)
    let (_, analysis) = try analysed(builder, y)
    #expect(analysis.groups.isEmpty)
    #expect(reason(analysis) == "'zeros' computes with its size")
  }

  /// A unit matrix has another number in each place.
  @Test func aUnitMatrixPinsWhatItCounts() throws {
    var (builder, x) = opened()
    let pooled = builder.node("flat", .flatten(axis: 1), builder.node("pool", .globalAveragePool, x))
    let unit = builder.node("unit", .eyeLike(elementType: nil, diagonal: 0), pooled)
    let y = builder.multiply("apply", x, builder.unsqueeze("image", unit, axes: [2, 3]))
    let last = builder.convolution("last", y, inputs: 8, outputs: 2, kernel: 1)
    let (_, analysis) = try analysed(builder, last)
    #expect(reason(analysis) == "'unit' counts its elements")
  }

  /// What was filled to a written size and is read whole by a layer before has to keep that size.
  @Test func anEarlierReaderKeepsTheSize() throws {
    var (builder, x) = opened()
    let batch = builder.node("batch", .shape(start: 0, end: 1), x)
    let target = builder.concat("target", [batch, builder.integers("rest", [8, 4, 4])], axis: 0)
    let zeros = builder.node("zeros", .constantOfShape(value: nil), target)
    let early = builder.convolution("early", zeros, inputs: 8, outputs: 2, kernel: 1)
    let late = builder.convolution("last", builder.add("add", x, zeros), inputs: 8, outputs: 2, kernel: 1)
    let last = builder.add("sum", early, late)
    let (_, analysis) = try analysed(builder, last)
    #expect(analysis.groups.isEmpty)
    #expect(reason(analysis) == "it is joined by 'add' to 'zeros_out', which stays whole")
  }

  /// One scale a group stays one scale a group, laid out for fewer channels.
  @Test func groupsKeepTheirScale() throws {
    let topology = try #require(TopologyTests.zoo.first { $0.graph.name == "group-norm-shared-scale" })
    let analysis = try ChannelAnalysis(topology.graph)
    let compacted = try analysis.compacted(topology.graph, keeping: ["conv1": [0, 2, 5, 6]])
    for part in ["scale", "shift"] {
      #expect(compacted.weights["norm.\(part)"] == topology.graph.weights["norm.\(part)"])
      let rows = try #require(compacted.nodes.first { $0.name == "\(part).rows" })
      #expect(compacted.weights[rows.inputs[1]]?.integers == [2, 2])
    }
    #expect(throws: ChannelGroupError.self) {
      try analysis.compacted(topology.graph, keeping: ["conv1": [0, 1, 2, 5]])
    }
  }

  /// The masked network counts what stays of groups whatever the size of the image.
  @Test(arguments: [false, true]) func groupsOfImagesOfAnySizeAreMasked(isCut: Bool) throws {
    var builder = GraphBuilder("free", seed: 4)
    let shape: [Dimension] = [.symbolic("batch"), .fixed(3), .symbolic("height"), .symbolic("width")]
    let input = builder.input("input", shape)
    var x = builder.convolution("first", input, inputs: 3, outputs: 8, kernel: 1)
    if isCut {
      let rows = builder.reshape("cut", x, [0, 2, -1])
      let one = builder.constant("one", [2])
      let normal = builder.node("norm", .instanceNormalization(epsilon: 1e-5), rows, one, builder.constant("none", [2]))
      x = builder.node(
        "merge", .reshape(allowsZero: false), normal, builder.node("sizes", .shape(start: 0, end: nil), x))
    } else {
      x = builder.groupNormalization("norm", x, channels: 8, groups: 2)
    }
    let last = builder.convolution("last", x, inputs: 8, outputs: 2, kernel: 1)
    let graph = try builder.finished(output: last, shape: [shape[0], .fixed(2), shape[2], shape[3]])
    let analysis = try ChannelAnalysis(graph)
    let keeping = ["first": [0, 3, 5, 6]]
    let data = ReferenceTensor.random(shape: [2, 3, 5, 4], seed: 1)
    let small = try ReferenceExecutor.output(of: analysis.compacted(graph, keeping: keeping), input: data)
    let large = try ReferenceExecutor.output(of: analysis.masked(graph, keeping: keeping), input: data)
    #expect(small.largestDifference(from: large) < 1e-9)
  }

  /// Scale and shift that are filled to the number of channels, one of them to a size that is read.
  @Test func normalizationsMayBeFilled() throws {
    var (builder, x) = opened()
    let count = builder.node("count", .shape(start: 1, end: 2), x)
    let scale = builder.node("ones", .constantOfShape(value: TensorData(shape: [1], floats: [1])), count)
    let shift = builder.expand("halves", builder.scalar("half", 0.5), [8])
    let y = builder.node("norm", .groupNormalization(GroupNormalization(groups: 2)), x, scale, shift)
    let last = builder.convolution("last", y, inputs: 8, outputs: 2, kernel: 1)
    let (graph, analysis) = try analysed(builder, last)
    #expect(analysis.groups.map(\.blocks) == [[[0, 1, 2, 3], [4, 5, 6, 7]]])
    try expectEqual(graph, analysis, keeping: ["first": [1, 2, 5, 6]])
  }

  /// The mean of each group that goes back into its channels makes no units: each group keeps as many as the others.
  @Test func meansThatGoBackIntoTheirGroupsMakeNoUnits() throws {
    var (builder, x) = opened()
    let rows = builder.reshape("cut", x, [0, 2, -1])
    let gate = builder.node("gate", .activation(.sigmoid), builder.reduceMean("mean", rows, axes: [2], keepsAxes: true))
    let y = builder.reshape("merge", builder.multiply("apply", rows, gate), [0, 8, 4, 4])
    let last = builder.convolution("last", y, inputs: 8, outputs: 2, kernel: 1)
    let (graph, analysis) = try analysed(builder, last)
    #expect(analysis.groups.map(\.blocks) == [[[0, 1, 2, 3], [4, 5, 6, 7]]])
    try expectEqual(graph, analysis, keeping: ["first": [1, 3, 4, 7]])
  }

  /// What a pair makes is an output and stays, but each pair may lose a piece.
  @Test func pairsOfAnOutputKeepAPiece() throws {
    var (builder, x) = opened()
    let cut = builder.reshape("cut", x, [0, 2, 4, 4, 4])
    let last = builder.reduce("largest", cut, .maximum, axes: [2], keepsAxes: false)
    let (_, analysis) = try analysed(builder, last)
    #expect(analysis.groups.map(\.blocks) == [[[0, 1, 2, 3], [4, 5, 6, 7]]])
  }

  /// Of four pairs two make zeros that nobody reads: without them the network computes the same.
  @Test(arguments: [ReductionFunction.maximum, .mean, .sum, .minimum]) func deadPairsLeaveWithoutLoss(
    function: ReductionFunction
  ) throws {
    var (builder, x) = opened()
    let pooled = builder.reduce(
      "pool", builder.reshape("cut", x, [0, 4, 2, 4, 4]), function, axes: [2], keepsAxes: false)
    let last = builder.convolution("last", pooled, inputs: 4, outputs: 2, kernel: 1)
    var (graph, analysis) = try analysed(builder, last)
    #expect(analysis.groups.map(\.units.count) == [4])
    for unit in [0, 2] {
      for slice in analysis.groups[0].units[unit].slices {
        let tensor = try #require(graph.weights[slice.weight])
        let run = tensor.shape[(slice.axis + 1)...].reduce(1, *)
        let size = tensor.shape[slice.axis]
        graph.weights[slice.weight] = TensorData(
          shape: tensor.shape,
          floats: tensor.floats.enumerated().map { slice.indices.contains($0.offset / run % size) ? 0 : $0.element })
      }
    }
    let data = ReferenceTensor.random(shape: [2, 3, 4, 4], seed: 1)
    let dense = try ReferenceExecutor.output(of: graph, input: data)
    let compacted = try analysis.compacted(graph, keeping: ["first": [1, 3]])
    #expect(compacted.weights["first.weight"]?.shape == [4, 3, 1, 1])
    #expect(try ReferenceExecutor.output(of: compacted, input: data).largestDifference(from: dense) < 1e-9)
    analysis = try ChannelAnalysis(compacted)
    #expect(analysis.groups.map(\.units.count) == [2])
  }
}
