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

/// Why a search ended.
package enum FinishReason: String, Hashable, Sendable, Codable, CaseIterable {
  case timeIsUp = "time-is-up"
  case trialsAreDone = "trials-are-done"
  /// Every plan of the space has been tried.
  case spaceIsExhausted = "space-is-exhausted"
  case baselineFailed = "baseline-failed"
  /// So many trials failed, and none succeeded, that more would be a waste.
  case everythingFails = "everything-fails"
}
