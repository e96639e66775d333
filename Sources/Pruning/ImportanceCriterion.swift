import ChannelGroups
import ModelGraph
import Selection
import StudyModel

/// A way to judge how much a network needs its channels or its single weights; higher is more important unless the plan removes the high or the outlying.
///
/// A conforming type is stateless, draws random numbers only from the context's seed and leaves the network as it found it:
/// weights, statistics and empty gradients. Scores are per group; making groups comparable is Selection's task.
package protocol ImportanceCriterion: Sendable {
  /// The name that this criterion has in specs and plans.
  var criterion: Criterion { get }

  /// How the layers' scores become one where the plan does not say.
  var usualAggregation: Aggregation { get }

  /// For every group the finite scores of its units, one list for each layer that has a part in them. A criterion that joins
  /// the layers in a way of its own gives one list when `aggregation` is nil, and the layers' when it is not.
  func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]]

  /// One finite score for every element (row-major) of each of the named weights.
  func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]]
}

extension ImportanceCriterion {
  package var usualAggregation: Aggregation { .sum }

  /// One finite score for every unit of every group: the layers' scores, aggregated as asked or else as is usual.
  package func channelScores(
    of groups: [ChannelGroup], aggregation: Aggregation? = nil, in context: ScoringContext
  ) throws -> GroupScores {
    let layers = try layerScores(of: groups, aggregation: aggregation, in: context)
    let places = context.module.graph.readingOrder
    func place(_ layer: LayerScores) -> Int { places[layer.layer] ?? .max }
    var scores: GroupScores = [:]
    for group in groups {
      let ordered = (layers[group.name] ?? []).enumerated()
        .sorted { (place($0.element), $0.offset) < (place($1.element), $1.offset) }.map(\.element)
      scores[group.name] = (aggregation ?? usualAggregation).joined(ordered, unitCount: group.units.count)
    }
    return scores
  }

  /// For criteria that judge whole channels only.
  func refuseElements() throws -> Never {
    throw PruningError(
      .unsupportedCriterion, "The criterion '\(criterion.rawValue)' judges channels, not single weights.",
      remedy: "Take granularity channel, or one of: \(Criterion.names(where: \.judgesElements)).")
  }
}

extension Graph {
  /// The position of each node, and of the first node that reads each weight.
  fileprivate var readingOrder: [String: Int] {
    var places: [String: Int] = [:]
    for (position, node) in nodes.enumerated().reversed() {
      places[node.name] = position
      for input in node.inputs where weights[input] != nil { places[input] = position }
    }
    return places
  }
}
