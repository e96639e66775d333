import StudyModel

extension PlanSpace {
  /// More plans than this are no sweep that anybody waits for, and would only fill the memory.
  package static let largestGrid = 100_000

  /// How many points the product of all lists has, equal plans counted each time; nil for a space with a range of shares, and
  /// `Int.max` for a number that does not fit.
  package var gridPoints: Int? {
    guard dimensions == 0 || space.hasListedShares || space.granularities.allSatisfy(\.isNOfM) else { return nil }
    let lists = counts + Array(repeating: listedShares.count, count: dimensions)
    var product = 1
    for count in lists {
      let (value, overflows) = product.multipliedReportingOverflow(by: count)
      if overflows { return .max }
      product = value
    }
    return product
  }

  /// The plans of the whole product, each once, in the order of the spec's lists: the share changes fastest, then what
  /// `PlanCategory` names last, and the criterion slowest. Nil where there are too many to count.
  package var gridPlans: [PruningPlan]? {
    guard let count = gridPoints, count <= Self.largestGrid else { return nil }
    let shares = listedShares
    var seen: Set<PruningPlan> = []
    var plans: [PruningPlan] = []
    for index in 0..<count {
      var rest = index
      func next(of list: Int) -> Int {
        defer { rest /= list }
        return rest % list
      }
      var point = Point(
        categories: Array(repeating: 0, count: counts.count), shares: Array(repeating: 0, count: dimensions))
      for dimension in (0..<dimensions).reversed() { point.shares[dimension] = shares[next(of: shares.count)] }
      for category in counts.indices.reversed() { point.categories[category] = next(of: counts[category]) }
      let plan = self.plan(point)
      if seen.insert(plan).inserted { plans.append(plan) }
    }
    return plans
  }

  /// The shares to choose from, in the order of the spec; the lower end where there is a range.
  var listedShares: [Double] { space.shares ?? [space.minimumSparsity] }
}
