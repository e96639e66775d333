import StudyModel

/// One grant of an evaluation to a worker; its id is the fencing token.
package struct LeaseRecord: Hashable, Sendable {
  package var id: LeaseID
  package var key: EvaluationKey
  /// The worker's name, and the process that bore it.
  package var worker: String
  package var incarnation: String
  /// 1 for an evaluation's first lease.
  package var attempt: Int
  package var epoch: Int64
  /// Seconds since the search began.
  package var grantedAt: Double
  package var ending: LeaseEnding?
  package var endedAt: Double?

  package init(
    id: LeaseID, key: EvaluationKey, worker: String, incarnation: String, attempt: Int, epoch: Int64, grantedAt: Double,
    ending: LeaseEnding? = nil, endedAt: Double? = nil
  ) {
    self.id = id
    self.key = key
    self.worker = worker
    self.incarnation = incarnation
    self.attempt = attempt
    self.epoch = epoch
    self.grantedAt = grantedAt
    self.ending = ending
    self.endedAt = endedAt
  }
}

/// How a lease ended.
package enum LeaseEnding: String, Hashable, Sendable, CaseIterable {
  /// Its result was stored.
  case completed
  case failed
  /// Not heard of for a lease's time.
  case expired
  /// Granted but never seen by its worker.
  case withdrawn
  /// Given back: its worker or the coordinator stopped.
  case released
  /// Its worker's process ended.
  case lost
  /// Another lease's result came first.
  case superseded
}
