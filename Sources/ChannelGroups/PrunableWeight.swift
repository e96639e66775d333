import ModelGraph

/// A weight of a convolution or matrix product, of which single elements may be zeroed; biases and normalisations are not.
package struct PrunableWeight: Sendable, Hashable {
  /// The first node that reads the weight.
  package var layer: String
  package var weight: String
  package var shape: [Int]

  package init(layer: String, weight: String, shape: [Int]) {
    self.layer = layer
    self.weight = weight
    self.shape = shape
  }

  package var count: Int { shape.reduce(1, *) }
}

extension Graph {
  /// The weights of which single elements may be zeroed, in graph order, each once; only of layers that satisfy `isIncluded`.
  /// A weight that several layers share is listed only when all of them do.
  package func prunableWeights(including isIncluded: (String) -> Bool = { _ in true }) -> [PrunableWeight] {
    var found: [PrunableWeight] = []
    var excluded = Set<String>()
    for node in nodes {
      let candidates: ArraySlice<String>
      switch node.op {
      case .convolution: candidates = node.inputs.dropFirst().prefix(1)
      case .gemm: candidates = node.inputs.prefix(2)
      case .batchNormalization, .activation, .maxPool, .averagePool, .globalAveragePool, .elementwise, .concat, .slice,
        .pad, .flatten, .reduceMean, .softmax, .identity, .dropout:
        candidates = []
      }
      for name in candidates {
        guard let tensor = weights[name] else { continue }
        if !isIncluded(node.name) { excluded.insert(name) }
        if !found.contains(where: { $0.weight == name }) {
          found.append(PrunableWeight(layer: node.name, weight: name, shape: tensor.shape))
        }
      }
    }
    return found.filter { !excluded.contains($0.weight) }
  }
}
