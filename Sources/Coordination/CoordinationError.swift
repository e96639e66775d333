import Support

/// Why a study cannot start or go on.
package struct CoordinationError: DescribedError, Hashable {
  package enum Code: String, Hashable, Sendable {
    /// The output folder holds a study and resuming was not asked for.
    case outputExists
    /// The spec or the network is not the one that the study began with.
    case studyChanged
    /// The dense network could not be evaluated.
    case baselineFailed
    /// The dense network's accuracy is below what the spec expects.
    case baselineInaccurate
    /// The dense network is hardly better than guessing.
    case baselineNearChance
    /// One evaluation after the other fails, whichever it is.
    case everythingFails
    /// Worker processes end as soon as they are started.
    case workersFail
    /// A trial was named that the study does not have.
    case noSuchTrial
    /// Trials cannot join a search whose front was measured on the sealed split.
    case searchIsOver
    /// A mistake of ours: the coordinator's state contradicts itself.
    case inconsistent
  }

  package let code: Code
  package let message: String
  package let remedy: String?
  package var exitCode: ExitCode {
    switch code {
    case .outputExists: .cannotCreate
    case .studyChanged: .configuration
    case .baselineFailed, .baselineInaccurate, .baselineNearChance, .searchIsOver: .badData
    case .noSuchTrial: .missingInput
    case .everythingFails, .workersFail: .unavailable
    case .inconsistent: .internal
    }
  }

  package init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }
}
