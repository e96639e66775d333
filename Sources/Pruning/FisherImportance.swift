import ChannelGroups
import Selection
import StudyModel
import Tensors

/// The diagonal of the empirical Fisher information times the squared weight, half of which estimates how the loss grows without
/// the weight (Theis and others 2018, "Faster gaze prediction with dense networks and Fisher pruning", equation 5): the mean over
/// calibration batches of (g w)^2 / 2, where a batch takes the place of their single sample. A channel's score is the sum over the
/// weights that read it (`UnitSide`); `taylor` squares a sum instead.
package struct FisherImportance: ImportanceCriterion {
  package let criterion = Criterion.fisher

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    let weights = UnitSums.kernels(of: groups, .readers, in: context)
    return try UnitSums.layerScores(of: groups, .readers, summing: growth(of: weights, in: context))
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try growth(of: weights, in: context).mapValues { try $0.to(.float32).floats }
  }

  private func growth(of weights: [String], in context: ScoringContext) throws -> [String: Tensor] {
    let sums = try GradientSums(weights, in: context) { gradient, weight in try gradient.mul(weight).square() }
    return try sums.totals.mapValues { try $0.div(2 * Double(max(sums.batches, 1))) }
  }
}
