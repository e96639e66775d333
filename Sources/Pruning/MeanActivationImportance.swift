import ChannelGroups
import Selection
import StudyModel

/// The mean absolute response of a unit, over all samples and positions: "mean activation" of Molchanov and others
/// (2017, "Pruning convolutional neural networks for resource efficient inference", section 2.2), whose rectified
/// responses have no sign.
///
/// A response is the value that the layer's consumers read (`LayerResponse`). Of a unit that several layers make it is
/// the mean over the layers.
package struct MeanActivationImportance: ImportanceCriterion {
  package let criterion = Criterion.meanActivation
  package var usualAggregation: Aggregation { .mean }

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    try ActivationStatistics(of: groups, in: context).means { try $0.to(.float64).abs().meanOverPositions() }
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try refuseElements()
  }
}
