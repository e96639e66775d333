import ModelGraph

/// A weight of a convolution or matrix product, of which single elements may be zeroed; biases and normalisations are not.
package struct PrunableWeight: Sendable, Hashable {
  /// The first node that reads the weight.
  package var layer: String
  package var weight: String
  package var shape: [Int]
  package var axes: KernelAxes

  /// With axes as convolutions have them, unless given.
  package init(layer: String, weight: String, shape: [Int], axes: KernelAxes? = nil) {
    self.layer = layer
    self.weight = weight
    self.shape = shape
    self.axes = axes ?? .usual(rank: shape.count)
  }

  package var count: Int { shape.reduce(1, *) }
}

extension Graph {
  /// The weights of which single elements may be zeroed, in graph order, each once; only of layers that satisfy `isIncluded`.
  /// A weight that several layers share is listed only when all of them do.
  package func prunableWeights(including isIncluded: (String) -> Bool = { _ in true }) -> [PrunableWeight] {
    var found: [PrunableWeight] = []
    var seen = Set<String>()
    var excluded = Set<String>()
    lazy var known = (try? self.shapes()) ?? [:]
    for node in nodes {
      for position in node.kernelPositions where position < node.inputs.count {
        let name = node.inputs[position]
        guard let tensor = weights[name] else { continue }
        if !isIncluded(node.name) { excluded.insert(name) }
        guard seen.insert(name).inserted else { continue }
        var ranks = node.inputs.map { weights[$0]?.shape.count ?? 0 }
        // Only an equation is about the ranks of all its operands.
        if case .einsum = node.op { ranks = node.inputs.map { (weights[$0]?.shape ?? known[$0] ?? []).count } }
        found.append(
          PrunableWeight(
            layer: node.name, weight: name, shape: tensor.shape,
            axes: node.kernelAxes(at: position, ranks: ranks)))
      }
    }
    return found.filter { !excluded.contains($0.weight) }
  }
}
