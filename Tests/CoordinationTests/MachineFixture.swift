import Coordination
import Foundation
import StudyModel
import StudyStore
import Support
import Testing
import WireProtocol

/// A machine with its journal and workers that say what the test tells them to: for scripts of events.
struct MachineFixture {
  struct ToyWorker {
    let peer: PeerID
    let incarnation: Incarnation
    let name: String
    var processID: UInt32
    var host = "host"
    var sequence: UInt64 = 0
  }

  var machine: CoordinatorMachine
  let journal: InMemoryJournal
  var now = 0.0

  init(
    trials: Int = 4, scans: Int = 0, seconds: Double? = nil, expected: Double? = nil, disk: Int? = nil,
    classCount: Int? = 10, mixesEngines: Bool = false, journal: InMemoryJournal = InMemoryJournal(),
    source: (any TrialSource)? = nil,
    change: (inout CoordinatorTimings) -> Void = { _ in }
  ) throws {
    self.journal = journal
    try journal.commit([.beginEpoch], elapsed: journal.snapshot().elapsed)
    var configuration = CoordinatorMachine.Configuration(
      context: ToyStudy.context(trials: trials, seconds: seconds, expected: expected, disk: disk), run: "run",
      classCount: classCount)
    change(&configuration.timings)
    configuration.evicted = Set(journal.history().filter { $0.kind == "evicted" }.compactMap(\.key))
    configuration.mixesEngines = mixesEngines
    machine = CoordinatorMachine(
      configuration, snapshot: journal.snapshot(), source: source ?? ToySource(count: trials, scanCount: scans), now: 0)
  }

  var epoch: UInt64 { UInt64(machine.snapshot.epoch) }

  /// Performs one event, checks the state, stores what is to be stored, and returns the rest of the actions.
  mutating func perform(_ event: CoordinatorEvent, after delay: Double = 0) throws -> [CoordinatorAction] {
    now += delay
    var actions = machine.receive(event, now: now)
    #expect(machine.sanityCheck().isEmpty)
    if case .commit(let changes, let elapsed)? = actions.first {
      try journal.commit(changes, elapsed: elapsed)
      actions.removeFirst()
      #expect(journal.snapshot() == machine.snapshot)
    }
    // Nothing may be stored after something was said.
    #expect(!actions.contains { if case .commit = $0 { true } else { false } })
    return actions
  }

  mutating func say(_ message: WorkerMessage, by worker: inout ToyWorker, after delay: Double = 0) throws
    -> [CoordinatorMessage]
  {
    worker.sequence += 1
    let isHello = if case .hello = message { true } else { false }
    let envelope = Envelope(epoch: isHello ? 0 : epoch, sequence: worker.sequence, message: message)
    return Self.messages(in: try perform(.message(envelope, from: worker.peer), after: delay), to: worker.peer)
  }

  static func messages(in actions: [CoordinatorAction], to peer: PeerID) -> [CoordinatorMessage] {
    actions.compactMap { if case .send(let message, peer) = $0 { message } else { nil } }
  }

  static func worker(_ number: UInt8, host: String = "host") -> ToyWorker {
    process(number, of: "worker-\(number)", host: host)
  }

  /// A process with a number of its own that bears a worker's name.
  static func process(_ number: UInt8, of name: String, host: String = "host") -> ToyWorker {
    ToyWorker(
      peer: PeerID([number]), incarnation: Incarnation(bytes: [UInt8](repeating: number, count: 16))!, name: name,
      processID: UInt32(number), host: host)
  }

  static func hello(
    _ worker: ToyWorker, held: [LeaseID] = [], spooled: [LeaseID] = [], run: String = "", engine: EngineIdentity? = nil
  ) -> WorkerMessage {
    .hello(
      Hello(
        build: "0", incarnation: worker.incarnation, host: worker.host, label: worker.name, processID: worker.processID,
        device: "cpu", slots: 1, run: run, heldLeases: held, spooledLeases: spooled, engine: engine))
  }

  /// A worker that said HELLO and READY, and the assignment that it got for it.
  mutating func join(_ number: UInt8, host: String = "host") throws -> (ToyWorker, Assignment?) {
    try join(Self.worker(number, host: host))
  }

  mutating func join(_ joining: ToyWorker) throws -> (ToyWorker, Assignment?) {
    var worker = joining
    let answers = try say(Self.hello(worker), by: &worker)
    #expect(answers.contains { if case .welcome = $0 { true } else { false } })
    return (worker, Self.assignment(in: try say(.ready(Ready(freeSlots: 1)), by: &worker)))
  }

  static func assignment(in messages: [CoordinatorMessage]) -> Assignment? {
    for case .lease(let grant) in messages { return grant.assignment }
    return nil
  }

  func failures(of key: EvaluationKey) -> [FailedAttempt] { machine.snapshot.evaluations[key]?.failures ?? [] }
  func status(of key: EvaluationKey) -> EvaluationStatus? { machine.snapshot.evaluations[key]?.record.status }

  /// Reports the assignment's result and asks for more.
  mutating func finish(_ assignment: Assignment, by worker: inout ToyWorker) throws -> Assignment? {
    let report = try ResultReport(lease: assignment.lease, result: ToyStudy.result(assignment))
    let answers = try say(.result(report), by: &worker, after: 1)
    #expect(answers.contains(.resultAcknowledged(assignment.lease, .accepted)))
    return Self.assignment(in: try say(.ready(Ready(freeSlots: 1)), by: &worker))
  }

  /// Joins a worker and finishes the baseline with it.
  mutating func begin() throws -> (ToyWorker, Assignment) {
    var (worker, baseline) = try join(1)
    let first = try finish(try #require(baseline), by: &worker)
    return (worker, try #require(first))
  }
}
