/// Parts of a plan that are good alone and mean nothing together: a schedule raises a share from cut to cut and an order
/// deals groups out in turns, and there must be something that can be raised or dealt out.
package struct PlanConflict: Hashable, Sendable {
  package let reason: String
  package let remedy: String

  private init(_ reason: String, remedy: String) {
    self.reason = reason
    self.remedy = remedy
  }

  /// Nil where a schedule, an order and a scope go with what leaves.
  ///
  /// - Rows are of single weights.
  /// - N:M is no share, so all of it leaves at once; only an order that takes turns gives a schedule layers to part.
  /// - Layers that are chosen first are chosen once, from one ranking.
  /// - Weights that become zeros are counted layer by layer while cuts go on, not over the whole network.
  package init?(
    _ schedule: Schedule.Kind, _ order: LayerOrder, granularity: Granularity, scope: Scope, measure: SparsityMeasure
  ) {
    let words = schedule == .oneShot ? "the order '\(order.rawValue)'" : "the schedule '\(schedule.rawValue)'"
    let isPlain = schedule == .oneShot && order == .allAtOnce
    if scope == .row, granularity != .element {
      self.init(
        "the scope 'row' compares the single weights of each output, so it cannot be used with "
          + "'\(granularity.rawValue)'",
        remedy: "Take the granularity element, or the scope local.")
    } else if granularity.isNOfM, schedule != .oneShot, !order.takesTurns {
      self.init(
        "'\(granularity.rawValue)' removes a share of its own in one cut, so there is nothing that \(words) could raise",
        remedy: "Take the schedule one-shot, or the granularity element or block.")
    } else if scope == .layersThenWeights, !isPlain {
      self.init(
        "the scope '\(scope.rawValue)' chooses its layers once, from one ranking, so it cannot be used with \(words)",
        remedy: "Take the schedule one-shot and the order all, or the scope global.")
    } else if measure == .parameters, !granularity.isStructured, !isPlain {
      self.init(
        "a share of all parameters by weights that become zeros ('\(granularity.rawValue)') is met in one cut, so it "
          + "cannot be used with \(words)",
        remedy: "Take a share of units (the target channels), or the schedule one-shot and the order all.")
    } else {
      return nil
    }
  }

  /// Nil where a threshold can rise from nothing to its value: a fraction of it takes less than the whole only when what
  /// scores low leaves and scores are not negative.
  package init?(_ schedule: Schedule.Kind, _ order: LayerOrder, threshold: Double, removal: Removal) {
    guard schedule != .oneShot, !order.takesTurns, removal != .low || threshold <= 0 else { return nil }
    self.init(
      removal == .low
        ? "a part of the threshold \(threshold) takes more than the whole, so the schedule '\(schedule.rawValue)' cannot "
          + "raise it"
        : "a part of a threshold takes more than the whole where '\(removal.rawValue)' scores leave, so the schedule "
          + "'\(schedule.rawValue)' cannot raise it",
      remedy: "Take the schedule one-shot, or a share instead of a threshold.")
  }
}

extension PlanConflict {
  /// Nil where a threshold goes with the scope: rows have shares, a threshold looks at no row.
  package init?(threshold: Double, scope: Scope) {
    guard scope == .row else { return nil }
    self.init(
      "a threshold is one for all weights, so \(threshold) cannot be used with the scope 'row'",
      remedy: "Take the scope global, or a share instead of a threshold.")
  }
}

extension PruningPlan {
  /// What of the plan cannot be together, whatever the network.
  package var conflict: PlanConflict? {
    let parts = PlanConflict(schedule.kind, order, granularity: granularity, scope: scope, measure: measure)
    guard parts == nil, case .threshold(let threshold) = sparsity else { return parts }
    if let rows = PlanConflict(threshold: threshold, scope: scope) { return rows }
    return PlanConflict(schedule.kind, order, threshold: threshold, removal: removal)
  }
}

extension LayerOrder {
  /// True when groups are cut one after the other, each to the plan's sparsity at once, and a schedule says how many by when.
  package var takesTurns: Bool {
    switch self {
    case .allAtOnce, .shallowOnly: false
    case .bottomUp, .topDown, .leastSensitive, .offCriticalPath: true
    }
  }
}
