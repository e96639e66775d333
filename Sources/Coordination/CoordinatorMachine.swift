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
    /// Evaluations whose checkpoints earlier coordinators removed, by the history: what else is missing was lost.
    package var evicted: Set<EvaluationKey> = []
    /// Workers of several engines may take part in one run.
    package var mixesEngines = false

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
    case baseline, scan, search, sealedTest, ended
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
  /// When each worker was last heard of, also of those that have no session now.
  var roster: [FailureRule.Worker: Double] = [:]
  /// Evaluations whose next attempt must have its host for itself.
  var lonely: Set<EvaluationKey> = []
  /// The host that is kept free for one of them.
  var quietHost: String?
  /// The last lease of each worker, by name, that ran and then was not heard of any more.
  var lapsed: [String: FailedAttempt] = [:]
  /// The engines of this run's workers, the first of which pins the run's unless engines may be mixed.
  var engines: [EngineIdentity] = []
  /// When waiting evaluations may be leased again; absent means now.
  var notBefore: [EvaluationKey: Double] = [:]
  /// Evaluations that failed, by report, since the last success.
  var failureStreak: Set<EvaluationKey> = []
  /// The source had nothing to say; it is asked again after the next result.
  var sourceRests = false
  /// Why there is no more new work, once that is for good; from the start where an earlier run saw the search end. What waits
  /// then (its result was damaged) is still done.
  var searchEnding: SearchEnding?
  /// Since when no new work is given because the time is over.
  var drainingSince: Double?
  var storage = StorageState()
  /// What stopped the search, for its record: the name of a signal.
  package var stopDetail = ""

  private let startElapsed: Double
  private(set) var startedAt: Double
  private var lastEvent: Double
  private var lastCommit: Double
  private var changes: [StudyChange] = []
  private var messages: [(CoordinatorMessage, PeerID)] = []

  /// Takes over a study in the state that its store has after the new epoch began.
  package init(_ configuration: Configuration, snapshot: StudySnapshot, source: any TrialSource, now: Double) {
    self.configuration = configuration
    timings = configuration.timings
    self.source = source
    self.snapshot = snapshot
    searchEnding = snapshot.searchEnding
    retries = RetryPolicy(timings: configuration.timings, seed: configuration.context.spec.seed)
    startElapsed = snapshot.elapsed
    (startedAt, lastEvent, lastCommit) = (now, now, now)
    storage.evicted = configuration.evicted
    breakers = WorkerBreaker.breakers(after: snapshot)
    // Those of the last run will be back, most likely; on which host, they will say.
    for lease in snapshot.leases.values where lease.epoch == snapshot.epoch - 1 {
      roster[FailureRule.Worker(name: lease.worker, host: "")] = now
    }
    for (key, evaluation) in snapshot.evaluations where evaluation.record.status != .done {
      if FailureRule(evaluation.failures).mustRunAlone { lonely.insert(key) }
    }
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
    case .workerExited(let processID, let exit): workerExited(processID, exit, now: now)
    case .stopRequested: stop()
    case .storage(let report): receive(report, now: now)
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
    switch outcome {
    case .finished: record(.endRun(.finished, detail: ""), now: lastEvent)
    case .stopped: record(.endRun(.stopped, detail: stopDetail), now: lastEvent)
    case .failed(let error): record(.endRun(.failed, detail: error.message), now: lastEvent)
    }
  }

  // MARK: - Steps

  /// A clock that jumped by more than a lease's lifetime means that this process was stopped, not its workers: nothing may
  /// expire by it, and the search's time did not pass.
  private mutating func absorbSuspension(_ now: Double) {
    let gap = now - lastEvent
    lastEvent = max(lastEvent, now)
    guard gap > timings.leaseLifetime else { return }
    startedAt += gap
    for id in open.keys {
      open[id]?.expiresAt += gap
      open[id]?.successorAt? += gap
    }
    for id in sessions.keys { sessions[id]?.lastHeard += gap }
    for worker in roster.keys { roster[worker]? += gap }
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
    if !storage.leaving.isEmpty { actions.append(.evict(storage.leaving)) }
    storage.leaving = []
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
