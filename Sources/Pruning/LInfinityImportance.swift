import ChannelGroups
import Selection
import StudyModel
import Tensors

/// The largest absolute weight of the filters that make a channel, over all layers whose filters leave together. A single
/// weight's score is its absolute value.
package struct LInfinityImportance: ImportanceCriterion {
  package let criterion = Criterion.linf

  package init() {}

  package func channelScores(of groups: [ChannelGroup], in context: ScoringContext) throws -> GroupScores {
    var scores: GroupScores = [:]
    for group in groups {
      var largest = [Double](repeating: 0, count: group.units.count)
      for slice in try UnitSlices(group, in: context).slices {
        for (place, unit) in slice.units.enumerated() {
          largest[unit] = max(largest[unit], slice.rows[place].lazy.map { Swift.abs($0) }.max() ?? 0)
        }
      }
      scores[group.name] = largest.map { Float($0) }
    }
    return scores
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try L1Importance().elementScores(of: weights, in: context)
  }
}
