import StudyModel
import Support
import WireProtocol

/// The half that talks with the coordinator.
extension WorkerMachine {
  /// Starts looking for the coordinator on a fresh connection.
  mutating func greet(now: Double) {
    actions.append(.openSocket)
    // A connection needs a moment, and what is sent before it stands is lost.
    session = .greeting(nextHello: now + (greetings == 0 ? timings.helloRetryFirst / 10 : helloDelay()))
    isAnnounced = false
  }

  mutating func advanceSession(now: Double) {
    switch session {
    case .closed: break
    case .greeting(let nextHello):
      if now >= lastHeard + orphanLimit { return end(.orphaned) }
      if now >= nextHello { sayHello(now: now) }
    case .established(let nextPing):
      if now >= lastHeard + silenceLimit {
        actions.append(.log("The coordinator has been silent for \(Units.duration(seconds: now - lastHeard))."))
        return greet(now: now)
      }
      sendDueReports(now: now)
      announceFreedom(now: now)
      if now >= nextPing { ping(now: now) }
    }
  }

  mutating func receive(_ envelope: Envelope<CoordinatorMessage>, now: Double) {
    // A coordinator that was replaced may still speak; so may its messages that were under way.
    guard envelope.epoch >= epoch else { return }
    switch envelope.message {
    case .welcome(let welcome): welcomed(welcome, epoch: envelope.epoch, now: now)
    case .reject(let rejection): rejected(rejection, now: now)
    case .lease, .pong, .resultAcknowledged, .failureAcknowledged, .cancel, .bye:
      guard case .established = session else { return }
      guard envelope.epoch == epoch else { return greet(now: now) }
      lastHeard = now
      greetings = 0
      receiveInSession(envelope.message, now: now)
    }
  }

  private mutating func receiveInSession(_ message: CoordinatorMessage, now: Double) {
    switch message {
    case .welcome, .reject, .pong: break
    case .lease(let grant): leased(grant.assignment, now: now)
    case .resultAcknowledged(let lease, let status): acknowledged(lease, status: status)
    case .failureAcknowledged(let lease):
      if outbox[lease]?.isResult == false { outbox[lease] = nil }
    case .cancel(let lease): cancelWork(lease)
    case .bye(.finished): end(.finished)
    case .bye(.stopping): greet(now: now)
    }
  }

  // MARK: - Meeting the coordinator

  private mutating func sayHello(now: Double) {
    send(
      .hello(
        Hello(
          build: identity.build, incarnation: incarnation, host: identity.host, label: identity.label,
          processID: identity.processID, device: identity.device, slots: 1, run: run,
          heldLeases: work.map { [$0.assignment.lease] } ?? [],
          spooledLeases: outbox.filter(\.value.isResult).keys.sorted(), engine: identity.engine)))
    greetings += 1
    session = .greeting(nextHello: now + helloDelay())
  }

  private mutating func welcomed(_ welcome: Welcome, epoch newEpoch: UInt64, now: Double) {
    guard case .greeting = session else {
      // The answer to a HELLO that was sent twice; a later epoch's is for a HELLO that we have not said yet.
      if newEpoch == epoch { lastHeard = now } else { greet(now: now) }
      return
    }
    guard WireLimits.protocolVersions.contains(welcome.protocolVersion) else {
      return end(
        .rejected(
          Rejection(
            code: .version,
            text: "The coordinator chose protocol \(welcome.protocolVersion) of \(WireLimits.protocolVersions).")))
    }
    guard run.isEmpty || run == welcome.run else { return end(.foreignRun(welcome.run)) }
    epoch = newEpoch
    run = welcome.run
    heartbeatInterval = welcome.heartbeatInterval
    orphanLimit = welcome.orphanLimit
    lastHeard = now
    session = .established(nextPing: now + heartbeatInterval)
    lastPing = now
    isAnnounced = false
    adopt(welcome.study)
    adoptInherited(now: now)
    for lease in outbox.keys {
      outbox[lease]?.nextSend = now
      outbox[lease]?.interval = timings.reportRetryFirst
    }
  }

  private mutating func rejected(_ rejection: Rejection, now: Double) {
    switch rejection.code {
    case .version, .authentication, .engine, .draining: end(.rejected(rejection))
    case .duplicateIncarnation:
      guard case .greeting = session else { return }
      incarnation = Incarnation(using: &generator)
      actions.append(.log("Another worker has this one's number; it takes a new one."))
    case .quarantined:
      lastHeard = now
      if case .established = session { greet(now: now) }
      session = .greeting(nextHello: now + timings.helloRetryMaximum)
      actions.append(.log("Quarantined: \(rejection.text)"))
    case .unknownSession:
      if case .established = session { greet(now: now) }
    }
  }

  private mutating func adopt(_ newStudy: StudyContext) {
    defer { study = newStudy }
    guard study != nil, study != newStudy else { return }
    if let work { giveBack(work.assignment.lease) }
    work = nil
    if engine == .running { killEngine(.silently) }
  }

  private mutating func adoptInherited(now: Double) {
    for result in inherited where result.run == run && outbox[result.report.lease] == nil {
      outbox[result.report.lease] = Outgoing(
        message: .result(result.report), isResult: true, nextSend: now, interval: timings.reportRetryFirst)
    }
    inherited = []
  }

  /// Full jitter, with a floor: hundreds of workers that lost one coordinator must not come back in one instant, nor one
  /// of them spin.
  private mutating func helloDelay() -> Double {
    let limit = min(timings.helloRetryMaximum, timings.helloRetryFirst * Double(1 << min(greetings, 20)))
    return max(timings.helloRetryFirst / 10, limit * generator.uniform())
  }

  // MARK: - In session

  private mutating func ping(now: Double) {
    let leases = work.map {
      [LeaseProgress(lease: $0.assignment.lease, counter: $0.counter, fraction: $0.fraction, step: $0.step)]
    }
    send(.ping(Ping(leases: leases ?? [], freeSlots: isFree(now: now) ? 1 : 0)))
    session = .established(nextPing: now + heartbeatInterval)
    lastPing = now
    guard var told = work else { return }
    (told.toldStep, told.toldFraction) = (told.step, told.fraction)
    work = told
  }

  /// Brings the next PING forward where the work has come to another step, or a good part further: an evaluation of two
  /// seconds is over before a heartbeat is due, and whoever watches the search would never see what it does.
  mutating func hastenPing(now: Double) {
    guard case .established(let nextPing) = session, let work,
      work.step != work.toldStep || work.fraction >= work.toldFraction + 0.1
    else { return }
    let earliest = lastPing + heartbeatInterval / timings.pingsPerHeartbeat
    session = .established(nextPing: min(nextPing, max(now, earliest)))
  }

  private mutating func announceFreedom(now: Double) {
    guard isFree(now: now) else {
      isAnnounced = false
      return
    }
    if !isAnnounced { send(.ready(Ready(freeSlots: 1))) }
    isAnnounced = true
  }

  private func isFree(now: Double) -> Bool {
    guard work == nil, now >= engineNotBefore else { return false }
    if case .ending = engine { return false }
    return true
  }

  private mutating func leased(_ assignment: Assignment, now: Double) {
    let lease = assignment.lease
    isAnnounced = false
    if outbox[lease] != nil {
      outbox[lease]?.nextSend = now
    } else if work?.assignment.lease == lease || settled.contains(lease) {
      // A repetition.
    } else if work != nil {
      giveBack(lease)
    } else {
      work = Work(assignment: assignment)
    }
  }

  private mutating func giveBack(_ lease: LeaseID) {
    settle(lease)
    send(.release(lease))
  }

  private mutating func acknowledged(_ lease: LeaseID, status: ResultStatus) {
    guard outbox[lease]?.isResult == true else { return }
    outbox[lease] = nil
    settle(lease)
    actions.append(.unspool(lease, run: run))
    if status != .accepted { actions.append(.log("The result of lease \(lease) was \(status.rawValue).")) }
  }

  private mutating func sendDueReports(now: Double) {
    for (lease, outgoing) in outbox.sorted(by: { $0.key < $1.key }) where now >= outgoing.nextSend {
      send(outgoing.message)
      outbox[lease]?.nextSend = now + outgoing.interval
      outbox[lease]?.interval = min(timings.reportRetryMaximum, outgoing.interval * 2)
    }
  }
}
