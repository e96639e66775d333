import ChannelGroups
import StudyModel

/// Group name to one score per unit; higher is more important.
package typealias GroupScores = [String: [Float]]

/// From scores and a plan to what stays. Pure: equal arguments give equal selections, ties go by group order and index.
///
/// A sparsity is the share of the plan's measure that leaves; of units, those of the groups that the plan's layer set admits. What
/// stays is the most that fits into `floor((1 - share) * whole)` under the constraints (blocks, floors, round-to, minimum), so at
/// most one feasible step below it. A group with a layer outside the layer set keeps all.
package enum PlanSelection {
  /// For every group, the units that stay, ascending. Throws `SelectionError`.
  package static func keptUnits(
    groups: [ChannelGroup], scores: GroupScores, plan: PruningPlan, layers: LayerAdmission? = nil
  ) throws -> [String: [Int]] {
    try outcome(groups: groups, scores: scores, plan: plan, layers: layers).kept
  }

  /// The same with the target and the gap to it.
  ///
  /// `structures` names the structure of each group, for plans that compare only groups of the same one (`StructureClasses`).
  /// `measure` gives the size of the network that a selection leaves, for plans whose sparsity is a share of that.
  package static func outcome(
    groups: [ChannelGroup], scores: GroupScores, plan: PruningPlan, layers: LayerAdmission? = nil,
    structures: [String: String] = [:], measure: (([String: [Int]]) throws -> NetworkSize)? = nil
  ) throws -> SelectionOutcome {
    let eligible = try eligible(groups, plan, layers)
    let importances = try importances(of: eligible, scores, plan)
    if case .threshold(let threshold) = plan.sparsity {
      return below(plan.removal.limit(threshold), groups, eligible, importances, plan)
    }
    let shares = try shares(of: eligible, plan, allGroups: groups)
    guard plan.runsOneRanking, case .uniform(let share) = plan.sparsity else {
      return local(groups, chains(eligible, importances, plan), shares)
    }
    let chosen =
      plan.scope == .layersThenWeights
      ? try LayerChoice.leastImportant(importances, plan) : Array(eligible.indices)
    let chains = chains(chosen.map { eligible[$0] }, chosen.map { importances[$0] }, plan)
    let isIsomorphic = plan.ranking.normalization == .isomorphic
    let classes = chains.map { isIsomorphic ? structures[$0.group.name] ?? "" : "" }
    guard plan.measure != .units else { return global(groups, chains, classes, share) }
    guard let measure else {
      throw SelectionError(
        .unsupportedTarget, "A share of \(plan.measure.rawValue) cannot be selected without the network's shapes.")
    }
    func size(_ kept: [String: [Int]]) throws -> Int {
      let size = try measure(kept)
      return plan.measure == .macs ? size.multiplyAccumulates : size.parameters
    }
    let target = budget(try size(kept(groups, [], [])), share)
    return try largest(groups, chains, classes, within: target, of: plan.measure, size)
  }

  /// The largest selection of one ranking over all groups whose measure (parameters, say; it must fall as units leave) is at
  /// most `target`; the plan's own sparsity is not looked at. Measures a logarithmic number of selections.
  package static func outcome(
    groups: [ChannelGroup], scores: GroupScores, plan: PruningPlan, atMost target: Int,
    layers: LayerAdmission? = nil, measure: ([String: [Int]]) throws -> Int
  ) throws -> SelectionOutcome {
    let eligible = try eligible(groups, plan, layers)
    let chains = chains(eligible, try importances(of: eligible, scores, plan), plan)
    return try largest(
      groups, chains, Array(repeating: "", count: chains.count), within: target, of: plan.measure, measure)
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

  /// A share of the network's size is met by one ranking; shares by name have no common target.
  static func checkMeasure(_ plan: PruningPlan) throws {
    guard plan.measure != .units else { return }
    guard plan.runsOneRanking, case .uniform = plan.sparsity else {
      throw SelectionError(
        .unsupportedTarget,
        "A share of \(plan.measure.rawValue) needs one ranking over all layers; the scope is '\(plan.scope.rawValue)'.",
        remedy: "Take the scope global with one sparsity for the whole network, or a share of units.")
    }
  }

  private static func eligible(
    _ groups: [ChannelGroup], _ plan: PruningPlan, _ layers: LayerAdmission?
  ) throws -> [ChannelGroup] {
    guard plan.granularity.isStructured else {
      throw SelectionError(
        .wrongGranularity, "A plan of granularity '\(plan.granularity.rawValue)' selects no channels.")
    }
    guard plan.roundTo > 0, plan.minimumKept >= 0 else {
      throw SelectionError(
        .invalidShare, "Round-to is \(plan.roundTo) and the minimum \(plan.minimumKept).",
        remedy: "Give a positive round-to and a minimum that is not negative.")
    }
    try checkMeasure(plan)
    let layers = layers ?? LayerAdmission(names: plan.layers)
    return groups.filter { $0.pinned == nil }.compactMap { $0.admitted(by: layers) }
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
    case .threshold: return []
    }
  }

  /// Each group's statistics as importance: the lowest leave.
  private static func importances(
    of groups: [ChannelGroup], _ scores: GroupScores, _ plan: PruningPlan
  ) throws -> [[Float]] {
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
      return plan.importance(values)
    }
  }

  private static func chains(
    _ groups: [ChannelGroup], _ importances: [[Float]], _ plan: PruningPlan
  ) -> [RemovalChain] {
    zip(groups, importances).map { group, values in
      RemovalChain(
        group, scores: (plan.ranking.normalization ?? .mean).normalized(values), roundTo: plan.roundTo,
        minimumKept: plan.minimumKept)
    }
  }

  /// Whatever the chains hold is cut so far; all other groups keep everything.
  static func kept(_ groups: [ChannelGroup], _ chains: [RemovalChain], _ steps: [Int]) -> [String: [Int]] {
    var result: [String: [Int]] = [:]
    for group in groups where group.pinned == nil { result[group.name] = Array(group.units.indices) }
    for (position, chain) in chains.enumerated() { result[chain.group.name] = chain.kept(afterSteps: steps[position]) }
    return result
  }
}

extension PruningPlan {
  /// True when the units of all layers, or of those that were chosen, stand in one ranking.
  var runsOneRanking: Bool { scope.hasOneRanking }
}

extension Removal {
  /// The importance below which a unit leaves, from a threshold on its statistic.
  func limit(_ threshold: Double) -> Double {
    switch self {
    case .low: threshold
    case .high, .outlying: -threshold
    }
  }
}
