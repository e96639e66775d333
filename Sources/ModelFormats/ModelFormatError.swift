import Support

/// Why a network or a file of arrays cannot be read or written.
package struct ModelFormatError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    /// The file cannot be opened or read.
    case unreadable
    /// More bytes than we take.
    case tooLarge
    /// The bytes are not of the format, or contradict themselves.
    case malformed
    /// An operator that we do not know.
    case unsupportedOperator
    /// A known operator in a form that we do not know: an attribute, a rank, a mode.
    case unsupportedForm
    /// A version of the format or of the operator set that we do not read.
    case unsupportedVersion
    /// An element type that we do not hold.
    case unsupportedType
    /// External data that is missing, or lies where we do not look.
    case externalData
    /// A value was chosen for an input or an axis that is not there, or cannot have it.
    case badSetting
  }

  package let code: Code
  package let message: String
  package let remedy: String?
  package var exitCode: ExitCode {
    switch code {
    case .unreadable: .missingInput
    case .badSetting: .configuration
    case .tooLarge, .malformed, .unsupportedOperator, .unsupportedForm, .unsupportedVersion, .unsupportedType,
      .externalData:
      .badData
    }
  }

  package init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }

  /// The same error with the file's name in front, unless it is there already.
  func inFile(_ path: String) -> ModelFormatError {
    message.contains(path) ? self : ModelFormatError(code, "'\(path)': \(message)", remedy: remedy)
  }
}
