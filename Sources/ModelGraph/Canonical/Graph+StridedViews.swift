// PyTorch's newer exporter writes a strided view as a Gather of single numbers from the flattened value, by positions that it
// computes from the batch. Nobody can follow channels through that, nor is it fast.
extension Graph {
  /// Gathers of single numbers become what they are: a reshape, after a slice or a transpose where there is one.
  ///
  /// The positions must form the same grid at three sizes of every symbolic axis. What follows no grid stays.
  package func resolvingStridedViews() throws -> Graph {
    let makers = Dictionary(
      nodes.enumerated().flatMap { position, node in node.outputs.map { ($0, position) } },
      uniquingKeysWith: { first, _ in first })
    let candidates = nodes.indices.filter { position in
      guard case .gather = nodes[position].op, let maker = makers[nodes[position].inputs[0]] else { return false }
      return nodes[maker].isFlattening
    }
    guard !candidates.isEmpty, let probes = try? ShapeProbes(self, further: true), probes.areTelling else {
      return self
    }
    var result = self
    var replacements: [Int: [Node]] = [:]
    for position in candidates {
      let node = nodes[position]
      var source = node.inputs[0]
      while let maker = makers[source], nodes[maker].isFlattening { source = nodes[maker].inputs[0] }
      guard let view = try StridedView(node, of: source, in: self, makers, probes) else { continue }
      replacements[position] = view.nodes(named: node, in: &result)
    }
    if replacements.isEmpty { return self }
    result.nodes = nodes.indices.flatMap { replacements[$0] ?? [nodes[$0]] }
    return result
  }
}

extension Node {
  fileprivate var isFlattening: Bool {
    if case .reshape = op { return true }
    if case .flatten = op { return true }
    return op == .squeeze || op == .unsqueeze
  }
}
