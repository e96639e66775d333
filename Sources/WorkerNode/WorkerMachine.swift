import StudyModel
import Support
import WireProtocol

/// All decisions of a worker with one slot, without clocks, sockets or processes: the shell feeds it events and performs
/// its actions.
///
/// Times are seconds of one clock that never goes back.
package struct WorkerMachine: Sendable {
  enum Session: Hashable, Sendable {
    case closed
    /// Waiting for a WELCOME; the next HELLO is due.
    case greeting(nextHello: Double)
    case established(nextPing: Double)
  }

  enum Engine: Hashable, Sendable {
    case absent
    case running
    /// Killed, its end not seen yet.
    case ending(Ending)
  }

  /// Why an engine was killed.
  enum Ending: Hashable, Sendable {
    /// Nothing is to be reported.
    case silently
    /// The evaluation failed so; reported with the log's end when the engine has ended. `isDeath` counts to the backoff.
    case failing(EvaluationFailure, isDeath: Bool)
  }

  struct Work: Hashable, Sendable {
    let assignment: Assignment
    /// When the engine was told; nil while it cannot be.
    var begunAt: Double?
    var lastSign = 0.0
    var counter: UInt64 = 0
    var fraction = 0.0
    var step = ""
    /// Both as the coordinator was last told.
    var toldFraction = 0.0
    var toldStep = ""
  }

  /// A report that waits for its acknowledgement.
  struct Outgoing: Hashable, Sendable {
    let message: WorkerMessage
    let isResult: Bool
    var nextSend: Double
    var interval: Double
  }

  let identity: WorkerIdentity
  let timings: WorkerTimings
  var generator: SeededGenerator
  var incarnation: Incarnation
  /// Results that earlier processes of this worker left, by the search that they belong to.
  var inherited: [SpooledResult]

  var session = Session.closed
  /// HELLOs since the last session that proved itself.
  var greetings = 0
  /// The coordinator's start and search that this worker was last welcomed to.
  var epoch: UInt64 = 0
  var run = ""
  var study: StudyContext?
  var heartbeatInterval: Double
  var orphanLimit: Double
  var lastHeard = 0.0
  var lastPing = 0.0
  var isAnnounced = false

  var engine = Engine.absent
  var engineDeaths = 0
  /// Whether the running engine has said anything yet.
  var engineHasSpoken = false
  /// Engines in a row that ended, or were never there, before their first word.
  var failedEngineStarts = 0
  var engineNotBefore = 0.0
  var work: Work?
  var outbox: [LeaseID: Outgoing] = [:]
  /// The latest leases that need nothing more, so that a repeated LEASE does not run again.
  var settled: [LeaseID] = []

  /// Set once the machine has ended; every later event is ignored.
  package private(set) var exit: WorkerExit?
  var actions: [WorkerAction] = []
  private var lastEventAt = 0.0

  package init(
    identity: WorkerIdentity, timings: WorkerTimings = WorkerTimings(), seed: UInt64, spooled: [SpooledResult] = []
  ) {
    self.identity = identity
    self.timings = timings
    generator = SeededGenerator(seed: seed, stream: "worker")
    incarnation = Incarnation(using: &generator)
    inherited = spooled
    heartbeatInterval = timings.heartbeatInterval
    orphanLimit = timings.orphanLimit
  }

  package mutating func receive(_ event: WorkerEvent, now: Double) -> [WorkerAction] {
    guard exit == nil else { return [] }
    actions = []
    if event == .started {
      lastHeard = now
      greet(now: now)
    } else {
      forgiveGap(now: now)
    }
    handle(event, now: now)
    if exit == nil { advance(now: now) }
    lastEventAt = now
    return actions
  }

  /// When a tick is due; nil once the machine has ended.
  package var nextDeadline: Double? {
    guard exit == nil else { return nil }
    var deadlines: [Double] = []
    switch session {
    case .closed: break
    case .greeting(let nextHello): deadlines += [nextHello, lastHeard + orphanLimit]
    case .established(let nextPing):
      deadlines += [nextPing, lastHeard + silenceLimit]
      deadlines += outbox.values.map(\.nextSend)
      if !isAnnounced && work == nil && engine == .absent { deadlines.append(engineNotBefore) }
    }
    if let work {
      if work.begunAt == nil {
        if engine == .absent { deadlines.append(engineNotBefore) }
      } else if engine == .running {
        deadlines.append(workDeadline(work))
      }
    }
    return deadlines.min()
  }

  private mutating func handle(_ event: WorkerEvent, now: Double) {
    switch event {
    case .started, .tick: break
    case .received(let envelope): receive(envelope, now: now)
    case .engineSaid(let event): engineSaid(event, now: now)
    case .engineBroke(let message): engineBroke(message)
    case .engineEnded(let exit, let logTail): engineEnded(exit, logTail: logTail, now: now)
    case .engineStartFailed(let message, let isRetriable):
      engineCannotStart(message, isRetriable: isRetriable, now: now)
    case .stopRequested:
      if let work { send(.release(work.assignment.lease)) }
      send(.bye(.stopping))
      end(.stopped)
    case .lifelineCut: end(.lifelineCut)
    }
  }

  /// What is due by now.
  private mutating func advance(now: Double) {
    advanceEngine(now: now)
    advanceSession(now: now)
  }

  /// A suspended host is not an engine that hangs or a coordinator that left: after a gap all limits get it added.
  private mutating func forgiveGap(now: Double) {
    let expected = max(lastEventAt, nextDeadline ?? now)
    let gap = now - expected
    guard gap > timings.lateLimit else { return }
    actions.append(.log("Woke \(Units.duration(seconds: gap)) late; all limits are extended by as much."))
    lastHeard += gap
    work?.lastSign += gap
    if let begunAt = work?.begunAt { work?.begunAt = begunAt + gap }
  }

  // MARK: - What both halves use

  var silenceLimit: Double { heartbeatInterval * timings.silentHeartbeats }

  mutating func send(_ message: WorkerMessage) {
    actions.append(.send(message, epoch: epoch))
  }

  mutating func end(_ reason: WorkerExit) {
    if engine == .running { actions.append(.killEngine) }
    exit = reason
    actions.append(.exit(reason))
  }

  mutating func settle(_ lease: LeaseID) {
    guard !settled.contains(lease) else { return }
    settled.append(lease)
    if settled.count > 256 { settled.removeFirst() }
  }
}
