import Support

/// What is wrong with a network.
package struct GraphError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    /// A weight's bytes, shape or type do not fit.
    case invalidWeight
    /// A node names a value that nothing makes, or a name is made twice.
    case invalidStructure
    /// The shapes of a node's inputs do not go together.
    case shapeMismatch
    /// The network is right, but we cannot do this with it.
    case unsupported
    /// No built-in network has that name.
    case unknownBuiltin
  }

  package let code: Code
  package let message: String
  package let remedy: String?
  package var exitCode: ExitCode { code == .unknownBuiltin ? .configuration : .badData }

  package init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }
}
