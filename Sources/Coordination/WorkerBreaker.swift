import StudyModel
import StudyStore

/// Takes a worker out that fails whatever it gets, before it fails the whole study: a host with a full disk, say.
struct WorkerBreaker: Hashable, Sendable {
  /// The different evaluations that failed on it since its last success, oldest first.
  private(set) var streak: [EvaluationKey] = []
  private(set) var openUntil: Double?

  func isOpen(at now: Double) -> Bool { openUntil.map { now < $0 } ?? false }

  mutating func succeeded() { self = WorkerBreaker() }

  mutating func failed(_ key: EvaluationKey) {
    streak.removeAll { $0 == key }
    streak.append(key)
  }

  mutating func open(until end: Double) { openUntil = end }

  /// After a suspension of the coordinator.
  mutating func extend(by gap: Double) { openUntil = openUntil.map { $0 + gap } }

  /// An evaluation failed elsewhere too, so this worker was not the cause; true when fewer than `limit` are left of the streak,
  /// which closes an open breaker.
  mutating func exonerate(_ key: EvaluationKey, limit: Int) -> Bool {
    guard streak.contains(key) else { return false }
    streak.removeAll { $0 == key }
    guard openUntil != nil, streak.count < limit else { return false }
    openUntil = nil
    return true
  }
}

extension WorkerBreaker {
  /// The breakers of all workers as a coordinator's memory had them, but for how long they stay open: the next failure says so.
  static func breakers(after snapshot: StudySnapshot) -> [String: WorkerBreaker] {
    var lastSuccess: [String: LeaseID] = [:]
    for lease in snapshot.leases.values where lease.ending == .completed {
      lastSuccess[lease.worker] = max(lease.id, lastSuccess[lease.worker] ?? lease.id)
    }
    var failures: [(attempt: FailedAttempt, key: EvaluationKey)] = []
    for evaluation in snapshot.evaluations.values {
      let blamed = evaluation.failures.filter { $0.kind != .loss }
      guard Set(blamed.map(\.worker)).count == 1 else { continue }
      failures += blamed.map { ($0, evaluation.record.key) }
    }
    var breakers: [String: WorkerBreaker] = [:]
    for (attempt, key) in failures.sorted(by: { $0.attempt.lease < $1.attempt.lease })
    where lastSuccess[attempt.worker].map({ attempt.lease > $0 }) ?? true {
      breakers[attempt.worker, default: WorkerBreaker()].failed(key)
    }
    return breakers
  }
}
