/// The steps of an evaluation in their order; the raw values name them in timings and progress.
package enum EvaluationStep: String, Sendable, CaseIterable {
  case load
  /// A parent whose checkpoint is gone is made again.
  case rebuild
  case score, prune, recalibrate
  case fineTune = "fine-tune"
  case evaluate, latency, export

  /// The share of a whole evaluation that is done when this step is done to `fraction`: a rough division of time, in
  /// which fine-tuning takes most of it where there is any.
  package func overallShare(_ fraction: Double, fineTunes: Bool) -> Double {
    let (start, end): (Double, Double) =
      switch (self, fineTunes) {
      case (.load, true): (0, 0.01)
      case (.fineTune, true): (0.01, 0.85)
      case (.evaluate, true): (0.85, 0.93)
      case (.latency, true): (0.93, 0.99)
      case (.load, false): (0, 0.05)
      case (.score, false): (0.05, 0.2)
      case (.prune, false): (0.2, 0.25)
      case (.recalibrate, false): (0.25, 0.5)
      case (.evaluate, false): (0.5, 0.75)
      case (.latency, false): (0.75, 0.97)
      case (.score, true), (.prune, true), (.recalibrate, true), (.rebuild, true): (0, 0.01)
      case (.rebuild, false): (0, 0.5)
      case (.fineTune, false): (0.5, 0.5)
      case (.export, _): (0.99, 1)
      }
    return start + (end - start) * min(1, max(0, fraction))
  }
}

/// Told where an evaluation stands: the step and the share of it that is done. Throwing stops the evaluation.
package typealias EvaluationProgress = (_ step: EvaluationStep, _ fraction: Double) throws -> Void
