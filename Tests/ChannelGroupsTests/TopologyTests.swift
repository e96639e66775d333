import ChannelGroups
import ModelGraph
import Selection
import StudyModel
import Support
import TestSupport
import Testing

/// The central property, over the zoo: compacted equals masked, by an executor that knows nothing of channels.
@Suite struct TopologyTests {
  static let zoo: [Topology] = (try? TopologyZoo.all()) ?? []

  @Test func theZooIsComplete() throws {
    #expect(try TopologyZoo.all().count == 105)
    #expect(Set(Self.zoo.map(\.graph.name)).count == 105)
  }

  @Test(arguments: zoo)
  func groupsAreAsWorkedOutByHand(_ topology: Topology) throws {
    let analysis = try ChannelAnalysis(topology.graph)
    let found = analysis.groups.map { group in
      ExpectedGroup(
        group.layers, group.units.count, name: group.name, blocks: group.blocks.count, floors: group.floors)
    }
    #expect(found == topology.groups)
    #expect(analysis.pinnedGroups.map(\.name) == topology.pinned)
    #expect(analysis.pinnedGroups.allSatisfy { $0.pinned?.isEmpty == false })
  }

  @Test(arguments: zoo)
  func compactingByNothingChangesNothing(_ topology: Topology) throws {
    let analysis = try ChannelAnalysis(topology.graph)
    let all = Dictionary(uniqueKeysWithValues: analysis.groups.map { ($0.name, Array($0.units.indices)) })
    for keeping in [[:], all] {
      #expect(try analysis.compacted(topology.graph, keeping: keeping) == topology.graph)
      #expect(try analysis.masked(topology.graph, keeping: keeping) == topology.graph)
    }
  }

  @Test(arguments: zoo)
  func compactedEqualsMasked(_ topology: Topology) throws {
    let analysis = try ChannelAnalysis(topology.graph)
    let dense = try topology.outputs()
    var changes = 0
    for seed in 1...6 as ClosedRange<UInt64> {
      let keeping = try RandomSelection.keeping(analysis, seed: seed)
      let compacted = try analysis.compacted(topology.graph, keeping: keeping)
      let masked = try analysis.masked(topology.graph, keeping: keeping)
      let small = try topology.outputs(of: compacted)
      let large = try topology.outputs(of: masked)
      #expect(Self.difference(small, large) < 1e-9, "seed \(seed), keeping \(keeping)")
      if Self.difference(large, dense) > 1e-6 { changes += 1 }

      let size = try analysis.measure(keeping: keeping)
      #expect(size.parameters == compacted.parameterCount)
      #expect(size.multiplyAccumulates == (try compacted.multiplyAccumulates()))
      #expect(size.parameters < topology.graph.parameterCount)
    }
    // A masked network that computes what the dense one does would prove nothing.
    #expect(changes >= 4)
  }

  static func difference(_ left: [ReferenceTensor], _ right: [ReferenceTensor]) -> Double {
    guard left.count == right.count, !left.isEmpty else { return .infinity }
    return zip(left, right).reduce(0) { max($0, $1.0.largestDifference(from: $1.1)) }
  }

  /// Without blocks: there, a group of one channel turns a grouped convolution into a depthwise one, with other ties.
  @Test(arguments: zoo.filter { $0.groups.allSatisfy { $0.blocks == 0 } })
  func groupsOfTheCompactedNetworkAreTheKeptUnits(_ topology: Topology) throws {
    let analysis = try ChannelAnalysis(topology.graph)
    let keeping = try RandomSelection.keeping(analysis, seed: 9, shares: 0.1...0.4)
    let again = try ChannelAnalysis(analysis.compacted(topology.graph, keeping: keeping))
    let sizes = Dictionary(grouping: again.groups + again.pinnedGroups, by: \.layers)
      .mapValues { $0.reduce(0) { $0 + $1.units.count } }
    let expected = Dictionary(grouping: analysis.groups + analysis.pinnedGroups, by: \.layers)
      .mapValues { $0.reduce(0) { $0 + ($1.pinned == nil ? keeping[$1.name]?.count ?? 0 : $1.units.count) } }
    #expect(sizes == expected)
  }

  /// Offsets and blocks are those of the network as it is by now: cut, analysed anew and cut again, it is what one cut leaves.
  @Test func twoCutsAreOne() throws {
    var compared: Set<String> = []
    for topology in Self.zoo {
      let (name, graph) = (topology.graph.name, topology.graph)
      let analysis = try ChannelAnalysis(graph)
      let first = try RandomSelection.keeping(analysis, seed: 21, shares: 0.1...0.4)
      let once = try analysis.compacted(graph, keeping: first)
      let again = try ChannelAnalysis(once)
      // Where the first cut leaves one channel a group, other ties come of it.
      guard again.groups.map(\.name) == analysis.groups.map(\.name),
        again.groups.allSatisfy({ $0.units.count == first[$0.name]?.count })
      else { continue }
      let second = try RandomSelection.keeping(again, seed: 22, shares: 0.2...0.6)
      var both: [String: [Int]] = [:]
      for (group, kept) in second { both[group] = kept.compactMap { first[group]?[$0] } }
      let twice = try again.compacted(once, keeping: second)
      let direct = try analysis.compacted(graph, keeping: both)
      for weight in graph.weights.keys {
        #expect(twice.weights[weight] == direct.weights[weight], "\(name), \(weight)")
      }
      let (one, two) = (try topology.outputs(of: direct), try topology.outputs(of: twice))
      #expect(Self.difference(one, two) < 1e-9, "\(name)")
      compared.insert(name)
    }
    #expect(compared.count >= 60, "only \(compared.count)")
    #expect(compared.isSuperset(of: ["concat-twice", "dense-concat", "split", "flatten", "shared-weights"]))
  }

  /// Removing one more unit than masked must show: the comparison is sharp enough to see a single channel.
  @Test(arguments: zoo)
  func aDifferentSelectionComputesSomethingElse(_ topology: Topology) throws {
    let analysis = try ChannelAnalysis(topology.graph)
    var seen = 0
    for group in analysis.groups where group.units.count > 2 && group.blocks.isEmpty && group.floors.isEmpty {
      let keeping = [group.name: Array(0..<group.units.count - 1)]
      let other = [group.name: Array(1..<group.units.count)]
      let one = try topology.outputs(of: analysis.compacted(topology.graph, keeping: keeping))
      let two = try topology.outputs(of: analysis.masked(topology.graph, keeping: other))
      if Self.difference(one, two) > 1e-6 { seen += 1 }
    }
    #expect(seen > 0 || analysis.groups.allSatisfy { !$0.blocks.isEmpty || !$0.floors.isEmpty })
  }
}

/// Random selections within the constraints of the groups.
enum RandomSelection {
  /// Keeps, of each group, a random share of at least one unit (of each block and floor), chosen at random; something leaves.
  static func keeping(
    _ analysis: ChannelAnalysis, seed: UInt64, shares range: ClosedRange<Double> = 0.3...0.95
  ) throws -> [String: [Int]] {
    var generator = SeededGenerator(seed: seed, stream: "selection")
    var scores: GroupScores = [:]
    var shares: [String: Double] = [:]
    for group in analysis.groups {
      scores[group.name] = group.units.map { _ in Float(generator.uniform()) }
      shares[group.name] = range.lowerBound + (range.upperBound - range.lowerBound) * generator.uniform()
    }
    let plan = PruningPlan(criterion: .random, scope: .perGroup, sparsity: .perGroup(shares))
    return try PlanSelection.keptUnits(groups: analysis.groups, scores: scores, plan: plan)
  }
}
