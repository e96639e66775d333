import ChannelGroups
import Selection
import StudyModel
import Tensors

/// The mean rank over the samples of a unit's feature map, as a matrix `[H, W]` (Lin and others 2020, "HRank", equation
/// 5).
///
/// The rank is numerical, in the map's own precision: the singular values above max(H, W) times epsilon times the
/// largest, as the paper's framework has it. Volumes `[D, H, W]` count as `[D H, W]`. What a unit of a sequence `[N, T,
/// C]` says of a sample is a matrix `[T, 1]`, and the output of a linear layer one of 1 x 1: their rank is 1 unless all
/// of it is zero, so the score is the share of samples of which the unit says anything. A response is the value that
/// the layer's consumers read (`LayerResponse`). Cost: one singular value decomposition for each unit and sample.
package struct HRankImportance: ImportanceCriterion {
  package let criterion = Criterion.hrank
  package var usualAggregation: Aggregation { .mean }

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    try ActivationStatistics(of: groups, in: context).means(Self.ranks)
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try refuseElements()
  }

  /// `[N, K, ...]` to `[N, K]`.
  private static func ranks(_ response: Tensor) throws -> Tensor {
    let shape = response.shape
    guard shape.count > 3, shape[2...].reduce(1, *) > shape[shape.count - 1], shape[shape.count - 1] > 1 else {
      let speaks = try response.ne(0)
      return shape.count > 2 ? try speaks.any(Array(2..<shape.count)) : speaks
    }
    return try response.contiguous().reshape([shape[0], shape[1], -1, shape[shape.count - 1]]).matrixRank()
  }
}
