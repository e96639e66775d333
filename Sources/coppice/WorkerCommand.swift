import ArgumentParser
import Foundation
import Launching
import Logging
import Logs
import Support
import WorkerNode

/// One worker process: it holds the session with the coordinator and owns one engine child.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Run one worker for a coordinator.",
    discussion: """
      `coppice search` starts its workers itself. A worker ends with its search; SIGTERM or Ctrl-C gives its evaluation \
      back and ends it, a second one at once. What it ends with tells a supervisor whether to start it again: 0 done or \
      stopped, 69 the engine does not start, 75 the coordinator is gone, 78 the coordinator refuses it for good.
      """)

  @Option(help: "The coordinator's address, such as ipc:///run/user/1000/coppice-x/control.") var connect: String
  @Option(help: "A folder where results wait until the coordinator has them; the one that holds it must be there.")
  var spool: String
  @Option(help: "The worker's name in logs and reports.") var label: String = "worker"
  @Option(help: "Threads of the engine's kernels.") var threads: Int = 1
  @Option(
    help: ArgumentHelp(
      "A descriptor, such as 0, that whoever started this worker keeps open: the worker ends when it closes.",
      valueName: "descriptor"))
  var lifeline: Int32?
  @Option(help: "A file for the log, kept below 16 MiB with one older one beside it; standard error when left out.")
  var logFile: String?
  @OptionGroup var log: LogOptions

  func validate() throws {
    guard threads >= 1 else { throw ValidationError("--threads must be at least 1, not \(threads).") }
    if let lifeline, lifeline < 0 || fcntl(lifeline, F_GETFD) < 0 {
      throw ValidationError("--lifeline \(lifeline) is no open descriptor.")
    }
  }

  func run() throws {
    BrokenPipes.ignore()
    let file = logFile.map { LogFile($0, takesStandardStreams: true) }
    file?.open()
    let logger = log.logger(label: label, to: file.map(LogDestination.file) ?? .standardError)
    let exit: Support.ExitCode
    do {
      exit = try work(logger).exitCode
    } catch let error as any DescribedError {
      logger.error("\(error)")
      exit = error.exitCode
    }
    guard exit == .success else { throw ArgumentParser.ExitCode(exit.rawValue) }
  }

  private func work(_ logger: Logger) throws -> WorkerExit {
    let stop = try StopSignals()
    let engine = try Executables.engine()
    let version = try EngineStart.check()
    logger.notice(
      "Worker \(Coppice.configuration.version), process \(getpid()), engine \(version), \(threads) threads.")
    // Not named by the process's number, which is the same in many containers over one folder.
    let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("coppice-worker-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: scratch) }
    let environment = ThreadEnvironment.completed(ProcessInfo.processInfo.environment, threads: threads)
    var configuration = WorkerSession.Configuration(
      endpoint: connect, engineExecutable: engine.path,
      // The engine's lines come with their level; the time and the name are put before them here.
      engineArguments: ["trial-host", "--log-level", log.logLevel.rawValue, "--log-format", LogFormat.brief.rawValue],
      environment: environment, spoolFolder: URL(fileURLWithPath: spool).path, scratchFolder: scratch.path,
      label: label, lifelineDescriptor: lifeline, deviceSlot: "cpu", logger: logger)
    configuration.engine = try EngineCall.identity(environment: environment)
    configuration.stop = stop.wakeUp
    return try WorkerSession(configuration).run()
  }
}
