import StudyModel
import Tensors

/// Connection sensitivity (Lee and others 2019, "SNIP", equation 4): |g w| with the gradient of the loss over all calibration
/// batches together, not normalised (that would not change the ranking). A channel's score is the sum over
/// the weights that read it (`UnitSide`).
package struct SNIPImportance: ElementCriterion {
  package let criterion = Criterion.snip
  package let side = UnitSide.readers

  package init() {}

  package func values(of weights: [String], in context: ScoringContext) throws -> [String: Tensor] {
    let sums = try GradientSums(weights, in: context) { gradient, weight in try gradient.mul(weight) }
    return try sums.totals.mapValues { try $0.div(Double(max(sums.count, 1))).abs() }
  }
}
