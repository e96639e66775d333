import ChannelGroups
import StudyModel

/// Group name to one score per unit; higher is more important.
package typealias GroupScores = [String: [Float]]

/// From scores and a plan to what stays. Pure: equal arguments give equal selections, ties go by group order and index.
///
/// A sparsity is the share of *units* that leave, of the groups that the plan's layer set admits: what stays is the most that
/// fits into `floor((1 - share) * units)` under the constraints (blocks, floors, round-to, minimum), so at most one feasible
/// step below it. A group with a layer outside the layer set keeps all.
package enum PlanSelection {
  /// For every group, the units that stay, ascending. Throws `SelectionError`.
  package static func keptUnits(
    groups: [ChannelGroup], scores: GroupScores, plan: PruningPlan, normalization: ScoreNormalization = .mean
  ) throws -> [String: [Int]] {
    try outcome(groups: groups, scores: scores, plan: plan, normalization: normalization).kept
  }

  /// The same with the target in units and the gap to it.
  package static func outcome(
    groups: [ChannelGroup], scores: GroupScores, plan: PruningPlan, normalization: ScoreNormalization = .mean
  ) throws -> SelectionOutcome {
    let eligible = try eligible(groups, plan)
    let shares = try shares(of: eligible, plan, allGroups: groups)
    let chains = try chains(eligible, scores, plan, normalization)
    var steps = Array(repeating: 0, count: chains.count)
    var target = 0
    var lastRemoved: Int?
    if plan.scope == .global, case .uniform(let share) = plan.sparsity {
      let total = eligible.reduce(0) { $0 + $1.units.count }
      target = Self.budget(total, share)
      var left = total
      for (chain, step) in ranking(chains) where left > target {
        lastRemoved = chains[chain].steps[step].removed.count
        left -= chains[chain].steps[step].removed.count
        steps[chain] += 1
      }
    } else {
      for (position, chain) in chains.enumerated() {
        var left = chain.group.units.count
        let budget = Self.budget(left, shares[position])
        target += budget
        while left > budget, steps[position] < chain.steps.count {
          left -= chain.steps[steps[position]].removed.count
          steps[position] += 1
        }
      }
    }
    let kept = kept(groups, chains, steps)
    let achieved = eligible.reduce(0) { $0 + (kept[$1.name]?.count ?? 0) }
    return SelectionOutcome(
      kept: kept, target: target, achieved: achieved, previous: lastRemoved.map { achieved + $0 })
  }

  /// The largest selection of one ranking over all groups whose measure (parameters, say; it must fall as units leave) is at
  /// most `target`; the plan's own sparsity is not looked at. Measures a logarithmic number of selections.
  package static func outcome(
    groups: [ChannelGroup], scores: GroupScores, plan: PruningPlan, atMost target: Int,
    normalization: ScoreNormalization = .mean, measure: ([String: [Int]]) throws -> Int
  ) throws -> SelectionOutcome {
    let chains = try chains(eligible(groups, plan), scores, plan, normalization)
    let ranking = ranking(chains)
    func selection(_ count: Int) -> [String: [Int]] {
      var steps = Array(repeating: 0, count: chains.count)
      for (chain, _) in ranking[..<count] { steps[chain] += 1 }
      return kept(groups, chains, steps)
    }
    var (low, high) = (0, ranking.count)
    while low < high {
      let middle = (low + high) / 2
      if try measure(selection(middle)) <= target { high = middle } else { low = middle + 1 }
    }
    let largest = selection(low)
    return SelectionOutcome(
      kept: largest, target: target, achieved: try measure(largest),
      previous: low > 0 ? try measure(selection(low - 1)) : nil)
  }

  /// What may stay of `total` when a share leaves, rounded down (a hair above a whole number counts as one).
  static func budget(_ total: Int, _ share: Double) -> Int {
    Int((Double(total) * (1 - share) + 1e-9).rounded(.down))
  }

  static func check(share: Double, of name: String) throws {
    guard share >= 0, share < 1 else {
      throw SelectionError(
        .invalidShare, "The sparsity of \(name) is \(share).", remedy: "Give a share from 0 to below 1.")
    }
  }

  private static func eligible(_ groups: [ChannelGroup], _ plan: PruningPlan) throws -> [ChannelGroup] {
    guard plan.granularity == .channel else {
      throw SelectionError(
        .wrongGranularity, "A plan of granularity '\(plan.granularity.rawValue)' selects no channels.")
    }
    guard plan.roundTo > 0, plan.minimumKept >= 0 else {
      throw SelectionError(
        .invalidShare, "Round-to is \(plan.roundTo) and the minimum \(plan.minimumKept).",
        remedy: "Give a positive round-to and a minimum that is not negative.")
    }
    return groups.filter { $0.pinned == nil && $0.layers.allSatisfy(plan.layers.contains) }
  }

  private static func shares(
    of eligible: [ChannelGroup], _ plan: PruningPlan, allGroups: [ChannelGroup]
  ) throws -> [Double] {
    switch plan.sparsity {
    case .uniform(let share):
      try check(share: share, of: "the plan")
      return eligible.map { _ in share }
    case .perGroup(let shares):
      for name in shares.keys.sorted() {
        guard allGroups.contains(where: { $0.name == name }) else {
          throw SelectionError(
            .unknownGroup, "The plan gives a sparsity for '\(name)', which is no group that can be pruned.",
            remedy: "The groups are: \(allGroups.map(\.name).joined(separator: ", ")).")
        }
        try check(share: shares[name] ?? 0, of: "'\(name)'")
      }
      return eligible.map { shares[$0.name] ?? 0 }
    }
  }

  private static func chains(
    _ groups: [ChannelGroup], _ scores: GroupScores, _ plan: PruningPlan, _ normalization: ScoreNormalization
  ) throws -> [RemovalChain] {
    try groups.map { group in
      guard let values = scores[group.name], values.count == group.units.count else {
        throw SelectionError(
          .invalidScores,
          "Group '\(group.name)' has \(group.units.count) units and \(scores[group.name]?.count ?? 0) scores.")
      }
      guard values.allSatisfy(\.isFinite) else {
        throw SelectionError(
          .invalidScores,
          "The scores of group '\(group.name)' hold \(values.count { !$0.isFinite }) that are not finite numbers.",
          remedy: "Look for overflow in the network's weights or gradients.")
      }
      return RemovalChain(
        group, scores: normalization.normalized(plan.importance(values)), roundTo: plan.roundTo,
        minimumKept: plan.minimumKept)
    }
  }

  /// All steps in the order in which one ranking takes them; each chain's own order is kept, for its priorities never fall.
  private static func ranking(_ chains: [RemovalChain]) -> [(chain: Int, step: Int)] {
    chains.indices
      .flatMap { chain in chains[chain].steps.indices.map { (chain: chain, step: $0) } }
      .sorted {
        (chains[$0.chain].steps[$0.step].priority, $0.chain, $0.step)
          < (chains[$1.chain].steps[$1.step].priority, $1.chain, $1.step)
      }
  }

  private static func kept(_ groups: [ChannelGroup], _ chains: [RemovalChain], _ steps: [Int]) -> [String: [Int]] {
    var result: [String: [Int]] = [:]
    for group in groups where group.pinned == nil { result[group.name] = Array(group.units.indices) }
    for (position, chain) in chains.enumerated() { result[chain.group.name] = chain.kept(afterSteps: steps[position]) }
    return result
  }
}
