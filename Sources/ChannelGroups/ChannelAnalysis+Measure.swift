import ModelGraph

/// The size of a network, by the counting rules of `Graph.parameterCount` and `Graph.multiplyAccumulates`.
package struct NetworkSize: Sendable, Hashable {
  package var parameters: Int
  /// Of one forward pass at the batch size that was analysed (1 unless bound).
  package var multiplyAccumulates: Int

  package init(parameters: Int, multiplyAccumulates: Int) {
    self.parameters = parameters
    self.multiplyAccumulates = multiplyAccumulates
  }
}

extension ChannelAnalysis {
  /// The size of the compacted network, from shapes alone: no weight is touched. Linear in the entries of all labelled axes.
  package func measure(keeping: [String: [Int]]) throws -> NetworkSize {
    let compacted = try CompactedShapes(self, keeping: keeping)
    var shapes = shapes
    for value in labels.keys where compacted.changes(value) { shapes[value] = compacted.shape(value) }
    for weight in facesOfWeight.keys { shapes[weight] = compacted.shape(weight) }
    let parameters = roles.reduce(0) { sum, entry in
      let count = (shapes[entry.key] ?? [0]).reduce(1, *)
      return !entry.value.isCounted || count == 1 && operandWeights.contains(entry.key) ? sum : sum + count
    }
    let operations = nodes.reduce(0) { sum, node in
      var node = node
      if case .attention(let attention) = node.op { node.op = .attention(compacted.compacted(attention, node)) }
      return sum + (node.multiplyAccumulates(shapes: shapes) ?? 0)
    }
    return NetworkSize(parameters: parameters, multiplyAccumulates: operations)
  }
}
