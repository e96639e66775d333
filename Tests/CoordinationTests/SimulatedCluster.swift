import Coordination
import Foundation
import Launching
import StudyModel
import StudyStore
import Support
import WireProtocol
import WorkerNode

/// A coordinator and its workers on a clock, a network and disks of their own, all in one thread and by one seed.
///
/// Both sides run their real machines. Messages may be lost, doubled, delayed and overtaken; workers, engines and the coordinator
/// die and come back: a worker with its spool, the coordinator with its journal. After `healsAt` nothing more goes wrong, but for
/// what is wrong with a plan or a worker.
///
/// The world kills one evaluation's process twice at most: what is killed a third time, with its host to itself, is the
/// evaluation's fault by the rule, and no rule could tell.
struct SimulatedCluster {
  /// What a plan does to whoever runs it, wherever and whenever that is.
  enum Poison: Hashable {
    /// Its engine reports a failure.
    case engine
    /// Its worker's process is killed.
    case worker
    /// Its host goes down with all workers.
    case host
  }

  struct Faults {
    var loss = 0.0
    var duplication = 0.0
    var delay = 0.001
    /// Mean seconds between deaths; 0 for never.
    var workerDeaths = 0.0
    var engineDeaths = 0.0
    var coordinatorDeaths = 0.0
    /// Stops a process for a while, as SIGSTOP does.
    var pauses = 0.0
    /// Networks that vanish from the disk.
    var losses = 0.0
    /// Ends all workers of a host at once, which are back after up to two minutes.
    var hostRestarts = 0.0
    /// A worker on which every engine dies at once, for ever.
    var hasBlackHole = false
    /// A trial whose plan always fails.
    var poison: (trial: TrialID, kind: Poison)?
    var healsAt = 600.0

    static let none = Faults()
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private final class Worker {
    let number: Int
    let host: String
    var machine: WorkerMachine?
    var processID: UInt32 = 0
    var peer = PeerID([])
    var sequence: UInt64 = 0
    var spool: [LeaseID: SpooledResult] = [:]
    var assignment: Assignment?
    var hasEngine = false
    var evaluationsBegun = 0
    var busy = 0
    /// The network to start from was not there.
    var lacksParent = false
    var pausedUntil = 0.0

    var name: String { "worker-\(number)" }

    init(_ number: Int, host: String) {
      self.number = number
      self.host = host
    }
  }

  private enum Event {
    case toCoordinator(Data, from: PeerID)
    case toWorker(Data, peer: PeerID)
    case workerTick(Int)
    case workerStart(Int)
    case engineDone(Int, run: Int)
    case engineProgress(Int, run: Int)
    case poisonActs(Int, run: Int)
    case engineEnded(Int, Exit)
    case coordinatorTick
    case coordinatorStart
    case childExit(UInt32)
    case killWorker, killEngine, killCoordinator, restartHost, pause, loseNetwork
  }

  let faults: Faults
  let journal = InMemoryJournal()
  private(set) var acknowledged: [EvaluationKey: Digest] = [:]
  private(set) var coordinatorDeaths = 0
  private(set) var workerDeaths = 0
  private(set) var evaluationsBegun = 0
  /// How often each evaluation was begun, and how often the world killed what ran it.
  private(set) var begun: [EvaluationKey: Int] = [:]
  private(set) var kills: [EvaluationKey: Int] = [:]
  private(set) var messages = 0
  private(set) var endedAt: Double?
  /// Nil leaves the disk out.
  private(set) var disk: SimulatedDisk?

  private let context: StudyContext
  private let trialCount: Int
  private let scanCount: Int
  /// Whose plans are run in the place of numbers; nil for numbers.
  private let sweep: StudySpec?
  private let evaluationTime: ClosedRange<Double>
  private var generator: SeededGenerator
  private var queue: [(time: Double, order: Int, event: Event)] = []
  private var order = 0
  private var now = 0.0
  private var workers: [Worker]
  private var nextProcess: UInt32 = 100
  private var nextPeer = 0
  private var machine: CoordinatorMachine?
  private var machinePausedUntil = 0.0
  private var sequence: UInt64 = 0
  private var outcome: StudyOutcome?

  init(
    seed: UInt64, workers: Int, hosts: Int = 1, trials: Int, scans: Int = 0, faults: Faults,
    evaluationTime: ClosedRange<Double> = 1...20, quota: Int? = nil, sweep: StudySpec? = nil
  ) {
    self.faults = faults
    self.sweep = sweep
    var context = ToyStudy.context(trials: trials, disk: quota)
    if let sweep { context.spec = sweep }
    self.context = context
    disk = quota.map { _ in SimulatedDisk(dense: context.network) }
    trialCount = trials
    scanCount = scans
    self.evaluationTime = evaluationTime
    generator = SeededGenerator(seed: seed, stream: "cluster")
    self.workers = (0..<workers).map { Worker($0, host: "host-\($0 % hosts)") }
  }

  /// Runs to the study's end; throws on any broken invariant, or when it takes longer than `limit` seconds of its clock.
  mutating func run(limit: Double) throws -> StudyOutcome {
    schedule(.coordinatorStart, after: 0)
    for worker in workers { schedule(.workerStart(worker.number), after: 0.1) }
    plan(.killWorker, mean: faults.workerDeaths)
    plan(.killEngine, mean: faults.engineDeaths)
    plan(.killCoordinator, mean: faults.coordinatorDeaths)
    plan(.restartHost, mean: faults.hostRestarts)
    plan(.pause, mean: faults.pauses)
    plan(.loseNetwork, mean: faults.losses)
    while outcome == nil {
      guard !queue.isEmpty else { throw Failure(description: "nothing is left to happen at \(now)") }
      let next = pop()
      now = max(now, next.time)
      guard now < limit else { throw Failure(description: stuckText) }
      try handle(next.event)
    }
    endedAt = now
    try checkAcknowledged()
    return outcome ?? .stopped
  }

  private var stuckText: String {
    let open = machine?.snapshot.evaluations.values.filter { $0.record.status != .done } ?? []
    let lines = open.map { "\($0.record.key) \($0.record.status) \($0.failures) lease \($0.openLease?.value ?? -1)" }
    return "still \(machine?.phase.rawValue ?? "dead") at \(now): \(lines.joined(separator: "; "))"
  }

  // MARK: - Events

  private mutating func handle(_ event: Event) throws {
    switch event {
    case .toCoordinator(let frame, let peer):
      if postponed(event, until: machinePausedUntil) { return }
      guard let envelope = try? WorkerMessage.decode(frame) else { throw Failure(description: "undecodable") }
      guard case .result(let report) = envelope.message, let disk else {
        return try tell(.message(envelope, from: peer))
      }
      try disk.check(report, journal.snapshot())
      try tell(.message(envelope, from: peer))
      try tell(.storage(disk.report))
    case .toWorker(let frame, let peer):
      guard let worker = workers.first(where: { $0.peer == peer && $0.machine != nil }) else { return }
      if postponed(event, until: worker.pausedUntil) { return }
      try tell(worker, .received(try CoordinatorMessage.decode(frame)))
    case .workerTick(let number):
      if postponed(event, until: workers[number].pausedUntil) { return }
      try tell(workers[number], .tick)
    case .workerStart(let number): try startWorker(workers[number])
    case .engineDone(let number, let run):
      let worker = workers[number]
      guard worker.hasEngine, worker.evaluationsBegun == run, let assignment = worker.assignment else { return }
      if postponed(event, until: worker.pausedUntil) { return }
      worker.assignment = nil
      if worker.lacksParent {
        try tell(
          worker,
          .engineSaid(
            .failed(lease: assignment.lease, failureClass: .checkpointGone, message: "It is gone.", remedy: nil)))
      } else {
        let result = ToyStudy.result(assignment)
        disk?.store(result)
        try tell(worker, .engineSaid(.result(lease: assignment.lease, result)))
      }
    case .engineProgress(let number, let run):
      let worker = workers[number]
      guard worker.hasEngine, worker.evaluationsBegun == run, let assignment = worker.assignment else { return }
      if postponed(event, until: worker.pausedUntil) { return }
      try tell(worker, .engineSaid(.progress(lease: assignment.lease, step: "toy", fraction: 0.5)))
    case .poisonActs(let number, let run):
      let worker = workers[number]
      guard worker.hasEngine, worker.evaluationsBegun == run, let assignment = worker.assignment else { return }
      if postponed(event, until: worker.pausedUntil) { return }
      switch faults.poison?.kind {
      case .worker: kill(worker)
      case .host: restartHost(worker.host)
      case .engine, nil:
        worker.assignment = nil
        let said = EngineEvent.failed(
          lease: assignment.lease, failureClass: .deterministic, message: "The plan is poison.", remedy: nil)
        try tell(worker, .engineSaid(said))
      }
    case .engineEnded(let number, let exit):
      try tell(workers[number], .engineEnded(exit, logTail: ""))
    case .coordinatorTick:
      if postponed(event, until: machinePausedUntil) { return }
      // One event, since each is answered by the next tick; a look at the disk is a tick as well.
      if machine != nil { try tell(disk.map { .storage($0.report) } ?? .tick) }
    case .coordinatorStart: try startCoordinator()
    case .childExit(let processID): try tell(.workerExited(processID: processID, .signal(9)))
    case .killWorker:
      if let worker = workers.randomElement(using: &generator), mayKill([worker]) { kill(worker) }
      plan(.killWorker, mean: faults.workerDeaths)
    case .killEngine:
      if let worker = workers.randomElement(using: &generator), worker.hasEngine, mayKill([worker]) {
        endEngine(of: worker)
        schedule(.engineEnded(worker.number, .signal(9)), after: 0)
      }
      plan(.killEngine, mean: faults.engineDeaths)
    case .restartHost:
      if let host = workers.randomElement(using: &generator)?.host, mayKill(workers.filter { $0.host == host }) {
        restartHost(host)
      }
      plan(.restartHost, mean: faults.hostRestarts)
    case .killCoordinator:
      killCoordinator()
      plan(.killCoordinator, mean: faults.coordinatorDeaths)
    case .pause:
      let end = now + 120 * generator.uniform()
      if generator.integer(below: 4) == 0 {
        machinePausedUntil = end
      } else if let worker = workers.randomElement(using: &generator) {
        worker.pausedUntil = end
      }
      plan(.pause, mean: faults.pauses)
    case .loseNetwork:
      let snapshot = journal.snapshot()
      disk?.loseOne(of: snapshot, using: &generator)
      plan(.loseNetwork, mean: faults.losses)
    }
  }

  /// Counts a blow of the world against the evaluations that it hits, by the workers' knowledge or the coordinator's; false where
  /// one of them has had its share, or nothing lives.
  private mutating func mayKill(_ victims: [Worker]) -> Bool {
    let living = victims.filter { $0.machine != nil }
    let names = Set(living.map(\.name))
    let leased = journal.snapshot().leases.values.filter { $0.ending == nil && names.contains($0.worker) }.map(\.key)
    let hit = Set(living.compactMap { $0.assignment?.key } + leased)
    guard !living.isEmpty, hit.allSatisfy({ kills[$0, default: 0] < 2 }) else { return false }
    for key in hit { kills[key, default: 0] += 1 }
    return true
  }

  private mutating func plan(_ event: Event, mean: Double) {
    guard mean > 0 else { return }
    let wait = -log(1 - generator.uniform()) * mean
    if now + wait < faults.healsAt { schedule(event, after: wait) }
  }

  private mutating func postponed(_ event: Event, until end: Double) -> Bool {
    guard now < end else { return false }
    schedule(event, after: end - now)
    return true
  }

  // MARK: - The coordinator

  private mutating func startCoordinator() throws {
    // As the store does when it is opened: the epoch is on the disk before anybody is spoken to.
    try journal.commit([.beginEpoch], elapsed: journal.snapshot().elapsed)
    var configuration = CoordinatorMachine.Configuration(context: context, run: "toy run", classCount: 10)
    configuration.timings.evaluationLimit = 1000
    let source: any TrialSource =
      if let sweep {
        PolicySource(spec: sweep, groups: [])
      } else if disk == nil {
        ToySource(count: trialCount, scanCount: scanCount)
      } else {
        NarrowSource(count: trialCount)
      }
    machine = CoordinatorMachine(configuration, snapshot: journal.snapshot(), source: source, now: now)
    sequence = 0
    try tell(.tick)
  }

  private mutating func killCoordinator() {
    guard machine != nil else { return }
    machine = nil
    coordinatorDeaths += 1
    schedule(.coordinatorStart, after: 5 * generator.uniform())
  }

  private mutating func tell(_ event: CoordinatorEvent) throws {
    guard var current = machine else { return }
    let actions = current.receive(event, now: now)
    let faultsFound = current.sanityCheck()
    guard faultsFound.isEmpty else { throw Failure(description: faultsFound.joined(separator: "; ")) }
    machine = current
    // The coordinator may die before each single action.
    let mortal = faults.coordinatorDeaths > 0 && now < faults.healsAt
    for action in actions {
      if mortal, generator.integer(below: 400) == 0 { return killCoordinator() }
      switch action {
      case .commit(let changes, let elapsed):
        try journal.commit(changes, elapsed: elapsed)
        guard journal.snapshot() == current.snapshot else {
          throw Failure(description: "the stored state differs after \(changes)")
        }
      case .send(let message, let peer):
        sequence += 1
        try note(message)
        let frame = try message.encode(epoch: UInt64(current.snapshot.epoch), sequence: sequence)
        transmit { .toWorker(frame, peer: peer) }
      case .evict(let digests):
        let snapshot = journal.snapshot()
        try disk?.evict(digests, snapshot)
      case .end(let ending): outcome = ending
      }
    }
    if let deadline = machine?.nextDeadline { schedule(.coordinatorTick, after: max(0.001, deadline - now)) }
  }

  /// The first two invariants: what is acknowledged is on the disk at that moment, and stays what it is.
  private mutating func note(_ message: CoordinatorMessage) throws {
    guard case .resultAcknowledged(let lease, let status) = message, status == .accepted else { return }
    let stored = journal.snapshot()
    guard let key = stored.leases[lease]?.key, let digest = stored.evaluations[key]?.resultDigest else {
      throw Failure(description: "lease \(lease) was acknowledged before it was stored")
    }
    guard acknowledged.updateValue(digest, forKey: key) == nil else {
      throw Failure(description: "\(key) was accepted twice")
    }
  }

  private func checkAcknowledged() throws {
    let stored = journal.snapshot()
    for (key, digest) in acknowledged where stored.evaluations[key]?.resultDigest != digest {
      throw Failure(description: "the acknowledged result of \(key) is gone or another")
    }
    let accepted = journal.history().filter { $0.kind == "accepted" }.compactMap(\.key)
    guard Set(accepted).count == accepted.count else { throw Failure(description: "a result was stored twice") }
  }

  // MARK: - Workers

  private mutating func startWorker(_ worker: Worker) throws {
    nextProcess += 1
    worker.processID = nextProcess
    worker.machine = WorkerMachine(
      identity: WorkerIdentity(
        build: "0", host: worker.host, label: worker.name, processID: nextProcess, device: "cpu"),
      seed: generator.next(), spooled: worker.spool.values.sorted { $0.report.lease < $1.report.lease })
    worker.sequence = 0
    try tell(worker, .started)
  }

  private mutating func kill(_ worker: Worker) {
    end(worker)
    // Sometimes the parent sees it at once, sometimes there is no parent to see it.
    if generator.integer(below: 2) == 0 { schedule(.childExit(worker.processID), after: 0.01) }
    schedule(.workerStart(worker.number), after: 10 * generator.uniform())
  }

  /// Nobody is left there to tell of it; a restart takes longer than a lease lives, or not.
  private mutating func restartHost(_ host: String) {
    let isBackAfter = 5 + 115 * generator.uniform()
    for worker in workers where worker.host == host && worker.machine != nil {
      end(worker)
      schedule(.workerStart(worker.number), after: isBackAfter + generator.uniform())
    }
  }

  private mutating func end(_ worker: Worker) {
    worker.machine = nil
    worker.pausedUntil = 0
    workerDeaths += 1
    endEngine(of: worker)
  }

  private func endEngine(of worker: Worker) {
    worker.hasEngine = false
    worker.assignment = nil
    worker.evaluationsBegun += 1
  }

  private mutating func tell(_ worker: Worker, _ event: WorkerEvent) throws {
    guard worker.machine != nil else { return }
    let actions = worker.machine?.receive(event, now: now) ?? []
    let mortal = faults.workerDeaths > 0 && now < faults.healsAt
    for action in actions {
      if mortal, generator.integer(below: 2000) == 0, mayKill([worker]) { return kill(worker) }
      try perform(action, of: worker)
    }
    if let deadline = worker.machine?.nextDeadline {
      schedule(.workerTick(worker.number), after: max(0.001, deadline - now))
    }
  }

  private mutating func perform(_ action: WorkerAction, of worker: Worker) throws {
    switch action {
    case .openSocket:
      nextPeer += 1
      worker.peer = PeerID(Array("peer \(nextPeer)".utf8))
    case .send(let message, let epoch):
      worker.sequence += 1
      let frame = try message.encode(epoch: epoch, sequence: worker.sequence)
      let peer = worker.peer
      transmit { .toCoordinator(frame, from: peer) }
    case .spool(let report, let run): worker.spool[report.lease] = SpooledResult(run: run, report: report)
    case .unspool(let lease, _): worker.spool[lease] = nil
    case .startEngine: worker.hasEngine = true
    case .tellEngine(.study): break
    case .tellEngine(.begin(let assignment)):
      worker.assignment = assignment
      worker.lacksParent = disk?.begin(assignment) == false
      worker.evaluationsBegun += 1
      evaluationsBegun += 1
      begun[assignment.key, default: 0] += 1
      if faults.hasBlackHole, worker.number == 0 {
        endEngine(of: worker)
        schedule(.engineEnded(worker.number, .code(1)), after: 0.2)
        return
      }
      let time =
        evaluationTime.lowerBound + (evaluationTime.upperBound - evaluationTime.lowerBound) * generator.uniform()
      schedule(.engineProgress(worker.number, run: worker.evaluationsBegun), after: time / 2)
      let isPoison = faults.poison.map { $0.trial == assignment.key.trial } ?? false
      schedule(
        isPoison
          ? .poisonActs(worker.number, run: worker.evaluationsBegun)
          : .engineDone(worker.number, run: worker.evaluationsBegun), after: time)
    case .killEngine:
      endEngine(of: worker)
      schedule(.engineEnded(worker.number, .signal(9)), after: 0.01)
    case .log: break
    case .exit(let reason):
      worker.machine = nil
      // A worker that is still needed is started again, as a coordinator does with its children.
      if reason != .finished { schedule(.workerStart(worker.number), after: 1) }
    }
  }

  // MARK: - The network and the clock

  private mutating func transmit(_ event: () -> Event) {
    messages += 1
    let isFaulty = now < faults.healsAt
    let copies = isFaulty && generator.uniform() < faults.duplication ? 2 : 1
    for _ in 0..<copies {
      if isFaulty, generator.uniform() < faults.loss { continue }
      schedule(event(), after: isFaulty ? faults.delay * (0.1 + generator.uniform()) : 0.001)
    }
  }

  private mutating func schedule(_ event: Event, after delay: Double) {
    order += 1
    queue.append((now + delay, order, event))
    var child = queue.count - 1
    while child > 0, isBefore(child, (child - 1) / 2) {
      queue.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func pop() -> (time: Double, order: Int, event: Event) {
    queue.swapAt(0, queue.count - 1)
    let first = queue.removeLast()
    var parent = 0
    while true {
      let children = [2 * parent + 1, 2 * parent + 2].filter { $0 < queue.count }
      guard let least = children.min(by: { isBefore($0, $1) }), isBefore(least, parent) else { break }
      queue.swapAt(parent, least)
      parent = least
    }
    return first
  }

  private func isBefore(_ left: Int, _ right: Int) -> Bool {
    (queue[left].time, queue[left].order) < (queue[right].time, queue[right].order)
  }
}
