import ModelGraph

extension ChannelAnalysis {
  /// The network without the units that are not kept: smaller weights, and constants and attributes rewritten to fit.
  ///
  /// Every array of atoms is filtered to what stays, and each weight gathers along its axes in the order of these arrays.
  /// Compacting by nothing gives an equal graph. Throws `ChannelGroupError`; linear in the bytes of the weights.
  package func compacted(_ graph: Graph, keeping: [String: [Int]]) throws -> Graph {
    try check(graph)
    let shapes = try CompactedShapes(self, keeping: keeping)
    guard shapes.changesAnything else { return graph }
    var result = graph
    result.weights = WeightCompaction(shapes: shapes).compacted(graph.weights)
    var nodes = NodeCompaction(shapes: shapes, weights: result.weights)
    for (position, node) in graph.nodes.enumerated() { nodes.append(node, at: position) }
    result.nodes = nodes.nodes
    result.weights = nodes.weights
    result.removeUnread(since: graph)
    for position in graph.inputs.indices { result.inputs[position].shrink(to: shapes) }
    for position in graph.outputs.indices { result.outputs[position].shrink(to: shapes) }
    try check(result, against: shapes)
    return result
  }

  /// The same for tensors that go with the weights by name and shape: gradients, momenta, masks. Names that the network does
  /// not have pass through.
  package func compacted(weights: [String: TensorData], keeping: [String: [Int]]) throws -> [String: TensorData] {
    try check(weights)
    return WeightCompaction(shapes: try CompactedShapes(self, keeping: keeping)).compacted(weights)
  }

  /// Every value of the compacted network has the shape that its array says.
  private func check(_ graph: Graph, against shapes: CompactedShapes) throws {
    let found = try graph.shapes(binding: binding)
    for value in found.keys.sorted() where labels[value] != nil || facesOfWeight[value] != nil {
      guard let shape = found[value], shape != shapes.shape(value) else { continue }
      throw ChannelGroupError(
        .invalidSelection, "'\(value)' became \(shape) where its channels leave \(shapes.shape(value)).",
        remedy: "This network cannot be cut like this; leave its layers out, and report it.")
    }
  }
}

extension ValueInfo {
  /// Fixed axes of channels get what stays of them.
  mutating func shrink(to shapes: CompactedShapes) {
    guard shapes.changes(name) else { return }
    let sizes = shapes.shape(name)
    for axis in shape.indices where axis < sizes.count {
      if case .fixed = shape[axis] { shape[axis] = .fixed(sizes[axis]) }
    }
  }
}

extension Graph {
  /// Drops nodes and weights that nothing reads any more, if something read them before.
  mutating func removeUnread(since before: Graph) {
    let readBefore = Set(before.nodes.flatMap(\.inputs) + before.outputs.map(\.name))
    var read = Set(outputs.map(\.name))
    var kept: [Node] = []
    for node in nodes.reversed() {
      let isRead = node.outputs.contains { read.contains($0) || !readBefore.contains($0) && !$0.isEmpty }
      guard isRead else { continue }
      read.formUnion(node.inputs)
      kept.append(node)
    }
    nodes = kept.reversed()
    for name in weights.keys where readBefore.contains(name) && !read.contains(name) { weights[name] = nil }
  }
}
