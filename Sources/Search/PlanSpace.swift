import StudyModel

/// The plans of a study as points: an index into each list of the space, then one share for each group or one for all.
package struct PlanSpace: Sendable {
  package let space: SearchSpace
  package let recovery: Recovery
  package let seed: UInt64
  /// The groups' names, ascending: the order of a point's shares when each group has its own. A name that is a group for several
  /// granularities has one share.
  package let groupNames: [String]
  /// By granularity, the names that its plans give a share.
  private let ownNames: [Granularity: [String]]
  /// The length of each category's list.
  let counts: [Int]
  /// Categories beyond those of every space in which there is a choice.
  let extraCategories: [PlanCategory]

  package init(spec: StudySpec, groups: [GroupSummary]) {
    let space = spec.space
    self.space = space
    recovery = spec.fineTune.recovery
    seed = spec.seed
    groupNames = Set(groups.map(\.name)).sorted()
    var ownNames: [Granularity: [String]] = [:]
    for granularity in space.granularities {
      let own = groups.filter { $0.granularity == nil || $0.granularity == granularity }
      ownNames[granularity] = Set(own.map(\.name)).sorted()
    }
    self.ownNames = ownNames
    counts = PlanCategory.allCases.map { $0.count(in: space) }
    extraCategories = PlanCategory.allCases.filter { !PlanCategory.always.contains($0) && $0.count(in: space) > 1 }
  }

  /// How many shares a point has.
  package var dimensions: Int {
    if !space.thresholds.isEmpty { return 0 }
    return space.scope == .perGroup ? groupNames.count : 1
  }

  package var range: ClosedRange<Double> { space.minimumSparsity...space.maximumSparsity }

  /// The share at a position from 0 to 1 between the smallest and the largest; of a list each share has an equal part of that.
  func share(at position: Double) -> Double {
    guard let shares = space.shares?.sorted(), !shares.isEmpty else {
      return range.lowerBound + position * (range.upperBound - range.lowerBound)
    }
    return shares[min(Int(position * Double(shares.count)), shares.count - 1)]
  }

  /// A plan as the samplers vary it.
  package struct Point: Sendable, Hashable {
    /// By `PlanCategory.rawValue`.
    package var categories: [Int]
    package var shares: [Double]

    package init(categories: [Int], shares: [Double]) {
      self.categories = categories
      self.shares = shares
    }

    package subscript(category: PlanCategory) -> Int {
      get { categories[category.rawValue] }
      set { categories[category.rawValue] = newValue }
    }
  }

  /// A point whose criterion cannot judge its granularity takes the next one that can, and a share that is not in the list the
  /// nearest that is.
  func repaired(_ point: Point) -> Point {
    let granularity = space.granularities[point[.granularity]]
    var result = point
    if space.shares != nil { result.shares = point.shares.map(rounded) }
    for step in space.choices.indices {
      result[.criterion] = (point[.criterion] + step) % space.choices.count
      if space.choices[result[.criterion]].criterion.judges(granularity) { return result }
    }
    return point
  }

  package func plan(_ point: Point) -> PruningPlan {
    let point = repaired(point)
    let granularity = space.granularities[point[.granularity]]
    let choice = space.choices[point[.criterion]]
    return PruningPlan(
      criterion: choice.criterion, ranking: choice.ranking(over: ranking(point), granularity: granularity),
      granularity: granularity, scope: space.scope, sparsity: sparsity(point, granularity), measure: space.measure,
      layers: space.layers, layerShare: space.layerShare, schedule: space.schedules[point[.schedule]],
      order: space.orders[point[.order]],
      sparseTraining: space.sparseTrainings[point[.sparseTraining]],
      removesRedundant: space.removesRedundant && granularity.isStructured,
      replacement: space.replacement.flatMap { $0.applies(to: granularity, choice.criterion) ? $0 : nil },
      roundTo: space.roundTo,
      recovery: recovery, seed: seed)
  }

  /// The ranking that the lists give, before a criterion's own.
  private func ranking(_ point: Point) -> Ranking {
    Ranking(
      removal: space.removals[point[.removal]], aggregation: space.aggregations[point[.aggregation]],
      normalization: space.normalizations[point[.normalization]], transform: space.transforms[point[.transform]])
  }

  /// Shares of a range are rounded to three decimals, so that a plan's identity survives every way of writing it; those of a list
  /// stay as they are written.
  private func sparsity(_ point: Point, _ granularity: Granularity) -> Sparsity {
    switch granularity {
    case .nOfM(let kept, let of):
      // The pattern itself says how much leaves.
      return .uniform(Double(1000 - 1000 * kept / of) / 1000)
    case .channel, .element, .block, .head, .unit, .layer: break
    }
    if !space.thresholds.isEmpty { return .threshold(space.thresholds[point[.threshold]]) }
    let shares = point.shares.map(rounded)
    guard space.scope == .perGroup else { return .uniform(shares.first ?? space.minimumSparsity) }
    let own = Set(ownNames[granularity] ?? [])
    return .perGroup(Dictionary(uniqueKeysWithValues: zip(groupNames, shares).filter { own.contains($0.0) }))
  }

  /// The point of a plan of this space; groups that the plan does not name have the share 0, and those of other granularities
  /// its mean one.
  package func point(of plan: PruningPlan) -> Point {
    var point = Point(categories: Array(repeating: 0, count: counts.count), shares: shares(of: plan))
    point[.granularity] = space.granularities.firstIndex(of: plan.granularity) ?? 0
    point[.schedule] = space.schedules.firstIndex(of: plan.schedule) ?? 0
    point[.order] = space.orders.firstIndex(of: plan.order) ?? 0
    point[.sparseTraining] = space.sparseTrainings.firstIndex(of: plan.sparseTraining) ?? 0
    if case .threshold(let threshold) = plan.sparsity {
      point[.threshold] = space.thresholds.firstIndex(of: threshold) ?? 0
    }
    point[.criterion] = space.choices.firstIndex { $0.criterion == plan.criterion } ?? 0
    for (index, choice) in space.choices.enumerated() where choice.criterion == plan.criterion {
      point[.criterion] = index
      if matchRanking(of: plan, choice, in: &point) { break }
    }
    return point
  }

  /// Sets the ranking's categories to those that give the plan's; false when there are none.
  private func matchRanking(of plan: PruningPlan, _ choice: CriterionChoice, in point: inout Point) -> Bool {
    var isFound = true
    let parts: [(category: PlanCategory, agrees: (Ranking) -> Bool)] = [
      (.removal, { $0.removal == plan.ranking.removal }),
      (.aggregation, { $0.aggregation == plan.ranking.aggregation }),
      (.normalization, { $0.normalization == plan.ranking.normalization }),
      (.transform, { $0.transform == plan.ranking.transform }),
    ]
    for part in parts {
      let index = (0..<counts[part.category.rawValue]).first { index in
        var candidate = point
        candidate[part.category] = index
        return part.agrees(choice.ranking(over: ranking(candidate), granularity: plan.granularity))
      }
      point[part.category] = index ?? 0
      isFound = isFound && index != nil
    }
    return isFound
  }

  private func shares(of plan: PruningPlan) -> [Double] {
    switch plan.sparsity {
    case .uniform(let share): return Array(repeating: share, count: dimensions)
    case .perGroup(let byName):
      let own = Set(ownNames[plan.granularity] ?? [])
      let mean = byName.isEmpty ? 0 : byName.values.sorted().reduce(0, +) / Double(byName.count)
      return groupNames.map { byName[$0] ?? (own.contains($0) ? 0 : mean) }
    case .threshold: return Array(repeating: 0, count: dimensions)
    }
  }

  package func contains(_ plan: PruningPlan) -> Bool {
    // The shares may lie anywhere in their range; all else must come back as it is.
    var made = self.plan(point(of: plan))
    switch (plan.sparsity, made.sparsity) {
    case (.perGroup(let shares), .perGroup(let own)):
      guard shares.keys.sorted() == own.keys.sorted(), shares.values.allSatisfy(holds) else { return false }
      made.sparsity = plan.sparsity
    case (.uniform(let share), .uniform) where !plan.granularity.isNOfM:
      guard holds(share) else { return false }
      made.sparsity = plan.sparsity
    case (.uniform, .uniform), (.threshold, .threshold): break
    case (.uniform, _), (.perGroup, _), (.threshold, _): return false
    }
    return made == plan
  }

  private func holds(_ share: Double) -> Bool { space.shares?.contains(share) ?? range.contains(share) }

  private func rounded(_ share: Double) -> Double {
    if let shares = space.shares { return shares.min { abs($0 - share) < abs($1 - share) } ?? share }
    // Dividing a whole number by 1000 gives the double that "0.123" reads as.
    return min(max((share * 1000).rounded() / 1000, range.lowerBound), range.upperBound)
  }
}
