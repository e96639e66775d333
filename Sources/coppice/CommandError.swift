import Support

/// What can go wrong in a command before the capability behind it is reached.
struct CommandError: DescribedError, Equatable {
  enum Code: Equatable {
    case engineMissing
    case missingInput
    case outputExists
    case noStudy
    case malformedSpec
    case engineFailed
  }

  let code: Code
  let message: String
  let remedy: String?

  var exitCode: Support.ExitCode {
    switch code {
    case .engineMissing: .unavailable
    case .missingInput, .noStudy: .missingInput
    case .outputExists: .cannotCreate
    case .malformedSpec: .configuration
    case .engineFailed: .badData
    }
  }

  init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }
}
