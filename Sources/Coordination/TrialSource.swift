import StudyModel

/// What to do next in a search; asked whenever a worker is free. Answers depend on the history alone, so that a coordinator
/// that was restarted gets the same ones.
package protocol TrialSource {
  /// Cuts of one group each, measured between the baseline and the first trial; always the same for a study.
  var scans: [PruningPlan] { get }
  /// How many plans there are in all; nil where they cannot be counted.
  var planCount: Int? { get }
  /// `history` holds all evaluations but the sealed tests, in the order in which they were added.
  ///
  /// `elapsed` is how long the search has run, in seconds.
  func next(history: [EvaluationRecord], elapsed: Double) -> TrialDecision
  /// The finished evaluations that make the front.
  func front(history: [EvaluationRecord]) -> [EvaluationKey]
  /// The finished evaluations whose trials may still go on to the next rung, the most promising first.
  func continuable(history: [EvaluationRecord]) -> [EvaluationKey]
}

extension TrialSource {
  /// All that nothing has followed yet, the latest first.
  package func continuable(history: [EvaluationRecord]) -> [EvaluationKey] {
    let keys = Set(history.map(\.key))
    return history.reversed().filter { record in
      record.key.purpose == .trial && record.status == .done
        && !keys.contains(EvaluationKey(trial: record.key.trial, rung: record.key.rung + 1))
    }.map(\.key)
  }
}

extension TrialSource {
  package var scans: [PruningPlan] { [] }
  package var planCount: Int? { nil }
}

package enum TrialDecision: Hashable, Sendable {
  /// A new trial, at rung 0. A plan that some trial has already ends the search.
  case evaluate(PruningPlan)
  /// A trial goes on to the next rung; its last one must be done.
  case promote(TrialID, toRung: Int)
  /// Nothing until more results are there.
  case wait
  /// Nothing any more, and why.
  case finished(FinishReason)
}
