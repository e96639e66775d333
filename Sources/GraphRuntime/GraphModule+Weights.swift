import ModelGraph
import Tensors

extension GraphModule {
  /// Forgets the gradients of all parameters; the next backward pass starts anew.
  package func zeroGradients() throws {
    for (_, tensor) in parameters { try tensor.clearGrad() }
  }

  /// The graph with the weights as they are now, copied back; constants keep their bytes.
  package func exportedGraph() throws -> Graph {
    var result = graph
    for (name, tensor) in parameters + statistics {
      result.weights[name] = try tensor.tensorData()
    }
    return result
  }

  /// Takes over weights by name, in place, so that optimisers keep their parameters; names that the network has and
  /// `weights` lacks stay. Throws `GraphRuntimeError(.invalidWeight)`, changing nothing, for an unknown name or
  /// another shape.
  package func load(_ weights: [String: TensorData]) throws {
    for (name, data) in weights {
      guard let target = tensor(named: name) else {
        throw GraphRuntimeError(.invalidWeight, "The network '\(graph.name)' has no weight '\(name)'.")
      }
      guard target.shape == data.shape else {
        throw GraphRuntimeError(
          .invalidWeight, "The weight '\(name)' has shape \(data.shape); '\(graph.name)' needs \(target.shape).")
      }
    }
    for (name, data) in weights {
      try tensor(named: name)?.copy_(Tensor(data, device: device))
    }
  }
}
