import Support

/// The sign that a network gets its images in another scaling than it was trained with: pruned networks are right more often than
/// the dense one by points. Recalibration and fine-tuning get used to any scaling; the dense network, which has neither, does not.
package struct ScalingDoubt: Hashable, Sendable {
  private let dense: Proportion
  private let pruned: Proportion
  /// Shares; fine-tuning a network that was trained to its end gains less.
  private static let doubtful = 0.02

  /// Nil where `pruned` is no better than fine-tuning and chance explain.
  package init?(dense: Proportion, pruned: Proportion) {
    guard dense.total > 0, pruned.share - dense.share >= Self.doubtful, pruned.interval.lowerBound > dense.share
    else { return nil }
    self.dense = dense
    self.pruned = pruned
  }

  /// For studies.
  package static let specRemedy = "check 'input' in the spec"

  /// `remedy` says where the scaling is given.
  package func text(_ input: InputNormalization, remedy: String) -> String {
    "A pruned network is right on \(Units.percent(pruned.share)) of the validation samples, the dense one only on "
      + "\(Units.percent(dense.share)). Most likely the input scaling (\(input.text)) is not the one that the dense network was "
      + "trained with: \(remedy). If it is, the dense network was not trained to its end."
  }
}
