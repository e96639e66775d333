import ChannelGroups
import ModelGraph
import TestSupport
import Testing

/// States that come in and go out: which are found, and that the masked network can be given those of the small one.
@Suite struct StateTests {
  static let zoo = TopologyTests.zoo.filter { !$0.statePairs.isEmpty }

  /// Fed with the same states, which are not zero, both compute the same, states included.
  private func expectSameSteps(_ graph: Graph, _ analysis: ChannelAnalysis, seed: UInt64) throws {
    let keeping = try RandomSelection.keeping(analysis, seed: seed)
    let small = try analysis.compacted(graph, keeping: keeping)
    let masked = try analysis.masked(graph, keeping: keeping, narrowsStates: true)
    try masked.validate()
    #expect(masked.inputs == small.inputs && masked.outputs == small.outputs)
    let names = ["batch": 2, "time": 3]
    let inputs = Dictionary(
      uniqueKeysWithValues: small.inputs.map { input in
        let shape = input.shape.map { if case .fixed(let size) = $0 { size } else { names["\($0)"] ?? 4 } }
        return (input.name, ReferenceTensor.random(shape: shape, seed: seed, stream: input.name))
      })
    let (one, two) = (
      try ReferenceExecutor.outputs(of: small, inputs: inputs),
      try ReferenceExecutor.outputs(of: masked, inputs: inputs)
    )
    for output in small.outputs {
      let (left, right) = (try #require(one[output.name]), try #require(two[output.name]))
      #expect(left.shape == right.shape && left.largestDifference(from: right) < 1e-9, "\(graph.name) \(output.name)")
    }
  }

  @Test(arguments: zoo) func maskedNetworksTakeTheStatesOfTheSmallOnes(_ topology: Topology) throws {
    for kind in [ChannelKind.channel, .head] {
      let analysis = try ChannelAnalysis(topology.graph, kind: kind)
      if analysis.groups.isEmpty { continue }
      for seed in 1...3 as ClosedRange<UInt64> { try expectSameSteps(topology.graph, analysis, seed: seed) }
    }
  }

  /// Two layers lie one upon the other in one state, which loses other units of each.
  @Test(arguments: [Dimension.fixed(2), .symbolic("batch")]) func layersOfOneStateLoseUnitsOfTheirOwn(
    batch: Dimension
  ) throws {
    var builder = GraphBuilder("stacked", seed: 3)
    let input = builder.input("x", [.symbolic("time"), batch, .fixed(5)])
    let state = builder.input("h", [.fixed(2), batch, .fixed(6)])
    let parts = builder.split("parts", state, sizes: [1, 1], axis: 0)
    let first = builder.recurrent("first", input, .gru, inputs: 5, hidden: 6, initialH: parts[0], wantsLast: true)
    let x = builder.squeeze("flat1", first.sequence, axes: [1])
    let second = builder.recurrent("second", x, .gru, inputs: 6, hidden: 6, initialH: parts[1], wantsLast: true)
    let y = builder.matrix("out", builder.squeeze("flat2", second.sequence, axes: [1]), inputs: 6, outputs: 3)
    let next = builder.concat("next", [first.h, second.h], axis: 0)
    let graph = try builder.finished(outputs: [
      (y, ValueInfo(name: "y", shape: [.symbolic("time"), batch, .fixed(3)])),
      (next, ValueInfo(name: "h_next", shape: [.fixed(2), batch, .fixed(6)])),
    ])
    let analysis = try ChannelAnalysis(graph)
    #expect(analysis.groups.map(\.layers) == [["first", "second"]])
    #expect(analysis.groups.map(\.blocks) == [[Array(0..<6), Array(6..<12)]])
    for seed in 1...3 as ClosedRange<UInt64> { try expectSameSteps(graph, analysis, seed: seed) }
    let compacted = try analysis.compacted(graph, keeping: ["first": [0, 3, 4, 6, 7, 10]])
    #expect(compacted.inputs[1].shape == [.fixed(2), batch, .fixed(3)])
    #expect(compacted.outputs[1].shape == [.fixed(2), batch, .fixed(3)])
  }

  /// A cache of keys, "present" after "past"; `reads` is what is done with the keys before queries meet them.
  private func cached(
    positions: [Dimension], _ present: (inout GraphBuilder, String, String) -> String,
    reads: (inout GraphBuilder, String) -> String = { $1 }
  ) throws -> Graph {
    var builder = GraphBuilder("cache", seed: 4)
    let input = builder.input("x", [.fixed(2), .symbolic("time"), .fixed(5)])
    let past = builder.input("past", [.fixed(2), positions[0], .fixed(6)])
    let (q, k) = (builder.matrix("q", input, inputs: 5, outputs: 6), builder.matrix("k", input, inputs: 5, outputs: 6))
    let keys = present(&builder, past, k)
    let scores = builder.product("scores", q, builder.transpose("turned", reads(&builder, keys), [0, 2, 1]))
    return try builder.finished(outputs: [
      (scores, ValueInfo(name: "y", shape: [.fixed(2), .symbolic("time"), positions[1]])),
      (keys, ValueInfo(name: "present", shape: [.fixed(2), positions[1], .fixed(6)])),
    ])
  }

  /// For a fixed batch of two, and whether the number of positions is fixed or not.
  @Test(arguments: [[Dimension.symbolic("past"), .symbolic("grown")], [.fixed(9), .symbolic("grown")]])
  func growingCachesAreFound(positions: [Dimension]) throws {
    let graph = try cached(positions: positions) { $0.concat("keys", [$1, $2], axis: 1) }
    let analysis = try ChannelAnalysis(graph)
    #expect(analysis.groups.map(\.layers) == [["q", "k"]])
    #expect(analysis.groups.map(\.units.count) == [6])
    let compacted = try analysis.compacted(graph, keeping: ["q": [1, 2, 5]])
    #expect(compacted.inputs[1].shape == [.fixed(2), positions[0], .fixed(3)])
    #expect(compacted.outputs[1].shape == [.fixed(2), positions[1], .fixed(3)])
    try expectSameSteps(graph, analysis, seed: 1)
  }

  /// A window of nine positions keeps its length; the pair is declared.
  @Test func aWindowOfPositionsIsDeclared() throws {
    let graph = try cached(positions: [.fixed(9), .fixed(9)]) { builder, past, k in
      builder.slice(
        "window", builder.concat("keys", [past, k], axis: 1), axes: [1], starts: [-9], ends: [Int(Int32.max)])
    }
    #expect(try ChannelAnalysis(graph).groups.isEmpty)
    let analysis = try ChannelAnalysis(graph, statePairs: [StatePair(input: "past", output: "present")])
    #expect(analysis.groups.map(\.units.count) == [6])
    try expectSameSteps(graph, analysis, seed: 2)
  }

  /// What passes a weight before it is multiplied with queries is a sequence with something in front of it: its width is the user's.
  @Test func aPromptIsNoCache() throws {
    let graph = try cached(positions: [.symbolic("past"), .symbolic("grown")]) {
      $0.concat("keys", [$1, $2], axis: 1)
    } reads: {
      $0.matrix("again", $1, inputs: 6, outputs: 6)
    }
    let analysis = try ChannelAnalysis(graph)
    #expect(analysis.groups.map(\.layers) == [["q", "again"]])
    #expect(
      analysis.pinnedGroups.map(\.pinned) == [
        "it is joined by 'keys' to the network's input 'past', which stays whole"
      ])
  }

  /// A cache that is changed before it grows is found by nobody.
  @Test func aCacheThatIsChangedFirstIsDeclared() throws {
    let graph = try cached(positions: [.symbolic("past"), .symbolic("grown")]) { builder, past, k in
      builder.concat("keys", [builder.add("doubled", past, past), k], axis: 1)
    }
    #expect(try ChannelAnalysis(graph).groups.isEmpty)
    let analysis = try ChannelAnalysis(graph, statePairs: [StatePair(input: "past", output: "present")])
    #expect(analysis.groups.map(\.layers) == [["q", "k"]])
    try expectSameSteps(graph, analysis, seed: 3)
  }
}
