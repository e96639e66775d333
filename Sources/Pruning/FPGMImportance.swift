import ChannelGroups
import Selection
import StudyModel
import Tensors

/// How far a channel's filters are from the others of their layer: the sum of Euclidean distances, which is least at the
/// geometric median (He and others 2019, "Filter pruning via geometric median", equation 6), summed over all layers whose
/// filters leave together. The filter nearest to the median is the one that the others can replace.
package struct FPGMImportance: ImportanceCriterion {
  package let criterion = Criterion.fpgm

  package init() {}

  package func channelScores(of groups: [ChannelGroup], in context: ScoringContext) throws -> GroupScores {
    var scores: GroupScores = [:]
    for group in groups {
      let sums = UnitSums(group, weights: context.kernels.contains)
      var totals = [Double](repeating: 0, count: group.units.count)
      for weight in sums.weights {
        guard let rows = sums.rows(of: weight) else {
          throw PruningError(
            .unsupportedCriterion, "The filters of '\(weight)' are cut in several ways, so they cannot be compared.",
            remedy: "Take another criterion, or exclude the layer.")
        }
        let tensor = try context.tensor(weight)
        // Filters are compared with those of equal size; in one layer all are, unless layers share the weight in odd ways.
        for members in Dictionary(grouping: rows.units, by: \.indices.count).values {
          let distances = try Self.distanceSums(tensor, axis: rows.axis, filters: members.map(\.indices))
          for (member, distance) in zip(members, distances) { totals[member.unit] += distance }
        }
      }
      scores[group.name] = totals.map { Float($0) }
    }
    return scores
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try refuseElements()
  }

  /// For each filter (the slices of `weight` at its indices) the sum of its distances to all, in double precision.
  private static func distanceSums(_ weight: Tensor, axis: Int, filters: [[Int]]) throws -> [Double] {
    let indices = filters.flatMap { $0.map(Int64.init) }
    let axes = [axis] + (0..<weight.rank).filter { $0 != axis }
    let matrix =
      try weight.permute(axes)
      .indexSelect(0, try Tensor(int64s: indices, shape: [indices.count], device: weight.device))
      .reshape([filters.count, -1]).to(.float64)
    return try matrix.pairwiseDistance(matrix).sum([1]).doubles
  }
}
