import ModelGraph

/// The size of a network, by the counting rules of `Graph.parameterCount` and `Graph.multiplyAccumulates`.
package struct NetworkSize: Sendable, Hashable {
  package var parameters: Int
  /// Of one forward pass at the batch size that was analysed (1 unless bound).
  package var multiplyAccumulates: Int
}

extension ChannelAnalysis {
  /// The size of the compacted network, from shapes alone: no weight is touched. Linear in the entries of all labelled axes.
  package func measure(keeping: [String: [Int]]) throws -> NetworkSize {
    let removed = try removed(keeping: keeping)
    var shapes = shapes
    for (value, axes) in labels {
      for (axis, array) in axes { shapes[value]?[axis] = array.count { !removed[$0] } }
    }
    for (face, array) in faces {
      shapes[face.weight]?[face.axis] = array.count { !removed[$0] } / face.groups
    }
    let parameters = roles.reduce(0) { sum, entry in
      entry.value == .trainable ? sum + (shapes[entry.key] ?? [0]).reduce(1, *) : sum
    }
    let operations = nodes.reduce(0) { $0 + ($1.multiplyAccumulates(shapes: shapes) ?? 0) }
    return NetworkSize(parameters: parameters, multiplyAccumulates: operations)
  }
}
