import Coordination
import Foundation
import Launching
import StudyStore
import TestSupport
import Testing
import Transport

/// Workers' processes on a clock that the test moves; where a spawn is to fail, the test throws in its place.
@Suite(.serialized) struct EmbeddedWorkersTests {
  private final class Fixture {
    let keep: TemporaryFolder
    let folder: StudyFolder
    let sink = LineSink()
    let poller = Poller()
    var now = 1000.0
    var spawns = 0

    init() throws {
      keep = try TemporaryFolder()
      folder = StudyFolder(keep.url)
    }

    /// Workers that are `cat`, which ends with its lifeline; `fault` may keep the n-th spawn, from 1, from happening.
    func workers(_ count: Int = 1, shell: String = "exec cat", fault: @escaping (Int) -> Int32?) -> EmbeddedWorkers {
      let program = EmbeddedWorkers.Program(executable: "/bin/sh", environment: ["PATH": "/usr/bin:/bin"]) { _, _, _ in
        ["-c", shell]
      }
      return EmbeddedWorkers(
        program, count: count, folder: folder, endpoint: "ipc:///nowhere", poller: poller, logger: sink.logger
      ) { [unowned self] launch in
        spawns += 1
        if let number = fault(spawns) { throw LaunchError("start '\(launch.executable)'", errorNumber: number) }
        return try ChildProcess.spawn(launch)
      }
    }

    /// Moves the clock to each start that is due, for at most `seconds` or until all live.
    func pass(_ seconds: Double, _ workers: EmbeddedWorkers) throws {
      let end = now + seconds
      try workers.start(now: now)
      while let next = workers.nextStart, next <= end {
        now = max(now, next)
        try workers.start(now: now)
      }
      now = end
    }
  }

  @Test(arguments: [EAGAIN, ENOMEM, EMFILE])
  func aSpawnThatFailsForWantOfResourcesIsTriedAgain(_ number: Int32) throws {
    let fixture = try Fixture()
    let workers = fixture.workers { $0 <= 12 ? number : nil }
    try fixture.pass(500, workers)
    #expect(workers.nextStart == nil, "it lives")
    #expect(fixture.spawns == 13)
    let warnings = fixture.sink.lines.filter {
      $0.hasPrefix("warning: Worker 1 cannot be started: Cannot start '/bin/sh'")
    }
    #expect(warnings.count == 12)
    workers.stop(within: 5)
  }

  @Test(arguments: [(EAGAIN, 600.0...640), (ENOENT, 0.0...10)])
  func theStudyEndsWhenNoWorkerCanBeStarted(_ number: Int32, _ patience: ClosedRange<Double>) throws {
    let fixture = try Fixture()
    let workers = fixture.workers(2) { _ in number }
    let start = fixture.now
    let error = #expect(throws: CoordinationError.self) { try fixture.pass(5000, workers) }
    #expect(error?.code == .workersFail && error?.exitCode == .unavailable)
    #expect(error?.message.contains("Cannot start '/bin/sh'") == true, "\(String(describing: error))")
    #expect(patience.contains(fixture.now - start), "after \(fixture.now - start) s")
  }

  @Test func aStudyWithOneLiveWorkerGoesOn() throws {
    let fixture = try Fixture()
    let workers = fixture.workers(2) { $0 == 1 ? nil : ENOENT }
    try fixture.pass(5000, workers)
    #expect(fixture.spawns > 100)
    workers.stop(within: 5)
  }

  @Test func aWorkerStartsWithoutALogWhereNoneCanBeMade() throws {
    let fixture = try Fixture()
    try Data().write(to: fixture.folder.logs)
    let done = fixture.keep.file("done")
    let workers = fixture.workers(shell: "echo lost; touch \(done.path); exec cat") { _ in nil }
    try workers.start(now: fixture.now)
    for _ in 0..<1000 where !FileManager.default.fileExists(atPath: done.path) { usleep(10_000) }
    #expect(FileManager.default.fileExists(atPath: done.path))
    #expect(fixture.sink.lines.contains { $0.hasPrefix("warning: A worker is started without a log: Cannot create") })
    workers.stop(within: 5)
  }

  @Test func aLogFolderThatWasRemovedIsMadeAgain() throws {
    let fixture = try Fixture()
    let workers = fixture.workers(shell: "echo here; exec cat") { _ in nil }
    try workers.start(now: fixture.now)
    let log = fixture.folder.log(ofWorker: 1)
    for _ in 0..<1000 where (try? String(contentsOf: log, encoding: .utf8)) != "here\n" { usleep(10_000) }
    #expect(try String(contentsOf: log, encoding: .utf8) == "here\n")
    workers.stop(within: 5)
  }
}
