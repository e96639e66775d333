import Foundation
import StudyModel
import TestSupport
import Testing
import WireProtocol

/// Real `coppice worker` processes, with a shell script as their engine, under the signals, closed inputs and refusals that
/// a night brings.
@Suite(.serialized, .tags(.processes), .twoAtOnce) struct WorkerProcessTests {
  /// An installation whose engine says its version and then only waits.
  private final class Stage {
    let keep: TemporaryFolder
    let coordinator: PlayedCoordinator
    let process = Process()

    init(engine: String = "echo stub") throws {
      keep = try TemporaryFolder("coppice-worker")
      coordinator = try PlayedCoordinator()
      let program = keep.file("coppice")
      do {
        try FileManager.default.linkItem(at: Installation.coppice, to: program)
      } catch {
        try FileManager.default.copyItem(at: Installation.coppice, to: program)
      }
      let script = """
        #!/bin/sh
        if [ "$1" = --version ]; then touch "$STUB/asked"; \(engine); exit; fi
        if [ "$1" = identity ]; then
          echo '{"instructionSet":"none","libtorch":"stub","sources":"\(String(repeating: "0", count: 64))"}'; exit
        fi
        echo "notice: the engine's own words"
        echo $$ > "$STUB/engine"
        exec sleep 600
        """
      try script.write(to: keep.file("coppice-engine"), atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: keep.file("coppice-engine").path)
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// Starts the worker, by a shell that changes what it inherits where `prologue` says.
    func start(
      _ arguments: [String] = [], prologue: String = ":", input: Any = FileHandle.nullDevice, errors: Any? = nil,
      redirection: String = ""
    ) throws {
      try Data().write(to: keep.file("errors"))
      let words = [
        keep.file("coppice").path, "worker", "--connect", try coordinator.endpoint, "--spool",
        keep.file("spool").path,
      ]
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", "\(prologue); exec \"$@\" \(redirection)", "sh"] + words + arguments
      process.environment = ProcessInfo.processInfo.environment.merging(["STUB": keep.url.path]) { _, new in new }
      process.standardInput = input
      process.standardOutput = FileHandle.nullDevice
      process.standardError = try errors ?? FileHandle(forWritingTo: keep.file("errors"))
      try process.run()
    }

    /// The process of the engine, once it runs.
    func engine() throws -> pid_t {
      try #require(
        eventually(within: 60, every: 0.02) {
          pid_t((text("engine") ?? "").trimmingCharacters(in: .whitespacesAndNewlines))
        },
        "no engine was started: \(log)")
    }

    func text(_ name: String) -> String? { try? String(contentsOf: keep.file(name), encoding: .utf8) }

    var log: String { text("errors") ?? "" }

    /// The status that it ended with, 128 and more for a signal.
    func end(within seconds: Double = 60) throws -> Int32 {
      let ended: Void? = eventually(within: seconds, every: 0.02) { process.isRunning ? nil : () }
      try #require(ended != nil, "it did not end: \(log)")
      return process.terminationReason == .uncaughtSignal ? 128 + process.terminationStatus : process.terminationStatus
    }
  }

  @Test(arguments: [SIGTERM, SIGINT]) func aSignalGivesTheLeaseBack(_ number: Int32) throws {
    let stage = try Stage()
    try stage.start()
    try stage.coordinator.welcome()
    try stage.coordinator.lease(7)
    let engine = try stage.engine()
    kill(stage.process.processIdentifier, number)
    #expect(try stage.coordinator.next() == .release(LeaseID(7)))
    #expect(try stage.coordinator.next() == .bye(.stopping))
    #expect(try stage.end() == 0, "\(stage.log)")
    #expect(!ProcessTree.isAlive(engine))
    #expect(stage.log.contains("Asked to stop.") && stage.log.contains("Gives lease 7 back."), "\(stage.log)")
    #expect(stage.log.contains("notice worker: engine: the engine's own words"), "\(stage.log)")
  }

  /// A worker that cannot even write its log, and so never comes to giving anything back.
  @Test func aSecondSignalEndsItAtOnce() throws {
    let stage = try Stage()
    let pipe = Pipe()
    let writer = pipe.fileHandleForWriting.fileDescriptor
    let flags = fcntl(writer, F_GETFL)
    _ = fcntl(writer, F_SETFL, flags | O_NONBLOCK)
    let filler = [UInt8](repeating: 0x20, count: 4096)
    while write(writer, filler, filler.count) > 0 {}
    while write(writer, filler, 1) > 0 {}
    _ = fcntl(writer, F_SETFL, flags)
    try stage.start(errors: pipe)
    let asked: Void? = eventually(within: 60, every: 0.02) { stage.text("asked") == nil ? nil : () }
    #expect(asked != nil)
    let ended: Void? = eventually(within: 60, every: 0.3) {
      kill(stage.process.processIdentifier, SIGTERM)
      return stage.process.isRunning ? nil : ()
    }
    #expect(ended != nil)
    #expect(try stage.end() == 130)
  }

  @Test(arguments: ["</dev/null", "<&-"]) func aClosedStandardInputMeansNothing(_ redirection: String) throws {
    let stage = try Stage()
    try stage.start(redirection: redirection)
    try stage.coordinator.welcome()
    try stage.coordinator.lease(7)
    let engine = try stage.engine()
    #expect(ProcessTree.isAlive(engine) && stage.process.isRunning)
    try stage.coordinator.say(.bye(.finished))
    #expect(try stage.end() == 0, "\(stage.log)")
    #expect(stage.log.contains("The search is over."), "\(stage.log)")
  }

  @Test func aCutLifelineEndsItWithItsEngine() throws {
    let stage = try Stage()
    let lifeline = Pipe()
    try stage.start(["--lifeline", "0"], input: lifeline)
    try stage.coordinator.welcome()
    try stage.coordinator.lease(7)
    let engine = try stage.engine()
    try lifeline.fileHandleForWriting.close()
    #expect(try stage.end() == 75, "\(stage.log)")
    #expect(!ProcessTree.isAlive(engine))
  }

  @Test func nohupOutlivesTheTerminal() throws {
    let stage = try Stage()
    try stage.start(prologue: "trap '' HUP")
    try stage.coordinator.welcome()
    kill(stage.process.processIdentifier, SIGHUP)
    try stage.coordinator.lease(7)
    _ = try stage.engine()
    try stage.coordinator.say(.bye(.finished))
    #expect(try stage.end() == 0, "\(stage.log)")
  }

  @Test func anOrphanEndsAndMayBeStartedAgain() throws {
    let stage = try Stage()
    try stage.start()
    try stage.coordinator.welcome(heartbeat: 0.3, orphanLimit: 1)
    stage.coordinator.leave()
    #expect(try stage.end() == 75, "\(stage.log)")
    #expect(stage.log.contains("error worker: This worker ends: No coordinator answers."), "\(stage.log)")
  }

  @Test func aRefusedVersionEndsItForGoodAndTheLogIsReadByMachines() throws {
    struct Line: Decodable {
      let level: String
      let label: String
      let message: String
    }
    let stage = try Stage()
    try stage.start(["--label", "w7", "--log-format", "json"])
    guard case .hello = try stage.coordinator.next() else {
      Issue.record("no HELLO")
      return
    }
    try stage.coordinator.say(.reject(Rejection(code: .version, text: "Use version 9.")))
    #expect(try stage.end() == 78, "\(stage.log)")
    let lines = try stage.log.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    #expect(lines.allSatisfy { $0.label == "w7" })
    #expect(lines.last?.level == "error" && lines.last?.message.contains("Use version 9.") == true)
  }

  @Test func anEngineThatDoesNotStartIsSaidBeforeAnybodyIsAskedForWork() throws {
    let stage = try Stage(engine: "echo 'loading libtorch.so: no such file' >&2; exit 127")
    let log = stage.keep.file("worker.log")
    try stage.start(["--log-file", log.path])
    #expect(try stage.end() == 69)
    // What is written goes into the log file, with what the loader said.
    #expect(stage.text("worker.log")?.contains("loading libtorch.so: no such file") == true)
    #expect(stage.log == "")
    #expect(throws: PlayedCoordinator.Silence.self) { try stage.coordinator.next(within: 0.2) }
  }

  @Test func aLogThatCannotBeWrittenStopsNobody() throws {
    let stage = try Stage()
    try stage.start(["--log-file", stage.keep.file("absent/worker.log").path])
    try stage.coordinator.welcome()
    try stage.coordinator.say(.bye(.finished))
    #expect(try stage.end() == 0)
    #expect(
      stage.log.contains("warning: Cannot write log") && stage.log.contains("The search is over."), "\(stage.log)")
  }

  @Test(arguments: [["--lifeline", "77"], ["--log-level", "loud"], ["--threads", "0"]])
  func optionsThatCannotBeAreRefused(_ options: [String]) throws {
    let stage = try Stage()
    try stage.start(options)
    #expect(try stage.end() == 64)
    #expect(stage.log.contains(options[0]), "\(stage.log)")
  }
}
