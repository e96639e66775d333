import ChannelGroups
import ModelGraph
import Selection
import StudyModel
import Support
import TestSupport
import Testing

/// From scores and plans to kept units, by hand and by brute force.
@Suite struct PlanSelectionTests {
  private func group(_ name: String, _ count: Int, blocks: [[Int]] = [], floors: [[Int]] = []) -> ChannelGroup {
    ChannelGroup(
      name: name, layers: [name], units: Array(repeating: ChannelUnit(slices: []), count: count), blocks: blocks,
      floors: floors)
  }

  private func plan(
    _ share: Double, _ scope: Scope = .local, normalization: Normalization? = nil, layers: LayerSet = LayerSet(),
    roundTo: Int = 1, minimumKept: Int = 1
  ) -> PruningPlan {
    PruningPlan(
      criterion: .l1, ranking: Ranking(normalization: normalization), scope: scope, sparsity: .uniform(share),
      layers: layers, roundTo: roundTo,
      minimumKept: minimumKept)
  }

  @Test func localScopeTakesTheSameShareOfEach() throws {
    let groups = [group("a", 4), group("b", 5)]
    let scores: GroupScores = ["a": [3, 1, 2, 4], "b": [1, 1, 1, 1, 0.5]]
    let kept = try PlanSelection.keptUnits(groups: groups, scores: scores, plan: plan(0.5))
    // Ties leave from the front; 2.5 of 5 may stay, so 2 do.
    #expect(kept == ["a": [0, 3], "b": [2, 3]])
    #expect(try PlanSelection.keptUnits(groups: groups, scores: scores, plan: plan(0))["b"]?.count == 5)
    #expect(try PlanSelection.keptUnits(groups: groups, scores: scores, plan: plan(0.99)) == ["a": [3], "b": [3]])
  }

  @Test func globalScopeRanksNormalisedScores() throws {
    let groups = [group("small", 3), group("large", 3)]
    // By raw scores all of "small" would go first; relative to their means 0.2 and 20 are equal, and so on.
    let scores: GroupScores = ["small": [0.2, 0.1, 0.3], "large": [30, 20, 10]]
    let kept = try PlanSelection.keptUnits(groups: groups, scores: scores, plan: plan(1.0 / 3, .global))
    #expect(kept == ["small": [0, 2], "large": [0, 1]])
    let raw = try PlanSelection.keptUnits(
      groups: groups, scores: scores, plan: plan(1.0 / 3, .global, normalization: Normalization.none))
    #expect(raw == ["small": [2], "large": [0, 1, 2]])
  }

  @Test func sharesPerGroupLeaveTheOthersWhole() throws {
    let groups = [group("a", 4), group("b", 4)]
    let scores: GroupScores = ["a": [1, 2, 3, 4], "b": [1, 2, 3, 4]]
    var plan = plan(0, .perGroup)
    plan.sparsity = .perGroup(["b": 0.5])
    #expect(
      try PlanSelection.keptUnits(groups: groups, scores: scores, plan: plan) == ["a": [0, 1, 2, 3], "b": [2, 3]])
    plan.sparsity = .perGroup(["c": 0.5])
    let error = #expect(throws: SelectionError.self) {
      try PlanSelection.keptUnits(groups: groups, scores: scores, plan: plan)
    }
    #expect(error?.code == .unknownGroup)
  }

  @Test func widthsAreRoundedToMultiples() throws {
    let scores: GroupScores = ["a": (0..<20).map(Float.init), "b": (0..<6).map(Float.init)]
    let groups = [group("a", 20), group("b", 6)]
    func widths(_ share: Double, minimum: Int = 1) throws -> [Int] {
      let kept = try PlanSelection.keptUnits(
        groups: groups, scores: scores, plan: plan(share, roundTo: 8, minimumKept: minimum))
      return [kept["a"]?.count ?? 0, kept["b"]?.count ?? 0]
    }
    // Within the target, or as near as multiples of 8 come; "b" has no multiple of 8 but none at all.
    #expect(try widths(0) == [20, 6])
    #expect(try widths(0.1) == [16, 6])
    #expect(try widths(0.2) == [16, 6])
    #expect(try widths(0.21) == [8, 6])
    #expect(try widths(0.9) == [8, 6])
    #expect(try widths(0.9, minimum: 9) == [16, 6])
  }

  @Test func blocksKeepEqualCounts() throws {
    let blocks = group("a", 6, blocks: [[0, 2, 4], [1, 3, 5]])
    let scores: GroupScores = ["a": [1, 9, 2, 8, 3, 7]]
    // 4 of 6 may stay: the least of each block leaves, though three of the first block score lower.
    #expect(try PlanSelection.keptUnits(groups: [blocks], scores: scores, plan: plan(0.33)) == ["a": [1, 2, 3, 4]])
    #expect(try PlanSelection.keptUnits(groups: [blocks], scores: scores, plan: plan(0.4)) == ["a": [1, 4]])
    #expect(try PlanSelection.keptUnits(groups: [blocks], scores: scores, plan: plan(0.9)) == ["a": [1, 4]])
    let rounded = try PlanSelection.keptUnits(groups: [blocks], scores: scores, plan: plan(0.1, roundTo: 4))
    #expect(rounded == ["a": [1, 2, 3, 4]])
  }

  @Test func floorsKeepTheirBest() throws {
    let split = group("a", 6, floors: [[0, 1, 2], [3, 4, 5]])
    let scores: GroupScores = ["a": [1, 3, 2, 9, 8, 7]]
    #expect(try PlanSelection.keptUnits(groups: [split], scores: scores, plan: plan(0.6)) == ["a": [1, 3]])
    #expect(try PlanSelection.keptUnits(groups: [split], scores: scores, plan: plan(0.9)) == ["a": [1, 3]])
  }

  @Test func layersOutsideTheSetKeepAll() throws {
    let groups = [group("stem", 4), group("layer1.conv", 4)]
    let scores: GroupScores = ["stem": [1, 2, 3, 4], "layer1.conv": [1, 2, 3, 4]]
    let plan = plan(0.5, .global, layers: LayerSet(exclude: ["st*"]))
    let outcome = try PlanSelection.outcome(groups: groups, scores: scores, plan: plan)
    #expect(outcome.kept == ["stem": [0, 1, 2, 3], "layer1.conv": [2, 3]])
    #expect(outcome.target == 2 && outcome.achieved == 2 && outcome.previous == 3 && outcome.isReached)
  }

  @Test func wrongScoresAndSharesAreRefused() throws {
    let groups = [group("a", 2)]
    func code(_ scores: GroupScores, _ plan: PruningPlan) -> SelectionError.Code? {
      do {
        _ = try PlanSelection.keptUnits(groups: groups, scores: scores, plan: plan)
        return nil
      } catch { return (error as? SelectionError)?.code }
    }
    #expect(code([:], plan(0.5)) == .invalidScores)
    #expect(code(["a": [1]], plan(0.5)) == .invalidScores)
    #expect(code(["a": [1, .nan]], plan(0.5)) == .invalidScores)
    #expect(code(["a": [1, 2]], plan(1)) == .invalidShare)
    #expect(code(["a": [1, 2]], plan(-0.1)) == .invalidShare)
    #expect(code(["a": [1, 2]], plan(0.5, roundTo: 0)) == .invalidShare)
    var elements = plan(0.5)
    elements.granularity = .element
    #expect(code(["a": [1, 2]], elements) == .wrongGranularity)
  }

  /// Global selection is the lowest-ranked prefix: checked against a plain sort over random groups without constraints.
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func globalSelectionIsASortedPrefix(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed, stream: "global")
    let groups = (0..<4).map { group("g\($0)", 2 + generator.integer(below: 9)) }
    var scores: GroupScores = [:]
    for group in groups { scores[group.name] = group.units.map { _ in Float(generator.integer(below: 6)) } }
    let share = generator.uniform() * 0.9
    let kept = try PlanSelection.keptUnits(
      groups: groups, scores: scores, plan: plan(share, .global, normalization: Normalization.none))
    var all: [(Float, Int, Int)] = []
    for (position, group) in groups.enumerated() {
      for unit in group.units.indices { all.append((scores[group.name]?[unit] ?? 0, position, unit)) }
    }
    all.sort { $0 < $1 }
    var left = groups.map { Set($0.units.indices) }
    let target = Int((Double(all.count) * (1 - share) + 1e-9).rounded(.down))
    for (_, position, unit) in all where left.reduce(0, { $0 + $1.count }) > target && left[position].count > 1 {
      left[position].remove(unit)
    }
    #expect(groups.map { kept[$0.name] ?? [] } == left.map { $0.sorted() })
  }

  /// By parameters and by MACs: within the target, and one step earlier beyond it.
  @Test(arguments: [0.9, 0.6, 0.35])
  func targetsAreMetWithinOneStep(share: Double) throws {
    let graph = try BuiltinNetworks.graph(named: "resnet20")
    let analysis = try ChannelAnalysis(graph)
    var generator = SeededGenerator(seed: 1, stream: "scores")
    var scores: GroupScores = [:]
    for group in analysis.groups { scores[group.name] = group.units.map { _ in Float(generator.uniform()) } }
    for part in [\NetworkSize.parameters, \NetworkSize.multiplyAccumulates] {
      let target = Int(share * Double(try analysis.measure(keeping: [:])[keyPath: part]))
      let outcome = try PlanSelection.outcome(
        groups: analysis.groups, scores: scores, plan: plan(0, .global), atMost: target
      ) { try analysis.measure(keeping: $0)[keyPath: part] }
      #expect(outcome.achieved <= target)
      #expect(try #require(outcome.previous) > target)
      #expect(outcome.gap == target - outcome.achieved)
      let compacted = try analysis.compacted(graph, keeping: outcome.kept)
      let counted = part == \.parameters ? compacted.parameterCount : try compacted.multiplyAccumulates()
      #expect(counted == outcome.achieved)
    }
    let impossible = try PlanSelection.outcome(
      groups: analysis.groups, scores: scores, plan: plan(0, .global), atMost: 10
    ) { try analysis.measure(keeping: $0).parameters }
    #expect(!impossible.isReached && impossible.kept.values.allSatisfy { $0.count == 1 })
  }
}
