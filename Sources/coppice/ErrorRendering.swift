import ArgumentParser
import Foundation
import Support

/// The one place where an error becomes words for a person and a status for a script.
enum ErrorRendering {
  static func exit(with error: any Error) -> Never {
    // The parser's own errors, and help, which is no error, know how they are shown.
    if !(error is any DescribedError), isParsers(error) { Coppice.exit(withError: error) }
    let described = error as? any DescribedError ?? FileFault(foundationError: error)
    let text =
      described?.commandLineText
      ?? "error: \(error).\nThis is a fault of Coppice; please report it with the command that led here.\n"
    FileHandle.standardError.write(Data(text.utf8))
    Foundation.exit((described?.exitCode ?? .internal).rawValue)
  }

  private static func isParsers(_ error: any Error) -> Bool {
    if error is ArgumentParser.ExitCode { return true }
    let code = Coppice.exitCode(for: error)
    return code == .validationFailure || code == .success
  }
}

extension FileFault {
  /// A file operation of Foundation that failed, in our words; nil where it was none.
  fileprivate init?(foundationError error: any Error) {
    guard let error = error as? CocoaError, let path = error.filePath else { return nil }
    let likely: [CocoaError.Code: Int32] = [
      .fileReadNoSuchFile: ENOENT, .fileNoSuchFile: ENOENT, .fileReadNoPermission: EACCES,
      .fileWriteNoPermission: EACCES,
      .fileWriteOutOfSpace: ENOSPC, .fileWriteFileExists: EEXIST, .fileWriteVolumeReadOnly: EROFS,
    ]
    let number = (error.underlying as? POSIXError)?.code.rawValue ?? likely[error.code] ?? EIO
    let isReading = [.fileReadNoSuchFile, .fileReadNoPermission, .fileReadUnknown, .fileNoSuchFile].contains(error.code)
    self.init(operation: isReading ? "read" : "write", path: path, errorNumber: number)
  }
}
