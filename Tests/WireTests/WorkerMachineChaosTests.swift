import Foundation
import Launching
import StudyModel
import Support
import Testing
import WireProtocol
import WorkerNode

/// A worker machine against a small coordinator and engine in one simulated world: messages are lost, repeated and held
/// up, engines die, the coordinator restarts. Every evaluation must be counted once, and the clock must not be spun.
@Suite struct WorkerMachineChaosTests {
  /// The world: all randomness from one seed.
  struct World {
    var generator: SeededGenerator
    var machine: WorkerMachine
    var now = 0.0
    /// What will happen, by time; ties in the order of scheduling.
    var agenda: [(time: Double, order: Int, event: Happening)] = []
    var scheduled = 0
    var machineCalls = 0

    // The coordinator's memory; `done`, `epoch` and `nextLease` survive its restarts.
    var epoch: UInt64 = 1
    var known: Incarnation?
    var nextLease: Int64 = 1
    var leases: [LeaseID: (rung: Int, renewed: Double)] = [:]
    var waiting: [Int]
    var done: [Int: Int] = [:]
    var failed: [LeaseID: Int] = [:]
    var freeSlots = 0
    var faults: [String] = []

    // The engine.
    var engineGeneration = 0
    var engineLives = false
    var evaluated: [LeaseID: Int] = [:]
    var spooled: Set<LeaseID> = []
    var isCalm = false

    enum Happening {
      case toWorker(CoordinatorMessage, epoch: UInt64)
      case toCoordinator(WorkerMessage, epoch: UInt64)
      case engine(EngineEvent, generation: Int)
      case engineEnd(Exit, generation: Int)
      case restart
    }

    init(seed: UInt64, evaluations: Int) {
      generator = SeededGenerator(seed: seed, stream: "world")
      machine = WorkerMachine(
        identity: WorkerIdentity(build: "b", host: "h", label: "w", processID: 1, device: "cpu"), seed: seed)
      waiting = Array(0..<evaluations)
    }

    mutating func chance(_ share: Double) -> Bool { !isCalm && generator.uniform() < share }

    mutating func schedule(_ event: Happening, in seconds: Double) {
      scheduled += 1
      agenda.append((now + seconds, scheduled, event))
    }

    /// A link that loses, repeats and delays, and so reorders.
    mutating func transmit(_ event: Happening) {
      if chance(0.15) { return }
      schedule(event, in: 0.01 + (isCalm ? 0 : 3 * generator.uniform() * generator.uniform()))
      if chance(0.1) { schedule(event, in: 10 * generator.uniform()) }
    }

    mutating func feed(_ event: WorkerEvent) {
      machineCalls += 1
      for action in machine.receive(event, now: now) { perform(action) }
    }

    mutating func perform(_ action: WorkerAction) {
      switch action {
      case .openSocket, .log: break
      case .send(let message, let epoch):
        if case .result(let report) = message, !spooled.contains(report.lease) {
          faults.append("lease \(report.lease)'s result was sent before it was safe")
        }
        transmit(.toCoordinator(message, epoch: epoch))
      case .spool(let report, _): spooled.insert(report.lease)
      case .unspool(let lease, _): spooled.remove(lease)
      case .startEngine:
        if engineLives { faults.append("a second engine was started") }
        engineLives = true
        engineGeneration += 1
      case .tellEngine(.study): break
      case .tellEngine(.begin(let assignment)):
        if !engineLives { faults.append("a dead engine was told to begin") }
        evaluate(assignment)
      case .killEngine:
        if !engineLives { faults.append("a dead engine was killed") }
        schedule(.engineEnd(.signal(SIGKILL), generation: engineGeneration), in: 0.05)
      case .exit(let reason):
        if reason != .finished { faults.append("ended with \(reason)") }
      }
    }

    mutating func evaluate(_ assignment: Assignment) {
      evaluated[assignment.lease, default: 0] += 1
      let generation = engineGeneration
      let duration = 1 + 20 * generator.uniform()
      schedule(
        .engine(.progress(lease: assignment.lease, step: "s", fraction: 0.5), generation: generation),
        in: duration / 2)
      switch isCalm ? 9 : generator.integer(below: 10) {
      case 0: schedule(.engineEnd(.signal(SIGSEGV), generation: generation), in: duration)
      case 1: schedule(.engineEnd(.code(1), generation: generation), in: duration)
      case 2:
        schedule(
          .engine(
            .failed(lease: assignment.lease, failureClass: .transient, message: "m", remedy: nil),
            generation: generation), in: duration)
      case 3: break  // Hangs until its limits end it.
      default:
        schedule(
          .engine(
            .result(
              lease: assignment.lease, Example.result(successes: assignment.key.rung),
              retires: assignment.lease.value % 5 == 0), generation: generation),
          in: duration)
      }
    }

    mutating func happen(_ event: Happening) {
      switch event {
      case .toWorker(let message, let epoch):
        feed(.received(Envelope(epoch: epoch, sequence: 0, message: message)))
      case .toCoordinator(let message, let epoch): coordinate(message, epoch: epoch)
      case .engine(let event, let generation):
        if engineLives, generation == engineGeneration { feed(.engineSaid(event)) }
      case .engineEnd(let exit, let generation):
        guard engineLives, generation == engineGeneration else { return }
        engineLives = false
        feed(.engineEnded(exit, logTail: ""))
      case .restart:
        epoch += 1
        known = nil
        freeSlots = 0
      }
    }

    mutating func reply(_ message: CoordinatorMessage) { transmit(.toWorker(message, epoch: epoch)) }

    mutating func coordinate(_ message: WorkerMessage, epoch said: UInt64) {
      if case .hello(let hello) = message {
        known = hello.incarnation
        freeSlots = 0
        for lease in hello.heldLeases where leases[lease] == nil { reply(.cancel(lease)) }
        for lease in hello.heldLeases { leases[lease]?.renewed = now }
        return reply(WorkerMachineTests.Bench.welcome())
      }
      guard known != nil, said == epoch else { return reply(.reject(Rejection(code: .unknownSession, text: ""))) }
      switch message {
      case .hello: break
      case .ready(let ready): freeSlots = ready.freeSlots
      case .ping(let ping):
        freeSlots = ping.freeSlots
        for progress in ping.leases {
          if leases[progress.lease] == nil { reply(.cancel(progress.lease)) }
          leases[progress.lease]?.renewed = now
        }
        reply(.pong)
      case .result(let report):
        guard let rung = (try? report.result())?.measures.accuracy.successes else { return }
        leases[report.lease] = nil
        waiting.removeAll { $0 == rung }
        reply(.resultAcknowledged(report.lease, done[rung] == nil ? .accepted : .duplicate))
        if done[rung] == nil { done[rung] = 1 }
      case .failed(let report):
        reply(.failureAcknowledged(report.lease))
        putBack(report.lease)
      case .release(let lease): putBack(lease)
      case .bye: faults.append("the worker said goodbye")
      }
      grant()
    }

    mutating func putBack(_ lease: LeaseID) {
      guard let entry = leases.removeValue(forKey: lease) else { return }
      if done[entry.rung] == nil { waiting.append(entry.rung) }
    }

    mutating func grant() {
      for (lease, entry) in leases.sorted(by: { $0.key < $1.key }) where now - entry.renewed > 60 {
        putBack(lease)
        reply(.cancel(lease))
      }
      guard freeSlots > 0, !waiting.isEmpty, known != nil else { return }
      freeSlots = 0
      let rung = waiting.removeFirst()
      let lease = LeaseID(nextLease)
      nextLease += 1
      leases[lease] = (rung, now)
      reply(.lease(LeaseGrant(Example.assignment(lease: lease.value, rung: rung, timeLimit: 60))))
    }

    /// Until all is done or `limit` seconds have passed.
    mutating func run(evaluations: Int, limit: Double) {
      feed(.started)
      for _ in 0..<generator.integer(below: 4) { schedule(.restart, in: 400 * generator.uniform()) }
      while done.count < evaluations, now < limit, faults.isEmpty {
        // Rough for a while, then calm, so that everything that can heal must heal.
        isCalm = now > 600
        let next = agenda.indices.min { (agenda[$0].time, agenda[$0].order) < (agenda[$1].time, agenda[$1].order) }
        let deadline = machine.nextDeadline ?? .infinity
        if let next, agenda[next].time <= deadline {
          let item = agenda.remove(at: next)
          now = max(now, item.time)
          happen(item.event)
        } else {
          guard deadline.isFinite else { return }
          now = max(now, deadline)
          feed(.tick)
        }
      }
    }
  }

  @Test func everythingIsCountedOnceWhateverIsLost() {
    let base = UInt64.random(in: 0...UInt64.max / 2)
    var totalCalls = 0
    for offset in UInt64(0)..<300 {
      let seed = base + offset
      var world = World(seed: seed, evaluations: 6)
      world.run(evaluations: 6, limit: 4000)
      #expect(world.faults.isEmpty, "seed \(seed): \(world.faults)")
      #expect(world.done.count == 6, "seed \(seed): stuck at \(world.now) s with \(world.done.count) of 6")
      #expect(world.evaluated.values.allSatisfy { $0 == 1 }, "seed \(seed): a lease was evaluated twice")
      #expect(
        Double(world.machineCalls) < 200 + 20 * world.now, "seed \(seed): \(world.machineCalls) calls in \(world.now) s"
      )
      totalCalls += world.machineCalls
    }
    #expect(totalCalls > 300 * 20)
  }
}
