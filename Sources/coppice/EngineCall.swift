import Foundation
import Launching
import StudyModel
import Support

/// The engine, in this process's place or as a child that is waited for.
enum EngineCall {
  /// With how the kernels' threads wait, which the engine would otherwise have to start twice for.
  private static var environment: [String: String] {
    ThreadEnvironment.completed(ProcessInfo.processInfo.environment)
  }

  /// Never returns unless the engine cannot be started: `CommandError(.engineUnavailable)`.
  static func become(_ command: String, _ arguments: [String]) throws {
    let engine = try Executables.engine()
    try EngineStart.checkLibraries()
    let words = [engine.path, command] + arguments
    var pointers = words.map { strdup($0) }
    pointers.append(nil)
    defer { pointers.forEach { free($0) } }
    for (name, value) in environment { setenv(name, value, 1) }
    execv(engine.path, pointers)
    let error = LaunchError("start '\(engine.path)'", errorNumber: errno)
    throw CommandError(.engineUnavailable, error.message, remedy: error.remedy)
  }

  /// The exit status; the engine's output and errors are this process's own.
  static func run(_ command: String, _ arguments: [String]) throws -> Int32 {
    try EngineStart.checkLibraries()
    // In our own group, so that Ctrl-C at the terminal reaches it too.
    let child = try ChildProcess.spawn(
      ChildProcess.Launch(
        executable: try Executables.engine().path, arguments: [command] + arguments, environment: environment,
        inheritsStandardStreams: true, hasOwnGroup: false))
    switch try child.wait() {
    case .code(let code): return code
    // As shells say it.
    case .signal(let number): return 128 + number
    }
  }

  /// What the engine says of itself, in an environment like that of its evaluations: that can change its instruction set. Throws
  /// `CommandError` when it cannot be started or says nothing of the kind.
  static func identity(environment: [String: String]) throws -> EngineIdentity {
    let run = try CapturedRun(try Executables.engine().path, ["identity"], environment: environment, within: 120)
    // Standard error is in the same output.
    let line = run.output.split(separator: "\n").last { $0.hasPrefix("{") } ?? ""
    guard run.exit == .code(0), let identity = try? CanonicalBytes.decode(EngineIdentity.self, from: Data(line.utf8))
    else {
      throw CommandError(
        .engineUnavailable, "The engine does not say who it is: \(run.output.isEmpty ? "it said nothing" : run.output)",
        remedy: "'coppice doctor' says more of this installation.")
    }
    return identity
  }
}
