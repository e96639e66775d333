import Foundation
import Launching
import StudyModel
import Support
import Testing
import WireProtocol
import WorkerNode

/// Event scripts and the actions that they must bring.
@Suite struct WorkerMachineTests {
  /// A machine on a clock that the test moves.
  struct Bench {
    var machine: WorkerMachine
    var now = 100.0

    init(timings: WorkerTimings = WorkerTimings(), seed: UInt64 = 1, spooled: [SpooledResult] = []) {
      machine = WorkerMachine(
        identity: WorkerIdentity(build: "b", host: "h", label: "w", processID: 1, device: "cpu"), timings: timings,
        seed: seed, spooled: spooled)
    }

    mutating func feed(_ event: WorkerEvent) -> [WorkerAction] { machine.receive(event, now: now) }

    mutating func hear(_ message: CoordinatorMessage, epoch: UInt64 = 1) -> [WorkerAction] {
      feed(.received(Envelope(epoch: epoch, sequence: 0, message: message)))
    }

    /// Moves the clock to the next deadline and ticks.
    mutating func tick() -> [WorkerAction] {
      now = max(now, machine.nextDeadline ?? now)
      return feed(.tick)
    }

    /// Up to a WELCOME, which gives the answer.
    mutating func join(run: String = "run", epoch: UInt64 = 1) -> [WorkerAction] {
      _ = feed(.started)
      _ = tick()
      return hear(Self.welcome(run: run), epoch: epoch)
    }

    static func welcome(run: String = "run", study: String = "example") -> CoordinatorMessage {
      .welcome(
        Welcome(
          run: run, heartbeatInterval: 5, leaseLifetime: 60, orphanLimit: 1800, study: Example.context(study: study)))
    }
  }

  private func hello(in actions: [WorkerAction]) -> Hello? {
    for case .send(.hello(let hello), _) in actions { return hello }
    return nil
  }

  private func failure(in actions: [WorkerAction]) -> EvaluationFailure? {
    for case .send(.failed(let report), _) in actions { return report.failure }
    return nil
  }

  private let lease = LeaseID(7)

  @Test func aWorkerJoinsAndOffersItsSlot() {
    var bench = Bench()
    #expect(bench.feed(.started) == [.openSocket])
    let first = bench.tick()
    #expect(hello(in: first)?.run == "")
    #expect(first.count == 1)
    #expect(bench.hear(Bench.welcome()) == [.send(.ready(Ready(freeSlots: 1)), epoch: 1)])
  }

  @Test func helloIsRepeatedWithGrowingJitterAndNeverSpins() {
    for seed in UInt64(0)..<20 {
      var bench = Bench(seed: seed)
      _ = bench.feed(.started)
      var intervals: [Double] = []
      var last = bench.now
      for _ in 0..<30 {
        #expect(hello(in: bench.tick()) != nil)
        intervals.append(bench.now - last)
        last = bench.now
      }
      #expect(intervals.allSatisfy { (0.0249...30.001).contains($0) }, "seed \(seed): \(intervals)")
      #expect(intervals.suffix(15).max() ?? 0 > 5, "seed \(seed)")
    }
  }

  @Test func aLeaseIsEvaluatedAndItsResultIsSafeBeforeItIsSent() throws {
    var bench = Bench()
    _ = bench.join()
    let assignment = Example.assignment()
    #expect(
      bench.hear(.lease(LeaseGrant(assignment))) == [
        .startEngine, .tellEngine(.study(Example.context())), .tellEngine(.begin(assignment)),
      ])
    #expect(bench.feed(.engineSaid(.progress(lease: lease, step: "prune", fraction: 0.5))).isEmpty)
    let ping = bench.tick()
    #expect(
      ping == [
        .send(
          .ping(Ping(leases: [LeaseProgress(lease: lease, counter: 1, fraction: 0.5, step: "prune")], freeSlots: 0)),
          epoch: 1)
      ])
    let report = try ResultReport(lease: lease, result: Example.result())
    #expect(
      bench.feed(.engineSaid(.result(lease: lease, Example.result()))) == [
        .spool(report, run: "run"), .send(.result(report), epoch: 1), .send(.ready(Ready(freeSlots: 1)), epoch: 1),
      ])
    #expect(bench.hear(.resultAcknowledged(lease, .accepted)) == [.unspool(lease, run: "run")])
    // The engine is resident: the next evaluation begins at once.
    let next = Example.assignment(lease: 8)
    #expect(bench.hear(.lease(LeaseGrant(next))) == [.tellEngine(.begin(next))])
  }

  /// An evaluation of two seconds is over before a heartbeat is due; whoever watches sees its steps all the same.
  @Test func stepsAreToldBeforeTheNextHeartbeatAndNotTooOften() {
    var bench = Bench()
    _ = bench.join()
    _ = bench.hear(.lease(LeaseGrant(Example.assignment())))
    let start = bench.now
    var told: [(time: Double, step: String)] = []
    func note(_ actions: [WorkerAction]) {
      for case .send(.ping(let ping), _) in actions {
        told.append((bench.now - start, ping.leases.first?.step ?? ""))
      }
    }
    for step in ["load", "score", "prune", "recalibrate", "evaluate", "latency", "export"] {
      // Twice, as reports of one step come again and again.
      for _ in 0..<2 {
        bench.now += 0.15
        note(bench.feed(.engineSaid(.progress(lease: lease, step: step, fraction: 0.01))))
      }
      while let deadline = bench.machine.nextDeadline, deadline <= bench.now { note(bench.feed(.tick)) }
    }
    // Half a second apart at least: at 0.6, 1.2 and 1.8 seconds, when the engine speaks next.
    #expect(told.map(\.step) == ["score", "recalibrate", "latency"], "\(told)")
    let gaps = zip(told.dropFirst(), told).map { $0.time - $1.time }
    #expect(gaps.allSatisfy { $0 >= 0.5 - 1e-9 }, "\(told)")
    // Without news the heartbeat is as it was.
    bench.now += 1
    note(bench.feed(.tick))
    let count = told.count
    #expect(told.last?.step == "export" && count == 4)
    bench.now += 4
    note(bench.feed(.engineSaid(.progress(lease: lease, step: "export", fraction: 0.02))))
    #expect(told.count == count)
  }

  @Test func anUnacknowledgedResultIsRepeatedEverMoreSlowly() throws {
    var bench = Bench()
    _ = bench.join()
    _ = bench.hear(.lease(LeaseGrant(Example.assignment())))
    _ = bench.feed(.engineSaid(.result(lease: lease, Example.result())))
    let report = try ResultReport(lease: lease, result: Example.result())
    let start = bench.now
    var times: [Double] = []
    while bench.now < start + 300 {
      let actions = bench.tick()
      if actions.contains(.send(.result(report), epoch: 1)) { times.append(bench.now - start) }
      _ = bench.hear(.pong)
    }
    #expect(times.map { $0.rounded() } == [5, 15, 35, 75, 135, 195, 255])
  }

  @Test func aRepeatedLeaseIsEvaluatedOnce() throws {
    var bench = Bench()
    _ = bench.join()
    let grant = CoordinatorMessage.lease(LeaseGrant(Example.assignment()))
    _ = bench.hear(grant)
    #expect(bench.hear(grant).isEmpty)
    _ = bench.feed(.engineSaid(.result(lease: lease, Example.result())))
    let again = bench.hear(grant)
    #expect(again.contains(.send(.result(try ResultReport(lease: lease, result: Example.result())), epoch: 1)))
    #expect(!again.contains { if case .tellEngine = $0 { true } else { false } })
  }

  @Test func aSecondLeaseIsGivenBack() {
    var bench = Bench()
    _ = bench.join()
    _ = bench.hear(.lease(LeaseGrant(Example.assignment())))
    #expect(
      bench.hear(.lease(LeaseGrant(Example.assignment(lease: 8)))) == [.send(.release(LeaseID(8)), epoch: 1)])
  }

  struct Death: Sendable {
    let exit: Exit
    let failureClass: FailureClass
  }

  @Test(arguments: [
    Death(exit: .signal(SIGKILL), failureClass: .resource), Death(exit: .signal(SIGSEGV), failureClass: .transient),
    Death(exit: .signal(SIGABRT), failureClass: .transient), Death(exit: .code(0), failureClass: .internal),
    Death(exit: .code(1), failureClass: .transient), Death(exit: .code(78), failureClass: .badInput),
  ])
  func aDeadEngineIsAFailedAttemptWithAReason(_ death: Death) {
    var bench = Bench()
    _ = bench.join()
    _ = bench.hear(.lease(LeaseGrant(Example.assignment())))
    _ = bench.feed(.engineSaid(.progress(lease: lease, step: "fine-tune", fraction: 0.5)))
    let actions = bench.feed(.engineEnded(death.exit, logTail: "last words"))
    let failure = failure(in: actions)
    #expect(failure?.failureClass == death.failureClass)
    #expect(failure?.logTail == "last words")
    #expect(failure?.message.contains("fine-tune") == true)
    #expect(
      failure?.exitStatus.map { Exit.code(Int32($0)) } ?? failure?.signal.map { .signal(Int32($0)) } == death.exit)
    // Repeated until it is acknowledged, and no longer.
    bench.now += 6
    _ = bench.hear(.pong)
    let repeated = bench.feed(.tick)
    #expect(self.failure(in: actions + repeated) != nil)
    _ = bench.hear(.failureAcknowledged(lease))
    bench.now += 60
    #expect(self.failure(in: bench.hear(.pong)) == nil)
  }

  @Test func anEngineThatKeepsDyingIsStartedEverMoreSlowly() {
    var bench = Bench()
    _ = bench.join()
    var waits: [Double] = []
    for number in Int64(1)...9 {
      let grant = CoordinatorMessage.lease(LeaseGrant(Example.assignment(lease: number)))
      let start = bench.now
      var started = bench.hear(grant).contains(.startEngine)
      while !started {
        started = bench.tick().contains(.startEngine)
        _ = bench.hear(.pong)
      }
      waits.append(bench.now - start)
      let ended = bench.feed(.engineEnded(.signal(SIGSEGV), logTail: ""))
      #expect(!ended.contains(.send(.ready(Ready(freeSlots: 1)), epoch: 1)), "no credit before the engine may start")
      _ = bench.hear(.failureAcknowledged(LeaseID(number)))
    }
    #expect(waits.map { $0.rounded() } == [0, 1, 2, 4, 8, 16, 32, 60, 60])
  }

  @Test func theSlotIsOfferedAgainOnceTheEngineMayStart() {
    var bench = Bench()
    _ = bench.join()
    _ = bench.hear(.lease(LeaseGrant(Example.assignment())))
    _ = bench.feed(.engineEnded(.signal(SIGSEGV), logTail: ""))
    let start = bench.now
    #expect(bench.tick() == [.send(.ready(Ready(freeSlots: 1)), epoch: 1)])
    #expect(bench.now - start == 1)
  }

  @Test func aFailureThatTheEngineTellsReplacesIt() {
    var bench = Bench()
    _ = bench.join()
    _ = bench.hear(.lease(LeaseGrant(Example.assignment())))
    let told = EngineEvent.failed(
      lease: lease, failureClass: .deterministic, message: "Nothing left.", remedy: "Keep 1.")
    #expect(bench.feed(.engineSaid(told)) == [.killEngine])
    let actions = bench.feed(.engineEnded(.signal(SIGKILL), logTail: "log"))
    #expect(
      failure(in: actions)
        == EvaluationFailure(failureClass: .deterministic, message: "Nothing left. Keep 1.", logTail: "log"))
    // A failure in good order is no crash: the next engine may start at once.
    #expect(actions.last == .send(.ready(Ready(freeSlots: 1)), epoch: 1))
  }

  @Test func measuresThatCannotBeAreAFailure() {
    var bench = Bench()
    _ = bench.join()
    _ = bench.hear(.lease(LeaseGrant(Example.assignment())))
    #expect(bench.feed(.engineSaid(.result(lease: lease, Example.result(loss: .nan)))) == [.killEngine])
    let actions = bench.feed(.engineEnded(.signal(SIGKILL), logTail: ""))
    #expect(failure(in: actions)?.failureClass == .deterministic)
    #expect(failure(in: actions)?.message.contains("loss nan") == true)
  }

  @Test func aResultThatFitsNoMessageIsAFailure() {
    var bench = Bench()
    _ = bench.join()
    _ = bench.hear(.lease(LeaseGrant(Example.assignment())))
    var result = Example.result()
    result.keptUnits = ["conv": Array(0..<20_000)]
    #expect(bench.feed(.engineSaid(.result(lease: lease, result))) == [.killEngine])
    #expect(failure(in: bench.feed(.engineEnded(.signal(SIGKILL), logTail: "")))?.failureClass == .internal)
  }

  @Test func timeLimitAndSilenceStopTheEngine() {
    for (timeLimit, failureClass, seconds) in [(20.0, FailureClass.resource, 20.0), (6000, .transient, 600)] {
      var bench = Bench()
      _ = bench.join()
      _ = bench.hear(.lease(LeaseGrant(Example.assignment(timeLimit: timeLimit))))
      let start = bench.now
      while !bench.tick().contains(.killEngine) { _ = bench.hear(.pong) }
      #expect(bench.now - start == seconds)
      #expect(failure(in: bench.feed(.engineEnded(.signal(SIGKILL), logTail: "")))?.failureClass == failureClass)
    }
  }

  @Test func anEngineThatRetiresIsReplacedAfterItsResultWithoutAPenalty() throws {
    var bench = Bench()
    _ = bench.join()
    // Several in a row: nothing adds up.
    for number in Int64(1)...4 {
      let (lease, assignment) = (LeaseID(number), Example.assignment(lease: number))
      #expect(
        bench.hear(.lease(LeaseGrant(assignment))) == [
          .startEngine, .tellEngine(.study(Example.context())), .tellEngine(.begin(assignment)),
        ])
      let report = try ResultReport(lease: lease, result: Example.result())
      let actions = bench.feed(.engineSaid(.result(lease: lease, Example.result(), retires: true)))
      #expect(
        actions.filter { if case .log = $0 { false } else { true } } == [
          .spool(report, run: "run"), .killEngine, .send(.result(report), epoch: 1),
        ])
      #expect(actions.count == 4, "one line in the log")
      #expect(bench.hear(.resultAcknowledged(lease, .accepted)) == [.unspool(lease, run: "run")])
      // No failure, and the slot is free at once.
      #expect(
        bench.feed(.engineEnded(.signal(SIGKILL), logTail: "")) == [.send(.ready(Ready(freeSlots: 1)), epoch: 1)])
    }
  }

  @Test func aLeaseThatMeetsARetiringEngineBeginsOnTheNext() {
    var bench = Bench()
    _ = bench.join()
    _ = bench.hear(.lease(LeaseGrant(Example.assignment())))
    _ = bench.feed(.engineSaid(.result(lease: lease, Example.result(), retires: true)))
    let next = Example.assignment(lease: 8)
    #expect(bench.hear(.lease(LeaseGrant(next))).isEmpty)
    #expect(
      bench.feed(.engineEnded(.signal(SIGKILL), logTail: "")) == [
        .startEngine, .tellEngine(.study(Example.context())), .tellEngine(.begin(next)),
      ])
  }

  @Test func cancelKillsTheEvaluationAndSaysNothing() {
    var bench = Bench()
    _ = bench.join()
    _ = bench.hear(.lease(LeaseGrant(Example.assignment())))
    #expect(bench.hear(.cancel(LeaseID(99))).isEmpty)
    #expect(bench.hear(.cancel(lease)) == [.killEngine])
    // What the dying engine still said comes too late.
    #expect(bench.feed(.engineSaid(.result(lease: lease, Example.result()))).isEmpty)
    #expect(
      bench.feed(.engineEnded(.signal(SIGKILL), logTail: "")) == [.send(.ready(Ready(freeSlots: 1)), epoch: 1)])
  }

  @Test func aSilentCoordinatorIsLookedForWhileTheWorkGoesOn() throws {
    var bench = Bench()
    _ = bench.join()
    _ = bench.hear(.lease(LeaseGrant(Example.assignment())))
    let start = bench.now
    var actions: [WorkerAction] = []
    while !actions.contains(.openSocket) { actions = bench.tick() }
    #expect(bench.now - start == 15)
    #expect(!actions.contains(.killEngine))
    let first = hello(in: bench.tick())
    #expect(first?.heldLeases == [lease])
    #expect(first?.run == "run")
    let result = bench.feed(.engineSaid(.result(lease: lease, Example.result())))
    let report = try ResultReport(lease: lease, result: Example.result())
    #expect(result == [.spool(report, run: "run")], "spooled, and sent only in session")
    let second = hello(in: bench.tick())
    #expect(second?.heldLeases == [])
    #expect(second?.spooledLeases == [lease])
    #expect(
      bench.hear(Bench.welcome(), epoch: 2) == [
        .send(.result(report), epoch: 2), .send(.ready(Ready(freeSlots: 1)), epoch: 2),
      ])
  }

  @Test func anOrphanEndsAtItsLimit() {
    var bench = Bench()
    _ = bench.join()
    _ = bench.hear(.lease(LeaseGrant(Example.assignment(timeLimit: 1e6))))
    let start = bench.now
    var ticks = 0
    while bench.machine.exit == nil, ticks < 10_000 {
      _ = bench.feed(.engineSaid(.progress(lease: lease, step: "fine-tune", fraction: 0.1)))
      _ = bench.tick()
      ticks += 1
    }
    #expect(bench.machine.exit == .orphaned)
    #expect((1800.0...1831).contains(bench.now - start))
    #expect(ticks < 400, "\(ticks) ticks in half an hour")
  }

  @Test func aRestartedCoordinatorIsMetWithWhatIsHeld() {
    var bench = Bench()
    _ = bench.join(epoch: 4)
    _ = bench.hear(.lease(LeaseGrant(Example.assignment())), epoch: 4)
    // It does not know this session and says so, in its new epoch.
    let met = bench.hear(.reject(Rejection(code: .unknownSession, text: "")), epoch: 5)
    #expect(met == [.openSocket])
    let said = bench.tick()
    #expect(hello(in: said)?.heldLeases == [lease])
    #expect(bench.hear(Bench.welcome(), epoch: 5).isEmpty, "the slot is taken, the work goes on")
    #expect(bench.machine.exit == nil)
    // The old one's late messages count for nothing.
    #expect(bench.hear(.cancel(lease), epoch: 4).isEmpty)
    #expect(bench.hear(.bye(.finished), epoch: 4).isEmpty)
    // Nor may it welcome the worker back.
    _ = bench.hear(.reject(Rejection(code: .unknownSession, text: "")), epoch: 5)
    #expect(bench.hear(Bench.welcome(), epoch: 4).isEmpty)
  }

  @Test func aConfusedCoordinatorCannotMakeTheWorkerSpin() {
    var bench = Bench()
    _ = bench.feed(.started)
    let start = bench.now
    var hellos = 0
    while bench.now < start + 300 {
      if hello(in: bench.tick()) != nil {
        hellos += 1
        _ = bench.hear(Bench.welcome())
        _ = bench.hear(.reject(Rejection(code: .unknownSession, text: "")))
      }
    }
    #expect(hellos < 60, "\(hellos) HELLOs in five minutes")
  }

  @Test func rejectionsAreObeyed() {
    for code in [Rejection.Code.version, .authentication, .engine, .draining] {
      var bench = Bench()
      _ = bench.feed(.started)
      _ = bench.tick()
      let rejection = Rejection(code: code, text: "no")
      #expect(bench.hear(.reject(rejection)) == [.exit(.rejected(rejection))])
      #expect(bench.machine.nextDeadline == nil)
      #expect(bench.feed(.tick).isEmpty)
    }
    var bench = Bench()
    _ = bench.feed(.started)
    let first = hello(in: bench.tick())
    _ = bench.hear(.reject(Rejection(code: .duplicateIncarnation, text: "")))
    let second = hello(in: bench.tick())
    #expect(first != nil && second != nil && first?.incarnation != second?.incarnation)
    let before = bench.now
    _ = bench.hear(.reject(Rejection(code: .quarantined, text: "too many failures")))
    #expect(hello(in: bench.tick()) != nil)
    #expect(bench.now - before == 30)
  }

  @Test func anotherSearchIsNotServed() {
    var bench = Bench()
    _ = bench.join(run: "one")
    _ = bench.hear(.bye(.stopping))
    _ = bench.tick()
    #expect(bench.hear(Bench.welcome(run: "two"), epoch: 9) == [.exit(.foreignRun("two"))])
  }

  @Test func byeEndsOrWaits() {
    var bench = Bench()
    _ = bench.join()
    _ = bench.hear(.lease(LeaseGrant(Example.assignment())))
    #expect(bench.hear(.bye(.stopping)) == [.openSocket])
    _ = bench.tick()
    _ = bench.hear(Bench.welcome(), epoch: 2)
    #expect(bench.hear(.bye(.finished), epoch: 2) == [.killEngine, .exit(.finished)])
  }

  @Test func aStopGivesTheLeaseBackAndACutLifelineDoesNot() {
    for (event, expected) in [
      (
        WorkerEvent.stopRequested,
        [
          .send(.release(lease), epoch: 1), .send(.bye(.stopping), epoch: 1), .killEngine, .exit(.stopped),
        ] as [WorkerAction]
      ),
      (.lifelineCut, [.killEngine, .exit(.lifelineCut)]),
    ] {
      var bench = Bench()
      _ = bench.join()
      _ = bench.hear(.lease(LeaseGrant(Example.assignment())))
      #expect(bench.feed(event) == expected)
    }
  }

  @Test func earlierProcessesResultsAreSentToTheirOwnSearchOnly() throws {
    let mine = try ResultReport(lease: LeaseID(3), result: Example.result())
    let foreign = try ResultReport(lease: LeaseID(4), result: Example.result())
    var bench = Bench(spooled: [
      SpooledResult(run: "run", report: mine), SpooledResult(run: "another", report: foreign),
    ])
    #expect(
      bench.join() == [.send(.result(mine), epoch: 1), .send(.ready(Ready(freeSlots: 1)), epoch: 1)])
    #expect(bench.hear(.resultAcknowledged(LeaseID(3), .duplicate)).first == .unspool(LeaseID(3), run: "run"))
  }

  @Test func aSuspendedHostIsNotAHungEngine() {
    var bench = Bench()
    _ = bench.join()
    _ = bench.hear(.lease(LeaseGrant(Example.assignment(timeLimit: 700))))
    bench.now += 3600
    let actions = bench.feed(.tick)
    #expect(!actions.contains(.killEngine))
    #expect(!actions.contains(.openSocket))
    #expect(actions.contains { if case .log = $0 { true } else { false } })
  }

  @Test func aChangedStudyNeedsAnotherEngine() {
    var bench = Bench()
    _ = bench.join()
    _ = bench.hear(.lease(LeaseGrant(Example.assignment())))
    _ = bench.feed(.engineSaid(.result(lease: lease, Example.result())))
    _ = bench.hear(.resultAcknowledged(lease, .accepted))
    _ = bench.hear(.bye(.stopping))
    _ = bench.tick()
    #expect(bench.hear(Bench.welcome(study: "changed"), epoch: 2) == [.killEngine])
    _ = bench.feed(.engineEnded(.signal(SIGKILL), logTail: ""))
    let actions = bench.hear(.lease(LeaseGrant(Example.assignment(lease: 8))), epoch: 2)
    #expect(actions.prefix(2) == [.startEngine, .tellEngine(.study(Example.context(study: "changed")))])
  }

  /// What the tries of an engine that cannot be started brought, and when each was made.
  private struct StartTries {
    var actions: [WorkerAction] = []
    var times: [Double] = []
  }

  /// Fails each start in the same way until the worker ends.
  private func failStarts(_ bench: inout Bench, with event: WorkerEvent) -> StartTries {
    var tries = StartTries()
    let start = bench.now
    var actions = bench.hear(.lease(LeaseGrant(Example.assignment())))
    while bench.machine.exit == nil, tries.times.count < 100 {
      while !actions.contains(.startEngine) {
        actions = bench.tick()
        _ = bench.hear(.pong)
      }
      tries.times.append(bench.now - start)
      actions = bench.feed(event)
      tries.actions += actions
    }
    return tries
  }

  @Test(arguments: [
    WorkerEvent.engineStartFailed("There is no '/no/engine'.", isRetriable: false),
    .engineEnded(.code(127), logTail: "libtorch_cpu.so: cannot open shared object file\n"),
    .engineEnded(.code(69), logTail: "There is no device.\n"),
  ])
  func anEngineThatCannotStartEndsTheWorkerAndCostsTheEvaluationNothing(_ event: WorkerEvent) {
    var bench = Bench()
    _ = bench.join()
    let tries = failStarts(&bench, with: event)
    #expect(tries.times.map { $0.rounded() } == [0, 1, 3, 7])
    #expect(failure(in: tries.actions) == nil)
    let sent = tries.actions.compactMap { if case .send(let message, _) = $0 { message } else { nil } }
    #expect(sent == [.release(lease), .bye(.stopping)])
    guard case .engineUnavailable(let message, false)? = bench.machine.exit else {
      Issue.record("it ended with \(String(describing: bench.machine.exit))")
      return
    }
    #expect(bench.machine.exit?.exitCode == .unavailable)
    #expect(["no/engine", "libtorch_cpu.so: cannot open", "no device"].contains { message.contains($0) }, "\(message)")
  }

  @Test func aLackOfProcessesIsWaitedForAndTheLeaseKept() {
    var bench = Bench()
    _ = bench.join()
    let tries = failStarts(&bench, with: .engineStartFailed("Cannot start: try again.", isRetriable: true))
    #expect(tries.times.map { $0.rounded() } == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243])
    #expect(bench.machine.exit?.exitCode == .temporary)

    var other = Bench()
    _ = other.join()
    _ = other.hear(.lease(LeaseGrant(Example.assignment())))
    for _ in 0..<5 {
      #expect(other.feed(.engineStartFailed("Cannot start: try again.", isRetriable: true)).isEmpty)
      var actions: [WorkerAction] = []
      while !actions.contains(.startEngine) {
        actions = other.tick()
        // The coordinator hears all the while that the lease is held.
        for case .send(.ping(let ping), _) in actions { #expect(ping.leases.map(\.lease) == [lease]) }
        _ = other.hear(.pong)
      }
      #expect(actions.contains(.tellEngine(.begin(Example.assignment()))))
    }
    let done = other.feed(.engineSaid(.result(lease: lease, Example.result())))
    #expect(done.contains { if case .spool = $0 { true } else { false } })
  }

  /// The loader's status from an engine that was at work is a death like others: it had started.
  @Test func theSameStatusAfterTheFirstWordIsTheEvaluationsFailure() {
    var bench = Bench()
    _ = bench.join()
    _ = bench.hear(.lease(LeaseGrant(Example.assignment())))
    _ = bench.feed(.engineSaid(.progress(lease: lease, step: "score", fraction: 0)))
    #expect(failure(in: bench.feed(.engineEnded(.code(127), logTail: "")))?.exitStatus == 127)
    // Nor does its word speak for the next engine.
    var actions: [WorkerAction] = []
    _ = bench.hear(.failureAcknowledged(lease))
    while !actions.contains(.send(.ready(Ready(freeSlots: 1)), epoch: 1)) { actions = bench.tick() }
    _ = bench.hear(.lease(LeaseGrant(Example.assignment(lease: 8))))
    #expect(failure(in: bench.feed(.engineEnded(.code(127), logTail: ""))) == nil)
  }

  @Test func everyEndHasAStatusThatTellsASupervisorWhetherToStartAgain() {
    let codes: [(WorkerExit, Int32)] = [
      (.finished, 0), (.stopped, 0), (.rejected(Rejection(code: .version, text: "")), 78), (.foreignRun("r"), 75),
      (.orphaned, 75), (.lifelineCut, 75), (.engineUnavailable("", isRetriable: false), 69),
      (.engineUnavailable("", isRetriable: true), 75),
    ]
    for (exit, code) in codes { #expect(exit.exitCode.rawValue == code, "\(exit)") }
  }
}
