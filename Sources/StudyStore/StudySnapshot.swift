import Foundation
import StudyModel
import Support

/// A study's durable state as a value. `apply` is what every store does with a change, said once.
package struct StudySnapshot: Hashable, Sendable {
  /// An evaluation and the attempts by which its retries are decided.
  package struct Evaluation: Hashable, Sendable {
    package var record: EvaluationRecord
    /// Oldest first.
    package var failures: [FailedAttempt] = []
    package var openLease: LeaseID?
    package var resultDigest: Digest?
  }

  package private(set) var epoch: Int64 = 0
  /// Seconds during which a coordinator ran.
  package private(set) var elapsed: Double = 0
  package private(set) var isFinished = false
  package private(set) var trials: [TrialID: PruningPlan] = [:]
  package private(set) var evaluations: [EvaluationKey: Evaluation] = [:]
  /// The evaluations' keys as they were added.
  package private(set) var order: [EvaluationKey] = []
  package private(set) var leases: [LeaseID: LeaseRecord] = [:]
  package private(set) var lastLease = LeaseID(0)
  /// The coordinator's runs, oldest first; those of a study's earlier layouts are not known.
  package private(set) var runs: [RunRecord] = []
  private var identities: Set<Digest> = []

  package init() {}

  /// The records, in the order in which the evaluations were added.
  package var records: [EvaluationRecord] { order.compactMap { evaluations[$0]?.record } }

  /// True when some trial has this plan.
  package func hasPlan(_ identity: Digest) -> Bool { identities.contains(identity) }

  /// Applies changes that belong together; on an error nothing has changed.
  package mutating func apply(_ changes: [StudyChange], elapsed: Double) throws {
    var next = self
    for change in changes { try next.apply(change, at: elapsed) }
    next.elapsed = elapsed
    self = next
  }

  /// Notes how long the search has run, in seconds.
  package mutating func passTime(to elapsed: Double) { self.elapsed = elapsed }

  /// Applies one change; `at` is in seconds since the search began.
  package mutating func apply(_ change: StudyChange, at: Double) throws {
    switch change {
    case .beginEpoch:
      epoch += 1
      runs.append(RunRecord(epoch: epoch, begunAt: at))
      for id in leases.values.filter({ $0.ending == nil }).map(\.id) { try end(id, .released, at: at) }
    case .addTrial(let trial, let plan):
      guard trials[trial] == nil else { throw Self.conflict("trial \(trial) exists") }
      let identity = try plan.identity()
      guard identities.insert(identity).inserted else { throw Self.conflict("plan \(identity.short) exists") }
      trials[trial] = plan
    case .addEvaluation(let key):
      guard let plan = trials[key.trial] else { throw Self.conflict("trial \(key.trial) does not exist") }
      guard evaluations[key] == nil else { throw Self.conflict("evaluation \(key) exists") }
      evaluations[key] = Evaluation(record: EvaluationRecord(key: key, plan: plan, status: .pending))
      order.append(key)
    case .grantLease(let lease):
      try grant(lease)
    case .endLease(let id, let ending):
      try end(id, ending, at: at)
    case .reinstateLease(let id):
      try reinstate(id)
    case .addResult(let key, let lease, let worker, let bytes):
      try addResult(key, lease: lease, worker: worker, bytes: bytes, at: at)
    case .addFailure(let key, let attempt, let failure):
      guard leases[attempt.lease]?.key == key else { throw Self.conflict("lease \(attempt.lease) is not of \(key)") }
      try update(key) {
        $0.record.failure = failure
        // What is learned late of an old attempt says nothing about who has the evaluation now.
        if $0.openLease == nil { $0.record.worker = attempt.worker }
        $0.failures.append(attempt)
      }
    case .excuseFailures(let key, let worker):
      try update(key) { $0.excuse { worker == nil || $0.worker == worker } }
    case .setStatus(let key, let status, let reason):
      try setStatus(key, status, reason: reason, at: at)
    case .retry(let key):
      guard evaluations[key]?.record.status == .quarantined else { throw Self.conflict("\(key) is not set aside") }
      try setStatus(key, .pending, reason: nil, at: at)
      try update(key) { $0.excuse { _ in true } }
      isFinished = false
    case .note:
      break
    case .finish:
      isFinished = true
    case .endSearch(let ending):
      try updateRun {
        guard $0.searchEnding == nil else { throw Self.conflict("the search has ended in this run") }
        ($0.searchEnding, $0.reopensSearch) = (ending, false)
      }
    case .reopenSearch:
      try updateRun {
        guard $0.searchEnding == nil else { throw Self.conflict("the search has ended in this run") }
        $0.reopensSearch = true
      }
      isFinished = false
    case .endRun(let ending, let detail):
      try updateRun {
        guard $0.ending == nil else { throw Self.conflict("the run has ended") }
        ($0.ending, $0.endedAt, $0.detail) = (ending, at, detail)
      }
    }
  }

  private mutating func updateRun(_ body: (inout RunRecord) throws -> Void) throws {
    guard var run = runs.last, run.epoch == epoch else { throw Self.conflict("no run has begun") }
    try body(&run)
    runs[runs.count - 1] = run
  }

  private mutating func grant(_ lease: LeaseRecord) throws {
    guard lease.id > lastLease, lease.ending == nil else { throw Self.conflict("lease \(lease.id) was used") }
    try update(lease.key) {
      guard $0.record.status == .pending, $0.openLease == nil else {
        throw Self.conflict("\(lease.key) is \($0.record.status.rawValue), not waiting")
      }
      $0.record.status = .leased
      $0.record.attempts = lease.attempt
      $0.record.worker = lease.worker
      $0.openLease = lease.id
    }
    leases[lease.id] = lease
    lastLease = lease.id
  }

  private mutating func end(_ id: LeaseID, _ ending: LeaseEnding, at: Double) throws {
    guard let lease = leases[id], lease.ending == nil else { throw Self.conflict("lease \(id) is not open") }
    leases[id]?.ending = ending
    leases[id]?.endedAt = at
    try update(lease.key) {
      $0.openLease = nil
      $0.record.status = .pending
    }
  }

  private mutating func reinstate(_ id: LeaseID) throws {
    guard let lease = leases[id], lease.ending != nil else { throw Self.conflict("lease \(id) has not ended") }
    try update(lease.key) {
      guard $0.record.status == .pending else { throw Self.conflict("\(lease.key) is not waiting") }
      $0.record.status = .leased
      $0.record.worker = lease.worker
      $0.openLease = id
    }
    leases[id]?.ending = nil
    leases[id]?.endedAt = nil
  }

  private mutating func addResult(_ key: EvaluationKey, lease: LeaseID, worker: String, bytes: Data, at: Double) throws
  {
    guard leases[lease]?.key == key else { throw Self.conflict("lease \(lease) is not of \(key)") }
    let result = try CanonicalBytes.decode(EvaluationResult.self, from: bytes, of: "the result of \(key)")
    if let open = evaluations[key]?.openLease { try end(open, open == lease ? .completed : .superseded, at: at) }
    try update(key) {
      $0.record.status = .done
      $0.record.result = result
      $0.record.failure = nil
      $0.record.reason = nil
      $0.record.worker = worker
      $0.record.finishedAt = at
      $0.resultDigest = Digest(of: bytes)
    }
  }

  private mutating func setStatus(_ key: EvaluationKey, _ status: EvaluationStatus, reason: String?, at: Double) throws
  {
    guard status != .leased, status != .done else { throw Self.conflict("\(status.rawValue) is not set so") }
    try update(key) {
      guard $0.openLease == nil else { throw Self.conflict("\(key) is leased") }
      $0.record.status = status
      $0.record.reason = reason
      $0.record.finishedAt = status == .pending ? nil : at
    }
  }

  private mutating func update(_ key: EvaluationKey, _ body: (inout Evaluation) throws -> Void) throws {
    guard var evaluation = evaluations[key] else { throw Self.conflict("evaluation \(key) does not exist") }
    guard evaluation.record.status != .done else { throw Self.conflict("evaluation \(key) is done") }
    try body(&evaluation)
    evaluations[key] = evaluation
  }

  private static func conflict(_ what: String) -> StudyStoreError {
    StudyStoreError(.conflict, "The study's state does not allow the change: \(what).")
  }
}

extension StudySnapshot.Evaluation {
  fileprivate mutating func excuse(_ isMeant: (FailedAttempt) -> Bool) {
    for index in failures.indices where isMeant(failures[index]) { failures[index].counts = false }
  }
}

extension StudySnapshot {
  /// What a database holds; for stores.
  init(
    epoch: Int64, elapsed: Double, isFinished: Bool, trials: [TrialID: PruningPlan], evaluations: [Evaluation],
    leases: [LeaseRecord], lastLease: LeaseID, runs: [RunRecord] = []
  ) throws {
    self.epoch = epoch
    self.elapsed = elapsed
    self.isFinished = isFinished
    self.trials = trials
    self.lastLease = lastLease
    self.runs = runs
    identities = Set(try trials.values.map { try $0.identity() })
    order = evaluations.map(\.record.key)
    self.evaluations = Dictionary(uniqueKeysWithValues: evaluations.map { ($0.record.key, $0) })
    self.leases = Dictionary(uniqueKeysWithValues: leases.map { ($0.id, $0) })
    for lease in leases where lease.ending == nil { self.evaluations[lease.key]?.openLease = lease.id }
  }
}
