import StudyModel
import StudyStore
import WireProtocol

/// Who may run what: granting, renewing, reinstating and expiring leases.
extension CoordinatorMachine {
  /// Brings our books and a worker's claim to hold a lease together; false when the worker should drop it.
  mutating func reconcile(_ id: LeaseID, with incarnation: Incarnation, isSpooled: Bool, now: Double) -> Bool {
    guard let lease = snapshot.leases[id], let evaluation = snapshot.evaluations[lease.key] else { return false }
    if open[id] == nil {
      // Only a waiting evaluation goes back to its old worker; for a spooled result there is nothing to run.
      guard evaluation.record.status == .pending, isWanted(lease.key) else { return false }
      record(.reinstateLease(id), now: now)
      open[id] = OpenLease(key: lease.key, holder: incarnation, grantedAt: now, expiresAt: now)
      notBefore[lease.key] = nil
    }
    open[id]?.holder = incarnation
    open[id]?.isConfirmed = true
    let expiresAt = now + timings.leaseLifetime
    open[id]?.expiresAt = expiresAt
    if isSpooled { open[id]?.fraction = 1 }
    return true
  }

  /// Ends an open lease without a charge; its evaluation waits again.
  mutating func closeLease(_ id: LeaseID, _ ending: LeaseEnding, now: Double) {
    guard let lease = open.removeValue(forKey: id) else { return }
    record(.endLease(id, ending), now: now)
    let attempts = snapshot.evaluations[lease.key]?.record.attempts ?? 0
    if attempts >= timings.attemptLimit { giveUp(lease.key, now: now) }
  }

  /// Lets go of what was not heard of for too long.
  mutating func expire(now: Double) {
    for id in open.keys.sorted() {
      guard outcome == nil, let lease = open[id] else { continue }
      if !lease.isConfirmed, now - lease.grantedAt >= timings.grantLimit, isHeard(lease.holder, since: lease.grantedAt)
      {
        // The worker speaks, but not of this lease: the grant was lost on the way.
        closeLease(id, .withdrawn, now: now)
      } else if now >= lease.expiresAt {
        let failure = EvaluationFailure(
          failureClass: .transient,
          message: "Its worker was not heard of for \(Int(timings.leaseLifetime)) seconds.")
        fail(id, failure, ending: .expired, isReported: false, now: now)
      }
    }
    for session in sessions.values where now - session.lastHeard >= timings.leaseLifetime {
      guard !open.values.contains(where: { $0.holder == session.incarnation }) else { continue }
      endSession(session.incarnation, how: "silent", now: now)
    }
  }

  private func isHeard(_ incarnation: Incarnation, since time: Double) -> Bool {
    guard let session = sessions[incarnation] else { return true }
    return session.lastHeard >= time + timings.heartbeatInterval
  }

  /// Gives waiting evaluations to free workers, one each in turn, until either runs out.
  mutating func grantAll(now: Double) {
    var isProgressing = true
    while isProgressing, outcome == nil {
      isProgressing = false
      for session in usableSessions(now: now) where session.freeSlots > 0 && outcome == nil {
        guard let key = nextWork(for: session, now: now) else { continue }
        grant(key, to: session, now: now)
        isProgressing = true
      }
    }
  }

  /// Live sessions whose breaker is closed, by name.
  func usableSessions(now: Double) -> [WorkerSession] {
    sessions.values
      .filter { now - $0.lastHeard < timings.suspectAfter && breakers[$0.name]?.isOpen(at: now) != true }
      .sorted { ($0.name, $0.peer) < ($1.name, $1.peer) }
  }

  private mutating func nextWork(for session: WorkerSession, now: Double) -> EvaluationKey? {
    let others = usableSessions(now: now).contains { $0.name != session.name }
    let waiting = snapshot.order.first { key in
      guard let evaluation = snapshot.evaluations[key], evaluation.record.status == .pending, isWanted(key) else {
        return false
      }
      let start = notBefore[key] ?? -.infinity
      if now < start { return false }
      // Elsewhere first, so that a fault of this worker is told from one of the evaluation.
      let isAvoided = others && evaluation.charges > 0 && evaluation.record.worker == session.name
      return !isAvoided || now >= start + timings.avoidance
    }
    return waiting ?? newWork(now: now)
  }

  private mutating func grant(_ key: EvaluationKey, to session: WorkerSession, now: Double) {
    guard let evaluation = snapshot.evaluations[key] else { return }
    let id = LeaseID(snapshot.lastLease.value + 1)
    let lease = LeaseRecord(
      id: id, key: key, worker: session.name, incarnation: session.incarnation.description,
      attempt: evaluation.record.attempts + 1, epoch: snapshot.epoch, grantedAt: elapsed(at: now))
    record(.grantLease(lease), now: now)
    open[id] = OpenLease(
      key: key, holder: session.incarnation, grantedAt: now, expiresAt: now + timings.leaseLifetime)
    notBefore[key] = nil
    sessions[session.incarnation]?.freeSlots -= 1
    send(.lease(LeaseGrant(assignment(for: lease, plan: evaluation.record.plan))), to: session.peer)
  }

  private func assignment(for lease: LeaseRecord, plan: PruningPlan) -> Assignment {
    let rungs = spec.fineTune.rungs
    let key = lease.key
    let end = rungs.indices.contains(key.rung) ? rungs[key.rung] : 0
    var (start, parent): (Double, EvaluationKey?) = (end, nil)
    switch key.purpose {
    case .baseline: break
    case .trial:
      start = key.rung > 0 ? rungs[key.rung - 1] : 0
      if key.rung > 0 { parent = EvaluationKey(trial: key.trial, rung: key.rung - 1) }
    case .sealedTest:
      parent = key.trial == EvaluationKey.baseline.trial ? .baseline : EvaluationKey(trial: key.trial, rung: key.rung)
    }
    return Assignment(
      lease: lease.id, key: key, attempt: lease.attempt, plan: plan, fromEpochs: key.purpose == .baseline ? 0 : start,
      toEpochs: key.purpose == .baseline ? 0 : end,
      parentCheckpoint: parent.flatMap { snapshot.evaluations[$0]?.record.result?.checkpoint },
      timeLimit: timings.evaluationLimit)
  }
}
