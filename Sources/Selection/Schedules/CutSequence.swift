import StudyModel

/// One cut of a schedule.
package struct Cut: Sendable, Hashable {
  /// What is gone afterwards of each group that takes part, relative to the original network.
  package var sparsity: Sparsity
  /// The groups that take part, by name; nil for all.
  package var groups: Set<String>?

  package init(sparsity: Sparsity, groups: Set<String>? = nil) {
    self.sparsity = sparsity
    self.groups = groups
  }
}

/// The cuts of a plan, in order, from its schedule and its order.
///
/// All groups at once rise together to the plan's sparsity. In any other order a cut takes its groups to the plan's
/// sparsity at once, and as many groups have had their turn as the schedule's share is of the whole; without training
/// in between (one-shot) each group is a cut of its own, so that every score is taken of the network as cut so far.
package struct CutSequence: Sendable {
  private let plan: PruningPlan
  /// Names in the order of the cuts.
  private let ordered: [String]

  package init(_ plan: PruningPlan, ordered: [String]) {
    self.plan = plan
    self.ordered = ordered
  }

  /// Empty for schedules that look at the validation score.
  package var cuts: [Cut] {
    guard plan.order.takesTurns else {
      return plan.schedule.sparsities(to: plan.sparsity).map { Cut(sparsity: $0, groups: all) }
    }
    let limit = plan.sparsity.limit
    var levels = plan.schedule.cumulativeShares(to: limit).map { limit > 0 ? $0 / limit : 1 }
    if plan.schedule.kind == .oneShot { levels = ordered.indices.map { Double($0 + 1) / Double(ordered.count) } }
    var result: [Cut] = []
    for (level, before) in zip(levels, [0] + levels) {
      if let cut = cut(from: before, to: level) { result.append(cut) }
    }
    return result
  }

  /// The cut from one level to the next, both as fractions of the plan's sparsity; nil when no group has its turn
  /// between them.
  package func cut(from before: Double, to level: Double) -> Cut? {
    guard plan.order.takesTurns else {
      return Cut(sparsity: level >= 1 ? plan.sparsity : plan.sparsity.scaled(by: level), groups: all)
    }
    let turn = ordered[done(before)..<max(done(before), done(level))]
    guard !turn.isEmpty else { return nil }
    switch plan.measure {
    case .units: return Cut(sparsity: plan.sparsity, groups: Set(turn))
    // A share of the whole network: each turn brings its part of the way.
    case .parameters, .macs:
      return Cut(sparsity: level >= 1 ? plan.sparsity : plan.sparsity.scaled(by: level), groups: Set(turn))
    }
  }

  private func done(_ level: Double) -> Int {
    min(Int((Double(ordered.count) * level - 1e-9).rounded(.up)), ordered.count)
  }

  private var all: Set<String>? { plan.order == .shallowOnly ? Set(ordered) : nil }
}
