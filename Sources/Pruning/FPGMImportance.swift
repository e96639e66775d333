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

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    var scores: [String: [LayerScores]] = [:]
    for group in groups {
      scores[group.name] = try UnitSlices(group, in: context).slices.map { layer in
        var totals = [Double](repeating: 0, count: layer.units.count)
        // Filters are compared with those of equal size; in one layer all are, unless layers share the weight in odd ways.
        for places in Dictionary(grouping: layer.units.indices, by: { layer.rows[$0].count }).values {
          let matrix = try Tensor(
            doubles: places.flatMap { layer.rows[$0] }, shape: [places.count, layer.rows[places[0]].count],
            device: context.module.device)
          let distances = try matrix.pairwiseDistance(matrix).sum([1]).doubles
          for (place, distance) in zip(places, distances) { totals[place] += distance }
        }
        return LayerScores(layer: layer.weight, units: layer.units, scores: totals)
      }
    }
    return scores
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try refuseElements()
  }
}
