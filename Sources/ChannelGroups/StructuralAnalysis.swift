import ModelGraph

/// What of a network can leave so that it really gets smaller: channels, heads or recurrent units, or whole residual branches.
package enum StructuralAnalysis: Sendable {
  case channels(ChannelAnalysis)
  case branches(ResidualBranches)

  /// What can be pruned.
  package var groups: [ChannelGroup] {
    switch self {
    case .channels(let analysis): analysis.groups
    case .branches(let branches): branches.groups
    }
  }

  /// What stays, each with its reason.
  package var pinnedGroups: [ChannelGroup] {
    switch self {
    case .channels(let analysis): analysis.pinnedGroups
    case .branches(let branches): branches.pinnedGroups
    }
  }

  /// The smaller network. `keeping` names, for each group, the units that stay (ascending); a group that is not named keeps all.
  /// Throws `ChannelGroupError`.
  package func compacted(_ graph: Graph, keeping: [String: [Int]]) throws -> Graph {
    switch self {
    case .channels(let analysis): try analysis.compacted(graph, keeping: keeping)
    case .branches(let branches): try branches.compacted(graph, keeping: keeping)
    }
  }

  /// The same for tensors that go with the weights by name and shape: gradients, momenta, masks.
  package func compacted(weights: [String: TensorData], keeping: [String: [Int]]) throws -> [String: TensorData] {
    switch self {
    case .channels(let analysis): try analysis.compacted(weights: weights, keeping: keeping)
    case .branches(let branches): try branches.compacted(weights: weights, keeping: keeping)
    }
  }

  /// The network in its full shape, computing what the smaller one computes; with `narrowsStates` it takes and gives states in the shapes
  /// of the smaller one.
  package func masked(_ graph: Graph, keeping: [String: [Int]], narrowsStates: Bool = false) throws -> Graph {
    switch self {
    case .channels(let analysis): try analysis.masked(graph, keeping: keeping, narrowsStates: narrowsStates)
    case .branches(let branches): try branches.masked(graph, keeping: keeping)
    }
  }

  /// The size of the smaller network, without touching a weight.
  package func measure(keeping: [String: [Int]]) throws -> NetworkSize {
    switch self {
    case .channels(let analysis): try analysis.measure(keeping: keeping)
    case .branches(let branches): try branches.measure(keeping: keeping)
    }
  }
}
