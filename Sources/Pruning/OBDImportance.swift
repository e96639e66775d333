import StudyModel
import Tensors

/// Optimal brain damage (LeCun, Denker and Solla 1990, equation 5): h w^2 / 2 with the diagonal h of the loss's
/// Hessian, the growth of the loss without the weight where the gradient is zero and weights do not interact. A
/// channel's score is the sum over the weights that read it (`UnitSide`). Negative curvature gives negative scores, as
/// in the paper's formula.
///
/// The diagonal is exact for up to 256 weights and estimated for more (`HessianDiagonal`); the paper propagates
/// second derivatives of each activation instead.
package struct OBDImportance: ElementCriterion {
  package let criterion = Criterion.obd
  package let side = UnitSide.readers
  private let exactLimit: Int

  package init(exactLimit: Int? = nil) {
    self.exactLimit = exactLimit ?? HessianDiagonal.exactLimit
  }

  package func values(of weights: [String], in context: ScoringContext) throws -> [String: Tensor] {
    let diagonal = try HessianDiagonal.mean(over: weights, in: context, stream: "obd", exactLimit: exactLimit)
    var scores: [String: Tensor] = [:]
    for (weight, curvature) in diagonal {
      scores[weight] = try context.tensor(weight).to(.float64).square().mul(curvature).div(2)
    }
    return scores
  }
}
