import StudyModel

/// What a search knows: its trials in the order of their numbers, whatever the order in which records arrived.
package struct SearchHistory: Sendable {
  /// One trial and how far it has come.
  package struct Trial: Sendable {
    package let id: TrialID
    package let plan: PruningPlan
    /// The measures of each finished rung.
    package internal(set) var measures: [Int: Measures] = [:]
    /// Rungs that are waiting or running.
    package internal(set) var openRungs: Set<Int> = []
    /// Rungs that were given up.
    package internal(set) var failedRungs: Set<Int> = []
    /// The trial of the same network that stands for this one.
    package internal(set) var original: TrialID?

    package var highestRung: Int? { measures.keys.max() }

    /// Some record of the rung exists, so it is not to be asked for again.
    package func hasStarted(rung: Int) -> Bool {
      measures[rung] != nil || openRungs.contains(rung) || failedRungs.contains(rung)
    }
  }

  package let trials: [Trial]
  package let baseline: Measures?
  package let baselineFailed: Bool
  /// What cutting each group alone does to the dense network; nil without a scan.
  package let sensitivity: SensitivityScan?

  /// `earlierScan` is that of a study whose records hold none; see `PolicySource`.
  package init(_ records: [EvaluationRecord], earlierScan: SensitivityScan? = nil) {
    let scanned = records.filter { $0.key.purpose == .scan && $0.status == .done }.sorted { $0.key < $1.key }
    sensitivity = scanned.isEmpty ? earlierScan : SensitivityScan(entries: scanned.compactMap(\.result?.scan))
    var trials: [TrialID: Trial] = [:]
    var (baseline, baselineFailed): (Measures?, Bool) = (nil, false)
    for record in records {
      switch record.key.purpose {
      case .sealedTest, .scan: continue
      case .baseline:
        baseline = record.result?.measures ?? baseline
        baselineFailed = baselineFailed || record.status == .quarantined || record.status == .cancelled
      case .trial:
        var trial = trials[record.key.trial] ?? Trial(id: record.key.trial, plan: record.plan)
        switch record.status {
        case .pending, .leased: trial.openRungs.insert(record.key.rung)
        case .done:
          if let measures = record.result?.measures { trial.measures[record.key.rung] = measures }
        case .quarantined, .cancelled: trial.failedRungs.insert(record.key.rung)
        }
        trials[record.key.trial] = trial
      }
    }
    let twins = NetworkTwins(records)
    for id in trials.keys { trials[id]?.original = twins.original(of: id) }
    self.trials = trials.values.sorted { $0.id < $1.id }
    self.baseline = baseline
    self.baselineFailed = baselineFailed && baseline == nil
  }

  /// Every plan that was ever proposed, with those that wait, run or failed.
  package var plans: Set<PruningPlan> { Set(trials.map(\.plan)) }

  package var hasOpenWork: Bool { trials.contains { !$0.openRungs.isEmpty } }
}
