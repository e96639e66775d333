import ChannelGroups
import StudyModel
import Tensors

/// The trace of the loss's Hessian over a unit's weights (Yu and others 2022, "Hessian-aware pruning and optimal
/// neural implant"): trace(H_p) / (2 p) |w|^2 for the p weights w that one layer gives to the unit, which puts the
/// block's mean curvature in the place of the block. Layers are summed. A single weight is a unit of one: h w^2 / 2.
/// Where the curvature is negative on the whole, so is the score.
///
/// The traces are exact for up to 256 weights and Hutchinson's estimates for more (`HessianDiagonal`).
package struct HessianTraceImportance: ImportanceCriterion {
  package let criterion = Criterion.hessianTrace
  private let exactLimit: Int

  package init(exactLimit: Int? = nil) {
    self.exactLimit = exactLimit ?? HessianDiagonal.exactLimit
  }

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    let diagonal = try diagonal(of: UnitSums.kernels(of: groups, in: context), in: context)
    let traces = try UnitSums.layerScores(of: groups, summing: diagonal)
    let squares = try UnitSums.layerScores(
      of: groups, summing: diagonal.keys.reduce(into: [:]) { $0[$1] = try context.tensor($1).to(.float64).square() })
    let counts = try UnitSums.layerScores(
      of: groups, summing: diagonal.mapValues { try $0.mul(0).add(1) })
    return traces.reduce(into: [:]) { result, entry in
      let others = zip(squares[entry.key] ?? [], counts[entry.key] ?? [])
      result[entry.key] = zip(entry.value, others).map { trace, other in
        let (square, count) = other
        return LayerScores(
          layer: trace.layer, units: trace.units,
          scores: trace.scores.indices.map {
            trace.scores[$0] / (2 * max(count.scores[$0], 1)) * square.scores[$0]
          })
      }
    }
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    var scores: [String: [Float]] = [:]
    for (weight, curvature) in try diagonal(of: weights, in: context) {
      scores[weight] = try context.tensor(weight).to(.float64).square().mul(curvature).div(2).to(.float32).floats
    }
    return scores
  }

  private func diagonal(of weights: [String], in context: ScoringContext) throws -> [String: Tensor] {
    try HessianDiagonal.mean(over: weights, in: context, stream: criterion.rawValue, exactLimit: exactLimit)
  }
}
