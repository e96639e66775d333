import StudyModel

/// What of a plan is chosen from a list; a point holds one index for each.
///
/// Criterion and granularity are drawn in every space, the others only where there is a choice, so that a list that is added
/// to the format leaves the plans of older specs as they were.
package enum PlanCategory: Int, CaseIterable, Sendable {
  case criterion, granularity, removal, aggregation, normalization, transform, threshold, schedule, order
  case sparseTraining

  /// How many entries the space's list has; a list that is not used counts as one.
  func count(in space: SearchSpace) -> Int {
    switch self {
    case .criterion: space.choices.count
    case .granularity: space.granularities.count
    case .removal: space.removals.count
    case .aggregation: space.aggregations.count
    case .normalization: space.normalizations.count
    case .transform: space.transforms.count
    case .threshold: max(space.thresholds.count, 1)
    case .schedule: space.schedules.count
    case .order: space.orders.count
    case .sparseTraining: space.sparseTrainings.count
    }
  }

  static let always: [PlanCategory] = [.criterion, .granularity]
}
