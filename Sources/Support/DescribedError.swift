/// What every error of Coppice can tell: what happened, the remedy, and what a command ends with.
///
/// Each target has its own error struct with an `Equatable` code; the command line renders all of them through this protocol.
/// Whoever decides by an error does so by its type and code, never by its text.
package protocol DescribedError: Error, CustomStringConvertible {
  /// What happened, with the values and the place; one sentence or more, each ending in a full stop.
  var message: String { get }
  /// What the reader can do about it, or nil when there is nothing to say.
  var remedy: String? { get }
  /// What a command ends with when this stops it; bad data unless the error says otherwise.
  var exitCode: ExitCode { get }
}

extension DescribedError {
  package var remedy: String? { nil }
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
