import Support

/// What went wrong while a network was measured.
package struct ProfilingError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    /// The latency specification cannot be used: no threads, an empty batch, a runtime that is not built.
    case invalidSettings
    /// Two networks that are to be compared read different inputs.
    case incomparable
  }

  package let code: Code
  package let message: String
  package let remedy: String?
  package var exitCode: ExitCode { code == .invalidSettings ? .configuration : .badData }

  package init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }
}
