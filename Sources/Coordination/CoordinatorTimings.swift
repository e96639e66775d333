/// Every time span by which a coordinator decides, in seconds; and the counts that go with them.
package struct CoordinatorTimings: Hashable, Sendable {
  /// Between a worker's signs of life.
  package var heartbeatInterval = 5.0
  /// Silence after which a worker gets no new leases.
  package var suspectAfter = 15.0
  /// A worker of which nothing was heard for so long is not there any more: nobody waits for it with what failed elsewhere.
  package var absenceLimit = 300.0
  /// How long a worker may still prove to live after another process has come with its name, from its host.
  package var successorPatience = 15.0
  /// How long a lease lives without being renewed.
  package var leaseLifetime = 60.0
  /// After this time a grant that its worker never mentioned is taken back.
  package var grantLimit = 10.0
  /// Evaluations that were leased when an earlier coordinator ended wait this long for their workers to come back. Zero
  /// where workers end with their coordinator.
  package var restartGrace = 0.0
  /// A worker without a coordinator ends after this time.
  package var orphanLimit = 1800.0
  /// The first retry waits up to `backoffBase`, each further one up to twice as long, never more than `backoffLimit`.
  package var backoffBase = 5.0
  package var backoffLimit = 600.0
  /// After a failure, how long a retry is kept for other workers than the one that failed, where there are others.
  package var avoidance = 30.0
  /// How long a worker that fails everything gets no work.
  package var workerQuarantine = 900.0
  /// When the time budget is over, running evaluations may go on for this long.
  package var drainLimit = 60.0
  /// The engine's limit for one evaluation.
  package var evaluationLimit = 3600.0
  /// The elapsed time is stored at least this often.
  package var bookkeepingInterval = 5.0

  /// Attempts of an evaluation that may be given back or withdrawn without a pause before the next one.
  package var freeReturns = 10
  /// Failures of different evaluations in a row that open a worker's breaker.
  package var breakerLimit = 3
  /// Reported failures of different evaluations in a row, on whichever workers, that end the study.
  package var studyFailureLimit = 10

  package init() {}

  /// Workers end with their coordinator and share its host.
  package static let embedded = CoordinatorTimings()
}
