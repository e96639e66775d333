import ChannelGroups
import Selection
import StudyModel
import Tensors

/// How steadily the gradient of a weight points one way: |mean over batches of sign(g)|, from 0 (it turns with every batch, so the
/// weight only follows noise) to 1. A channel's score is the mean over the weights of its filters.
///
/// The idea is that of counting sign changes in training (as RPROP and signSGD with majority vote use the sign alone); as a
/// criterion for pruning we know of no published source.
package struct GradientSignImportance: ImportanceCriterion {
  package let criterion = Criterion.gradientSign

  package init() {}

  package func channelScores(of groups: [ChannelGroup], in context: ScoringContext) throws -> GroupScores {
    let consistency = try consistency(of: GradientSums.kernels(of: groups, in: context), in: context)
    let sums = try GradientSums.unitSums(groups, consistency, in: context)
    let counts = try GradientSums.unitSums(
      groups, consistency.mapValues { try $0.mul(0).add(1) }, in: context)
    return sums.merging(counts) { sum, count in zip(sum, count).map { $1 > 0 ? $0 / $1 : 0 } }
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try consistency(of: weights, in: context).mapValues { try $0.to(.float32).floats }
  }

  private func consistency(of weights: [String], in context: ScoringContext) throws -> [String: Tensor] {
    let signs = try GradientSums(weights, in: context) { gradient, _ in try gradient.sign() }
    return try signs.totals.mapValues { try $0.abs().div(Double(max(signs.batches, 1))) }
  }
}
