import ArgumentParser
import Logging
import Logs

/// How much a command's log tells, and in which form.
struct LogOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The least important lines of the log: \(LogOptions.names(Logger.Level.self)).", valueName: "level"),
    transform: { try LogOptions.value($0) })
  var logLevel: Logger.Level = .info
  @Option(
    help: ArgumentHelp(
      "The form of the log's lines: \(LogOptions.names(LogFormat.self)) (without time and name).", valueName: "format"),
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
