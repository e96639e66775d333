import Support

/// Why a network that a spec or a command line names cannot be had.
package struct NetworkLoadingError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    case missingFile
    /// A value was set for an input that the network does not have.
    case noSuchInput
    /// A pattern names no weight and no layer.
    case noSuchWeight
    /// A text that should be name=value.
    case badAssignment
  }

  package let code: Code
  package let message: String
  package let remedy: String?

  package var exitCode: ExitCode { code == .missingFile ? .missingInput : .configuration }

  package init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }
}
