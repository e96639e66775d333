import ChannelGroups
import ModelGraph
import TestSupport
import Testing

/// Whole attention heads and whole groups of convolutions, against groups worked out by hand and masked networks.
@Suite struct HeadTests {
  private static let attention = [ExpectedGroup(["q", "k", "v"], 2)]
  private static let packed = [ExpectedGroup(["qkv"], 2)]

  /// By topology: what can leave. All others have no heads.
  static let expected: [String: [ExpectedGroup]] = [
    "attention": attention, "attention-causal": attention, "attention-operator": attention,
    // The angles are the same for all heads and stay.
    "attention-rotary": attention, "gated-decoder": attention, "encoder-decoder": attention,
    "shifted-windows": attention,
    // Two heads of keys and values, each with the two heads of queries that it serves.
    "attention-grouped-query": attention,
    "attention-packed": packed, "attention-packed-rows": packed, "vision-transformer": packed,
    // What makes a bias for each head makes one less.
    "attention-bias-network": [ExpectedGroup(["bias_down", "qkv"], 2)],
    // A head of the caches leaves with that of what is new.
    "key-value-cache-heads": attention,
    "grouped": [ExpectedGroup(["conv1", "middle"], 4)],
    // Each group reads what it makes.
    "grouped-residual": [ExpectedGroup(["conv1", "middle"], 2)],
    // The coarser cut rules: two of four groups leave together.
    "grouped-nested": [ExpectedGroup(["conv1", "four", "two", "last"], 2)],
    "grouped-concat": [ExpectedGroup(["left", "middle"], 1), ExpectedGroup(["right", "middle"], 1)],
    // Both groups read the same channels, or channels of both are shuffled: one unit is left of them.
    "grouped-concat-twice": [ExpectedGroup(["conv1", "middle"], 1)],
    "shuffle-grouped": [ExpectedGroup(["conv1", "first", "second"], 1)],
    "transposed-grouped": [ExpectedGroup(["conv1", "up"], 2)],
    "convolution-1d": [ExpectedGroup(["conv3", "grouped"], 2)],
    "convolution-3d": [ExpectedGroup(["conv3", "grouped"], 2)],
  ]

  @Test(arguments: TopologyTests.zoo)
  func headsAreAsWorkedOutByHand(_ topology: Topology) throws {
    let analysis = try ChannelAnalysis(topology.graph, kind: .head)
    let found = analysis.groups.map { ExpectedGroup($0.layers, $0.units.count, name: $0.name, blocks: $0.blocks.count) }
    #expect(found == Self.expected[topology.graph.name] ?? [])
    #expect(analysis.pinnedGroups.allSatisfy { $0.pinned?.isEmpty == false })
  }

  @Test(arguments: try TopologyTests.zoo.filter { expected[$0.graph.name] != nil } + operators() + rotaries())
  func compactedEqualsMasked(_ topology: Topology) throws {
    let analysis = try ChannelAnalysis(topology.graph, kind: .head)
    let dense = try topology.outputs()
    var changes = 0
    for seed in 1...4 as ClosedRange<UInt64> {
      let keeping = try RandomSelection.keeping(analysis, seed: seed)
      let compacted = try analysis.compacted(topology.graph, keeping: keeping)
      let small = try topology.outputs(of: compacted)
      let large = try topology.outputs(of: analysis.masked(topology.graph, keeping: keeping))
      #expect(TopologyTests.difference(small, large) < 1e-9, "seed \(seed), keeping \(keeping)")
      let size = try analysis.measure(keeping: keeping)
      #expect(size.parameters == compacted.parameterCount)
      #expect(size.multiplyAccumulates == (try compacted.multiplyAccumulates()))
      let leaves = analysis.groups.contains { keeping[$0.name]?.count != $0.units.count }
      #expect(leaves == (size.parameters < topology.graph.parameterCount))
      if TopologyTests.difference(small, dense) > 1e-6 { changes += 1 }
    }
    #expect(changes > 0 || analysis.groups.allSatisfy { $0.units.count == 1 })
    #expect(try analysis.compacted(topology.graph, keeping: [:]) == topology.graph)
  }

  /// Of two heads of four elements the second leaves: rows 4 to 7 of Q, K and V, and those of the projection that read them.
  @Test func aHeadLeavesWithItsRowsOfTheProjection() throws {
    let topology = try #require(TopologyTests.zoo.first { $0.graph.name == "attention" })
    let analysis = try ChannelAnalysis(topology.graph, kind: .head)
    let group = try #require(analysis.groups.first)
    let slices = Set(group.units[1].slices.map { "\($0.weight) \($0.axis) \($0.indices) \($0.isOutput)" })
    let rows = ["q", "k", "v"].flatMap { ["\($0).weight 1 [4, 5, 6, 7] true", "\($0).bias 0 [4, 5, 6, 7] true"] }
    #expect(slices == Set(rows + ["proj.weight 0 [4, 5, 6, 7] false"]))
    #expect(group.describe().contains("unit 1:\n    q.weight axis 1 [4...7]"))
    #expect(group.describe().contains("proj.weight axis 0 [4...7] (reads)"))
    let compacted = try analysis.compacted(topology.graph, keeping: ["q": [0]])
    let targets = compacted.nodes.compactMap { node -> [Int64]? in
      guard case .reshape = node.op else { return nil }
      return compacted.weights[node.inputs[1]]?.integers
    }
    #expect(Set(targets) == [[0, 0, 1, 4], [0, 0, 4]])
    #expect(compacted.weights["q.weight"]?.shape == [8, 4])
    #expect(compacted.weights["proj.weight"]?.shape == [4, 8])
    #expect(compacted.weights["embed.weight"] == topology.graph.weights["embed.weight"])
  }

  @Test func theAttentionOperatorCountsFewerHeads() throws {
    let topologies = try Self.operators()
    let flat = topologies[0]
    let analysis = try ChannelAnalysis(flat.graph, kind: .head)
    #expect(analysis.groups.map { ExpectedGroup($0.layers, $0.units.count) } == [ExpectedGroup(["q", "k", "v"], 2)])
    let compacted = try analysis.compacted(flat.graph, keeping: ["q": [1]])
    let attention = try #require(
      compacted.nodes.compactMap { node -> Attention? in
        if case .attention(let attention) = node.op { attention } else { nil }
      }.first)
    #expect(attention.queryHeads == 2)
    #expect(attention.keyValueHeads == 1)
    // The default follows from the size of a head, which stays; it is written down all the same.
    #expect(abs((attention.scale ?? 0) - 1 / Double(3).squareRoot()) < 1e-12)
    // A bias for each head of queries loses those of the first two.
    #expect(compacted.weights["bias"]?.shape == [1, 2, 3, 3])
    #expect(
      try ChannelAnalysis(topologies[1].graph, kind: .head).groups.map { ExpectedGroup($0.layers, $0.units.count) }
        == [ExpectedGroup(["q", "k", "v"], 2)])
  }

  /// The operator turns whichever heads are left by the same angles.
  @Test func theRotaryOperatorCountsFewerHeads() throws {
    for topology in try Self.rotaries() {
      let analysis = try ChannelAnalysis(topology.graph, kind: .head)
      #expect(analysis.groups.map { ExpectedGroup($0.layers, $0.units.count) } == [ExpectedGroup(["q", "k", "v"], 2)])
      let compacted = try analysis.compacted(topology.graph, keeping: ["q": [1]])
      let isFlat = topology.graph.name == "rotary-flat"
      let turns = compacted.nodes.compactMap { node -> RotaryEmbedding? in
        if case .rotaryEmbedding(let rotary) = node.op { rotary } else { nil }
      }
      #expect(turns.map(\.heads) == (isFlat ? [2, 1] : [nil, nil]))
      #expect(turns.allSatisfy { $0.rotatedSize == (isFlat ? 2 : 0) && $0.interleaved == isFlat })
      #expect(compacted.weights["q.weight"]?.shape == [8, 8])
      #expect(compacted.weights["k.weight"]?.shape == [8, 4])
      for table in ["cosines", "sines"] { #expect(compacted.weights[table] == topology.graph.weights[table]) }
      // Which head leaves makes a difference, or the angles would prove nothing.
      let others = try analysis.masked(topology.graph, keeping: ["q": [0]])
      #expect(
        TopologyTests.difference(try topology.outputs(of: compacted), try topology.outputs(of: others)) > 1e-6)
    }
  }

  /// Of single elements each pair leaves in all heads, with its angle.
  @Test(arguments: try rotaries())
  func pairsLeaveWithTheirAngles(_ topology: Topology) throws {
    let analysis = try ChannelAnalysis(topology.graph)
    #expect(analysis.groups.contains { $0.layers == ["q", "k"] })
    for seed in 1...4 as ClosedRange<UInt64> {
      let keeping = try RandomSelection.keeping(analysis, seed: seed)
      let small = try topology.outputs(of: analysis.compacted(topology.graph, keeping: keeping))
      let large = try topology.outputs(of: analysis.masked(topology.graph, keeping: keeping))
      #expect(TopologyTests.difference(small, large) < 1e-9, "seed \(seed), keeping \(keeping)")
    }
  }

  /// A network without heads has none to remove, and says why of each layer.
  @Test func layersWithoutHeadsStay() throws {
    let analysis = try ChannelAnalysis(BuiltinNetworks.graph(named: "resnet20"), kind: .head)
    #expect(analysis.groups.isEmpty)
    #expect(analysis.pinnedGroups.first?.pinned == "it is no head and no group of a convolution")
    #expect {
      try analysis.compacted(BuiltinNetworks.graph(named: "resnet20"), keeping: ["conv1": [0]])
    } throws: { ($0 as? ChannelGroupError)?.code == .unknownGroup }
  }

  /// Attention as one operator, four heads of queries on two of keys: side by side with a learned bias, and on an axis of their own.
  static func operators() throws -> [Topology] {
    try [false, true].map { (isWide: Bool) -> Topology in
      var builder = GraphBuilder(isWide ? "attention-wide" : "attention-flat", seed: 11)
      let input = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(6)])
      let x = builder.matrix("embed", input, inputs: 6, outputs: 8)
      var q = builder.matrix("q", x, inputs: 8, outputs: 12)
      var (k, v) = (builder.matrix("k", x, inputs: 8, outputs: 6), builder.matrix("v", x, inputs: 8, outputs: 6))
      if isWide {
        (q, k, v) = (builder.heads("q", q, 4, 3), builder.heads("k", k, 2, 3), builder.heads("v", v, 2, 3))
      }
      let bias = builder.constant("bias", [1, 4, 3, 3])
      let operation = isWide ? Attention() : Attention(queryHeads: 4, keyValueHeads: 2)
      var y = builder.node("attention", .attention(operation), q, k, v, bias)
      if isWide { y = builder.reshape("merge", builder.transpose("back", y, [0, 2, 1, 3]), [0, 0, 12]) }
      y = builder.add("add", x, builder.matrix("proj", y, inputs: 12, outputs: 8))
      y = builder.linear("fc", builder.reduceMean("mean", y, axes: [1], keepsAxes: false), inputs: 8, outputs: 4)
      return Topology(
        graph: try builder.finished(output: y, shape: [.symbolic("batch"), .fixed(4)]), groups: [], pinned: [])
    }
  }

  /// Queries and keys turned by the operator: heads on an axis of their own, or side by side, neighbours in pairs, and only the
  /// first two elements of each head. Four heads of queries go with two of keys.
  static func rotaries() throws -> [Topology] {
    try [true, false].map { (isWide: Bool) -> Topology in
      var builder = GraphBuilder(isWide ? "rotary-wide" : "rotary-flat", seed: 11)
      let input = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(6)])
      let positions = builder.input("positions", [.symbolic("batch"), .fixed(3)], type: .int64)
      let x = builder.matrix("embed", input, inputs: 6, outputs: 8)
      let tables = ["cosines", "sines"].map { builder.constant($0, [8, isWide ? 2 : 1]) }
      func turned(_ name: String, _ heads: Int) -> String {
        var y = builder.matrix(name, x, inputs: 8, outputs: 4 * heads)
        if isWide { y = builder.heads(name, y, heads, 4) }
        let rotary = isWide ? RotaryEmbedding() : RotaryEmbedding(interleaved: true, heads: heads, rotatedSize: 2)
        return builder.node("\(name).turned", .rotaryEmbedding(rotary), y, tables[0], tables[1], positions)
      }
      let (q, k) = (turned("q", 4), turned("k", 2))
      var v = builder.matrix("v", x, inputs: 8, outputs: 8)
      if isWide { v = builder.heads("v", v, 2, 4) }
      let operation = isWide ? Attention() : Attention(queryHeads: 4, keyValueHeads: 2)
      var y = builder.node("attention", .attention(operation), q, k, v)
      if isWide { y = builder.reshape("merge", builder.transpose("back", y, [0, 2, 1, 3]), [0, 0, 16]) }
      y = builder.add("add", x, builder.matrix("proj", y, inputs: 16, outputs: 8))
      y = builder.linear("fc", builder.reduceMean("mean", y, axes: [1], keepsAxes: false), inputs: 8, outputs: 4)
      return Topology(
        graph: try builder.finished(output: y, shape: [.symbolic("batch"), .fixed(4)]), groups: [], pinned: [],
        vocabulary: 8)
    }
  }
}
