import Foundation
import Support

/// Why a process could not be started or followed.
package struct LaunchError: DescribedError, Equatable {
  package enum Code: String, Equatable, Sendable {
    case executableMissing
    case notPermitted
    /// Too many processes or descriptors, or too little memory.
    case resourcesExhausted
    case systemFailure
  }

  package let code: Code
  package let message: String
  package let remedy: String?
  /// Too many processes now may be fewer later: whoever starts processes waits and tries again.
  package let isRetriable: Bool

  package var exitCode: ExitCode {
    switch code {
    case .executableMissing, .notPermitted: .unavailable
    case .resourcesExhausted: .temporary
    case .systemFailure: .internal
    }
  }

  init(_ code: Code, _ message: String, remedy: String? = nil, isRetriable: Bool = false) {
    self.code = code
    self.message = message
    self.remedy = remedy
    self.isRetriable = isRetriable
  }

  /// A failed system call, sorted by its error number.
  package init(_ operation: String, errorNumber: Int32) {
    let message = "Cannot \(operation): \(String(cString: strerror(errorNumber)))."
    switch errorNumber {
    case ENOENT, ENOTDIR:
      self.init(.executableMissing, message, remedy: "Check the path.")
    case EACCES, EPERM, ENOEXEC:
      self.init(.notPermitted, message, remedy: "Check that it is an executable file that you may run.")
    case EAGAIN, ENOMEM, EMFILE, ENFILE:
      self.init(
        .resourcesExhausted, message, remedy: "Start fewer processes, or raise the limits (ulimit -u, ulimit -n).",
        isRetriable: true)
    default: self.init(.systemFailure, message)
    }
  }
}
