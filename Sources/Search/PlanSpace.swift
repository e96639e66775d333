import StudyModel

/// The plans of a study as points: two categories, then one share for each group or one for all.
package struct PlanSpace: Sendable {
  package let space: SearchSpace
  package let recovery: Recovery
  package let seed: UInt64
  /// The groups' names, ascending: the order of a point's shares when each group has its own.
  package let groupNames: [String]

  package init(spec: StudySpec, groups: [GroupSummary]) {
    space = spec.space
    recovery = spec.fineTune.recovery
    seed = spec.seed
    groupNames = groups.map(\.name).sorted()
  }

  /// How many shares a point has.
  package var dimensions: Int { space.scope == .perGroup ? groupNames.count : 1 }

  package var range: ClosedRange<Double> { space.minimumSparsity...space.maximumSparsity }

  /// A plan as the samplers vary it.
  package struct Point: Sendable, Hashable {
    package var criterion: Criterion
    package var granularity: Granularity
    package var shares: [Double]

    package init(criterion: Criterion, granularity: Granularity, shares: [Double]) {
      self.criterion = criterion
      self.granularity = granularity
      self.shares = shares
    }
  }

  /// Shares are rounded to three decimals, so that a plan's identity survives every way of writing it.
  package func plan(_ point: Point) -> PruningPlan {
    let shares = point.shares.map(rounded)
    let sparsity: Sparsity =
      space.scope == .perGroup
      ? .perGroup(Dictionary(zip(groupNames, shares), uniquingKeysWith: { first, _ in first }))
      : .uniform(shares.first ?? space.minimumSparsity)
    return PruningPlan(
      criterion: point.criterion, granularity: point.granularity, scope: space.scope, sparsity: sparsity,
      layers: space.layers, roundTo: space.roundTo, recovery: recovery, seed: seed)
  }

  /// The point of a plan of this space; groups that the plan does not name have the share 0.
  package func point(of plan: PruningPlan) -> Point {
    let shares: [Double]
    switch plan.sparsity {
    case .uniform(let share): shares = Array(repeating: share, count: dimensions)
    case .perGroup(let byName): shares = groupNames.map { byName[$0] ?? 0 }
    }
    return Point(criterion: plan.criterion, granularity: plan.granularity, shares: shares)
  }

  package func contains(_ plan: PruningPlan) -> Bool {
    guard space.criteria.contains(plan.criterion), space.granularities.contains(plan.granularity),
      plan.scope == space.scope, plan.layers == space.layers, plan.roundTo == space.roundTo,
      plan.recovery == recovery, plan.seed == seed
    else { return false }
    switch plan.sparsity {
    case .uniform(let share): return space.scope != .perGroup && range.contains(share)
    case .perGroup(let shares):
      return space.scope == .perGroup && shares.keys.sorted() == groupNames && shares.values.allSatisfy(range.contains)
    }
  }

  private func rounded(_ share: Double) -> Double {
    // Dividing a whole number by 1000 gives the double that "0.123" reads as.
    min(max((share * 1000).rounded() / 1000, range.lowerBound), range.upperBound)
  }
}
