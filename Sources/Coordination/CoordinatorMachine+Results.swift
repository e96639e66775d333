import StudyModel
import StudyStore
import Support
import WireProtocol

/// What evaluations bring: results and reports of failures.
extension CoordinatorMachine {
  mutating func receive(_ report: ResultReport, from incarnation: Incarnation, missing: String?, now: Double) {
    guard let session = sessions[incarnation] else { return }
    sessions[incarnation]?.hasRun = true
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
      fail(report.lease, failure, as: .own, ending: .failed, now: now)
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
    notePresence((try? report.result())?.checkpoint)
    notBefore[lease.key] = nil
    lonely.remove(lease.key)
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
    if key.purpose == .scan, result.scan == nil { return "it says of no group what cutting it costs" }
    return nil
  }

  /// Two runs of one evaluation should agree; where they do not, the history says so.
  private mutating func compare(_ report: ResultReport, with evaluation: StudySnapshot.Evaluation, now: Double) {
    guard Digest(of: report.bytes) != evaluation.resultDigest, let second = try? report.result().measures,
      let first = evaluation.record.result?.measures
    else { return }
    let agrees =
      first.accuracy == second.accuracy && first.loss == second.loss && first.parameters == second.parameters
      && first.nonzeroParameters == second.nonzeroParameters && first.macs == second.macs
      && first.sizeBytes == second.sizeBytes
    guard !agrees else { return }
    record(
      .note(
        kind: "mismatch", key: evaluation.record.key, lease: report.lease,
        detail: "accuracy \(first.accuracy.share) and \(second.accuracy.share), loss \(first.loss) and \(second.loss)"),
      now: now)
  }

  mutating func receive(_ report: FailureReport, from incarnation: Incarnation, now: Double) {
    guard let session = sessions[incarnation] else { return }
    // What was to be made again from the dense network did not need the checkpoint that is gone.
    let hadCheckpoint = open[report.lease]?.rebuildsParent != true
    let kind = FailedAttempt.Kind(reported: report.failure)
    noteLoss(report, now: now)
    fail(
      report.lease, report.failure,
      as: report.failure.failureClass == .checkpointGone && !hadCheckpoint ? .own : kind, ending: .failed, now: now)
    send(.failureAcknowledged(report.lease), to: session.peer)
  }
}
