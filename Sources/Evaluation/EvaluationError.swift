import StudyModel
import Support

/// What stopped an evaluation, or a command that uses the same steps.
package struct EvaluationError: DescribedError, Equatable {
  package enum Code: String, Sendable {
    /// The network's inputs or outputs do not go with the data.
    case networkDoesNotFit
    /// A file that the caller named is not there.
    case missingFile
    /// A checkpoint is not what its plan makes.
    case badCheckpoint
    /// The checkpoint to start from is missing from the artifact store, or damaged there.
    case checkpointGone
    /// The plan or a value of it cannot be used here.
    case badPlan
    /// The loss or a weight stopped being a finite number.
    case diverged
    /// The dense network does hardly better than guessing.
    case nearChance
    /// The given arrays do not go with the network's inputs.
    case badArrays
    case timeLimit
    /// Commands came in an order that the protocol does not have.
    case protocolFault
    /// A test asked for it.
    case injectedFault
  }

  package let code: Code
  package let message: String
  package let remedy: String?

  package init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }

  package var exitCode: ExitCode {
    switch code {
    case .networkDoesNotFit, .badCheckpoint, .diverged, .nearChance, .badArrays: .badData
    case .missingFile, .checkpointGone: .missingInput
    case .badPlan: .configuration
    case .timeLimit: .temporary
    case .protocolFault, .injectedFault: .internal
    }
  }

  /// What the coordinator may do about it.
  package var failureClass: FailureClass {
    switch code {
    case .networkDoesNotFit, .missingFile, .nearChance, .badArrays: .badInput
    case .badPlan, .badCheckpoint, .diverged: .deterministic
    case .injectedFault: .transient
    case .timeLimit: .resource
    case .protocolFault: .internal
    case .checkpointGone: .checkpointGone
    }
  }
}
