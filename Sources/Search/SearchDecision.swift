import StudyModel

/// What a search does next, when a worker is free.
package enum SearchDecision: Hashable, Sendable {
  /// A new trial of this plan, at rung 0.
  case evaluate(PruningPlan)
  /// This trial goes on to this rung.
  case promote(TrialID, toRung: Int)
  /// Nothing until something that runs has ended (or the baseline has).
  case wait
  case finished(FinishReason)
}
