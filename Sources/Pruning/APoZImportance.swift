import ChannelGroups
import Selection
import StudyModel
import Tensors

/// One minus the average percentage of zeros (Hu and others 2016, "Network trimming", equation 1): the share of samples
/// and positions at which a unit's response is not zero, so that the units that are mostly silent leave first.
///
/// Behind anything but a rectifier hardly a response is exactly zero, and all units score 1. A response is the value
/// that the layer's consumers read (`LayerResponse`).
package struct APoZImportance: ImportanceCriterion {
  package let criterion = Criterion.apoz
  package var usualAggregation: Aggregation { .mean }

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    try ActivationStatistics(of: groups, in: context).means { try $0.ne(0).to(.float64).meanOverPositions() }
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    try refuseElements()
  }
}
