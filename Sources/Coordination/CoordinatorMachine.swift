import Foundation
import StudyModel
import StudyStore
import Support
import WireProtocol

/// The coordinator's decisions as a value: events in, actions out, no clock, no socket, no disk of its own.
///
/// What must survive a crash is a `StudySnapshot`, changed only through `record`, which notes the same change for the
/// commit that is the first action of the event; so the stored state and this one never differ. What is lost with the
/// process (sessions, expiry times, back-off) can be.
package struct CoordinatorMachine {
  /// What the machine is told about the study.
  package struct Configuration: Sendable {
    package var context: StudyContext
    package var run: String
    /// The data's number of classes, by which a network near chance is known; nil does not check.
    package var classCount: Int?
    package var timings: CoordinatorTimings

    package init(
      context: StudyContext, run: String, classCount: Int? = nil, timings: CoordinatorTimings = .embedded
    ) {
      self.context = context
      self.run = run
      self.classCount = classCount
      self.timings = timings
    }
  }

  package enum Phase: String, Hashable, Sendable {
    case baseline, search, sealedTest, ended
  }

  let configuration: Configuration
  package let timings: CoordinatorTimings
  let source: any TrialSource
  let retries: RetryPolicy

  package internal(set) var snapshot: StudySnapshot
  package internal(set) var phase = Phase.baseline
  package internal(set) var outcome: StudyOutcome?

  var sessions: [Incarnation: WorkerSession] = [:]
  var peers: [PeerID: Incarnation] = [:]
  var open: [LeaseID: OpenLease] = [:]
  var breakers: [String: WorkerBreaker] = [:]
  /// When waiting evaluations may be leased again; absent means now.
  var notBefore: [EvaluationKey: Double] = [:]
  /// Evaluations that failed, by report, since the last success.
  var failureStreak: Set<EvaluationKey> = []
  /// The source had nothing to say; it is asked again after the next result.
  var sourceRests = false
  var sourceIsFinished = false
  /// Since when no new work is given because the time is over.
  var drainingSince: Double?

  private let startElapsed: Double
  private var startedAt: Double
  private var lastEvent: Double
  private var lastCommit: Double
  private var changes: [StudyChange] = []
  private var messages: [(CoordinatorMessage, PeerID)] = []

  /// Takes over a study in the state that its store has after the new epoch began.
  package init(_ configuration: Configuration, snapshot: StudySnapshot, source: some TrialSource, now: Double) {
    self.configuration = configuration
    timings = configuration.timings
    self.source = source
    self.snapshot = snapshot
    retries = RetryPolicy(timings: configuration.timings, seed: configuration.context.spec.seed)
    startElapsed = snapshot.elapsed
    (startedAt, lastEvent, lastCommit) = (now, now, now)
    let grace = configuration.timings.restartGrace
    if grace > 0 {
      // Open leases were released a moment ago; their workers may be computing still.
      let last = snapshot.leases.values.filter { $0.ending == .released && $0.epoch == snapshot.epoch - 1 }
      for lease in last { notBefore[lease.key] = now + grace }
    }
  }

  package var spec: StudySpec { configuration.context.spec }

  /// Takes in one event. `now` is in seconds of a clock that never goes back and counts suspended time too.
  package mutating func receive(_ event: CoordinatorEvent, now: Double) -> [CoordinatorAction] {
    guard outcome == nil else { return farewell(to: event) }
    absorbSuspension(now)
    switch event {
    case .message(let envelope, let peer): receive(envelope, from: peer, missing: nil, now: now)
    case .incompleteResult(let envelope, let peer, let missing):
      receive(envelope, from: peer, missing: missing, now: now)
    case .undeliverable(let peer): connectionLost(peer, now: now)
    case .workerExited(let processID, let how): workerExited(processID, how: how, now: now)
    case .stopRequested: stop()
    case .tick: break
    }
    if outcome == nil { expire(now: now) }
    if outcome == nil { advance(now: now) }
    return flush(now: now)
  }

  /// When the machine wants a tick at the latest, or nil once the study has ended.
  package var nextDeadline: Double? {
    guard outcome == nil else { return nil }
    // The bookkeeping is a tick that comes in any case; only what is still ahead may ask for an earlier one.
    var deadlines = open.values.flatMap { [$0.expiresAt, $0.grantedAt + timings.grantLimit] }
    deadlines += notBefore.values
    if let seconds = spec.budget.seconds { deadlines.append(startedAt + seconds - startElapsed) }
    return deadlines.filter { $0 > lastEvent }.reduce(lastCommit + timings.bookkeepingInterval, min)
  }

  /// Seconds during which a coordinator ran, suspensions left out.
  package func elapsed(at now: Double) -> Double { startElapsed + max(0, now - startedAt) }

  // MARK: - For the facets of this type

  /// Changes the durable state, now in memory and with this event's commit on the disk.
  mutating func record(_ change: StudyChange, now: Double) {
    do {
      try snapshot.apply(change, at: elapsed(at: now))
      changes.append(change)
    } catch {
      end(.failed(CoordinationError(.inconsistent, "The coordinator's state contradicts itself: \(error)")))
    }
  }

  mutating func send(_ message: CoordinatorMessage, to peer: PeerID) { messages.append((message, peer)) }

  mutating func end(_ outcome: StudyOutcome) {
    guard self.outcome == nil else { return }
    self.outcome = outcome
    phase = .ended
  }

  // MARK: - Steps

  /// A clock that jumped by more than a lease's lifetime means that this process was stopped, not its workers: nothing may
  /// expire by it, and the search's time did not pass.
  private mutating func absorbSuspension(_ now: Double) {
    let gap = now - lastEvent
    lastEvent = max(lastEvent, now)
    guard gap > timings.leaseLifetime else { return }
    startedAt += gap
    for id in open.keys { open[id]?.expiresAt += gap }
    for id in sessions.keys { sessions[id]?.lastHeard += gap }
    for key in notBefore.keys { notBefore[key]? += gap }
    for name in breakers.keys { breakers[name]?.extend(by: gap) }
    drainingSince = drainingSince.map { $0 + gap }
    record(.note(kind: "suspended", detail: Units.duration(seconds: gap)), now: now)
  }

  private mutating func flush(now: Double) -> [CoordinatorAction] {
    var actions: [CoordinatorAction] = []
    if !changes.isEmpty || now - lastCommit >= timings.bookkeepingInterval || outcome != nil {
      actions.append(.commit(changes, elapsed: elapsed(at: now)))
      snapshot.passTime(to: elapsed(at: now))
      lastCommit = now
    }
    actions += messages.map { .send($0.0, to: $0.1) }
    if let outcome {
      let reason: ByeReason = outcome == .finished ? .finished : .stopping
      actions += peers.keys.sorted().map { .send(.bye(reason), to: $0) }
      actions.append(.end(outcome))
    }
    changes = []
    messages = []
    return actions
  }

  private func farewell(to event: CoordinatorEvent) -> [CoordinatorAction] {
    guard case .message(_, let peer) = event else { return [] }
    return [.send(.bye(outcome == .finished ? .finished : .stopping), to: peer)]
  }

  private mutating func stop() {
    for id in open.keys.sorted() { closeLease(id, .released, now: lastEvent) }
    end(.stopped)
  }
}
