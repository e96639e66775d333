import ChannelGroups
import Selection
import StudyModel

/// A way to judge how much a network needs its channels or its single weights; higher is more important unless the plan removes the high or the outlying.
///
/// A conforming type is stateless, draws random numbers only from the context's seed and leaves the network as it found it:
/// weights, statistics and empty gradients. Scores are per group; making groups comparable is Selection's task.
package protocol ImportanceCriterion: Sendable {
  /// The name that this criterion has in specs and plans.
  var criterion: Criterion { get }

  /// One finite score for every unit of every group, summed over the layers that produce the unit.
  func channelScores(of groups: [ChannelGroup], in context: ScoringContext) throws -> GroupScores

  /// One finite score for every element (row-major) of each of the named weights.
  func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]]
}

extension ImportanceCriterion {
  /// For criteria that judge whole channels only.
  func refuseElements() throws -> Never {
    let others = Criterion.allCases.filter(\.judgesElements).map(\.rawValue)
    throw PruningError(
      .unsupportedCriterion, "The criterion '\(criterion.rawValue)' judges channels, not single weights.",
      remedy: "Take granularity channel, or one of: \(others.joined(separator: ", ")).")
  }
}
