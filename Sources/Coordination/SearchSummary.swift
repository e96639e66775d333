import StudyModel

/// What a coordinator's run left.
package struct SearchSummary: Sendable {
  package enum Ending: Hashable, Sendable {
    /// The search is over and its front was measured on the sealed split.
    case finished
    /// Stopped by the user; `--resume` goes on.
    case stopped
  }

  package let ending: Ending
  /// How the study stands now, in words.
  package let words: String
  /// Seconds during which a coordinator ran, over all runs.
  package let elapsed: Double
  package let records: [EvaluationRecord]
  /// Best accuracy first.
  package let front: [EvaluationRecord]
  /// Those of the front whose networks could not be written, because their checkpoints are gone.
  package let missing: [EvaluationKey]
  /// Why the search was paused when it ended, or nil.
  package let pause: String?
}
