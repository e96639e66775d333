import StudyModel
import StudyStore
import Support
import WireProtocol

/// What evaluations bring: results, failures, and what failures cost whom.
extension CoordinatorMachine {
  mutating func receive(_ report: ResultReport, from incarnation: Incarnation, missing: String?, now: Double) {
    guard let session = sessions[incarnation] else { return }
    let status = settle(report, from: session, missing: missing, now: now)
    record(
      .note(
        kind: "acknowledged", key: snapshot.leases[report.lease]?.key, lease: report.lease, worker: session.name,
        detail: status.rawValue), now: now)
    send(.resultAcknowledged(report.lease, status), to: session.peer)
  }

  private mutating func settle(
    _ report: ResultReport, from session: WorkerSession, missing: String?, now: Double
  ) -> ResultStatus {
    guard let lease = snapshot.leases[report.lease], let evaluation = snapshot.evaluations[lease.key] else {
      return .stale
    }
    if evaluation.record.status == .done {
      compare(report, with: evaluation, now: now)
      return .duplicate
    }
    guard isWanted(lease.key) else { return .stale }
    if let fault = missing ?? fault(of: report, for: lease.key) {
      let failure = EvaluationFailure(
        failureClass: .internal, message: "Its result cannot be right and was refused: \(fault).")
      if open[report.lease] != nil { fail(report.lease, failure, ending: .failed, isReported: true, now: now) }
      return .invalid
    }
    // Also from a lease that has expired: hours of work are not thrown away because a message was late.
    for id in open.keys.sorted() where open[id]?.key == lease.key {
      if id != report.lease, let holder = open[id].flatMap({ sessions[$0.holder] }) {
        send(.cancel(id), to: holder.peer)
      }
      open[id] = nil
    }
    record(.addResult(lease.key, lease: report.lease, worker: session.name, bytes: report.bytes), now: now)
    notBefore[lease.key] = nil
    breakers[session.name]?.succeeded()
    failureStreak = []
    sourceRests = false
    return .accepted
  }

  /// Why a result is not believed, or nil.
  private func fault(of report: ResultReport, for key: EvaluationKey) -> String? {
    guard let result = try? report.result() else { return "its bytes are not the result that their digest names" }
    if let fault = result.fault { return fault }
    if key.purpose == .trial, result.checkpoint == nil { return "it names no network" }
    return nil
  }

  /// Two runs of one evaluation should agree; where they do not, the history says so.
  private mutating func compare(_ report: ResultReport, with evaluation: StudySnapshot.Evaluation, now: Double) {
    guard Digest(of: report.bytes) != evaluation.resultDigest, let second = try? report.result().measures,
      let first = evaluation.record.result?.measures
    else { return }
    let agrees =
      first.accuracy == second.accuracy && first.loss == second.loss && first.parameters == second.parameters
      && first.macs == second.macs && first.sizeBytes == second.sizeBytes
    guard !agrees else { return }
    record(
      .note(
        kind: "mismatch", key: evaluation.record.key, lease: report.lease,
        detail: "accuracy \(first.accuracy.share) and \(second.accuracy.share), loss \(first.loss) and \(second.loss)"),
      now: now)
  }

  mutating func receive(_ report: FailureReport, from incarnation: Incarnation, now: Double) {
    guard let session = sessions[incarnation] else { return }
    if open[report.lease] != nil { fail(report.lease, report.failure, ending: .failed, isReported: true, now: now) }
    send(.failureAcknowledged(report.lease), to: session.peer)
  }

  /// A failed attempt: the lease ends, the evaluation waits for its next attempt or is given up.
  ///
  /// `isReported` tells failures that somebody saw from leases that were merely not heard of: only the former say anything
  /// about a worker.
  mutating func fail(_ id: LeaseID, _ failure: EvaluationFailure, ending: LeaseEnding, isReported: Bool, now: Double) {
    guard let lease = open.removeValue(forKey: id), let evaluation = snapshot.evaluations[lease.key] else { return }
    let key = lease.key
    let worker = snapshot.leases[id]?.worker ?? ""
    let cost = retries.cost(of: failure)
    let (charges, strikes) = (evaluation.charges + cost.charges, evaluation.strikes + cost.strikes)
    record(.endLease(id, ending), now: now)
    record(.addFailure(key, lease: id, worker: worker, failure, isCharged: cost.charges > 0), now: now)
    if cost.charges > 0 { record(.setCharges(key, charges: charges, strikes: strikes), now: now) }
    let attempts = evaluation.record.attempts
    if retries.givesUp(key, charges: charges, strikes: strikes, attempts: attempts, last: failure.failureClass) {
      giveUp(key, now: now)
    } else {
      notBefore[key] = now + retries.delay(for: key, charges: charges, attempts: attempts)
    }
    if isReported, cost.charges > 0 {
      blame(worker, for: .init(key: key, charges: cost.charges, strikes: cost.strikes), last: failure, now: now)
    }
  }

  mutating func giveUp(_ key: EvaluationKey, now: Double) {
    record(.setStatus(key, .quarantined), now: now)
    notBefore[key] = nil
    sourceRests = false
  }

  private mutating func blame(
    _ worker: String, for failure: WorkerBreaker.Failure, last: EvaluationFailure, now: Double
  ) {
    for name in breakers.keys.sorted() where name != worker {
      if breakers[name]?.exonerate(failure.key) == true {
        record(.note(kind: "readmitted", worker: name, detail: "\(failure.key) failed elsewhere too"), now: now)
      }
    }
    breakers[worker, default: WorkerBreaker()].failed(failure)
    failureStreak.insert(failure.key)
    if failureStreak.count >= timings.studyFailureLimit {
      return end(
        .failed(
          CoordinationError(
            .everythingFails,
            "The last \(failureStreak.count) evaluations all failed, the newest so: \(last.message)",
            remedy: "See the log files of the workers, mend the cause, then --resume.")))
    }
    openBreaker(of: worker, now: now)
  }

  /// A worker that fails one evaluation after the other is put aside, if there is another to do its work, and what it
  /// charged is given back.
  private mutating func openBreaker(of worker: String, now: Double) {
    guard let breaker = breakers[worker], !breaker.isOpen(at: now), breaker.streak.count >= timings.breakerLimit,
      usableSessions(now: now).contains(where: { $0.name != worker })
    else { return }
    let end = now + timings.workerQuarantine
    breakers[worker]?.open(until: end)
    record(.note(kind: "quarantined worker", worker: worker, detail: "\(breaker.streak.count) failures"), now: now)
    for failure in breaker.streak {
      guard let evaluation = snapshot.evaluations[failure.key], failure.key != .baseline,
        [.pending, .quarantined].contains(evaluation.record.status)
      else { continue }
      if evaluation.record.status == .quarantined { record(.setStatus(failure.key, .pending), now: now) }
      record(
        .setCharges(
          failure.key, charges: max(0, evaluation.charges - failure.charges),
          strikes: max(0, evaluation.strikes - failure.strikes)), now: now)
    }
  }
}
