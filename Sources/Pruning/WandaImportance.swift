import ChannelGroups
import Selection
import StudyModel
import Tensors

/// A weight's absolute value times the Euclidean norm of the input that it is multiplied with, over all samples and
/// positions (Sun and others 2024, "A simple and effective pruning approach for large language models", equation 1).
///
/// For a convolution the norm is that of the whole input channel, each position once, whichever of its weights reads it
/// (`InputSquares`). A unit's score is the sum over the weights that make it. The paper compares weights within
/// one output's row only (its section 3), which is the scope `row` with the granularity `element`; the plan's scope decides, and is
/// whatever it is for other criteria unless said.
package struct WandaImportance: ElementCriterion {
  package let criterion = Criterion.wanda

  package init() {}

  /// |w| times the norm, in double precision and of the weight's shape.
  package func values(of weights: [String], in context: ScoringContext) throws -> [String: Tensor] {
    let squares = try InputSquares.sums(for: weights, in: context)
    var result: [String: Tensor] = [:]
    for weight in weights {
      let values = try context.tensor(weight).to(.float64).abs()
      result[weight] = try values.mul(
        squares[weight]?.sqrt() ?? Tensor.zeros([1], type: .float64, device: values.device))
    }
    return result
  }
}
