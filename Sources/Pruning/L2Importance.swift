import ChannelGroups
import Selection
import StudyModel

/// The Euclidean norm of all the filters that make a channel, as one vector (He and others 2018, "Soft filter pruning",
/// equation 2 with p = 2, over all layers whose filters leave together): the layers' norms, aggregated by `l2`. Biases and normalisations do not count.
/// A single weight's score is its square, which ranks as its absolute value does.
package struct L2Importance: ImportanceCriterion {
  package let criterion = Criterion.l2
  package let usualAggregation = Aggregation.l2

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    var scores: [String: [LayerScores]] = [:]
    for group in groups { scores[group.name] = try Self.norms(of: group, in: context) }
    return scores
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    var scores: [String: [Float]] = [:]
    for weight in weights { scores[weight] = try context.tensor(weight).to(.float64).square().floats }
    return scores
  }

  /// Each layer's norm for each unit.
  static func norms(of group: ChannelGroup, in context: ScoringContext) throws -> [LayerScores] {
    try UnitSums(group, weights: context.kernels.contains)
      .layers({ try context.tensor($0) }, each: { try $0.square() }).map { $0.mapping { $0.squareRoot() } }
  }
}
