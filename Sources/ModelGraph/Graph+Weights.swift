extension Graph {
  /// The network with weights of the same names and shapes laid over its own.
  ///
  /// Names that the network does not have are ignored only when they end in "num_batches_tracked", PyTorch's step counter.
  /// Throws `GraphError(.invalidWeight)` for another unknown name, a missing weight or a different shape.
  package func laying(_ state: [String: TensorData]) throws -> Graph {
    var result = self
    let roles = weightRoles()
    for name in weights.keys.sorted() where roles[name] == .trainable || roles[name] == .statistic {
      guard let data = state[name] else {
        throw GraphError(
          .invalidWeight, "The weights have no '\(name)', which \(self.name) needs.",
          remedy: "Check that they are of this network.")
      }
      guard data.shape == weights[name]?.shape, data.elementType == weights[name]?.elementType else {
        throw GraphError(
          .invalidWeight,
          "The weight '\(name)' has shape \(data.shape) (\(data.elementType.rawValue)); \(self.name) needs \(weights[name]?.shape ?? [])."
        )
      }
      result.weights[name] = data
    }
    for name in state.keys.sorted() where weights[name] == nil && !name.hasSuffix("num_batches_tracked") {
      throw GraphError(
        .invalidWeight, "The weights hold '\(name)', which \(self.name) does not have.",
        remedy: "Check that they are of this network.")
    }
    return result
  }
}
