import ChannelGroups
import Selection
import StudyModel
import Support
import Testing

/// Ratios of several cuts are of the original network.
@Suite struct RemainingSparsityTests {
  /// With scores that do not change, cutting in steps keeps what one cut keeps; a share of what the last cut left would
  /// not.
  @Test(arguments: [Scope.local, .global, .perGroup], [1, 4])
  func stepsEndWhereOneCutDoes(scope: Scope, roundTo: Int) throws {
    var generator = SeededGenerator(seed: 11, stream: "\(scope.rawValue)/\(roundTo)")
    for round in 0..<20 {
      let sizes = (0..<4).map { _ in 6 + 2 * generator.integer(below: 20) }
      let groups = sizes.enumerated().map { position, size in
        let half = size / 2
        return group("g\(position)", size, blocks: position == 1 ? [Array(0..<half), Array(half..<size)] : [])
      }
      var scores: GroupScores = [:]
      for group in groups { scores[group.name] = group.units.map { _ in Float(generator.uniform()) } }
      let share = generator.uniform() * 0.95
      var plan = PruningPlan(
        criterion: .l1, ranking: Ranking(normalization: Normalization.none), scope: scope, sparsity: .uniform(share),
        schedule: Schedule(.agp, steps: 3), roundTo: roundTo)
      if scope == .perGroup {
        plan.sparsity = .perGroup(
          Dictionary(uniqueKeysWithValues: groups.map { ($0.name, generator.uniform() * 0.95) }))
      }
      let expected = try PlanSelection.keptUnits(groups: groups, scores: scores, plan: plan)

      var kept = Dictionary(uniqueKeysWithValues: groups.map { ($0.name, Array($0.units.indices)) })
      var counts: [Int] = []
      for sparsity in plan.schedule.sparsities(to: plan.sparsity) {
        let present = groups.map { group in
          let own = kept[group.name] ?? []
          let places = Dictionary(uniqueKeysWithValues: own.enumerated().map { ($1, $0) })
          return self.group(
            group.name, own.count, blocks: group.blocks.map { block in block.compactMap { places[$0] } })
        }
        let remaining = RemainingSparsity(
          sparsity, scope: scope,
          items: zip(groups, present).map {
            .init(name: $0.name, original: $0.units.count, present: $1.units.count)
          })
        var step = plan
        (step.scope, step.sparsity) = (remaining.scope, remaining.sparsity)
        let selected = try PlanSelection.keptUnits(
          groups: present,
          scores: Dictionary(
            uniqueKeysWithValues: kept.map { name, own in (name, own.map { scores[name]?[$0] ?? 0 }) }), plan: step)
        for (name, own) in kept { kept[name] = (selected[name] ?? []).map { own[$0] } }
        counts.append(kept.values.reduce(0) { $0 + $1.count })
      }
      #expect(kept == expected, "round \(round)")
      #expect(counts == counts.sorted(by: >))
      // Never to zero.
      #expect(kept.values.allSatisfy { !$0.isEmpty })
    }
  }

  private func group(_ name: String, _ count: Int, blocks: [[Int]] = []) -> ChannelGroup {
    ChannelGroup(
      name: name, layers: [name], units: Array(repeating: ChannelUnit(slices: []), count: count), blocks: blocks)
  }

  @Test func masksOfSeveralCutsAreThoseOfOne() throws {
    var generator = SeededGenerator(seed: 5, stream: "masks")
    let weights = [
      PrunableWeight(layer: "a", weight: "a.weight", shape: [8, 9]),
      PrunableWeight(layer: "b", weight: "b.weight", shape: [3, 5]),
    ]
    var scores: [String: [Float]] = [:]
    for weight in weights { scores[weight.weight] = (0..<weight.count).map { _ in Float(generator.uniform()) } }
    for (scope, sparsity) in [
      (Scope.global, Sparsity.uniform(0.7)), (.local, .uniform(0.7)), (.row, .uniform(0.7)),
      (.perGroup, .perGroup(["b": 0.5])),
    ] {
      let plan = PruningPlan(
        criterion: .l1, granularity: .element, scope: scope, sparsity: sparsity,
        schedule: Schedule(.iterative, steps: 4))
      let expected = try PlanSelection.elementMasks(weights: weights, scores: scores, plan: plan)
      var masks: [String: [Bool]] = [:]
      for step in plan.schedule.sparsities(to: sparsity) {
        // Whatever a criterion says of what is gone already does not count.
        var present = scores
        for (name, mask) in masks { present[name] = zip(scores[name] ?? [], mask).map { $1 ? $0 : 100 } }
        masks = try MaskSelection(plan: plan, weights: weights, scores: present, present: masks).masks(step)
      }
      #expect(masks == expected, "\(scope.rawValue)")
    }
  }

  @Test func presentSharesAreExactForLargeNumbers() throws {
    for (original, present, share) in [
      (25_000_001, 24_000_000, 0.3), (11, 7, 0.5), (11, 5, 0.5), (7, 7, 0), (3, 3, 0.99),
      (1_000_000_007, 999_999_999, 0.1),
    ] {
      let remaining = RemainingSparsity(
        .uniform(share), scope: .global, items: [.init(name: "", original: original, present: present)])
      guard case .uniform(let relative) = remaining.sparsity else {
        Issue.record("no share")
        return
      }
      let allowed = Int((Double(original) * (1 - share) + 1e-9).rounded(.down))
      let stays = Int((Double(present) * (1 - relative) + 1e-9).rounded(.down))
      #expect(stays == min(allowed, present), "\(original) \(present) \(share)")
      #expect((0..<1).contains(relative))
    }
  }
}
