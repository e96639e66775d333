import StudyModel

/// How far a search is, for people.
package struct SearchProgress: Sendable {
  /// One evaluation that runs.
  package struct Running: Hashable, Sendable {
    package let worker: String
    package let key: EvaluationKey
    package let step: String
    /// 0 to 1, as the worker last told.
    package let fraction: Double
  }

  package let phase: CoordinatorMachine.Phase
  /// Seconds during which a coordinator ran.
  package let elapsed: Double
  /// Seconds until the search's budget ends, sealed tests not included; nil while nothing can be said.
  package let timeLeft: Double?
  package let trials: Int
  /// Finished evaluations of trials at each rung.
  package let finishedByRung: [Int]
  package let failed: Int
  /// Groups of the sensitivity scan that have an end, and all that there are; what runs counts by its share.
  package let scans: (finished: Double, all: Int)
  /// Sealed tests that are finished, and all that there are once the search has ended.
  package let sealedTests: (finished: Int, all: Int)
  package let running: [Running]
  package let liveWorkers: Int
  /// Why no work is given out for want of disk, beginning with "paused"; nil while it is.
  package let pause: String?
  package let baseline: EvaluationRecord?
  /// The front as it is now, best accuracy first.
  package let front: [EvaluationRecord]
}

extension CoordinatorMachine {
  /// `front` is handed in because it costs more than the rest and changes only with results.
  package func progress(front: [EvaluationRecord], now: Double) -> SearchProgress {
    var finished = [Int](repeating: 0, count: spec.fineTune.rungs.count)
    var failed = 0
    var sealedTests = (finished: 0, all: 0)
    var scans = (finished: 0.0, all: 0)
    for evaluation in snapshot.evaluations.values where evaluation.record.key.purpose == .scan {
      scans.all += 1
      switch evaluation.record.status {
      case .done, .quarantined, .cancelled: scans.finished += 1
      case .leased: scans.finished += evaluation.openLease.flatMap { open[$0]?.fraction } ?? 0
      case .pending: break
      }
    }
    for evaluation in snapshot.evaluations.values where evaluation.record.key.purpose == .sealedTest {
      sealedTests.all += 1
      if evaluation.record.status == .done { sealedTests.finished += 1 }
    }
    for evaluation in snapshot.evaluations.values where evaluation.record.key.purpose == .trial {
      let record = evaluation.record
      if record.status == .done, finished.indices.contains(record.key.rung) { finished[record.key.rung] += 1 }
      if record.status == .quarantined { failed += 1 }
    }
    let running = open.sorted { $0.key < $1.key }.map { id, lease in
      SearchProgress.Running(
        worker: snapshot.leases[id]?.worker ?? "", key: lease.key, step: lease.step, fraction: lease.fraction)
    }
    return SearchProgress(
      phase: phase, elapsed: elapsed(at: now), timeLeft: timeLeft(now: now), trials: max(0, snapshot.trials.count - 1),
      finishedByRung: finished, failed: failed, scans: scans, sealedTests: sealedTests, running: running,
      liveWorkers: sessions.values.count { now - $0.lastHeard < timings.suspectAfter },
      pause: shortage?.description, baseline: snapshot.evaluations[.baseline]?.record, front: front)
  }

  /// The nearer of the time budget's end and, at the pace so far, that of the trials.
  private func timeLeft(now: Double) -> Double? {
    let elapsed = elapsed(at: now)
    var estimates: [Double] = []
    if let seconds = spec.budget.seconds { estimates.append(max(0, seconds - elapsed)) }
    let finished = snapshot.evaluations.values.count {
      $0.record.key.purpose == .trial && $0.record.key.rung == 0 && $0.record.status == .done
    }
    if let trials = spec.budget.trials, finished >= 3 {
      estimates.append(elapsed / Double(finished) * Double(max(0, trials - finished)))
    }
    return phase == .search ? estimates.min() : nil
  }
}
