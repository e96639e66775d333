import ArgumentParser
import Foundation
import Support

/// The one place where an error becomes words for a person and a status for a script.
enum ErrorRendering {
  static func exit(with error: any Error) -> Never {
    let status: Int32
    if let described = error as? any DescribedError ?? FileFault(foundationError: error) {
      StandardError.write(LiveLine.clearingOnTerminals + described.commandLineText)
      status = described.exitCode.rawValue
    } else if isParsers(error) {
      // The parser's own errors, and help, which is no error, know how they are shown.
      status = Coppice.exitCode(for: error).rawValue
      show(Coppice.fullMessage(for: error), isError: status != 0)
    } else {
      StandardError.write(
        LiveLine.clearingOnTerminals
          + "error: \(error).\nThis is a fault of Coppice; please report it with the command that led here.\n")
      status = Support.ExitCode.internal.rawValue
    }
    if let fault = StandardOutput.fault, fault != error as? OutputError {
      StandardError.write(fault.commandLineText)
      Foundation.exit(status == 0 ? fault.exitCode.rawValue : status)
    }
    Foundation.exit(status)
  }

  private static func show(_ text: String, isError: Bool) {
    guard !text.isEmpty else { return }
    if isError { StandardError.write(text + "\n") } else { StandardOutput.write(text + "\n") }
  }

  private static func isParsers(_ error: any Error) -> Bool {
    if error is ArgumentParser.ExitCode { return true }
    let code = Coppice.exitCode(for: error)
    return code == .validationFailure || code == .success
  }
}
