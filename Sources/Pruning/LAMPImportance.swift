import ChannelGroups
import Foundation
import Selection
import StudyModel
import Tensors

/// Layer-adaptive magnitude (Lee and others 2021, "Layer-adaptive sparsity for the magnitude-based pruning", equation 3): the
/// square of a weight over the sum of squares of its layer's weights that are not smaller. Scores of all layers stand in one
/// ranking without further normalisation, and the largest weight of a layer scores 1, so no layer empties.
///
/// For channels the same is done with the squared norms of a group's units over all layers, or with each layer's where an
/// aggregation is asked for; the paper does not treat channels.
package struct LAMPImportance: ImportanceCriterion {
  package let criterion = Criterion.lamp

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    var scores: [String: [LayerScores]] = [:]
    for group in groups {
      let sums = UnitSums(group, weights: context.kernels.contains)
      if aggregation == nil {
        let squares = try sums.sums({ try context.tensor($0) }, each: { try $0.square() })
        scores[group.name] = [LayerScores(joint: Self.relative(squares).map(Double.init), of: group)]
      } else {
        scores[group.name] = try sums.layers({ try context.tensor($0) }, each: { try $0.square() }).map { layer in
          LayerScores(layer: layer.layer, units: layer.units, scores: Self.relative(layer.scores).map(Double.init))
        }
      }
    }
    return scores
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    var scores: [String: [Float]] = [:]
    for weight in weights {
      scores[weight] = Self.relative(try context.tensor(weight).to(.float64).square().doubles)
    }
    return scores
  }

  /// Each square over the sum of those that come at or after it in ascending order; ties go by index.
  static func relative(_ squares: [Double]) -> [Float] {
    let order = squares.indices.sorted { (squares[$0], $0) < (squares[$1], $1) }
    var result = [Float](repeating: 0, count: squares.count)
    var sum = 0.0
    for index in order.reversed() {
      sum += squares[index]
      result[index] = sum > 0 ? Float(squares[index] / sum) : 0
    }
    return result
  }
}
