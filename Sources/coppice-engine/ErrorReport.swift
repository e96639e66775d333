import ArgumentParser
import Foundation
import Support

/// The one place where errors become words on standard error and an exit code.
enum ErrorReport {
  static func end(with error: any Error) -> Never {
    if let described = error as? any DescribedError {
      write(described.commandLineText)
      exit(described.exitCode.rawValue)
    }
    let code = CoppiceEngine.exitCode(for: error)
    // The parser's own errors, and help, which is no error, know how they are shown.
    if code == .validationFailure || code == .success { CoppiceEngine.exit(withError: error) }
    write("error: \(error).\nThis is a fault of Coppice; please report it with the command that led here.\n")
    exit(Support.ExitCode.internal.rawValue)
  }

  static func warn(_ text: String) { write("warning: \(text)\n") }

  static func note(_ text: String) { write(text + "\n") }

  private static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
