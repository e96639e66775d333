import Foundation

/// A system call on a file that failed.
package struct FileFault: DescribedError, Equatable {
  package let operation: String
  package let path: String
  package let errorNumber: Int32

  package init(operation: String, path: String, errorNumber: Int32) {
    self.operation = operation
    self.path = path
    self.errorNumber = errorNumber
  }

  package var message: String { "Cannot \(operation) '\(path)': \(String(cString: strerror(errorNumber)))." }
  package var remedy: String? {
    switch errorNumber {
    case ENOSPC, EDQUOT: "Free some space on that disk, then try again."
    case EACCES, EPERM: "Check who owns it and its permissions."
    case ENOENT: "Check the spelling of the path."
    case ENOTDIR: "A part of the path is a file and no folder: check its spelling."
    case EROFS: "That disk can only be read; choose a folder on another one."
    case ENAMETOOLONG: "Choose a shorter name."
    case ELOOP: "Its links lead in a circle: name the file itself."
    default: nil
    }
  }
  /// Failed readings are of inputs, every other operation is part of making a file.
  package var exitCode: ExitCode {
    operation.hasPrefix("read") || operation.hasPrefix("open") ? .missingInput : .cannotCreate
  }
}

extension FileFault {
  /// What Foundation says of a file operation that failed, in our words; nil where `error` is nothing of the kind.
  ///
  /// `operation` and `path` are what the caller tried, where it is known: Foundation does not always say.
  package init?(foundationError error: any Error, operation: String? = nil, path: String? = nil) {
    // Any NSError may be cast to CocoaError, whatever it is about, so its domain decides; and among Cocoa's errors only those below
    // 1024 are about files: others say that a text could not be parsed.
    let general = error as NSError
    let (code, file, underlying): (Int, String?, (any Error)?)
    switch general.domain {
    case NSCocoaErrorDomain where (0..<1024).contains(general.code):
      code = general.code
      file = general.userInfo[NSFilePathErrorKey] as? String
      underlying = general.userInfo[NSUnderlyingErrorKey] as? any Error
    case NSPOSIXErrorDomain: (code, file, underlying) = (0, nil, general)
    default: return nil
    }
    let isReading = (256..<512).contains(code) || code == CocoaError.Code.fileNoSuchFile.rawValue
    self.init(
      operation: operation ?? (isReading ? "read" : "write"), path: path ?? file ?? "a file",
      errorNumber: Self.number(of: general) ?? Self.number(of: underlying) ?? Self.likely[code] ?? EIO)
  }

  private static func number(of error: (any Error)?) -> Int32? {
    guard let error else { return nil }
    let general = error as NSError
    return general.domain == NSPOSIXErrorDomain ? Int32(clamping: general.code) : nil
  }

  /// The system's number behind a code of Foundation's that comes without one.
  private static let likely: [Int: Int32] = [
    CocoaError.Code.fileReadNoSuchFile.rawValue: ENOENT, CocoaError.Code.fileNoSuchFile.rawValue: ENOENT,
    CocoaError.Code.fileReadNoPermission.rawValue: EACCES, CocoaError.Code.fileWriteNoPermission.rawValue: EACCES,
    CocoaError.Code.fileWriteOutOfSpace.rawValue: ENOSPC, CocoaError.Code.fileWriteFileExists.rawValue: EEXIST,
    CocoaError.Code.fileWriteVolumeReadOnly.rawValue: EROFS,
  ]
}
