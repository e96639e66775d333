import Foundation
import Launching
import Support

/// Whether the engine of this installation starts at all: it needs libtorch, which the system's loader finds or does not.
enum EngineStart {
  private static let timeLimit = 120.0

  /// Starts the engine for its version, which loads everything that it needs, and returns that. Throws
  /// `CommandError(.engineUnavailable)` with the loader's words.
  @discardableResult
  static func check() throws -> String {
    let engine = try Executables.engine()
    let run: CapturedRun
    do {
      run = try CapturedRun(engine.path, ["--version"], within: timeLimit)
    } catch let error as LaunchError {
      throw CommandError(.engineUnavailable, "The engine does not start. \(error.message)", remedy: error.remedy)
    }
    let words = run.output.trimmingCharacters(in: .whitespacesAndNewlines)
    switch run.exit {
    case .code(0)?: return words
    case let exit?:
      throw CommandError(
        .engineUnavailable,
        "The engine does not start: it ended with \(exit)" + (words.isEmpty ? "." : " and said: \(words)"),
        remedy: remedy)
    case nil:
      throw CommandError(
        .engineUnavailable,
        "The engine does not start: '\(engine.path) --version' gave no answer in \(Units.duration(seconds: timeLimit)).",
        remedy: remedy)
    }
  }

  /// The same question asked of the loader alone, for commands that become the engine: quick, and silent when all is well.
  static func checkLibraries() throws {
    var environment = ProcessInfo.processInfo.environment
    environment["LD_TRACE_LOADED_OBJECTS"] = "1"
    let run = try? CapturedRun(
      try Executables.engine().path, [], environment: environment, within: timeLimit)
    guard run?.exit != .code(0) || run?.output.contains("=> not found") == true else { return }
    // The loader knows it better when it is not only asked.
    try check()
  }

  private static let remedy =
    "Run scripts/setup, which puts libtorch into .deps, and build again; or set LD_LIBRARY_PATH to the folder of its libraries."
}
