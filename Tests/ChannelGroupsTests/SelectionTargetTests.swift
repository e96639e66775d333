import ChannelGroups
import ModelGraph
import Selection
import StudyModel
import Support
import Testing

/// Targets, thresholds and classes of groups, against brute force and by hand.
@Suite struct SelectionTargetTests {
  private func group(_ name: String, _ count: Int, blocks: [[Int]] = [], floors: [[Int]] = []) -> ChannelGroup {
    ChannelGroup(
      name: name, layers: [name], units: Array(repeating: ChannelUnit(slices: []), count: count), blocks: blocks,
      floors: floors)
  }

  private func plan(
    _ sparsity: Sparsity, _ scope: Scope = .global, measure: SparsityMeasure = .units,
    normalization: Normalization? = Normalization.none, removal: Removal? = nil, roundTo: Int = 1, minimumKept: Int = 1
  ) -> PruningPlan {
    PruningPlan(
      criterion: .l1, ranking: Ranking(removal: removal, normalization: normalization), scope: scope,
      sparsity: sparsity, measure: measure, roundTo: roundTo, minimumKept: minimumKept)
  }

  /// Products of neighbouring widths, as the weights of a chain of layers are; multiply-accumulates count later ones double.
  private func size(_ groups: [ChannelGroup], _ kept: [String: [Int]]) -> NetworkSize {
    let widths = [3] + groups.map { kept[$0.name]?.count ?? 0 } + [10]
    let products = zip(widths, widths.dropFirst()).map { $0 * $1 }
    return NetworkSize(
      parameters: products.reduce(0, +),
      multiplyAccumulates: products.enumerated().reduce(0) { $0 + $1.element * ($1.offset + 1) })
  }

  /// Every beginning of one sorted list is looked at; the longest that is within the target wins.
  @Test(arguments: 1...25 as ClosedRange<UInt64>)
  func sizeTargetsAreTheLargestSelectionWithin(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed, stream: "targets")
    let groups = (0..<4).map { group("g\($0)", 2 + generator.integer(below: 7)) }
    var scores: GroupScores = [:]
    for group in groups { scores[group.name] = group.units.map { _ in Float(generator.integer(below: 9)) } }
    let share = generator.uniform() * 0.95
    for measure in [SparsityMeasure.parameters, .macs] {
      func counted(_ kept: [String: [Int]]) -> Int {
        measure == .macs ? size(groups, kept).multiplyAccumulates : size(groups, kept).parameters
      }
      let outcome = try PlanSelection.outcome(
        groups: groups, scores: scores, plan: plan(.uniform(share), measure: measure)
      ) { self.size(groups, $0) }
      var kept = Dictionary(uniqueKeysWithValues: groups.map { ($0.name, Array($0.units.indices)) })
      let target = Int((Double(counted(kept)) * (1 - share) + 1e-9).rounded(.down))
      var previous: Int?
      while counted(kept) > target {
        let candidates = groups.enumerated().flatMap { position, group -> [(Float, Int, Int)] in
          guard let left = kept[group.name], left.count > 1 else { return [] }
          return left.map { (scores[group.name]?[$0] ?? 0, position, $0) }
        }
        // The best unit of a group never leaves, also where another has the same score.
        let leaving = candidates.filter { candidate in
          let best = groups[candidate.1].units.indices.max {
            (scores[groups[candidate.1].name]?[$0] ?? 0, $0) < (scores[groups[candidate.1].name]?[$1] ?? 0, $1)
          }
          return candidate.2 != best
        }.min { $0 < $1 }
        guard let leaving else { break }
        previous = counted(kept)
        kept[groups[leaving.1].name]?.removeAll { $0 == leaving.2 }
      }
      #expect(outcome.kept == kept)
      #expect(outcome.target == target && outcome.achieved == counted(kept) && outcome.previous == previous)
      #expect(outcome.reached.measure == measure)
    }
  }

  /// Of all subsets that blocks, floors, round-to and the minimum allow, none within the target is larger.
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func constrainedSelectionsAreTheLargestFeasible(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed, stream: "constraints")
    let count = 8
    let blocks = generator.integer(below: 2) == 0 ? [] : [[0, 3, 4, 7], [1, 2, 5, 6]]
    let floors = generator.integer(below: 2) == 0 ? [] : [[0, 1, 2], [5, 6]]
    let roundTo = [1, 2, 4][generator.integer(below: 3)]
    let minimum = 1 + generator.integer(below: 3)
    let group = group("a", count, blocks: blocks, floors: floors)
    let values = (0..<count).map { _ in Float(generator.uniform()) }
    let share = generator.uniform() * 0.95
    let outcome = try PlanSelection.outcome(
      groups: [group], scores: ["a": values],
      plan: plan(.uniform(share), .local, roundTo: roundTo, minimumKept: minimum))
    func isFeasible(_ set: Set<Int>) -> Bool {
      let counts = blocks.map { block in block.count { set.contains($0) } }
      return set.count >= minimum && (set.count == count || set.count % roundTo == 0)
        && counts.allSatisfy { $0 == counts[0] } && floors.allSatisfy { !set.isDisjoint(with: $0) }
    }
    var feasible: [Set<Int>] = []
    for bits in 1..<1 << count {
      let set = Set((0..<count).filter { bits & 1 << $0 != 0 })
      if isFeasible(set) { feasible.append(set) }
    }
    let target = Int((Double(count) * (1 - share) + 1e-9).rounded(.down))
    let kept = try #require(outcome.kept["a"])
    #expect(isFeasible(Set(kept)))
    let within = feasible.map(\.count).filter { $0 <= target }.max()
    // The floors' best units stay for good, so a target below what they need may be missed by constraints alone.
    if let within, kept.count <= target { #expect(kept.count == within) }
    if blocks.isEmpty, floors.isEmpty {
      #expect(kept.count == within ?? feasible.map(\.count).min())
      let best = feasible.filter { $0.count == kept.count }.max { left, right in
        left.reduce(0) { $0 + values[$1] } < right.reduce(0) { $0 + values[$1] }
      }
      #expect(Set(kept) == best)
    }
  }

  @Test func thresholdsTakeWhateverScoresBelow() throws {
    let groups = [group("a", 4), group("b", 4, blocks: [[0, 1], [2, 3]]), group("c", 3)]
    let scores: GroupScores = ["a": [0.1, 5, 0.5, 0.2], "b": [0.1, 9, 0.6, 8], "c": [0.1, 0.2, 0.3]]
    // 0.5 is not below 0.5; "b" keeps equal counts, and its second block has nothing below; "c" keeps its best.
    let outcome = try PlanSelection.outcome(groups: groups, scores: scores, plan: plan(.threshold(0.5)))
    #expect(outcome.kept == ["a": [1, 2], "b": [0, 1, 2, 3], "c": [2]])
    #expect(outcome.target == 2 + 3 && outcome.achieved == 2 + 4 + 1 && !outcome.isReached)
    // Normalisation has no part in it.
    let normalized = try PlanSelection.outcome(
      groups: groups, scores: scores, plan: plan(.threshold(0.5), .local, normalization: .max))
    #expect(normalized.kept == outcome.kept)
    let high = try PlanSelection.outcome(
      groups: groups, scores: scores, plan: plan(.threshold(0.25), removal: .high))
    #expect(high.kept == ["a": [0, 3], "b": [0, 2], "c": [0, 1]])
    // Medians are 0.35 and 0.2: farther than 1 from the first lies 5.
    let outlying = try PlanSelection.outcome(
      groups: [groups[0], groups[2]], scores: scores, plan: plan(.threshold(1), removal: .outlying))
    #expect(outlying.kept == ["a": [0, 2, 3], "c": [0, 1, 2]])
    let rounded = try PlanSelection.outcome(
      groups: [groups[0]], scores: scores, plan: plan(.threshold(0.3), roundTo: 4))
    #expect(rounded.kept == ["a": [0, 1, 2, 3]])
  }

  @Test(arguments: 1...15 as ClosedRange<UInt64>)
  func thresholdsAreBruteForceWithoutConstraints(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed, stream: "threshold")
    let group = group("a", 12)
    let values = (0..<12).map { _ in Float(generator.integer(below: 7)) }
    let threshold = Double(generator.integer(below: 8))
    let kept = try PlanSelection.keptUnits(groups: [group], scores: ["a": values], plan: plan(.threshold(threshold)))
    let expected = values.indices.filter { Double(values[$0]) >= threshold }
    let best = values.indices.max { (values[$0], $0) < (values[$1], $1) }
    #expect(kept["a"] == (expected.isEmpty ? [best ?? 0] : expected))
  }

  @Test func isomorphicClassesLoseTheSameShare() throws {
    let groups = [group("a", 4), group("b", 4), group("c", 4)]
    let scores: GroupScores = ["a": [1, 2, 3, 10], "b": [4, 4, 4, 4], "c": [0.1, 0.2, 0.4, 0.5]]
    let structures = ["a": "conv", "b": "conv", "c": "linear"]
    func kept(_ share: Double, _ normalization: Normalization) throws -> [String: [Int]] {
      try PlanSelection.outcome(
        groups: groups, scores: scores, plan: plan(.uniform(share), normalization: normalization),
        structures: structures
      ).kept
    }
    // Half of each class: of "a" and "b" together the lowest four by score over mean (0.25, 0.5, 0.75 and then a 1), of "c" two.
    #expect(try kept(0.5, .isomorphic) == ["a": [3], "b": [1, 2, 3], "c": [2, 3]])
    // In one ranking "c" (0.33, 0.67, 1.33, 1.67) would lose as the others do.
    #expect(try kept(0.25, .isomorphic) == ["a": [2, 3], "b": [0, 1, 2, 3], "c": [1, 2, 3]])
    #expect(try kept(0.25, .mean) == ["a": [2, 3], "b": [0, 1, 2, 3], "c": [1, 2, 3]])
    #expect(try kept(1.0 / 3, .mean) == ["a": [2, 3], "b": [0, 1, 2, 3], "c": [2, 3]])
    #expect(try kept(1.0 / 3, .isomorphic) == ["a": [3], "b": [0, 1, 2, 3], "c": [2, 3]])
  }

  /// Towards a size the classes still lose alike: never more than a unit's share apart.
  @Test func isomorphicClassesLoseAlikeTowardsASize() throws {
    let groups = [group("a", 10), group("b", 20), group("c", 5)]
    var generator = SeededGenerator(seed: 4, stream: "isomorphic")
    var scores: GroupScores = [:]
    for group in groups { scores[group.name] = group.units.map { _ in Float(generator.uniform()) } }
    let outcome = try PlanSelection.outcome(
      groups: groups, scores: scores, plan: plan(.uniform(0.6), measure: .parameters, normalization: .isomorphic),
      structures: ["a": "x", "b": "y", "c": "z"]
    ) { self.size(groups, $0) }
    let shares = groups.map { 1 - Double(outcome.kept[$0.name]?.count ?? 0) / Double($0.units.count) }
    #expect((shares.max() ?? 1) - (shares.min() ?? 0) <= 0.2 + 1e-9)
    #expect(outcome.isReached && (outcome.previous ?? 0) > outcome.target)
  }

  @Test func structuresLookAtOperatorsAndKernelsNotSizes() throws {
    var builder = GraphBuilder("structures", seed: 1)
    var x = builder.input("input", [.symbolic("batch"), .fixed(3), .fixed(8), .fixed(8)])
    for (name, width, inputs, kernel) in [
      ("a", 4, 3, 3), ("b", 6, 4, 3), ("c", 8, 6, 3), ("d", 8, 8, 1), ("e", 5, 8, 3),
    ] {
      x = builder.convolution(name, x, inputs: inputs, outputs: width, kernel: kernel, padding: kernel / 2)
      if name != "b" { x = builder.batchNormalization("\(name).bn", x, channels: width) }
    }
    x = builder.linear(
      "fc", builder.flatten("flatten", builder.node("pool", .globalAveragePool, x)), inputs: 5, outputs: 2)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(2)])
    let structures = StructureClasses.structures(of: try ChannelAnalysis(graph).groups, in: graph)
    #expect(Set(structures.keys) == ["a", "b", "c", "d", "e"])
    // "a" is made and read by 3x3 and normalised; "b" lacks the normalisation, "c" is read by 1x1, "d" made by it, "e" read by fc.
    #expect(Set(structures.values).count == 5)
    let resnet = try BuiltinNetworks.graph(named: "resnet20")
    let found = StructureClasses.structures(of: try ChannelAnalysis(resnet).groups, in: resnet)
    // The inner convolutions of all nine blocks are built alike, though of three widths.
    #expect(Dictionary(grouping: found.values) { $0 }.values.map(\.count).max() == 9)
  }

  /// The least important third by the mean over the largest: "b" is dominated by one unit, "a" and "c" are even.
  @Test func layersAreChosenBeforeTheirUnits() throws {
    let groups = [group("a", 4), group("b", 4), group("c", 4)]
    let scores: GroupScores = ["a": [5, 6, 7, 8], "b": [1, 2, 1, 100], "c": [0.3, 0.2, 0.3, 0.3]]
    var plan = plan(.uniform(0.5), .layersThenWeights, normalization: nil)
    let outcome = try PlanSelection.outcome(groups: groups, scores: scores, plan: plan)
    #expect(outcome.kept == ["a": [0, 1, 2, 3], "b": [1, 3], "c": [0, 1, 2, 3]])
    #expect(outcome.target == 2 && outcome.achieved == 2)
    // Raw means put "c" first, then "a".
    plan.ranking.normalization = Normalization.none
    plan.layerShare = 0.5
    #expect(
      try PlanSelection.keptUnits(groups: groups, scores: scores, plan: plan) == [
        "a": [1, 2, 3], "b": [0, 1, 2, 3], "c": [3],
      ])
    plan.layerShare = 0
    #expect(throws: SelectionError.self) {
      try PlanSelection.keptUnits(groups: groups, scores: scores, plan: plan)
    }
  }

  @Test func sizesGoWithOneRankingOnly() throws {
    let groups = [group("a", 4)]
    for bad in [
      plan(.uniform(0.5), .local, measure: .parameters), plan(.threshold(1), measure: .macs),
      plan(.perGroup(["a": 0.5]), .perGroup, measure: .parameters), plan(.uniform(0.5), measure: .parameters),
    ] {
      let error = #expect(throws: SelectionError.self) {
        try PlanSelection.keptUnits(groups: groups, scores: ["a": [1, 2, 3, 4]], plan: bad)
      }
      #expect(error?.code == .unsupportedTarget)
    }
  }

  /// Half of the channels is about a quarter of the parameters (pitfall of shares), and the plan's measure says which is meant.
  @Test(arguments: [SparsityMeasure.parameters, .macs], [0.2, 0.5, 0.8])
  func networkTargetsAreMetWithinOneStep(measure: SparsityMeasure, share: Double) throws {
    let graph = try BuiltinNetworks.graph(named: "resnet20")
    let analysis = try ChannelAnalysis(graph)
    var generator = SeededGenerator(seed: 3, stream: "scores")
    var scores: GroupScores = [:]
    for group in analysis.groups { scores[group.name] = group.units.map { _ in Float(generator.uniform()) } }
    let outcome = try PlanSelection.outcome(
      groups: analysis.groups, scores: scores, plan: plan(.uniform(share), measure: measure, normalization: nil),
      measure: analysis.measure(keeping:))
    let compacted = try analysis.compacted(graph, keeping: outcome.kept)
    let (dense, left) =
      measure == .macs
      ? (try graph.multiplyAccumulates(), try compacted.multiplyAccumulates())
      : (graph.parameterCount, compacted.parameterCount)
    #expect(left == outcome.achieved && Double(left) <= (1 - share) * Double(dense))
    #expect(Double(try #require(outcome.previous)) > (1 - share) * Double(dense))
    let units = try PlanSelection.outcome(
      groups: analysis.groups, scores: scores, plan: plan(.uniform(share), normalization: nil),
      measure: analysis.measure(keeping:))
    #expect(try analysis.measure(keeping: units.kept).parameters < Int((1 - share) * Double(graph.parameterCount)))
  }

  /// Half of the channels are a quarter of the weights between two layers and half of those at the ends; half of the parameters
  /// leaves more channels.
  @Test func halfOfTheChannelsIsNotHalfOfTheParameters() throws {
    var builder = GraphBuilder("chain", seed: 1)
    var x = builder.input("input", [.symbolic("batch"), .fixed(2), .fixed(4), .fixed(4)])
    for (name, inputs, outputs) in [("a", 2, 16), ("b", 16, 32), ("c", 32, 8)] {
      x = builder.relu("\(name).relu", builder.convolution(name, x, inputs: inputs, outputs: outputs, kernel: 1))
    }
    x = builder.convolution("last", x, inputs: 8, outputs: 4, kernel: 1)
    let graph = try builder.finished(output: x, shape: [.symbolic("batch"), .fixed(4), .fixed(4), .fixed(4)])
    let analysis = try ChannelAnalysis(graph)
    var scores: GroupScores = [:]
    for group in analysis.groups { scores[group.name] = group.units.indices.map { Float($0 + 1) } }
    #expect(graph.parameterCount == 2 * 16 + 16 * 32 + 32 * 8 + 8 * 4)
    for scope in [Scope.local, .global] {
      let units = try PlanSelection.outcome(
        groups: analysis.groups, scores: scores, plan: plan(.uniform(0.5), scope, normalization: .max))
      #expect(units.kept.mapValues(\.count) == ["a": 8, "b": 16, "c": 4])
      let size = try analysis.measure(keeping: units.kept)
      #expect(size.parameters == 2 * 8 + 8 * 16 + 16 * 4 + 4 * 4)
      #expect(size.multiplyAccumulates == 16 * size.parameters)
    }
    let half = try PlanSelection.outcome(
      groups: analysis.groups, scores: scores, plan: plan(.uniform(0.5), measure: .parameters, normalization: .max),
      measure: analysis.measure(keeping:))
    #expect(half.achieved <= 416 && (half.previous ?? 0) > 416)
    #expect(half.kept.values.reduce(0) { $0 + $1.count } > 8 + 16 + 4)
  }
}
