import ChannelGroups
import Selection
import StudyModel
import Tensors

/// How strong and how selective a unit is for what the network itself tells apart; no labels are needed. A definition
/// of our own:
///
/// p_nc is the probability that the network gives class c for sample n, a_n the unit's mean absolute response, and r_c
/// = sum over n of p_nc a_n / sum over n of p_nc what the unit says of class c. The network's soft outputs are taken,
/// as in distillation, since the classes that it takes for the likeliest may be one and the same. The unit's sparseness
/// over the C classes is that of Treves and Rolls (1991),
///
///     s = 1 - (mean over c of r_c)^2 / mean over c of r_c^2,
///
/// 0 for a unit that answers all classes alike and 1 - 1 / C for one that answers a single one. The score is s times
/// the mean of a_n over all samples, so that weak units do not count for being choosy. A response is the value that the
/// layer's consumers read (`LayerResponse`).
package struct DistilledSparsityImportance: ImportanceCriterion {
  package let criterion = Criterion.distilledSparsity
  package var usualAggregation: Aggregation { .mean }

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    let statistics = try ActivationStatistics(of: groups, in: context)
    let (samples, classes) = try statistics.samplesAndClasses { try $0.to(.float64).abs().meanOverPositions() }
    // [C, S]; a class that is never given any probability has no row.
    let sums = try classes.sum([0]).doubles
    let rows = try Tensor(
      int64s: sums.indices.filter { sums[$0] > 0 }.map(Int64.init), shape: [sums.count { $0 > 0 }])
    let averaging = try classes.div(classes.sum([0], keepsAxes: true)).permute([1, 0]).takeRows(rows)
    return statistics.layerScores(
      try samples.map { table in
        try context.progress.report()
        let byClass = try averaging.matmul(table)
        let (mean, square) = try (byClass.mean([0]).doubles, byClass.square().mean([0]).doubles)
        return zip(zip(mean, square), try table.mean([0]).doubles).map { moments, strength in
          moments.1 > 0 ? max(1 - moments.0 * moments.0 / moments.1, 0) * strength : moments.1
        }
      })
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try refuseElements()
  }
}
