import ChannelGroups
import Selection
import StudyModel

/// The sum of absolute weights of the filters that make a channel (Li and others 2017, section 3.1), over all layers whose
/// filters leave together (the paper prunes residual stages by one of them). Biases and normalisations do not count.
/// A single weight's score is its absolute value.
package struct L1Importance: ImportanceCriterion {
  package let criterion = Criterion.l1

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    var scores: [String: [LayerScores]] = [:]
    for group in groups {
      scores[group.name] = try UnitSums(group, weights: context.kernels.contains)
        .layers({ try context.tensor($0) }, each: { try $0.abs() })
    }
    return scores
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    var scores: [String: [Float]] = [:]
    for weight in weights { scores[weight] = try context.tensor(weight).abs().floats }
    return scores
  }
}
