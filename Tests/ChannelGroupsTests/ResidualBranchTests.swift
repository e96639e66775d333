import ChannelGroups
import ModelGraph
import TestSupport
import Testing

/// Whole residual branches.
@Suite struct ResidualBranchTests {
  /// By topology: the sums whose branch can leave. All others have none.
  static let expected: [String: [String]] = [
    "linear-only": ["sum"], "residual-projection": ["add1"], "residual-option-a": ["add1"], "grouped-residual": ["add"],
    "layer-norm-block": ["add"], "attention": ["add"], "attention-packed": ["add"], "attention-packed-rows": ["add"],
    "attention-causal": ["add"], "attention-grouped-query": ["add"], "attention-rotary": ["add"],
    "attention-operator": ["add"], "attention-bias-network": ["add"],
    "vision-transformer": ["add1", "add2"], "shifted-windows": ["add1"],
    "tied-embeddings": ["add2"], "gated-decoder": ["add1", "add2"], "mixer": ["add1", "add2"], "gru-residual": ["add"],
    "convolution-1d": ["add"], "convolution-3d": ["add"],
  ]

  @Test(arguments: TopologyTests.zoo)
  func branchesAreAsWorkedOutByHand(_ topology: Topology) throws {
    let analysis = try ResidualBranches(topology.graph)
    #expect(analysis.groups.flatMap(\.units).map(\.name) == Self.expected[topology.graph.name] ?? [])
    #expect(analysis.groups.count <= 1)
  }

  @Test(arguments: TopologyTests.zoo.filter { expected[$0.graph.name] != nil })
  func compactedEqualsMasked(_ topology: Topology) throws {
    try check(ResidualBranches(topology.graph), topology)
  }

  private func check(_ analysis: ResidualBranches, _ topology: Topology) throws {
    let graph = topology.graph
    let count = try #require(analysis.groups.first).units.count
    let dense = try topology.outputs()
    for bits in 0..<(1 << count) {
      let keeping = ["layers": (0..<count).filter { bits >> $0 & 1 == 1 }]
      let compacted = try analysis.compacted(graph, keeping: keeping)
      let small = try topology.outputs(of: compacted)
      let large = try topology.outputs(of: analysis.masked(graph, keeping: keeping))
      #expect(TopologyTests.difference(small, large) < 1e-9, "keeping \(keeping)")
      #expect((TopologyTests.difference(small, dense) > 1e-6) == (bits != (1 << count) - 1))
      let size = try analysis.measure(keeping: keeping)
      #expect(size.parameters == compacted.parameterCount)
      #expect(size.multiplyAccumulates == (try compacted.multiplyAccumulates()))
      let tensors = try analysis.compacted(weights: graph.weights, keeping: keeping)
      let learned = isLearned(graph)
      #expect(tensors.keys.filter(learned).sorted() == compacted.weights.keys.filter(learned).sorted())
    }
  }

  private func isLearned(_ graph: Graph) -> (String) -> Bool {
    let roles = graph.weightRoles()
    return { roles[$0] == .trainable }
  }

  /// Of nine sums the two at the start of a stage have a shortcut of another shape than what the branch reads.
  @Test(arguments: ["resnet20", "resnet20-b"]) func resnet20HasSevenBranches(_ name: String) throws {
    let graph = try BuiltinNetworks.graph(named: name)
    let group = try #require(ResidualBranches(graph).groups.first)
    #expect(graph.nodes.count { if case .elementwise(.add) = $0.op { true } else { false } } == 9)
    let blocks = ["1.0", "1.1", "1.2", "2.1", "2.2", "3.1", "3.2"]
    #expect(group.units.map(\.layers) == blocks.map { ["layer\($0).conv1", "layer\($0).conv2"] })
    // Two convolutions of 64 x 64 x 9 with their normalisations.
    let weights = group.units[6].slices.filter { !$0.weight.contains("running") }.map(\.weight)
    let parameters = 2 * 64 * 64 * 9 + 4 * 64
    let owned: Int = weights.reduce(0) { $0 + (graph.weights[$1]?.elementCount ?? 0) }
    #expect(owned == parameters)
    let analysis = try ResidualBranches(graph)
    let size = try analysis.measure(keeping: ["layers": Array(0..<6)])
    #expect(size.parameters == graph.parameterCount - parameters)
    let operations = 2 * 64 * 64 * 9 * 8 * 8
    let left = try graph.multiplyAccumulates() - operations
    #expect(size.multiplyAccumulates == left)
  }

  /// Ten of the seventeen blocks keep width and stride.
  @Test func mobilenetHasTenBranches() throws {
    let graph = try BuiltinNetworks.graph(named: "mobilenetv2")
    let group = try #require(ResidualBranches(graph).groups.first)
    #expect(group.units.count == 10)
    #expect(group.units.allSatisfy { $0.layers.count == 3 })
    #expect(group.describe(unitLimit: 1).contains("unit 0, '"))
  }

  @Test func aLayerThatIsLeftOutKeepsItsBranch() throws {
    let graph = try BuiltinNetworks.graph(named: "resnet20")
    let analysis = try ResidualBranches(graph, excluding: { $0 == "layer1.1.conv2" })
    #expect(analysis.groups.first?.units.count == 6)
    #expect(analysis.pinnedGroups.map(\.pinned) == ["layer 'layer1.1.conv2' is left out"])
  }

  /// inner = x + f(x); outer = x + g(inner): the outer branch holds the inner one whole.
  @Test func anOuterBranchTakesTheInnerOneAlong() throws {
    var builder = GraphBuilder("nested", seed: 3)
    let input = builder.input("input", [.symbolic("batch"), .fixed(6)])
    let x = builder.linear("stem", input, inputs: 6, outputs: 5)
    let inner = builder.add("inner", x, builder.linear("f", x, inputs: 5, outputs: 5))
    let outer = builder.add("outer", builder.linear("g", inner, inputs: 5, outputs: 5), x)
    let y = builder.linear("fc", outer, inputs: 5, outputs: 3)
    let graph = try builder.finished(output: y, shape: [.symbolic("batch"), .fixed(3)])
    let analysis = try ResidualBranches(graph)
    let group = try #require(analysis.groups.first)
    #expect(group.units.map(\.name) == ["inner", "outer"])
    #expect(group.units.map(\.layers) == [["f"], ["f", "g"]])
    let compacted = try analysis.compacted(graph, keeping: ["layers": [0]])
    #expect(compacted.nodes.map(\.name) == ["stem", "fc"])
    #expect(compacted.weights.keys.sorted() == ["fc.bias", "fc.weight", "stem.bias", "stem.weight"])
    try check(analysis, Topology(graph: graph, groups: [], pinned: []))
  }

  /// y = x + f(x), z = y + g(f(x)): two sums share f, which stays as long as either does.
  @Test func overlappingBranchesShareWhatBothRead() throws {
    var builder = GraphBuilder("overlapping", seed: 3)
    let input = builder.input("input", [.symbolic("batch"), .fixed(6)])
    let x = builder.linear("stem", input, inputs: 6, outputs: 5)
    let f = builder.linear("f", x, inputs: 5, outputs: 5)
    let first = builder.add("first", x, f)
    let g = builder.linear("g", f, inputs: 5, outputs: 5)
    let y = builder.add("second", first, g)
    let graph = try builder.finished(output: y, shape: [.symbolic("batch"), .fixed(5)])
    // 'first' owns nothing that 'g' does not read, and 'second' is no function of 'first': neither is a branch.
    #expect(try ResidualBranches(graph).groups.isEmpty)
  }

  /// The network's output is itself the sum.
  @Test func theOutputKeepsItsName() throws {
    var builder = GraphBuilder("output", seed: 3)
    let input = builder.input("input", [.symbolic("batch"), .fixed(6)])
    let y = builder.add("sum", builder.linear("f", input, inputs: 6, outputs: 6), input)
    let graph = try builder.finished(output: y, shape: [.symbolic("batch"), .fixed(6)])
    let compacted = try ResidualBranches(graph).compacted(graph, keeping: ["layers": []])
    #expect(compacted.nodes.map(\.op) == [.identity])
    try compacted.validate()
    #expect(compacted.weights.isEmpty)
  }
}
