import Support

/// What went wrong while a network was trained or measured.
package struct TrainingError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    /// The data do not fit the network, or themselves: no samples, a label out of range, another image size.
    case invalidData
    /// A setting of the recovery cannot be used: a batch of no images, a negative learning rate.
    case invalidSettings
    /// The loss or a weight is no longer a finite number; the same plan and seed will do it again.
    case diverged
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
