import ChannelGroups
import Selection
import StudyModel
import Tensors

/// The largest absolute weight of the filters that make a channel, over all layers whose filters leave together. A single
/// weight's score is its absolute value.
package struct LInfinityImportance: ImportanceCriterion {
  package let criterion = Criterion.linf
  package let usualAggregation = Aggregation.max

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    var scores: [String: [LayerScores]] = [:]
    for group in groups {
      scores[group.name] = try UnitSlices(group, in: context).slices.map { slice in
        slice.scores { $0.lazy.map { Swift.abs($0) }.max() ?? 0 }
      }
    }
    return scores
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try L1Importance().elementScores(of: weights, in: context)
  }
}
