/// What every error of Coppice can tell: what happened, the remedy, and whether trying again can help.
///
/// Each target has its own error struct with an `Equatable` code; the command line renders all of them through this protocol,
/// and the coordinator decides by the flags, never by the text.
package protocol DescribedError: Error, CustomStringConvertible {
  /// What happened, with the values and the place; one sentence or more, each ending in a full stop.
  var message: String { get }
  /// What the reader can do about it, or nil when there is nothing to say.
  var remedy: String? { get }
  /// Trying the same thing again, perhaps elsewhere, may succeed.
  var isRetriable: Bool { get }
  /// The process cannot go on.
  var isFatal: Bool { get }
  /// What a command ends with when this stops it; bad data unless the error says otherwise.
  var exitCode: ExitCode { get }
}

extension DescribedError {
  package var remedy: String? { nil }
  package var isRetriable: Bool { false }
  package var isFatal: Bool { false }
  package var exitCode: ExitCode { .badData }
  package var description: String {
    guard let remedy else { return message }
    return message + " " + remedy
  }

  /// The lines that a command shows for it, the remedy indented below the message.
  package var commandLineText: String {
    "error: \(message)\n" + (remedy.map { "       \($0)\n" } ?? "")
  }
}
