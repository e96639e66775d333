import StudyModel

/// Decides what a free worker does: a pure function of spec, groups, records and the time that has passed.
package struct SearchPolicy: Sendable {
  /// Failed trials without one success, after which a search gives up.
  package static let hopelessFailures = 10
  /// The share of a time budget after which the first front of each rung goes on before new trials are made, so that the
  /// final front is at the top rung.
  package static let closingShare = 0.75

  package let spec: StudySpec
  private let sampler: any Sampler
  private let ladder: RungLadder
  private let earlierScan: SensitivityScan?

  /// `groups` are the prunable ones, without the layers that the spec excludes. `earlierScan` stands in for a scan that the
  /// records do not hold.
  package init(spec: StudySpec, groups: [GroupSummary], earlierScan: SensitivityScan? = nil) {
    self.spec = spec
    self.earlierScan = earlierScan
    sampler = spec.sampler.sampler(spec: spec, groups: groups)
    ladder = RungLadder(rungs: spec.fineTune.rungs.count)
  }

  /// `records` are all of the study's, in any order; `elapsed` is in seconds since the search began.
  ///
  /// Records that wait for a worker are the caller's to hand out first: this only decides on new work. Nothing new is
  /// decided before the baseline is measured.
  package func next(_ records: [EvaluationRecord], elapsed: Double) -> SearchDecision {
    let history = SearchHistory(records, earlierScan: earlierScan)
    if history.baselineFailed { return .finished(.baselineFailed) }
    guard let baseline = history.baseline else { return .wait }
    if let seconds = spec.budget.seconds, elapsed >= seconds { return .finished(.timeIsUp) }
    if isHopeless(history) { return .finished(.everythingFails) }

    let space = ObjectiveSpace(spec: spec, baseline: baseline)
    func promotion(_ quota: RungLadder.Quota) -> SearchDecision? {
      ladder.promotion(history, space: space, quota: quota).map { .promote($0.trial, toRung: $0.rung) }
    }
    let mayCreate = spec.budget.trials.map { history.trials.count < $0 } ?? true
    let promotesAll = spec.promotion == .all
    if !promotesAll, let decision = promotion(.third) { return decision }
    if isClosing(elapsed), let decision = promotion(.front) { return decision }
    if mayCreate, let plan = sampler.propose(history, counter: history.trials.count) { return .evaluate(plan) }
    // Rung 0 of all comes first, since it costs little and shows the outline; then the best go on first.
    if promotesAll, let decision = promotion(.all) { return decision }
    // Rounding up waits for the last results of the rung below, lest an early third be taken for the final one.
    if history.hasOpenWork { return .wait }
    if let decision = promotion(.thirdRoundedUp) { return decision }
    if let count = sampler.planCount, history.trials.count >= count { return .finished(.plansAreDone) }
    return .finished(mayCreate ? .spaceIsExhausted : .trialsAreDone)
  }

  /// How many plans the search has in all; nil where they cannot be counted.
  package var planCount: Int? { sampler.planCount }

  /// The finished evaluations whose trials may still be promoted, the best of each rung first.
  package func continuable(_ records: [EvaluationRecord]) -> [(trial: TrialID, rung: Int)] {
    let history = SearchHistory(records)
    guard let baseline = history.baseline else { return [] }
    return ladder.continuable(history, space: ObjectiveSpace(spec: spec, baseline: baseline))
  }

  private func isClosing(_ elapsed: Double) -> Bool {
    spec.budget.seconds.map { elapsed >= $0 * Self.closingShare } ?? false
  }

  private func isHopeless(_ history: SearchHistory) -> Bool {
    history.trials.count >= Self.hopelessFailures
      && history.trials.allSatisfy { $0.measures.isEmpty && $0.openRungs.isEmpty && !$0.failedRungs.isEmpty }
  }
}
