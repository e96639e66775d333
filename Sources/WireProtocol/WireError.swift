import Support

/// Why bytes from a peer could not be read as a message, or a message cannot be sent.
package struct WireError: DescribedError, Equatable {
  package enum Code: Equatable, Sendable {
    case tooShort
    case wrongMagic
    /// The frame is of another major version, which is carried.
    case wrongVersion(UInt8)
    case reservedBytesSet
    case unknownType(UInt8)
    case tooLong
    /// The body is not the message that the header promises.
    case malformedBody
    /// One field, named, holds what it must not.
    case invalidField(String)
    /// The other process went away in the middle of a message.
    case endedEarly
    case pipeFailure
  }

  package let code: Code
  package let message: String
  package let remedy: String?
  package var exitCode: ExitCode { .internal }

  init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }

  static func invalid(_ message: String, _ field: String, _ value: Any) -> WireError {
    WireError(.invalidField(field), "A \(message) message holds \(field) '\(String(describing: value).prefix(80))'.")
  }
}
