import ChannelGroups
import GraphRuntime
import ModelGraph
import Selection
import StudyModel
import Tensors

/// The first-order estimate of how the loss changes without the channel (Molchanov and others 2019, "Importance estimation
/// for neural network pruning").
///
/// A channel's score is the mean over calibration batches of (sum of g w)^2, their equation 8 over the parameters that gate it.
/// As in their section 3.1 (Taylor-FO-BN) the gate of a convolution with a batch normalisation directly behind it is that one's
/// scale and bias, else the filter and its bias; in both cases the sum is the derivative of the loss along the channel's output.
/// Over all layers whose filters leave together the gates are summed before they are squared, since they leave at once; where
/// an aggregation is asked for, each layer's gate is squared by itself.
/// Batches are squared one by one: at a minimum the gradients of all samples cancel, and their sum would only be noise.
/// A single weight's score is the sum over batches of |g w|.
package struct TaylorImportance: ImportanceCriterion {
  package let criterion = Criterion.taylor

  package init() {}

  package func layerScores(
    of groups: [ChannelGroup], aggregation: Aggregation?, in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    let gates = Self.gates(of: context.module.graph)
    let sums = groups.map { group in
      // A normalisation that is cut with the unit but follows a sum or a concatenation is behind no single filter, and the
      // filters themselves are the gates then.
      UnitSums(group, weights: { gates[$0] != nil })
    }
    var totals: [[LayerScores]] = groups.map { _ in [] }
    var batches = 0.0
    try context.forEachGradient {
      batches += 1
      for (position, sum) in sums.enumerated() {
        let changes = try sum.layers(named: { aggregation == nil ? "" : gates[$0] ?? $0 }) {
          try Self.product($0, in: context)
        }.map { $0.mapping { $0 * $0 } }
        totals[position] = totals[position].isEmpty ? changes : zip(totals[position], changes).map { $0.adding($1) }
      }
    }
    var scores: [String: [LayerScores]] = [:]
    for (group, total) in zip(groups, totals) { scores[group.name] = total.map { $0.mapping { $0 / batches } } }
    return scores
  }

  package func elementScores(of weights: [String], in context: ScoringContext) throws -> [String: [Float]] {
    var totals: [String: Tensor] = [:]
    try context.forEachGradient {
      for weight in weights {
        let change = try Self.product(weight, in: context).abs()
        if let total = totals[weight] { try total.add_(change) } else { totals[weight] = change }
      }
    }
    return try totals.mapValues { try $0.floats }
  }

  /// The parameters along which channels are scaled, each with the first layer whose gate it is.
  private static func gates(of graph: Graph) -> [String: String] {
    var layers: [String: String] = [:]
    for gate in graph.outputGates() {
      for weight in gate.weights where layers[weight] == nil { layers[weight] = gate.layer }
    }
    return layers
  }

  /// g w, element by element; zeros where the loss does not depend on the weight.
  private static func product(_ weight: String, in context: ScoringContext) throws -> Tensor {
    let tensor = try context.tensor(weight)
    guard let gradient = context.module.tensor(named: weight)?.grad else { return try tensor.mul(0) }
    return try tensor.mul(try gradient.detach()).to(.float32)
  }
}
