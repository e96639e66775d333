import StudyModel

/// One attempt that brought no result, with what the rule for failures needs to know of it; stored, so that a coordinator that
/// was restarted decides as the one before.
package struct FailedAttempt: Hashable, Sendable {
  /// Whose fault it was, as far as anybody can tell.
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    /// The engine reported a failure, or died by itself, while it ran this evaluation.
    case own
    /// The worker was killed, or its host restarted, while it ran this evaluation: perhaps by what the evaluation took.
    case suspicion
    /// The worker went away, was stopped or taken away: says nothing about the evaluation.
    case loss
  }

  package var lease: LeaseID
  package var worker: String
  /// Empty where it is not known: attempts of studies that older versions began.
  package var host: String
  package var kind: Kind
  /// Nothing else had a lease on the host from its beginning to its end.
  package var ranAlone: Bool
  /// False for what was taken back: the worker was found to fail everything, or somebody asked for another try.
  package var counts: Bool

  package init(
    lease: LeaseID, worker: String, host: String, kind: Kind, ranAlone: Bool = false, counts: Bool = true
  ) {
    self.lease = lease
    self.worker = worker
    self.host = host
    self.kind = kind
    self.ranAlone = ranAlone
    self.counts = counts
  }
}
