import ChannelGroups
import ModelGraph
import Selection
import StudyModel

/// The absolute scale of the batch normalisations that a channel passes (Liu and others 2017, "Network slimming", section 3),
/// summed over those that leave with it. The paper trains with an L1 penalty on the scales first; this does not.
///
/// A group with a unit that passes none is scored by `L2Importance`; Selection compares groups by relative scores, so the
/// two can stand in one ranking. A network where no group has a batch normalisation is refused, since all would be L2.
package struct BatchNormScaleImportance: ImportanceCriterion {
  package let criterion = Criterion.batchNormScale

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    var scales = Set<String>()
    for node in context.module.graph.nodes {
      if case .batchNormalization = node.op, node.inputs.count > 1 { scales.insert(node.inputs[1]) }
    }
    var scores: [String: [LayerScores]] = [:]
    var found = false
    for group in groups {
      let sums = UnitSums(group, weights: scales.contains)
      if sums.coversAllUnits {
        found = true
        scores[group.name] = try sums.layers({ try context.tensor($0) }, each: { try $0.abs() })
      } else {
        let norms = try L2Importance.norms(of: group, in: context)
        let joint = Aggregation.l2.joined(norms, unitCount: group.units.count).map(Double.init)
        scores[group.name] = aggregation == nil ? [LayerScores(joint: joint, of: group)] : norms
      }
    }
    guard found || groups.isEmpty else {
      throw PruningError(
        .unsupportedCriterion,
        "No group of \(context.module.graph.name) has a batch normalisation behind it, so '\(criterion.rawValue)' has no scales.",
        remedy: "Take another criterion, or a network whose batch normalisations are not folded into its convolutions.")
    }
    return scores
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try refuseElements()
  }
}
