import ChannelGroups
import StudyModel
import Tensors

/// A criterion that gives every single weight of a kernel a value of its own; a unit's score is the sum over the kernels on
/// one side of it.
package protocol ElementCriterion: ImportanceCriterion {
  /// Whose weights are summed: the unit's filters, unless the values say how the loss does without the weights.
  var side: UnitSide { get }

  /// For each of the named weights a tensor of its shape.
  func values(of weights: [String], in context: ScoringContext) throws -> [String: Tensor]
}

extension ElementCriterion {
  package var side: UnitSide { .makers }

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    let weights = UnitSums.kernels(of: groups, side, in: context)
    return try UnitSums.layerScores(of: groups, side, summing: weights.isEmpty ? [:] : values(of: weights, in: context))
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try values(of: weights, in: context).mapValues { try $0.to(.float32).floats }
  }
}
