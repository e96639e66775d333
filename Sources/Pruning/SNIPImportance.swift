import ChannelGroups
import Selection
import StudyModel
import Tensors

/// Connection sensitivity (Lee and others 2019, "SNIP", equation 4): |g w| with the gradient of the loss over all calibration
/// batches together, not normalised (that would not change the ranking). A channel's score is the sum over
/// the weights that read it (`UnitSide`).
package struct SNIPImportance: ImportanceCriterion {
  package let criterion = Criterion.snip

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    let weights = UnitSums.kernels(of: groups, .readers, in: context)
    return try UnitSums.layerScores(of: groups, .readers, summing: sensitivity(of: weights, in: context))
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try sensitivity(of: weights, in: context).mapValues { try $0.to(.float32).floats }
  }

  private func sensitivity(of weights: [String], in context: ScoringContext) throws -> [String: Tensor] {
    let sums = try GradientSums(weights, in: context) { gradient, weight in try gradient.mul(weight) }
    return try sums.totals.mapValues { try $0.div(Double(max(sums.batches, 1))).abs() }
  }
}
