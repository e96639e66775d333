import StudyModel
import StudyStore
import WireProtocol

/// What failures cost, and whom: the evaluation by `FailureRule`, the worker by its breaker, the study when nothing succeeds.
extension CoordinatorMachine {
  /// An attempt on an open lease failed: the lease ends, the evaluation waits for its next attempt or is set aside.
  mutating func fail(
    _ id: LeaseID, _ failure: EvaluationFailure, as kind: FailedAttempt.Kind, ending: LeaseEnding, now: Double
  ) {
    guard let lease = open.removeValue(forKey: id) else { return }
    let attempt = FailedAttempt(
      lease: id, worker: snapshot.leases[id]?.worker ?? "", host: lease.host, kind: kind, ranAlone: !lease.hadCompany)
    record(.endLease(id, ending), now: now)
    note(attempt, of: lease.key, failure, now: now)
    if ending == .expired, lease.isConfirmed { lapsed[attempt.worker] = attempt }
  }

  /// Stores a failed attempt, lets it count against the worker, and decides what becomes of the evaluation.
  private mutating func note(
    _ attempt: FailedAttempt, of key: EvaluationKey, _ failure: EvaluationFailure, now: Double
  ) {
    record(.addFailure(key, attempt, failure), now: now)
    if attempt.kind != .loss { blame(attempt.worker, for: key, last: failure, now: now) }
    decide(on: key, now: now)
    guard let evaluation = snapshot.evaluations[key], evaluation.record.status == .pending else { return }
    // Without a baseline nothing goes on, and what cannot be used will not get better by waiting.
    if key == .baseline, attempt.kind == .own, failure.failureClass == .badInput {
      return setAside(key, reason: "the dense network cannot be used", now: now)
    }
    notBefore[key] =
      now + retries.delay(for: key, failures: evaluation.failures, attempts: evaluation.record.attempts)
  }

  /// A process came with a worker's name, from its host, with another number than the one whose lease was not heard of any more:
  /// that one was killed or its host restarted, so the loss was a suspicion.
  mutating func reconsiderLapsed(_ hello: Hello, of session: WorkerSession, now: Double) {
    guard let attempt = lapsed[session.name], attempt.host == session.host else { return }
    lapsed[session.name] = nil
    guard let lease = snapshot.leases[attempt.lease], lease.incarnation != session.incarnation.description,
      !hello.heldLeases.contains(attempt.lease), !hello.spooledLeases.contains(attempt.lease),
      let status = snapshot.evaluations[lease.key]?.record.status, status != .done, status != .cancelled
    else { return }
    var suspicion = attempt
    suspicion.kind = .suspicion
    let failure = EvaluationFailure(
      failureClass: .transient, message: "Its worker was killed, or its host restarted, while it ran.")
    note(suspicion, of: lease.key, failure, now: now)
  }

  /// Brings an evaluation that waits or was set aside in line with the rule.
  private mutating func decide(on key: EvaluationKey, now: Double) {
    guard let evaluation = snapshot.evaluations[key] else { return }
    let rule = FailureRule(evaluation.failures)
    if rule.mustRunAlone { lonely.insert(key) } else { lonely.remove(key) }
    switch (rule.verdict(in: fleet(now: now)), evaluation.record.status) {
    case (.setAside(let reason), .pending): setAside(key, reason: reason, now: now)
    case (.tryAgain, .quarantined), (.tryAgainAlone, .quarantined): record(.setStatus(key, .pending), now: now)
    default: break
    }
  }

  private mutating func setAside(_ key: EvaluationKey, reason: String, now: Double) {
    record(.setStatus(key, .quarantined, reason: reason), now: now)
    notBefore[key] = nil
    sourceRests = false
  }

  /// The workers that could be asked: heard of not too long ago, and not put aside themselves.
  func fleet(now: Double) -> Set<FailureRule.Worker> {
    let present = roster.filter { worker, lastHeard in
      now - lastHeard < timings.absenceLimit && breakers[worker.name]?.isOpen(at: now) != true
    }
    return Set(present.keys)
  }

  /// A worker that was put aside works again once there is no other.
  func isShunned(_ worker: String, now: Double) -> Bool {
    breakers[worker]?.isOpen(at: now) == true && !fleet(now: now).isEmpty
  }

  private mutating func blame(_ worker: String, for key: EvaluationKey, last: EvaluationFailure, now: Double) {
    let limit = timings.breakerLimit
    for name in breakers.keys.sorted() where name != worker {
      if breakers[name]?.exonerate(key, limit: limit) == true {
        record(.note(kind: "readmitted", worker: name, detail: "\(key) failed elsewhere too"), now: now)
      }
    }
    breakers[worker, default: WorkerBreaker()].failed(key)
    failureStreak.insert(key)
    if failureStreak.count >= timings.studyFailureLimit {
      return end(
        .failed(
          CoordinationError(
            .everythingFails,
            "The last \(failureStreak.count) evaluations all failed, the newest so: \(last.message)",
            remedy:
              "See the log files of the workers and mend the cause. `coppice retry FOLDER --all` puts back what was "
              + "set aside; then --resume.")))
    }
    openBreaker(of: worker, now: now)
  }

  /// A worker that fails one evaluation after the other is put aside, if there is another to do its work, and what it
  /// charged is taken back.
  private mutating func openBreaker(of worker: String, now: Double) {
    guard let breaker = breakers[worker], breaker.streak.count >= timings.breakerLimit,
      fleet(now: now).contains(where: { $0.name != worker })
    else { return }
    if !breaker.isOpen(at: now) {
      let end = now + timings.workerQuarantine
      breakers[worker]?.open(until: end)
      record(.note(kind: "quarantined worker", worker: worker, detail: "\(breaker.streak.count) failures"), now: now)
    }
    for key in breaker.streak {
      guard let evaluation = snapshot.evaluations[key], evaluation.record.status != .done,
        evaluation.failures.contains(where: { $0.worker == worker && $0.counts })
      else { continue }
      record(.excuseFailures(key, worker: worker), now: now)
      decide(on: key, now: now)
    }
  }
}
