/// Choices that are good alone but cannot be together, refused with what to change before anything starts.
struct SpaceConflicts {
  let space: SearchSpace
  let section: SpecSection
  let rungs: [Double]

  func check() throws {
    try checkTarget()
    try checkThreshold()
    try checkNormalization()
    try checkGranularities()
    try checkLayerShare()
    try checkRedundancy()
    try checkSchedules()
    try checkLength()
  }

  private var hasOneRanking: Bool { space.scope.hasOneRanking }

  private func checkTarget() throws {
    guard space.measure != .units else { return }
    let word = SparsityReading.word(space.measure)
    guard hasOneRanking else {
      throw conflict(
        "sparsity", "target: \(word) needs one ranking over all layers, but the scope is '\(space.scope.rawValue)'",
        remedy: "Write scope: global, or target: channels.")
    }
    if space.measure == .macs, let zeros = space.granularities.first(where: { !$0.isStructured }) {
      throw conflict(
        "sparsity", "weights that become zeros ('\(zeros.rawValue)') save no MACs, so target: macs is out of reach",
        remedy: "Write target: parameters, or granularity: channel.")
    }
    if let fixed = space.granularities.first(where: \.isNOfM) {
      throw conflict(
        "sparsity", "'\(fixed.rawValue)' removes a share of its own, so it has no target of \(word)",
        remedy: "Leave target out, or take another granularity.")
    }
  }

  private func checkThreshold() throws {
    if let rows = space.thresholds.lazy.compactMap({ PlanConflict(threshold: $0, scope: space.scope) }).first {
      throw conflict("sparsity", rows.reason, remedy: rows.remedy)
    }
    guard !space.thresholds.isEmpty, space.scope == .perGroup else { return }
    throw conflict(
      "sparsity", "a threshold is one for all groups, but the scope is 'per-group'", remedy: "Write scope: global.")
  }

  private func checkNormalization() throws {
    let asked = space.normalizations.contains { $0 != nil } || space.choices.contains { $0.normalization != nil }
    guard asked, !hasOneRanking else { return }
    throw conflict(
      space.normalizations.contains { $0 != nil } ? "normalization" : "criterion",
      "a normalization makes groups comparable in one ranking, but the scope is '\(space.scope.rawValue)'",
      remedy: "Write scope: global, or leave normalization out.")
  }

  private func checkGranularities() throws {
    for granularity in space.granularities where space.scope == .row {
      guard
        let rows = PlanConflict(
          .oneShot, .allAtOnce, granularity: granularity, scope: space.scope, measure: space.measure)
      else { continue }
      throw conflict("scope", rows.reason, remedy: rows.remedy)
    }
    if space.scope == .perGroup, let fixed = space.granularities.first(where: \.isNOfM) {
      throw conflict(
        "granularity", "'\(fixed.rawValue)' removes the same share everywhere, but the scope is 'per-group'",
        remedy: "Write scope: local.")
    }
    for granularity in space.granularities where !space.criteria.contains(where: { $0.judges(granularity) }) {
      throw conflict(
        "granularity",
        "\(space.criteria.map { "'\($0.rawValue)'" }.joined(separator: ", ")) cannot judge single weights, "
          + "as '\(granularity.rawValue)' needs",
        remedy: "Write granularity: channel, or add one of \(Criterion.names(where: \.judgesElements)).")
    }
    for criterion in space.criteria where !space.granularities.contains(where: criterion.judges) {
      throw conflict(
        "criterion", "'\(criterion.rawValue)' judges channels, not single weights",
        remedy: "Remove it, or add channel to granularity.")
    }
  }

  private func checkLayerShare() throws {
    guard space.layerShare != nil, space.scope != .layersThenWeights else { return }
    throw conflict(
      "layer-share",
      "layers are chosen first only in the scope 'layers-then-weights', and the scope is "
        + "'\(space.scope.rawValue)'",
      remedy: "Write scope: layers-then-weights, or leave layer-share out.")
  }

  /// Whatever a sampler may put together out of the lists must be a plan.
  private func checkSchedules() throws {
    let removals = Set(
      space.choices.flatMap { choice in
        space.removals.map { removal in
          choice.ranking(over: Ranking(removal: removal), granularity: .channel).removal
            ?? choice.criterion.usualRemoval
        }
      })
    for schedule in space.schedules.map(\.kind) {
      for order in space.orders {
        let parts = space.granularities.lazy.compactMap {
          PlanConflict(schedule, order, granularity: $0, scope: space.scope, measure: space.measure)
        }
        let thresholds = Removal.allCases.lazy.filter(removals.contains).flatMap { removal in
          space.thresholds.lazy.compactMap { PlanConflict(schedule, order, threshold: $0, removal: removal) }
        }
        guard let conflict = parts.first ?? thresholds.first else { continue }
        throw self.conflict(schedule == .oneShot ? "order" : "schedule", conflict.reason, remedy: conflict.remedy)
      }
    }
  }

  private func checkRedundancy() throws {
    guard space.removesRedundant, !space.granularities.contains(where: \.isStructured) else { return }
    throw conflict(
      "redundancy", "units that do nothing can leave only where units leave, and every granularity makes zeros",
      remedy: "Add channel to granularity, or write redundancy: false.")
  }

  /// What is trained before the last cut must fit into the first trained rung.
  private func checkLength() throws {
    for training in space.sparseTrainings {
      for schedule in space.schedules {
        let before = schedule.longest(with: training)
        guard schedule.kind != .oneShot || training != nil else { continue }
        let key = schedule.kind == .oneShot ? "sparse-training" : "schedule"
        guard rungs.count > 1 else {
          throw conflict(
            key, "it trains between cuts, but the rungs \(rungs) train nothing",
            remedy: "Write fine-tune: {rungs: [0, 1, 3]}, or a schedule of one-shot without sparse training.")
        }
        guard before <= rungs[1] + 1e-9 else {
          throw conflict(
            key,
            "'\(schedule.kind.rawValue)'\(training == nil ? "" : " after sparse training") takes \(before) epochs up to its "
              + "last cut, but the first trained rung ends at \(rungs[1])",
            remedy: "Lower its epochs or steps, or raise the first trained rung of fine-tune.rungs.")
        }
      }
    }
  }

  private func conflict(_ key: String, _ reason: String, remedy: String) -> SpecError {
    section.error(at: key, .conflict, reason, remedy: remedy)
  }
}

extension Granularity {
  /// True for a fixed pattern of weights, whose share nobody chooses.
  package var isNOfM: Bool {
    switch self {
    case .nOfM: true
    case .channel, .element, .block, .head, .unit, .layer: false
    }
  }
}
