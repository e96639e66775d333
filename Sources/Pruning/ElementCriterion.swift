import ChannelGroups
import Selection
import StudyModel
import Tensors

/// A criterion that gives every single weight of a kernel a value of its own; a unit's score is the sum over its filters.
package protocol ElementCriterion: ImportanceCriterion {
  /// For each of the named weights a tensor of its shape.
  func values(of weights: [String], in context: ScoringContext) throws -> [String: Tensor]
}

extension ElementCriterion {
  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    let weights = GradientSums.kernels(of: groups, in: context)
    return try GradientSums.layerSums(groups, values(of: weights, in: context), in: context)
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try values(of: weights, in: context).mapValues { try $0.to(.float32).floats }
  }
}
