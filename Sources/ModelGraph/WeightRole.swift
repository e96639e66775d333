/// What a weight is to training and to counting.
package enum WeightRole: Sendable, Hashable {
  /// Learned by gradients: weights, biases, scales.
  case trainable
  /// Running means and variances of batch normalisation: measured, not learned, not counted as parameters.
  case statistic
  /// A constant of the graph.
  case constant
}

extension Graph {
  /// The role of every weight that a node reads, by how it is read; trainable wins where a weight is read in several ways.
  package func weightRoles() -> [String: WeightRole] {
    var roles: [String: WeightRole] = [:]
    func note(_ inputs: ArraySlice<String>, _ role: WeightRole) {
      for name in inputs where weights[name] != nil && roles[name] != .trainable {
        roles[name] = role
      }
    }
    for node in nodes {
      switch node.op {
      case .convolution, .gemm:
        note(node.inputs[...], .trainable)
      case .batchNormalization:
        note(node.inputs.prefix(3), .trainable)
        note(node.inputs.dropFirst(3), .statistic)
      case .elementwise:
        note(node.inputs[...], .trainable)
      case .activation, .maxPool, .averagePool, .globalAveragePool, .concat, .slice, .pad, .flatten, .reduceMean,
        .softmax, .identity, .dropout:
        note(node.inputs[...], .constant)
      }
    }
    return roles
  }

  /// Learned numbers; running statistics and constants are not counted.
  package var parameterCount: Int {
    trainableWeights.reduce(0) { $0 + $1.elementCount }
  }

  /// Learned numbers that are not zero.
  package var nonzeroParameterCount: Int {
    trainableWeights.reduce(0) { $0 + $1.floats.count { $0 != 0 } }
  }

  private var trainableWeights: [TensorData] {
    weightRoles().compactMap { name, role in role == .trainable ? weights[name] : nil }
  }
}
