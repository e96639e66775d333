import Support

/// What can go wrong in a command before the capability behind it is reached.
struct CommandError: DescribedError, Equatable {
  enum Code: Equatable {
    case engineMissing
    /// It is there and does not start.
    case engineUnavailable
    case missingInput
    case outputExists
    case noStudy
    case malformedSpec
    case engineFailed
    case nothingChosen
    /// Part of a study's database cannot be used; the rest was shown.
    case damagedStudy
  }

  let code: Code
  let message: String
  let remedy: String?

  var exitCode: Support.ExitCode {
    switch code {
    case .engineMissing, .engineUnavailable: .unavailable
    case .missingInput, .noStudy: .missingInput
    case .outputExists: .cannotCreate
    case .malformedSpec: .configuration
    case .engineFailed, .damagedStudy: .badData
    case .nothingChosen: .usage
    }
  }

  init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }
}
