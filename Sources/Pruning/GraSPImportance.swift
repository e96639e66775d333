import StudyModel
import Tensors

/// Gradient signal preservation (Wang and others 2020, "Picking winning tickets before training by preserving gradient flow",
/// equation 8): w (H g), the change of the gradient's squared norm, to first order and without a factor of 2, that the weight's
/// presence makes. The paper's score is its negative, of which the highest leave; ours is turned so that the lowest leave.
///
/// H g is of each calibration batch, and the products are averaged; the paper's temperature on the logits (200) is left out, since
/// the networks here are trained. A channel's score is the sum over the weights that read it (`UnitSide`).
package struct GraSPImportance: ElementCriterion {
  package let criterion = Criterion.grasp
  package let side = UnitSide.readers

  package init() {}

  package func values(of weights: [String], in context: ScoringContext) throws -> [String: Tensor] {
    var totals: [String: Tensor] = [:]
    var batches = 0.0
    try HessianProducts.forEachBatch(of: weights, in: context) { gradients, product in
      batches += 1
      for (weight, curvature) in zip(weights, try product(gradients)) {
        let change = try context.tensor(weight).mul(curvature).to(.float64)
        if let total = totals[weight] { try total.add_(change) } else { totals[weight] = change }
      }
    }
    return try totals.mapValues { try $0.div(max(batches, 1)) }
  }
}
