import Foundation
import StudyModel
import Support

/// One step of a study's durable state. A coordinator's reaction to one event is a list of these, stored whole or not at all.
package enum StudyChange: Hashable, Sendable {
  /// A coordinator starts: the epoch rises by one, all open leases are released and their evaluations wait again.
  case beginEpoch
  case addTrial(TrialID, PruningPlan)
  /// A new evaluation that waits for a worker.
  case addEvaluation(EvaluationKey)
  /// The evaluation, which must be waiting, becomes leased; the lease's id must be above all earlier ones.
  case grantLease(LeaseRecord)
  /// The lease ends and its evaluation, if it was leased, waits again.
  case endLease(LeaseID, LeaseEnding)
  /// An ended lease goes on, because its worker still holds it and its evaluation waits.
  case reinstateLease(LeaseID)
  /// The evaluation, which must not be done, becomes done; its open lease ends as completed or superseded.
  case addResult(EvaluationKey, lease: LeaseID, worker: String, bytes: Data)
  /// A failed attempt is noted; its lease and status are changed by other steps. Not for evaluations that are done.
  case addFailure(EvaluationKey, FailedAttempt, EvaluationFailure)
  /// The attempts that failed on this worker (on any, for nil) count no longer. Not for evaluations that are done.
  case excuseFailures(EvaluationKey, worker: String?)
  /// Between waiting, quarantined and cancelled; `reason` says why, in words.
  case setStatus(EvaluationKey, EvaluationStatus, reason: String? = nil)
  /// A quarantined evaluation waits again with a clean slate; a study that had finished goes on.
  case retry(EvaluationKey)
  /// Something for the history only.
  case note(kind: String, key: EvaluationKey? = nil, lease: LeaseID? = nil, worker: String? = nil, detail: String = "")
  /// All that the study wanted is done.
  case finish
  /// The search ends in this run, which must not have said so before; sealed tests may follow.
  case endSearch(SearchEnding)
  /// A search that ended in an earlier run goes on; a study that had finished has not any more.
  case reopenSearch(detail: String)
  /// This run of a coordinator ends.
  case endRun(RunEnding, detail: String)
}

/// One line of a study's history, never changed: who was granted what, what was accepted and acknowledged, who came and went.
package struct HistoryEvent: Hashable, Sendable {
  package var epoch: Int64
  /// Seconds since the search began.
  package var at: Double
  package var kind: String
  package var key: EvaluationKey?
  package var lease: LeaseID?
  package var worker: String?
  package var detail: String
}

extension HistoryEvent {
  /// The kind of event by which a search that had ended goes on; its detail says how far it had come.
  package static let reopened = "search goes on"

  /// What a change leaves in the history.
  package init(_ change: StudyChange, epoch: Int64, at: Double) {
    self.init(epoch: epoch, at: at, kind: "", key: nil, lease: nil, worker: nil, detail: "")
    switch change {
    case .beginEpoch:
      kind = "epoch"
    case .addTrial(let trial, let plan):
      kind = "trial"
      detail = "\(trial) \(plan.criterion.rawValue) \(plan.scope.rawValue)"
    case .addEvaluation(let key):
      kind = "evaluation"
      self.key = key
    case .grantLease(let grant):
      kind = "granted"
      (key, lease, worker) = (grant.key, grant.id, grant.worker)
      detail = "attempt \(grant.attempt)"
    case .endLease(let id, let ending):
      kind = ending.rawValue
      lease = id
    case .reinstateLease(let id):
      kind = "reinstated"
      lease = id
    case .addResult(let key, let lease, let worker, let bytes):
      kind = "accepted"
      (self.key, self.lease, self.worker) = (key, lease, worker)
      detail = Digest(of: bytes).hex
    case .addFailure(let key, let attempt, let failure):
      kind = "failure"
      (self.key, lease, worker) = (key, attempt.lease, attempt.worker)
      detail = "\(attempt.kind.rawValue), \(failure.failureClass.rawValue): \(failure.message)"
    case .excuseFailures(let key, let worker):
      kind = "excused"
      (self.key, self.worker) = (key, worker)
    case .setStatus(let key, let status, let reason):
      kind = status.rawValue
      self.key = key
      detail = reason ?? ""
    case .retry(let key):
      kind = "retried"
      self.key = key
    case .note(let kind, let key, let lease, let worker, let detail):
      (self.kind, self.key, self.lease, self.worker, self.detail) = (kind, key, lease, worker, detail)
    case .finish:
      kind = "finished"
    case .endSearch(let ending):
      kind = "search ended"
      detail = ending.detail.isEmpty ? ending.reason.rawValue : "\(ending.reason.rawValue): \(ending.detail)"
    case .reopenSearch(let words):
      kind = HistoryEvent.reopened
      detail = words
    case .endRun(let ending, let words):
      kind = "run ended"
      detail = words.isEmpty ? ending.rawValue : "\(ending.rawValue): \(words)"
    }
  }
}
