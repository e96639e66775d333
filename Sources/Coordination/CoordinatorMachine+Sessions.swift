import Launching
import StudyModel
import StudyStore
import WireProtocol

/// Who is there: HELLO, READY, PING, BYE, and connections that are lost.
extension CoordinatorMachine {
  mutating func receive(_ envelope: Envelope<WorkerMessage>, from peer: PeerID, missing: String?, now: Double) {
    if case .hello(let hello) = envelope.message {
      return welcome(hello, from: peer, sequence: envelope.sequence, now: now)
    }
    // A message for another coordinator's epoch is a replay, or its sender has not noticed a restart.
    guard envelope.epoch == UInt64(snapshot.epoch), let incarnation = peers[peer], sessions[incarnation] != nil else {
      return send(.reject(Rejection(code: .unknownSession, text: "Say HELLO first.")), to: peer)
    }
    let newest = sessions[incarnation]?.lastSequence ?? 0
    let isNew = envelope.sequence > newest
    sessions[incarnation]?.lastHeard = now
    if let session = sessions[incarnation] { roster[session.asWorker] = now }
    sessions[incarnation]?.lastSequence = max(envelope.sequence, newest)
    switch envelope.message {
    case .hello: break
    case .ready(let ready):
      if isNew { setCredit(ready.freeSlots, of: incarnation) }
    case .ping(let ping):
      // What an old PING lists may have ended since.
      if isNew { receive(ping, from: incarnation, now: now) }
      send(.pong, to: peer)
    case .result(let report): receive(report, from: incarnation, missing: missing, now: now)
    case .failed(let report): receive(report, from: incarnation, now: now)
    case .release(let lease):
      if open[lease]?.holder == incarnation { closeLease(lease, .released, now: now) }
    case .bye:
      if let session = sessions[incarnation] { roster[session.asWorker] = nil }
      endSession(incarnation, how: "bye", now: now)
    }
  }

  private mutating func welcome(_ hello: Hello, from peer: PeerID, sequence: UInt64, now: Double) {
    if let refusal = refusal(of: hello, from: peer, now: now) {
      record(
        .note(kind: "refused", worker: hello.label, detail: "\(refusal.code.rawValue): \(refusal.text)"), now: now)
      return send(.reject(refusal), to: peer)
    }
    if let earlier = sessions[hello.incarnation] {
      // An old HELLO that comes late must not undo what newer messages said.
      guard sequence >= earlier.lastSequence else { return }
      peers[earlier.peer] = nil
    }
    if let other = peers[peer], other != hello.incarnation { sessions[other] = nil }
    var session = WorkerSession(hello, peer: peer, sequence: sequence, now: now)
    session.hasRun = sessions[hello.incarnation]?.hasRun ?? false
    if sessions[hello.incarnation] == nil {
      record(
        .note(
          kind: "joined", worker: session.name,
          detail: "\(hello.host), process \(hello.processID), \(hello.device), build \(hello.build)"), now: now)
    }
    sessions[hello.incarnation] = session
    peers[peer] = hello.incarnation
    roster[session.asWorker] = now
    meet(hello.engine, of: session, now: now)
    send(
      .welcome(
        Welcome(
          run: configuration.run, heartbeatInterval: timings.heartbeatInterval, leaseLifetime: timings.leaseLifetime,
          orphanLimit: timings.orphanLimit, study: configuration.context)),
      to: peer)
    // The worker of another study holds nothing of ours, whatever the numbers say.
    let isOurs = hello.run.isEmpty || hello.run == configuration.run
    for lease in hello.heldLeases {
      if !isOurs || !reconcile(lease, with: hello.incarnation, isSpooled: false, now: now) {
        send(.cancel(lease), to: peer)
      }
    }
    for lease in hello.spooledLeases where isOurs {
      _ = reconcile(lease, with: hello.incarnation, isSpooled: true, now: now)
    }
    noteSuccessor(session, now: now)
    reconsiderLapsed(hello, of: session, now: now)
  }

  /// Notes an engine that is new to this run, in full, so that reports can tell what its digest in results stands for.
  private mutating func meet(_ engine: EngineIdentity?, of session: WorkerSession, now: Double) {
    guard let engine, !engines.contains(engine) else { return }
    engines.append(engine)
    record(.engineNote(engine, worker: session.name), now: now)
  }

  private func refusal(of hello: Hello, from peer: PeerID, now: Double) -> Rejection? {
    let ours = WireLimits.protocolVersions
    guard hello.protocols.overlaps(ours) else {
      return Rejection(
        code: .version,
        text: "The worker speaks protocol \(hello.protocols.lowerBound) to \(hello.protocols.upperBound), "
          + "this coordinator \(ours.lowerBound) to \(ours.upperBound). Use the same version of Coppice for both.")
    }
    if let engine = hello.engine, let pinned = engines.first, engine.digest != pinned.digest,
      !configuration.mixesEngines
    {
      return Rejection(
        code: .engine,
        text:
          "The worker's engine \(engine.digest.short) is not this run's \(pinned.digest.short), so its figures would not be "
          + "the same: \(engine.differences(from: pinned).joined(separator: "; ")). Install the same build of Coppice for all "
          + "workers, or run the search with --mixed-engines.")
    }
    if let twin = sessions[hello.incarnation], twin.peer != peer, !twin.isProcess(of: hello),
      now - twin.lastHeard < timings.suspectAfter
    {
      return Rejection(
        code: .duplicateIncarnation, text: "Process \(twin.processID) on \(twin.host) has this incarnation.")
    }
    return nil
  }

  private mutating func receive(_ ping: Ping, from incarnation: Incarnation, now: Double) {
    guard let session = sessions[incarnation] else { return }
    for progress in ping.leases {
      if reconcile(progress.lease, with: incarnation, isSpooled: false, now: now) {
        open[progress.lease]?.step = progress.step
        open[progress.lease]?.fraction = progress.fraction
        if !progress.step.isEmpty { sessions[incarnation]?.hasRun = true }
      } else {
        send(.cancel(progress.lease), to: session.peer)
      }
    }
    setCredit(ping.freeSlots, of: incarnation)
  }

  /// What a worker says of its free slots may be older than our last grant: the leases that it holds by our books leave
  /// no more than this.
  private mutating func setCredit(_ freeSlots: Int, of incarnation: Incarnation) {
    guard let session = sessions[incarnation] else { return }
    let held = open.values.count { $0.holder == incarnation }
    sessions[incarnation]?.freeSlots = max(0, min(freeSlots, session.slots - held))
  }

  /// The worker is gone for now; what it surely never got is taken back, the rest lives until it expires.
  mutating func connectionLost(_ peer: PeerID, now: Double) {
    guard let incarnation = peers[peer] else { return }
    for id in open.keys.sorted() where open[id]?.holder == incarnation && open[id]?.isConfirmed == false {
      closeLease(id, .withdrawn, now: now)
    }
    peers[peer] = nil
    sessions[incarnation] = nil
  }

  /// The worker process has ended: its leases will bring nothing, unless its successor finds their results on the disk.
  mutating func workerExited(_ processID: UInt32, _ exit: Exit, now: Double) {
    for session in sessions.values.filter({ $0.processID == processID }).sorted(by: { $0.name < $1.name }) {
      let failure = EvaluationFailure(failureClass: .transient, message: "Its worker ended: \(exit).")
      for id in open.keys.sorted() where open[id]?.holder == session.incarnation {
        fail(id, failure, as: .init(workerEnded: exit), ending: .lost, now: now)
      }
      endSession(session.incarnation, how: exit.description, now: now)
    }
  }

  mutating func endSession(_ incarnation: Incarnation, how: String, now: Double) {
    guard let session = sessions[incarnation] else { return }
    for id in open.keys.sorted() where open[id]?.holder == incarnation { closeLease(id, .released, now: now) }
    record(.note(kind: "left", worker: session.name, detail: how), now: now)
    sessions[incarnation] = nil
    peers[session.peer] = nil
  }
}
