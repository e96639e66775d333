import ChannelGroups
import ModelGraph
import TestSupport
import Testing

/// Granularity "unit": only what recurrent layers alone make.
@Suite struct RecurrentUnitTests {
  static let zoo = TopologyTests.zoo.filter { topology in
    topology.graph.nodes.contains { if case .recurrent = $0.op { true } else { false } }
  }

  @Test func onlyRecurrentLayersAreListed() throws {
    #expect(Self.zoo.count == 11)
    for topology in Self.zoo where topology.graph.name != "gru-residual" {
      let groups = try ChannelAnalysis(topology.graph, kind: .recurrent).groups
      #expect(groups.map { ExpectedGroup($0.layers, $0.units.count, blocks: $0.blocks.count) } == topology.groups)
    }
    let tied = try #require(Self.zoo.first { $0.graph.name == "gru-residual" })
    let analysis = try ChannelAnalysis(tied.graph, kind: .recurrent)
    #expect(analysis.groups.isEmpty)
    #expect(analysis.pinnedGroups.map(\.pinned).contains("'embed' is no recurrent layer"))
    #expect(try ChannelAnalysis(BuiltinNetworks.graph(named: "resnet20"), kind: .recurrent).groups.isEmpty)
  }

  @Test(arguments: zoo)
  func compactedEqualsMasked(_ topology: Topology) throws {
    let analysis = try ChannelAnalysis(topology.graph, kind: .recurrent)
    for seed in 1...3 as ClosedRange<UInt64> {
      let keeping = try RandomSelection.keeping(analysis, seed: seed)
      let compacted = try analysis.compacted(topology.graph, keeping: keeping)
      let small = try topology.outputs(of: compacted)
      let large = try topology.outputs(of: analysis.masked(topology.graph, keeping: keeping))
      #expect(TopologyTests.difference(small, large) < 1e-9)
      // A pair of states shrinks with its units.
      for pair in topology.statePairs {
        let (before, after) = (
          compacted.inputs.first { $0.name == pair.input }, compacted.outputs.first { $0.name == pair.output }
        )
        #expect(before?.shape.last == after?.shape.last)
      }
    }
  }
}
