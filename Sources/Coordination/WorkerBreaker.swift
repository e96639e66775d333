import StudyModel

/// Takes a worker out that fails whatever it gets, before it fails the whole study: a host with a full disk, say.
struct WorkerBreaker: Hashable, Sendable {
  /// What one failure cost its evaluation, to be undone.
  struct Failure: Hashable, Sendable {
    let key: EvaluationKey
    let charges: Int
    let strikes: Int
  }

  /// Failures of different evaluations since the last success.
  private(set) var streak: [Failure] = []
  private(set) var openUntil: Double?

  func isOpen(at now: Double) -> Bool { openUntil.map { now < $0 } ?? false }

  mutating func succeeded() { self = WorkerBreaker() }

  mutating func failed(_ failure: Failure) {
    streak.removeAll { $0.key == failure.key }
    streak.append(failure)
  }

  mutating func open(until end: Double) { openUntil = end }

  /// After a suspension of the coordinator.
  mutating func extend(by gap: Double) { openUntil = openUntil.map { $0 + gap } }

  /// An evaluation failed elsewhere too, so this worker was not the cause; true when that closes the breaker.
  mutating func exonerate(_ key: EvaluationKey) -> Bool {
    guard openUntil != nil, streak.contains(where: { $0.key == key }) else { return false }
    self = WorkerBreaker()
    return true
  }
}
