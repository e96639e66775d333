import Foundation
import Launching
import Logging
import Logs
import StudyModel
import Synchronization
import TestSupport
import Testing
import Transport
import WireProtocol
import WorkerNode

/// A real worker session on a thread of its own, with shell scripts as engines, against a coordinator that the test plays.
@Suite(.serialized, .ownThread) struct WorkerSessionTests {
  /// The coordinator's end, the worker's folders and its thread.
  final class Stage {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coppice-worker-\(UUID().uuidString)")
    let sockets: IpcFolder
    let context: MessagingContext
    var router: RouterSocket
    var peer: [UInt8] = []
    /// The connection that was welcomed last.
    var welcomed: [UInt8] = []
    var epoch: UInt64 = 1
    var sequence: UInt64 = 0
    let outcome = Outcome()
    let log = LogSink()
    let stop: WakeUp

    init() throws {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      sockets = try IpcFolder()
      context = try MessagingContext()
      router = try RouterSocket(context)
      stop = try WakeUp()
      try router.bind(sockets.endpoint())
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// What the worker's thread left.
    final class Outcome: Sendable {
      let result = Mutex<Result<WorkerExit, any Error>?>(nil)
      /// The thread's processor time, in seconds.
      let processorSeconds = Mutex(0.0)
    }

    final class LogSink: Sendable {
      let lines = Mutex<[String]>([])

      var logger: Logger {
        Logger(
          label: "w0", level: .trace, format: .brief,
          to: LogDestination { line in self.lines.withLock { $0.append(String(line.dropLast())) } })
      }
    }

    func configuration(script: String, lifeline: Int32? = nil) throws -> WorkerSession.Configuration {
      var configuration = WorkerSession.Configuration(
        endpoint: try sockets.endpoint(), engineExecutable: "/bin/sh", engineArguments: ["-c", script],
        environment: ["PATH": "/usr/bin:/bin", "PREPARED": folder.path], spoolFolder: folder.path + "/spool",
        scratchFolder: folder.path + "/scratch", label: "w0", lifelineDescriptor: lifeline, deviceSlot: "cpu",
        logger: log.logger)
      configuration.timings.helloRetryFirst = 0.05
      configuration.timings.helloRetryMaximum = 0.2
      configuration.timings.reportRetryFirst = 0.2
      configuration.timings.engineBackoffFirst = 0.05
      configuration.stop = stop
      return configuration
    }

    /// Runs a worker on a thread of its own.
    func start(_ configuration: WorkerSession.Configuration) {
      let outcome = outcome
      Thread.detachNewThread {
        let result = Result { try WorkerSession(configuration).run() }
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        outcome.processorSeconds.withLock { $0 = Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9 }
        outcome.result.withLock { $0 = result }
      }
    }

    /// The next message that is no PING, which is answered, and no repeated HELLO; nil after `seconds`.
    func next(within seconds: Double = 60) throws -> WorkerMessage? {
      let poller = Poller()
      _ = poller.watch(router)
      let end = GrantedTime.now + seconds
      while GrantedTime.now < end {
        while let (from, payload) = try router.receive() {
          let envelope = try WorkerMessage.decode(payload)
          peer = from
          switch envelope.message {
          case .ping:
            try say(.pong)
            continue
          // Said again before the WELCOME had come; by now it has.
          case .hello where from == welcomed: continue
          default: break
          }
          return envelope.message
        }
        _ = try poller.wait(timeout: 0.05)
      }
      return nil
    }

    func say(_ message: CoordinatorMessage) throws {
      sequence += 1
      #expect(try router.send(message.encode(epoch: epoch, sequence: sequence), to: peer))
    }

    /// Through HELLO, WELCOME and READY.
    func welcome(heartbeat: Double = 1) throws -> Hello {
      guard case .hello(let hello) = try next() else { throw Unexpected() }
      try say(
        .welcome(
          Welcome(
            run: "run", heartbeatInterval: heartbeat, leaseLifetime: 60, orphanLimit: 30, study: Example.context())))
      welcomed = peer
      return hello
    }

    /// A file with events as an engine would write them.
    func prepare(_ name: String, _ events: [EngineEvent]) throws {
      let bytes = try events.map { try $0.encode() }.reduce(Data(), +)
      try bytes.write(to: folder.appendingPathComponent(name))
    }

    func end(within seconds: Double = 60) throws -> WorkerExit? {
      try eventually(within: seconds) { try outcome.result.withLock { $0 }?.get() }
    }
  }

  struct Unexpected: Error {}

  private func awaitReady(_ stage: Stage) throws {
    let message = try stage.next()
    #expect(message == .ready(Ready(freeSlots: 1)))
  }

  /// Whether a process ends; one that its new parent has not reaped yet has ended.
  private func isGone(_ pid: pid_t) -> Bool {
    let gone: Bool? = eventually(within: 30) {
      guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
        let state = stat.split(separator: ")").last?.split(separator: " ").first
      else { return true }
      return state == "Z" || state == "X" ? true : nil
    }
    return gone ?? false
  }

  /// Waits for the pid that an engine script writes.
  private func enginePID(_ stage: Stage) throws -> pid_t {
    let file = stage.folder.appendingPathComponent("scratch/pid")
    let pid = eventually(within: 60) {
      (try? String(contentsOf: file, encoding: .utf8)).flatMap {
        pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines))
      }
    }
    guard let pid else { throw Unexpected() }
    return pid
  }

  private let lease = LeaseID(7)

  @Test func oneEvaluationFromHelloToBye() throws {
    let stage = try Stage()
    try stage.prepare(
      "events",
      [.progress(lease: lease, step: "prune", fraction: 0.5), .result(lease: lease, Example.result())])
    // Reads the study and the assignment's first bytes before it answers, so that the commands must have arrived.
    stage.start(
      try stage.configuration(script: "head -c 100 <&3 >/dev/null; cat $PREPARED/events >&4; exec sleep 60"))
    let hello = try stage.welcome()
    #expect(hello.label == "w0" && hello.device == "cpu" && hello.processID == UInt32(getpid()))
    try awaitReady(stage)
    try stage.say(.lease(LeaseGrant(Example.assignment())))
    guard case .result(let report) = try stage.next() else { throw Unexpected() }
    #expect(try report.result() == Example.result())
    #expect(try Spool(folder: stage.folder.path + "/spool").load().results.map(\.report) == [report])
    try awaitReady(stage)
    // Not acknowledged yet, so it comes again.
    #expect(try stage.next() == .result(report))
    try stage.say(.resultAcknowledged(lease, .accepted))
    try stage.say(.bye(.finished))
    #expect(try stage.end() == .finished)
    #expect(try Spool(folder: stage.folder.path + "/spool").load().results.isEmpty)
  }

  @Test func aCrashIsReportedWithTheEndOfTheLogAndTheEngineReplaced() throws {
    let stage = try Stage()
    try stage.prepare("events", [.result(lease: LeaseID(8), Example.result())])
    let script = """
      if [ -e crashed ]; then cat $PREPARED/events >&4; exec sleep 60; fi
      touch crashed
      yes filler-line | head -n 5000 >&2
      echo "last words: out of luck"
      kill -SEGV $$
      """
    stage.start(try stage.configuration(script: script))
    _ = try stage.welcome()
    try awaitReady(stage)
    try stage.say(.lease(LeaseGrant(Example.assignment())))
    guard case .failed(let report) = try stage.next() else { throw Unexpected() }
    #expect(report.lease == lease)
    #expect(report.failure.failureClass == .transient)
    #expect(report.failure.signal == Int(SIGSEGV))
    #expect(report.failure.logTail.hasSuffix("last words: out of luck\n"))
    #expect(report.failure.logTail.utf8.count <= WireLimits.logTailBytes)
    try stage.say(.failureAcknowledged(lease))
    try awaitReady(stage)
    try stage.say(.lease(LeaseGrant(Example.assignment(lease: 8))))
    guard case .result(let result) = try stage.next() else { throw Unexpected() }
    #expect(result.lease == LeaseID(8))
    try stage.say(.bye(.finished))
    #expect(try stage.end() == .finished)
  }

  @Test func aHungEngineIsKilledAtTheTimeLimitWithItsChildren() throws {
    let stage = try Stage()
    stage.start(try stage.configuration(script: "sleep 60 & echo $! > pid; wait"))
    _ = try stage.welcome()
    try awaitReady(stage)
    try stage.say(.lease(LeaseGrant(Example.assignment(timeLimit: 0.5))))
    let grandchild = try enginePID(stage)
    guard case .failed(let report) = try stage.next() else { throw Unexpected() }
    #expect(report.failure.failureClass == .resource)
    #expect(report.failure.message.contains("time limit"))
    try stage.say(.bye(.finished))
    #expect(try stage.end() == .finished)
    #expect(isGone(grandchild))
  }

  @Test func brokenBytesFromAnEngineAreAFailureAndNoMore() throws {
    for script in ["printf '\\377\\377\\377\\377' >&4; exec sleep 60", "exec 4>&-; exec sleep 60"] {
      let stage = try Stage()
      stage.start(try stage.configuration(script: script))
      _ = try stage.welcome()
      try awaitReady(stage)
      try stage.say(.lease(LeaseGrant(Example.assignment())))
      guard case .failed(let report) = try stage.next() else { throw Unexpected() }
      #expect(report.failure.failureClass == .internal, "\(script): \(report.failure)")
      try stage.say(.bye(.finished))
      #expect(try stage.end() == .finished)
    }
  }

  @Test func aMissingEngineGivesTheLeaseBackAndEndsTheWorker() throws {
    let stage = try Stage()
    var configuration = try stage.configuration(script: "")
    configuration.engineExecutable = "/no/such/engine"
    stage.start(configuration)
    _ = try stage.welcome()
    try awaitReady(stage)
    try stage.say(.lease(LeaseGrant(Example.assignment())))
    #expect(try stage.next() == .release(lease))
    #expect(try stage.next() == .bye(.stopping))
    guard case .engineUnavailable(let message, false)? = try stage.end() else { throw Unexpected() }
    #expect(message.contains("/no/such/engine"))
    #expect(stage.log.lines.withLock { $0.count { $0.hasPrefix("error: Cannot start '/no/such/engine'") } } == 4)
  }

  @Test func anEngineThatAppearsLateIsStillUsed() throws {
    let stage = try Stage()
    try stage.prepare("events", [.result(lease: lease, Example.result())])
    var configuration = try stage.configuration(script: "")
    let engine = stage.folder.appendingPathComponent("engine")
    configuration.engineExecutable = engine.path
    configuration.engineArguments = []
    configuration.timings.engineStartLimit = 1000
    stage.start(configuration)
    _ = try stage.welcome()
    try awaitReady(stage)
    try stage.say(.lease(LeaseGrant(Example.assignment())))
    while !stage.log.lines.withLock({ $0.contains { $0.hasPrefix("error: Cannot start") } }) {
      _ = try stage.next(within: 0.01)
    }
    let draft = stage.folder.appendingPathComponent("draft")
    try Data("#!/bin/sh\ncat $PREPARED/events >&4; exec sleep 60\n".utf8).write(to: draft)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: draft.path)
    try FileManager.default.moveItem(at: draft, to: engine)
    guard case .result = try stage.next() else { throw Unexpected() }
    try stage.say(.bye(.finished))
    #expect(try stage.end() == .finished)
  }

  @Test func theLoadersWordsReachTheLogAndNoEvaluationIsBlamed() throws {
    let stage = try Stage()
    stage.start(try stage.configuration(script: "echo 'error while loading shared libraries: libx.so' >&2; exit 127"))
    _ = try stage.welcome()
    try awaitReady(stage)
    try stage.say(.lease(LeaseGrant(Example.assignment())))
    #expect(try stage.next() == .release(lease))
    #expect(try stage.next() == .bye(.stopping))
    guard case .engineUnavailable(let message, false)? = try stage.end() else { throw Unexpected() }
    #expect(message.contains("libx.so"))
    let lines = stage.log.lines.withLock { $0 }
    #expect(lines.contains { $0.hasPrefix("error: This worker ends") && $0.contains("libx.so") })
  }

  @Test func theLogTellsTheStoryOfEachEvaluation() throws {
    let stage = try Stage()
    try stage.prepare(
      "done", [.progress(lease: lease, step: "prune", fraction: 0.5), .result(lease: lease, Example.result())])
    try stage.prepare(
      "failed", [.failed(lease: LeaseID(8), failureClass: .deterministic, message: "Nothing left.", remedy: "Keep 1.")])
    let script =
      "echo 'warning: engine speaks'; echo 'plain words' >&2; head -c 100 <&3 >/dev/null; cat $PREPARED/done >&4; "
      + "while [ ! -e $PREPARED/go ]; do sleep 0.02; done; cat $PREPARED/failed >&4; exec sleep 60"
    stage.start(try stage.configuration(script: script))
    _ = try stage.welcome()
    try awaitReady(stage)
    try stage.say(.lease(LeaseGrant(Example.assignment())))
    guard case .result = try stage.next() else { throw Unexpected() }
    try stage.say(.resultAcknowledged(lease, .accepted))
    try awaitReady(stage)
    try stage.say(.lease(LeaseGrant(Example.assignment(lease: 8))))
    #expect(FileManager.default.createFile(atPath: stage.folder.path + "/go", contents: nil))
    guard case .failed = try stage.next() else { throw Unexpected() }
    try stage.say(.failureAcknowledged(LeaseID(8)))
    try stage.say(.bye(.finished))
    #expect(try stage.end() == .finished)
    let lines = stage.log.lines.withLock { $0 }
    let about = "attempt=1 lease=7 rung=1 trial=3"
    // In this order, with others between them; the engine's own words come when they come.
    var rest = lines[...]
    for part in [
      "notice: Joined study 'example'", "info: The engine is process", "info: Begins. \(about)",
      "info: Step 'prune', at 50%. \(about)", "info: Done in", "info: The engine holds",
      "info: Begins. attempt=1 lease=8 rung=1 trial=3", "info: Ends the engine.",
      "info: The engine ended with signal 9",
      "warning: Failed (deterministic): Nothing left. Keep 1. attempt=1 lease=8 rung=1 trial=3",
      "notice: This worker ends: The search is over.",
    ] {
      guard let index = rest.firstIndex(where: { $0.hasPrefix(part) }) else {
        Issue.record("no '\(part)' in its place in\n\(lines.joined(separator: "\n"))")
        return
      }
      rest = rest[(index + 1)...]
    }
    #expect(lines.contains("warning: engine: engine speaks") && lines.contains("info: engine: plain words"))
    #expect(lines.contains { $0.hasPrefix("info: Done in") && $0.contains("accuracy 91.20%") && $0.hasSuffix(about) })
  }

  @Test func aCutLifelineEndsTheWorkerAndItsEngineAtOnce() throws {
    let stage = try Stage()
    let lifeline = try Lifeline()
    stage.start(
      try stage.configuration(script: "echo $$ > pid; exec sleep 60", lifeline: lifeline.childEnd.raw))
    _ = try stage.welcome()
    try awaitReady(stage)
    try stage.say(.lease(LeaseGrant(Example.assignment())))
    let engine = try enginePID(stage)
    lifeline.cut()
    // Well before its next sign of life, and so because of the lifeline.
    #expect(try stage.end(within: 5) == .lifelineCut)
    #expect(isGone(engine))
  }

  @Test func aStopGivesTheLeaseBack() throws {
    let stage = try Stage()
    stage.start(try stage.configuration(script: "echo $$ > pid; exec sleep 60"))
    _ = try stage.welcome()
    try awaitReady(stage)
    try stage.say(.lease(LeaseGrant(Example.assignment())))
    let engine = try enginePID(stage)
    stage.stop.signal()
    #expect(try stage.next() == .release(lease))
    #expect(try stage.next() == .bye(.stopping))
    #expect(try stage.end() == .stopped)
    #expect(isGone(engine))
  }

  @Test func aRestartedCoordinatorGetsTheResultThatWasMadeMeanwhile() throws {
    let stage = try Stage()
    try stage.prepare("events", [.result(lease: lease, Example.result())])
    stage.start(
      try stage.configuration(
        script: "echo $$ > pid; while [ ! -e go ]; do sleep 0.02; done; cat $PREPARED/events >&4; exec sleep 60"))
    let first = try stage.welcome(heartbeat: 0.3)
    try awaitReady(stage)
    try stage.say(.lease(LeaseGrant(Example.assignment())))
    _ = try enginePID(stage)
    // The coordinator dies; the engine finishes while there is none.
    stage.router.close()
    #expect(FileManager.default.createFile(atPath: stage.folder.path + "/scratch/go", contents: nil))
    let spooled: Void? = try eventually(within: 60) {
      try Spool(folder: stage.folder.path + "/spool").load().results.isEmpty ? nil : ()
    }
    #expect(spooled != nil)
    stage.router = try RouterSocket(stage.context)
    try stage.router.bind(stage.sockets.endpoint())
    stage.epoch = 2
    // What the worker says before it knows of the new epoch is answered as a coordinator would.
    var hello: Hello?
    for _ in 0..<20 where hello == nil {
      switch try stage.next() {
      case .hello(let said): hello = said
      default: try stage.say(.reject(Rejection(code: .unknownSession, text: "")))
      }
    }
    #expect(hello?.incarnation == first.incarnation)
    #expect(hello?.spooledLeases == [lease])
    try stage.say(
      .welcome(
        Welcome(run: "run", heartbeatInterval: 1, leaseLifetime: 60, orphanLimit: 30, study: Example.context())))
    stage.welcomed = stage.peer
    guard case .result(let report) = try stage.next() else { throw Unexpected() }
    #expect(try report.result() == Example.result())
    try stage.say(.resultAcknowledged(lease, .accepted))
    try stage.say(.bye(.finished))
    #expect(try stage.end() == .finished)
  }

  @Test func anotherProcessSendsWhatTheDeadOneSpooled() throws {
    let stage = try Stage()
    let report = try ResultReport(lease: LeaseID(3), result: Example.result())
    try Spool(folder: stage.folder.path + "/spool").write(report, run: "run")
    stage.start(try stage.configuration(script: "exec sleep 60"))
    _ = try stage.welcome()
    #expect(try stage.next() == .result(report))
    try stage.say(.resultAcknowledged(LeaseID(3), .duplicate))
    try stage.say(.bye(.finished))
    #expect(try stage.end() == .finished)
    #expect(try Spool(folder: stage.folder.path + "/spool").load().results.isEmpty)
  }

  @Test func rubbishFromTheCoordinatorIsIgnored() throws {
    let stage = try Stage()
    stage.start(try stage.configuration(script: "exec sleep 60"))
    _ = try stage.welcome()
    try awaitReady(stage)
    for bytes in [Data(), Data("GET / HTTP/1.1\r\n\r\n".utf8), Data(count: 24), Data(count: 100_000)] {
      #expect(try stage.router.send(bytes, to: stage.peer))
    }
    try stage.say(.bye(.finished))
    #expect(try stage.end() == .finished)
    #expect(stage.log.lines.withLock { $0.count { $0.hasPrefix("warning: Ignored") } } == 4)
  }

  @Test func aWaitingWorkerUsesNoProcessor() throws {
    let stage = try Stage()
    stage.start(try stage.configuration(script: "exec sleep 60"))
    _ = try stage.welcome(heartbeat: 0.5)
    try awaitReady(stage)
    #expect(try stage.next(within: 2) == nil)
    try stage.say(.bye(.finished))
    #expect(try stage.end() == .finished)
    #expect(stage.outcome.processorSeconds.withLock { $0 } < 0.3)
  }

  @Test func aFloodOfLogDoesNotHoldTheWorkerUp() throws {
    let stage = try Stage()
    try stage.prepare("events", [.result(lease: lease, Example.result())])
    stage.start(try stage.configuration(script: "yes flood & sleep 1; cat $PREPARED/events >&4; wait"))
    _ = try stage.welcome(heartbeat: 0.5)
    try awaitReady(stage)
    try stage.say(.lease(LeaseGrant(Example.assignment())))
    guard case .result = try stage.next() else { throw Unexpected() }
    try stage.say(.bye(.finished))
    #expect(try stage.end() == .finished)
  }
}
