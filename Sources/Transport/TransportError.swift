import CZMQ
import Support

/// Why a socket, an endpoint or a message could not be used.
package struct TransportError: DescribedError, Equatable {
  package enum Code: String, Equatable, Sendable {
    /// A network endpoint without keys.
    case insecureEndpoint
    case unsupportedEndpoint
    /// A socket path that does not fit a Unix socket address.
    case pathTooLong
    case endpointUnavailable
    case messageTooLarge
    case folderUnavailable
    /// libzmq or the kernel refused something that should work.
    case socketFailure
  }

  package let code: Code
  package let message: String
  package let remedy: String?

  init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }

  package var exitCode: ExitCode {
    switch code {
    case .insecureEndpoint, .unsupportedEndpoint, .pathTooLong: .configuration
    case .endpointUnavailable: .temporary
    case .folderUnavailable: .cannotCreate
    case .messageTooLarge, .socketFailure: .internal
    }
  }

  /// A failed libzmq call; must be made before anything else can change the thread's error number.
  static func socketFailure(_ operation: String) -> TransportError {
    TransportError(.socketFailure, "Cannot \(operation): \(lastErrorText()).")
  }

  static func lastErrorText() -> String {
    let number = zmq_errno()
    guard let text = zmq_strerror(number) else { return "error \(number)" }
    return String(cString: text)
  }
}
