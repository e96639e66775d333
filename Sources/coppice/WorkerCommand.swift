import ArgumentParser
import Foundation
import Support
import WorkerNode

/// One worker process: it holds the session with the coordinator and owns one engine child.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Run one worker for a coordinator.",
    discussion: "`coppice search` starts its workers itself. A worker ends when its standard input is closed.")

  @Option(help: "The coordinator's address, such as ipc:///run/user/1000/coppice-x/control.") var connect: String
  @Option(help: "A folder where results wait until the coordinator has them.") var spool: String
  @Option(help: "The worker's name in logs and reports.") var label: String = "worker"
  @Option(help: "Threads of the engine's kernels.") var threads: Int = 1

  func validate() throws {
    guard threads >= 1 else { throw ValidationError("--threads must be at least 1, not \(threads).") }
  }

  func run() throws {
    let engine = try Executables.engine()
    let spoolFolder = URL(fileURLWithPath: spool)
    let scratchFolder = FileManager.default.temporaryDirectory.appendingPathComponent("coppice-\(label)-\(getpid())")
    for folder in [spoolFolder, scratchFolder] {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
    defer { try? FileManager.default.removeItem(at: scratchFolder) }
    var environment = ProcessInfo.processInfo.environment
    environment["OMP_NUM_THREADS"] = "\(threads)"
    let session = try WorkerSession(
      WorkerSession.Configuration(
        endpoint: connect, engineExecutable: engine.path, engineArguments: ["trial-host"], environment: environment,
        spoolFolder: spoolFolder.path, scratchFolder: scratchFolder.path, label: label,
        lifelineDescriptor: STDIN_FILENO, deviceSlot: "cpu"))
    _ = try session.run()
  }
}
