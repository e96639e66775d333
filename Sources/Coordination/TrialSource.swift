import StudyModel

/// What to do next in a search; asked whenever a worker is free. Answers depend on the history alone, so that a coordinator
/// that was restarted gets the same ones.
package protocol TrialSource {
  /// `history` holds all evaluations of trials and the baseline, in the order in which they were added.
  ///
  /// `elapsed` is how long the search has run, in seconds.
  func next(history: [EvaluationRecord], elapsed: Double) -> TrialDecision
  /// The finished evaluations that make the front.
  func front(history: [EvaluationRecord]) -> [EvaluationKey]
}

package enum TrialDecision: Hashable, Sendable {
  /// A new trial, at rung 0. A plan that some trial has already ends the search.
  case evaluate(PruningPlan)
  /// A trial goes on to the next rung; its last one must be done.
  case promote(TrialID, toRung: Int)
  /// Nothing until more results are there.
  case wait
  /// Nothing any more.
  case finished
}
