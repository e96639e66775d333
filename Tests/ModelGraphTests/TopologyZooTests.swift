import ModelGraph
import TestSupport
import Testing

/// The zoo itself: every network runs, and its expectations speak of layers that it has.
@Suite struct TopologyZooTests {
  static let zoo: [Topology] = (try? TopologyZoo.all()) ?? []

  @Test func everyNetworkIsThereOnce() throws {
    let names = try TopologyZoo.all().map(\.graph.name)
    #expect(names.count == 105)
    #expect(Set(names).count == names.count)
  }

  @Test(arguments: zoo)
  func runsAndDependsOnItsInput(_ topology: Topology) throws {
    let first = try topology.outputs(seed: 1)
    let second = try topology.outputs(seed: 2)
    #expect(first.count >= 1)
    for (one, two) in zip(first, second) {
      #expect(one.values.allSatisfy { $0.isFinite })
      #expect(one.largestDifference(from: two) > 1e-6)
      #expect(Set(one.values).count > 1)
    }
  }

  /// A sample's result does not depend on what else is in the batch: reshapes treat the batch as they should.
  @Test(
    arguments: zoo.filter { topology in
      topology.statePairs.isEmpty && topology.graph.inputs.allSatisfy { $0.shape.first == .symbolic("batch") }
    })
  func samplesAreIndependent(_ topology: Topology) throws {
    let inputs = topology.inputs(batch: 3)
    let whole = try ReferenceExecutor.outputs(of: topology.graph, inputs: inputs)
    let single = try ReferenceExecutor.outputs(
      of: topology.graph, inputs: inputs.mapValues { $0.slice(0, from: 1, count: 1) })
    for (name, value) in whole {
      let alone = try #require(single[name])
      #expect(value.slice(0, from: 1, count: 1).largestDifference(from: alone) < 1e-12)
    }
  }

  @Test(arguments: zoo)
  func expectationsNameItsLayers(_ topology: Topology) {
    let nodes = Set(topology.graph.nodes.map(\.name))
    for group in topology.groups {
      #expect(nodes.isSuperset(of: group.layers))
      #expect(group.units > 0 && (group.blocks == 0 || group.units % group.blocks == 0))
      #expect(group.floors.allSatisfy { $0.allSatisfy { (0..<group.units).contains($0) } })
    }
    #expect(Set(topology.groups.map(\.name)).isDisjoint(with: topology.pinned))
    for pair in topology.statePairs {
      #expect(topology.graph.inputs.contains { $0.name == pair.input })
      #expect(topology.graph.outputs.contains { $0.name == pair.output })
    }
  }
}
