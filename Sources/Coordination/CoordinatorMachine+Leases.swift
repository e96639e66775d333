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
      guard let session = sessions[incarnation] else { return false }
      record(.reinstateLease(id), now: now)
      open[id] = OpenLease(key: lease.key, holder: incarnation, host: session.host, grantedAt: now, expiresAt: now)
      // What ran beside it meanwhile is not known.
      open[id]?.hadCompany = true
      noteCompany(on: session.host)
      notBefore[lease.key] = nil
    }
    open[id]?.holder = incarnation
    open[id]?.successorAt = nil
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
    let delay = retries.delay(forReturned: lease.key, attempts: attempts)
    if delay > 0 { notBefore[lease.key] = now + delay }
  }

  /// Lets go of what was not heard of for too long.
  mutating func expire(now: Double) {
    for id in open.keys.sorted() {
      guard outcome == nil, let lease = open[id] else { continue }
      if !lease.isConfirmed, now - lease.grantedAt >= timings.grantLimit, isHeard(lease.holder, since: lease.grantedAt)
      {
        // The worker speaks, but not of this lease: the grant was lost on the way.
        closeLease(id, .withdrawn, now: now)
      } else if let since = lease.successorAt, now - since >= timings.successorPatience {
        succeed(id, lease, now: now)
      } else if now >= lease.expiresAt {
        let failure = EvaluationFailure(
          failureClass: .transient,
          message: "Its worker was not heard of for \(Int(timings.leaseLifetime)) seconds.")
        fail(id, failure, as: .loss, ending: .expired, now: now)
      }
    }
    for session in sessions.values where now - session.lastHeard >= timings.leaseLifetime {
      guard !open.values.contains(where: { $0.holder == session.incarnation }) else { continue }
      endSession(session.incarnation, how: "silent", now: now)
    }
  }

  /// Another process took the place of a lease's worker, which has been silent since.
  private mutating func succeed(_ id: LeaseID, _ lease: OpenLease, now: Double) {
    // It may have been dead before the grant came.
    guard lease.isConfirmed else { return closeLease(id, .withdrawn, now: now) }
    let failure = EvaluationFailure(
      failureClass: .transient, message: "Its worker was killed, or its host restarted, while it ran.")
    fail(id, failure, as: .suspicion, ending: .lost, now: now)
  }

  /// Marks the leases that a process of that name, on that host, would have to hold if it were the one that we know.
  mutating func noteSuccessor(_ session: WorkerSession, now: Double) {
    for (id, lease) in open where lease.host == session.host && lease.holder != session.incarnation {
      guard lease.successorAt == nil, snapshot.leases[id]?.worker == session.name else { continue }
      open[id]?.successorAt = now
    }
  }

  private func isHeard(_ incarnation: Incarnation, since time: Double) -> Bool {
    guard let session = sessions[incarnation] else { return true }
    return session.lastHeard >= time + timings.heartbeatInterval
  }

  /// Gives waiting evaluations to free workers, one each in turn, until either runs out.
  mutating func grantAll(now: Double) {
    guard mayLease else { return endIfIdle(now: now) }
    grantLonely(now: now)
    var isProgressing = true
    while isProgressing, outcome == nil {
      isProgressing = false
      for session in usableSessions(now: now) where session.freeSlots > 0 && outcome == nil {
        guard !isKeptQuiet(session.host), let key = nextWork(for: session, now: now) else { continue }
        grant(key, to: session, now: now)
        isProgressing = true
      }
    }
  }

  /// Live sessions of workers that are not put aside, by name.
  func usableSessions(now: Double) -> [WorkerSession] {
    sessions.values
      .filter { now - $0.lastHeard < timings.suspectAfter && !isShunned($0.name, now: now) }
      .sorted { ($0.name, $0.peer) < ($1.name, $1.peer) }
  }

  /// Keeps one host free for an evaluation that must run alone, and gives it that evaluation once it is empty.
  private mutating func grantLonely(now: Double) {
    let waiting = lonely.sorted().first { isReady($0, now: now) }
    guard let key = waiting, let evaluation = snapshot.evaluations[key], !open.values.contains(where: \.needsQuiet)
    else {
      quietHost = nil
      return
    }
    let rule = FailureRule(evaluation.failures)
    let usable = usableSessions(now: now).sorted {
      (rule.reluctance(toward: $0.name, on: $0.host), openCount(on: $0.host), $0.name)
        < (rule.reluctance(toward: $1.name, on: $1.host), openCount(on: $1.host), $1.name)
    }
    if !usable.contains(where: { $0.host == quietHost }) { quietHost = usable.first?.host }
    guard let session = usable.first(where: { $0.host == quietHost && $0.freeSlots > 0 }),
      openCount(on: session.host) == 0
    else { return }
    grant(key, to: session, isAlone: true, now: now)
    quietHost = nil
  }

  private func openCount(on host: String) -> Int { open.values.count { $0.host == host } }

  private func isKeptQuiet(_ host: String) -> Bool {
    host == quietHost || open.values.contains { $0.needsQuiet && $0.host == host }
  }

  private func isReady(_ key: EvaluationKey, now: Double) -> Bool {
    snapshot.evaluations[key]?.record.status == .pending && isWanted(key) && now >= notBefore[key] ?? -.infinity
  }

  private mutating func noteCompany(on host: String) {
    for (id, lease) in open where lease.host == host { open[id]?.hadCompany = true }
  }

  private mutating func nextWork(for session: WorkerSession, now: Double) -> EvaluationKey? {
    let others = usableSessions(now: now).filter { $0.name != session.name }
    let waiting = snapshot.order.first { key in
      guard isReady(key, now: now), !lonely.contains(key), let evaluation = snapshot.evaluations[key] else {
        return false
      }
      // Elsewhere first, so that a fault of this worker is told from one of the evaluation.
      let rule = FailureRule(evaluation.failures)
      let reluctance = rule.reluctance(toward: session.name, on: session.host)
      let isAvoided = others.contains { rule.reluctance(toward: $0.name, on: $0.host) < reluctance }
      return !isAvoided || now >= (notBefore[key] ?? startedAt) + timings.avoidance
    }
    return waiting ?? newWork(now: now)
  }

  private mutating func grant(
    _ key: EvaluationKey, to session: WorkerSession, isAlone: Bool = false, now: Double
  ) {
    guard let evaluation = snapshot.evaluations[key] else { return }
    let id = LeaseID(snapshot.lastLease.value + 1)
    let lease = LeaseRecord(
      id: id, key: key, worker: session.name, incarnation: session.incarnation.description,
      attempt: evaluation.record.attempts + 1, epoch: snapshot.epoch, grantedAt: elapsed(at: now))
    record(.grantLease(lease), now: now)
    let hasCompany = openCount(on: session.host) > 0
    if hasCompany { noteCompany(on: session.host) }
    open[id] = OpenLease(
      key: key, holder: session.incarnation, host: session.host, grantedAt: now,
      expiresAt: now + timings.leaseLifetime, needsQuiet: isAlone, hadCompany: hasCompany,
      rebuildsParent: origin(of: key).rebuild != nil)
    notBefore[key] = nil
    sessions[session.incarnation]?.freeSlots -= 1
    send(.lease(LeaseGrant(assignment(for: lease, plan: evaluation.record.plan))), to: session.peer)
  }

  private func assignment(for lease: LeaseRecord, plan: PruningPlan) -> Assignment {
    let rungs = spec.fineTune.rungs
    let key = lease.key
    if key.purpose == .scan {
      return Assignment(
        lease: lease.id, key: key, attempt: lease.attempt,
        plan: source.scans.indices.contains(key.rung) ? source.scans[key.rung] : plan, fromEpochs: 0, toEpochs: 0,
        parentCheckpoint: nil, timeLimit: timings.evaluationLimit)
    }
    let end = rungs.indices.contains(key.rung) ? rungs[key.rung] : 0
    let start = key.purpose == .trial ? (key.rung > 0 ? rungs[key.rung - 1] : 0) : end
    let (checkpoint, rebuild) = origin(of: key)
    return Assignment(
      lease: lease.id, key: key, attempt: lease.attempt, plan: plan, fromEpochs: key.purpose == .baseline ? 0 : start,
      toEpochs: key.purpose == .baseline ? 0 : end, parentCheckpoint: checkpoint, rebuildRungs: rebuild,
      timeLimit: timeLimit(rebuild, from: start, to: end))
  }
}
