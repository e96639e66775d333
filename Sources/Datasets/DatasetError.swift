import Support

/// Why a data set cannot be used.
package struct DatasetError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    /// The words that name a data set are not understood.
    case unknownSource
    /// A file is missing or cannot be read.
    case unreadable
    /// A file ends before its contents do.
    case truncated
    /// A file is not of the format, or bytes follow its contents.
    case malformed
    /// More examples than we take.
    case tooLarge
    /// A label is not below the number of classes.
    case labelOutOfRange
    /// Images and labels are not equally many, or two parts differ in shape.
    case countMismatch
    /// A split asks for more examples than there are.
    case invalidSplit
  }

  package let code: Code
  package let message: String
  package let remedy: String?
  package var exitCode: ExitCode {
    switch code {
    case .unreadable: .missingInput
    case .unknownSource, .invalidSplit: .configuration
    case .truncated, .malformed, .tooLarge, .labelOutOfRange, .countMismatch: .badData
    }
  }

  package init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }
}
