/// When the cuts of a plan are made.
///
/// All cuts of a plan are made in its first trained rung, which then starts from the dense network; rung 0 shows the same
/// sparsity cut at once, without training. Later rungs only fine-tune.
package struct Schedule: Hashable, Sendable, Codable {
  package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    /// One cut, before any training.
    case oneShot = "one-shot"
    /// Equal steps of sparsity.
    case iterative
    /// Steps along a cubic: most leaves early (Zhu and Gupta 2017, equation 1).
    case agp
    /// In every step the same share of what is left, until the sparsity is reached.
    case fixedRate = "fixed-rate"
    /// A share of what is left that grows while the validation score holds and shrinks when it falls; stops at the tolerance,
    /// going back to the last step within it, or at the sparsity.
    case dynamicRate = "dynamic-rate"
    /// The threshold of each step is chosen from the accuracy and loss that earlier steps recorded.
    case history
  }

  package var kind: Kind
  /// Cuts, at most.
  package var steps: Int
  /// Epochs of training after each cut but the last; the plan's rung goes on with what is left of it.
  package var epochsPerStep: Double
  /// The first step's share of what is left, for the rates.
  package var rate: Double
  /// How far the validation accuracy may fall below the dense network's, for schedules that look at it.
  package var tolerance: Double
  /// After each cut the weights that stay go back to what they had at this epoch of training before the first cut
  /// (Frankle and others 2020); nil goes on with what was learned.
  package var rewind: Double?

  package init(
    _ kind: Kind = .oneShot, steps: Int = 1, epochsPerStep: Double = 0, rate: Double = 0.2, tolerance: Double = 0.01,
    rewind: Double? = nil
  ) {
    self.kind = kind
    self.steps = steps
    self.epochsPerStep = epochsPerStep
    self.rate = rate
    self.tolerance = tolerance
    self.rewind = rewind
  }

  package static let oneShot = Schedule()
}

/// In what order groups are cut. With several steps each step cuts a part of the groups, else all are cut without training in
/// between, scores being taken anew after each.
package enum LayerOrder: String, Hashable, Sendable, Codable, CaseIterable {
  case allAtOnce = "all"
  /// From the input to the output.
  case bottomUp = "bottom-up"
  /// From the output to the input.
  case topDown = "top-down"
  /// Only the half of the groups that is nearer the input.
  case shallowOnly = "shallow-only"
  /// Those first whose removal costs the validation score least.
  case leastSensitive = "least-sensitive"
  /// Those first that lie off the path of most multiply-accumulates from input to output.
  case offCriticalPath = "off-critical-path"
}
