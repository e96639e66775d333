import ChannelGroups
import Selection
import StudyModel
import Tensors

/// A weight's absolute value times the Euclidean norm of the input that it is multiplied with, over all samples and
/// positions (Sun and others 2024, "A simple and effective pruning approach for large language models", equation 1).
///
/// For a convolution the norm is that of the whole input channel, each position once, whichever of its weights reads it
/// (`InputSquares`). A unit's score is the sum over the weights that make it. The paper compares weights within one row
/// only; here the plan's scope and normalisation decide.
package struct WandaImportance: ImportanceCriterion {
  package let criterion = Criterion.wanda

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    let kernels = GradientSums.kernels(of: groups, in: context)
    let products = try products(of: kernels, in: context)
    var result: [String: [LayerScores]] = [:]
    for group in groups {
      result[group.name] = try kernels.compactMap { kernel -> LayerScores? in
        guard let product = products[kernel] else { return nil }
        let units = Set(group.faces.filter { $0.isOutput && $0.weight == kernel }.flatMap(\.units)).sorted()
        if units.isEmpty { return nil }
        let sums = try UnitSums(group, weights: { $0 == kernel }).sums { _ in product }
        return LayerScores(layer: kernel, units: units, scores: units.map { sums[$0] })
      }
    }
    return result
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try products(of: weights, in: context).mapValues { try $0.to(.float32).floats }
  }

  /// |w| times the norm, in double precision and of the weight's shape.
  private func products(of weights: [String], in context: ScoringContext) throws -> [String: Tensor] {
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
