import StudyModel
import Tensors

/// The diagonal of the empirical Fisher information times the squared weight, half of which estimates how the loss grows without
/// the weight (Theis and others 2018, "Faster gaze prediction with dense networks and Fisher pruning", equation 5): the mean over
/// samples of (g w)^2 / 2, where g is the gradient of one sample's loss, as in their equation and as `obs` has it
/// (`ScoringContext.forEachSampleGradient`). A channel's score is the sum over the weights that read it (`UnitSide`); `taylor`
/// squares a sum instead, and takes batches.
package struct FisherImportance: ElementCriterion {
  package let criterion = Criterion.fisher
  package let side = UnitSide.readers

  package init() {}

  package func values(of weights: [String], in context: ScoringContext) throws -> [String: Tensor] {
    let sums = try GradientSums(weights, of: .sample, in: context) { gradient, weight in
      try gradient.mul(weight).square()
    }
    return try sums.totals.mapValues { try $0.div(2 * Double(max(sums.count, 1))) }
  }
}
