import Support

/// What went wrong while importance was scored or a network was cut.
package struct PruningError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    /// The criterion does not judge what it was asked to judge.
    case unsupportedCriterion
    /// The criterion needs training data, and none were given.
    case missingData
    /// A score is not a finite number.
    case invalidScores
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
