import ArgumentParser
import Foundation
import ModelGraph
import Support

/// The one place where errors become words on standard error and an exit code.
enum ErrorReport {
  static func end(with error: any Error) -> Never {
    let status: Int32
    let code = CoppiceEngine.exitCode(for: error)
    if let described = error as? any DescribedError ?? FileFault(foundationError: error) {
      write(described.commandLineText)
      status = described.exitCode.rawValue
    } else if code == .validationFailure || code == .success {
      // The parser's own errors, and help, which is no error, know how they are shown.
      status = code.rawValue
      let text = CoppiceEngine.fullMessage(for: error) + "\n"
      if status == 0 { StandardOutput.write(text) } else { write(text) }
    } else {
      write("error: \(error).\nThis is a fault of Coppice; please report it with the command that led here.\n")
      status = Support.ExitCode.internal.rawValue
    }
    if let fault = StandardOutput.fault, fault != error as? OutputError {
      write(fault.commandLineText)
      exit(status == 0 ? fault.exitCode.rawValue : status)
    }
    exit(status)
  }

  static func warn(_ text: String) { write("warning: \(text)\n") }

  static func note(_ text: String) { write(text + "\n") }

  static func say(_ remarks: [Remark]) { for remark in remarks { write(remark.line) } }

  private static func write(_ text: String) { StandardError.write(LiveLine.clearingOnTerminals + text) }
}
