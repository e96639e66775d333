/// Over what the ranking runs.
package enum Scope: String, Hashable, Sendable, Codable, CaseIterable {
  /// One ranking over all groups, of scores normalised per group.
  case global
  /// The same share in every group.
  case local
  /// A share of its own for every group.
  case perGroup = "per-group"
  /// The same share in every output row of every kernel (single weights only), as Wanda compares them (Sun and others 2024,
  /// section 3): each output loses as many of the weights that make it.
  case row
  /// The least important layers are chosen first (`PruningPlan.layerShare`), then one ranking runs over these alone. Layers are
  /// compared by the mean of their scores over their largest one, or by the plan's normalisation where that does not make all
  /// means equal. A share of units is one of the chosen layers' units; one of parameters or MACs is of the whole network.
  case layersThenWeights = "layers-then-weights"
}

extension Scope {
  /// True when what all layers hold, or those that were chosen, stands in one ranking.
  package var hasOneRanking: Bool {
    switch self {
    case .global, .layersThenWeights: true
    case .local, .perGroup, .row: false
    }
  }
}

/// How much leaves.
///
/// A share is always of the network before the cut. What stays is the most that fits under `floor((1 - share) * whole)`, and so at
/// most one feasible step below it.
package enum Sparsity: Hashable, Sendable {
  /// A share, 0 to below 1, of what the plan's measure counts.
  case uniform(Double)
  /// Shares by group name; groups that are not named keep all.
  case perGroup([String: Double])
  /// Whatever scores below this, by the criterion's own scale before any normalisation; whatever scores above it where the high
  /// leave, and whatever lies farther than this from its group's median where the outlying do.
  case threshold(Double)
}

/// Canonical: `{"share": 0.5}`, `{"shares": {"conv1": 0.5}}` or `{"threshold": 0.01}`.
extension Sparsity: Codable {
  private enum Key: String, CodingKey {
    case share, shares, threshold
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    if let share = try container.decodeIfPresent(Double.self, forKey: .share) {
      self = .uniform(share)
    } else if let threshold = try container.decodeIfPresent(Double.self, forKey: .threshold) {
      self = .threshold(threshold)
    } else {
      self = .perGroup(try container.decode([String: Double].self, forKey: .shares))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .uniform(let share): try container.encode(share, forKey: .share)
    case .perGroup(let shares): try container.encode(shares, forKey: .shares)
    case .threshold(let threshold): try container.encode(threshold, forKey: .threshold)
    }
  }
}

/// Of what a sparsity is a share.
///
/// Half of the channels are not half of the network: where a layer's inputs and outputs both keep a share k of their channels,
/// k^2 of its weights and multiply-accumulates stay. MACs are those of `Graph.multiplyAccumulates` (half of the FLOPs; biases,
/// normalisations and activations count nothing), parameters the learned numbers of all layers, pruned or not.
package enum SparsityMeasure: String, Hashable, Sendable, Codable, CaseIterable {
  /// Channels, heads, branches, weights or blocks, whichever the granularity counts, of the layers that the plan admits.
  case units
  /// Parameters of the whole network, for weights and blocks those that are not zero; needs one ranking over all layers.
  case parameters
  /// Multiply-accumulates of the whole network; needs one ranking over all layers. Zeros save none.
  case macs
}
