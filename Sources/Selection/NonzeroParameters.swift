import ChannelGroups
import ModelGraph

/// What a network's parameters are before weights become zeros, for plans whose sparsity is a share of them.
package struct NonzeroParameters: Sendable, Hashable {
  /// All parameters of the network.
  package var total: Int
  /// Those that are not zero.
  package var nonzero: Int
  /// For each weight, whether each element is zero already.
  package var zeros: [String: [Bool]]

  package init(total: Int, nonzero: Int, zeros: [String: [Bool]]) {
    self.total = total
    self.nonzero = nonzero
    self.zeros = zeros
  }

  package init(of graph: Graph, weights: [PrunableWeight]) {
    total = graph.parameterCount
    nonzero = graph.nonzeroParameterCount
    zeros = [:]
    for weight in weights { zeros[weight.weight] = graph.weights[weight.weight]?.floats.map { $0 == 0 } }
  }
}
