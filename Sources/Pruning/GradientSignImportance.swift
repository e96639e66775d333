import ChannelGroups
import Selection
import StudyModel
import Tensors

/// How steadily the gradient of a weight points one way: |mean over batches of sign(g)|, from 0 (it turns with every batch, so the
/// weight only follows noise) to 1. A channel's score is the mean over the weights of its filters, of all
/// layers together unless an aggregation is asked for.
///
/// The idea is that of counting sign changes in training (as RPROP and signSGD with majority vote use the sign alone); as a
/// criterion for pruning we know of no published source.
package struct GradientSignImportance: ImportanceCriterion {
  package let criterion = Criterion.gradientSign

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    let consistency = try consistency(of: UnitSums.kernels(of: groups, in: context), in: context)
    let sums = try UnitSums.layerScores(of: groups, summing: consistency)
    let counts = try UnitSums.layerScores(of: groups, summing: consistency.mapValues { try $0.mul(0).add(1) })
    var scores: [String: [LayerScores]] = [:]
    for group in groups {
      let (sums, counts) = (sums[group.name] ?? [], counts[group.name] ?? [])
      if aggregation == nil {
        let (all, count) = (sums.total(over: group), counts.total(over: group))
        scores[group.name] = [LayerScores(joint: zip(all, count).map { $1 > 0 ? $0 / $1 : 0 }, of: group)]
      } else {
        scores[group.name] = zip(sums, counts).map { sum, count in
          LayerScores(
            layer: sum.layer, units: sum.units, scores: zip(sum.scores, count.scores).map { $1 > 0 ? $0 / $1 : 0 })
        }
      }
    }
    return scores
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try consistency(of: weights, in: context).mapValues { try $0.to(.float32).floats }
  }

  private func consistency(of weights: [String], in context: ScoringContext) throws -> [String: Tensor] {
    let signs = try GradientSums(weights, in: context) { gradient, _ in try gradient.sign() }
    return try signs.totals.mapValues { try $0.abs().div(Double(max(signs.count, 1))) }
  }
}
