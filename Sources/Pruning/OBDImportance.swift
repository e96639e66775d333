import ChannelGroups
import Selection
import StudyModel
import Tensors

/// Optimal brain damage (LeCun, Denker and Solla 1990, equation 5): h w^2 / 2 with the diagonal h of the loss's Hessian, the growth
/// of the loss without the weight where the gradient is zero and weights do not interact. A channel's score is the sum over its
/// filters. Negative curvature gives negative scores, as in the paper's formula.
///
/// The diagonal is Hutchinson's estimate (Bekas and others 2007): the mean of v (H v) over vectors v of random signs, one vector a
/// batch; exact where the Hessian of the weights is diagonal. The paper propagates second derivatives instead.
package struct OBDImportance: ImportanceCriterion {
  package let criterion = Criterion.obd

  package init() {}

  package func channelScores(of groups: [ChannelGroup], in context: ScoringContext) throws -> GroupScores {
    let weights = GradientSums.kernels(of: groups, in: context)
    return try GradientSums.unitSums(groups, damage(of: weights, in: context), in: context)
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try damage(of: weights, in: context).mapValues { try $0.to(.float32).floats }
  }

  private func damage(of weights: [String], in context: ScoringContext) throws -> [String: Tensor] {
    var totals: [String: Tensor] = [:]
    var batches = 0
    try HessianProducts.forEachBatch(of: weights, in: context) { gradients, product in
      let signs = try zip(weights, gradients).map { weight, gradient in
        var generator = context.generator("obd/\(batches)/\(weight)")
        let values = (0..<gradient.elementCount).map { _ in Float(generator.uniform() < 0.5 ? -1 : 1) }
        return try Tensor(floats: values, shape: gradient.shape, device: gradient.device)
      }
      batches += 1
      for (place, curvature) in try product(signs).enumerated() {
        let diagonal = try signs[place].mul(curvature).to(.float64)
        if let total = totals[weights[place]] { try total.add_(diagonal) } else { totals[weights[place]] = diagonal }
      }
    }
    var scores: [String: Tensor] = [:]
    for (weight, total) in totals {
      scores[weight] = try context.tensor(weight).to(.float64).square().mul(total).div(2 * Double(max(batches, 1)))
    }
    return scores
  }
}
