import Support

/// Why a network that a spec or a command line names cannot be had.
package struct NetworkLoadingError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    /// It is not there, or may not be read.
    case missingFile
    /// It is there and holds no byte.
    case emptyFile
    /// A network of PyTorch, Keras or another program, or weights alone, where ONNX should be.
    case foreignFormat
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

  package var exitCode: ExitCode {
    switch code {
    case .missingFile: .missingInput
    case .emptyFile, .foreignFormat: .badData
    case .noSuchInput, .noSuchWeight, .badAssignment: .configuration
    }
  }

  package init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }
}
