import ArgumentParser
import Logging
import Logs

/// How much a command's log tells, and in which form.
struct LogOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write log lines of this level and of those behind it: \(LogOptions.names(Logger.Level.self)); info when left out.",
      valueName: "level"),
    transform: { try LogOptions.value($0) })
  var logLevel: Logger.Level = .info
  @Option(
    help: ArgumentHelp(
      "The form of log lines: \(LogOptions.names(LogFormat.self)) (without time and name); plain when left out.",
      valueName: "format"),
    transform: { try LogOptions.value($0) })
  var logFormat: LogFormat = .plain

  func logger(label: String, to destination: LogDestination) -> Logger {
    Logger(label: label, level: logLevel, format: logFormat, to: destination)
  }

  /// For a process of ours that logs for itself.
  var arguments: [String] { ["--log-level", logLevel.rawValue, "--log-format", logFormat.rawValue] }

  private static func names<Value: RawRepresentable<String> & CaseIterable>(_ type: Value.Type) -> String {
    type.allCases.map(\.rawValue).joined(separator: ", ")
  }

  private static func value<Value: RawRepresentable<String> & CaseIterable>(_ word: String) throws -> Value {
    if let value = Value(rawValue: word) { return value }
    throw ValidationError("it is none of \(names(Value.self)).")
  }
}
