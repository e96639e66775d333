import ModelGraph

extension Graph {
  /// True for a value that is zero everywhere, as the initial states that exporters write out. `producers` are the positions
  /// of the nodes that make values, `constant` gives what is known of one.
  package func isZero(
    _ value: String, producers: [String: Int], constant: (String) -> TensorData?
  ) -> Bool {
    if let tensor = constant(value) { return tensor.bytes.allSatisfy { $0 == 0 } }
    guard let node = producers[value].map({ nodes[$0] }) else { return false }
    switch node.op {
    case .constantOfShape(let value): return value?.bytes.allSatisfy { $0 == 0 } ?? true
    case .expand, .reshape, .squeeze, .unsqueeze, .slice, .gather, .split, .identity, .transpose, .cast, .tile,
      .flatten:
      return isZero(node.inputs[0], producers: producers, constant: constant)
    case .concat: return node.inputs.allSatisfy { isZero($0, producers: producers, constant: constant) }
    default: return false
    }
  }
}
