import StudyModel

/// How far a search is, for people.
package struct SearchProgress: Sendable {
  /// One evaluation that runs.
  package struct Running: Hashable, Sendable {
    package let worker: String
    package let key: EvaluationKey
    /// As the worker last told; empty until it has.
    package let step: String
    /// 0 to 1, as the worker last told.
    package let fraction: Double
    /// Its worker's engine has not been heard of yet: it is being started.
    package let startsEngine: Bool
    /// Seconds since the worker was last heard of, where that is longer than it should be.
    package let silence: Double?

    package init(
      worker: String, key: EvaluationKey, step: String = "", fraction: Double = 0, startsEngine: Bool = false,
      silence: Double? = nil
    ) {
      self.worker = worker
      self.key = key
      self.step = step
      self.fraction = fraction
      self.startsEngine = startsEngine
      self.silence = silence
    }
  }

  package var phase: CoordinatorMachine.Phase
  /// Seconds during which a coordinator ran.
  package var elapsed: Double
  /// Seconds until the search's budget ends, sealed tests not included; nil while nothing can be said.
  package var timeLeft: Double?
  package var trials: Int
  /// Finished evaluations of trials at each rung.
  package var finishedByRung: [Int]
  package var failed: Int
  /// Groups of the sensitivity scan that have an end, and all that there are; what runs counts by its share.
  package var scans: (finished: Double, all: Int)
  /// Sealed tests that are finished, and all that there are once the search has ended.
  package var sealedTests: (finished: Int, all: Int)
  package var running: [Running]
  /// By name, those that are there and have nothing to do.
  package var idle: [String]
  package var liveWorkers: Int
  /// Why no work is given out for want of disk, beginning with "paused"; nil while it is.
  package var pause: String?
  package var baseline: EvaluationRecord?
  /// The front as it is now, best accuracy first.
  package var front: [EvaluationRecord]
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
      guard evaluation.record.status != .cancelled else { continue }
      sealedTests.all += 1
      if evaluation.record.status == .done { sealedTests.finished += 1 }
    }
    for evaluation in snapshot.evaluations.values where evaluation.record.key.purpose == .trial {
      let record = evaluation.record
      if record.status == .done, finished.indices.contains(record.key.rung) { finished[record.key.rung] += 1 }
      if record.status == .quarantined { failed += 1 }
    }
    let running = open.sorted { $0.key < $1.key }.map { id, lease in
      let session = sessions[lease.holder]
      let silence = session.map { now - $0.lastHeard } ?? now - (lease.expiresAt - timings.leaseLifetime)
      return SearchProgress.Running(
        worker: snapshot.leases[id]?.worker ?? "", key: lease.key, step: lease.step, fraction: lease.fraction,
        startsEngine: session?.hasRun == false, silence: silence >= timings.suspectAfter ? silence : nil)
    }
    let busy = Set(open.values.map(\.holder))
    let live = sessions.values.filter { now - $0.lastHeard < timings.suspectAfter }
    return SearchProgress(
      phase: phase, elapsed: elapsed(at: now), timeLeft: timeLeft(now: now), trials: max(0, snapshot.trials.count - 1),
      finishedByRung: finished, failed: failed, scans: scans, sealedTests: sealedTests, running: running,
      idle: live.filter { !busy.contains($0.incarnation) }.map(\.name).sorted(), liveWorkers: live.count,
      pause: shortage?.description, baseline: snapshot.evaluations[.baseline]?.record, front: front)
  }

  /// The nearer of the time budget's end and, at the pace so far, that of the trials.
  private func timeLeft(now: Double) -> Double? {
    guard phase == .search else { return nil }
    let elapsed = elapsed(at: now)
    var estimates: [Double] = []
    if let seconds = spec.budget.seconds { estimates.append(max(0, seconds - elapsed)) }
    if let trials = [spec.budget.trials, source.planCount].compactMap({ $0 }).min() {
      let work =
        spec.promotion == .all ? timeOfAllRungs(trials: trials, now: now) : timeOfTrials(trials, elapsed: elapsed)
      if let work { estimates.append(work) }
    }
    return estimates.min()
  }

  private func timeOfTrials(_ trials: Int, elapsed: Double) -> Double? {
    let finished = snapshot.evaluations.values.count {
      $0.record.key.purpose == .trial && $0.record.key.rung == 0 && $0.record.status == .done
    }
    return finished >= 3 ? elapsed / Double(finished) * Double(max(0, trials - finished)) : nil
  }

  /// What is left of every rung, each at the mean time of what has finished there; nil until each rung has shown one.
  private func timeOfAllRungs(trials: Int, now: Double) -> Double? {
    let workers = sessions.values.count { now - $0.lastHeard < timings.suspectAfter }
    guard workers > 0 else { return nil }
    var seconds = 0.0
    for rung in spec.fineTune.rungs.indices {
      let here = snapshot.evaluations.values.filter { $0.record.key.purpose == .trial && $0.record.key.rung == rung }
      let times = here.compactMap { $0.record.result?.timings.values.sorted().reduce(0, +) }
      guard !times.isEmpty else { return nil }
      let open = trials - here.count { $0.record.status != .pending && $0.record.status != .leased }
      seconds += times.reduce(0, +) / Double(times.count) * Double(max(0, open))
    }
    return seconds / Double(workers)
  }
}
