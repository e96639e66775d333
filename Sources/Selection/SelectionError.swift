import Support

/// Why a plan cannot be turned into a selection.
package struct SelectionError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    /// Scores are missing, too few, too many or not numbers.
    case invalidScores
    /// A share is not in 0..<1, or a count is not positive.
    case invalidShare
    /// A share is given for a group or layer that does not exist.
    case unknownGroup
    /// The plan's granularity is another than what was asked for.
    case wrongGranularity
    /// The plan's measure does not go with its scope, its sparsity or its granularity.
    case unsupportedTarget
    /// The network has nothing that the plan's granularity and layer set let leave.
    case nothingFound
  }

  package let code: Code
  package let message: String
  package let remedy: String?
  package var exitCode: ExitCode { code == .invalidScores ? .badData : .configuration }

  package init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }
}
