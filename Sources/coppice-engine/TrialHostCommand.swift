import ArgumentParser
import CLinux
import Evaluation
import Foundation
import Logging
import Logs
import Support
import TrialHost
import WireProtocol

/// The engine as a worker's child; not for people.
struct TrialHostCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trial-host", abstract: "Runs evaluations for a worker, over two pipes.", shouldDisplay: false)

  @Option(help: "The descriptor that commands come from.")
  var commands: Int32 = 3

  @Option(help: "The descriptor that events go to.")
  var events: Int32 = 4

  @Option(help: "The least important lines of the log.", transform: { try Choice.value($0) })
  var logLevel: Logger.Level = .info

  @Option(help: "The form of the log's lines: plain, json, or brief.", transform: { try Choice.value($0) })
  var logFormat: LogFormat = .plain

  @OptionGroup var threads: ThreadOptions

  func run() throws {
    for descriptor in [commands, events] where fcntl(descriptor, F_GETFD) < 0 {
      throw ValidationError("Descriptor \(descriptor) is not open: this command is started by 'coppice worker'.")
    }
    // A broken pipe is an error to be handled, not a silent death; the death of the worker is one to be followed.
    signal(SIGPIPE, SIG_IGN)
    let parent = getppid()
    guard coppice_set_parent_death_signal(SIGKILL) == 0, getppid() == parent else { return }
    let logger = Logger(label: "engine", level: logLevel, format: logFormat, to: .standardError)
    let host = TrialHost(
      channel: EngineChannel(readDescriptor: commands, writeDescriptor: events), threads: threads.effective,
      logger: logger)
    let end = try host.run { end in
      // Nobody reads results any more. The standard streams are flushed by nobody else, and destructors of libtorch
      // must not run beside a computation.
      if case .broken(let reason) = end {
        logger.error("The commands cannot be read: \(reason)")
        _exit(Support.ExitCode.internal.rawValue)
      }
      _exit(0)
    }
    _ = end
  }
}

private enum Choice {
  static func value<Value: RawRepresentable<String> & CaseIterable>(_ word: String) throws -> Value {
    if let value = Value(rawValue: word) { return value }
    throw ValidationError("it is none of \(Value.allCases.map(\.rawValue).joined(separator: ", ")).")
  }
}
