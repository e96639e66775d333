extension Graph {
  /// The network in which layers do not share a vector just because it holds the same numbers, as the biases of a fresh network do
  /// after an exporter has merged equal weights: each kernel gets biases and scales of its own.
  ///
  /// Vectors that go with one kernel wherever they are read stay shared, as in a layer that is used twice.
  package func separatingVectors() -> Graph {
    let readers = consumers()
    let shared = weights.keys.filter { name in
      guard let weight = weights[name], weight.elementType.isFloatingPoint, weight.shape.count == 1,
        weight.elementCount > 1
      else { return false }
      return (readers[name]?.count ?? 0) > 1
    }
    if shared.isEmpty { return self }
    var makers: [String: Int] = [:]
    for (position, node) in nodes.enumerated() { for output in node.outputs { makers[output] = position } }
    var taken = Set(weights.keys).union(makers.keys)
    var result = self
    for name in shared.sorted() {
      var names: [String: String] = [:]
      for position in readers[name] ?? [] {
        let kernel = nearestKernel(of: position, makers)
        if names.isEmpty { names[kernel] = name }
        if names[kernel] == nil {
          var copy = "\(name).\(nodes[position].name)"
          while !taken.insert(copy).inserted { copy += "'" }
          names[kernel] = copy
          result.weights[copy] = weights[name]
        }
        let inputs = result.nodes[position].inputs
        result.nodes[position].inputs = inputs.map { $0 == name ? names[kernel] ?? name : $0 }
      }
    }
    return result
  }

  /// The weight of two or more axes that a node reads, or that the nearest node before it does.
  private func nearestKernel(of position: Int, _ makers: [String: Int]) -> String {
    var open = [position]
    var seen = Set(open)
    var next = 0
    while next < open.count, next < 64 {
      let node = nodes[open[next]]
      next += 1
      let kernel = node.inputs.first {
        weights[$0].map { $0.shape.count > 1 && $0.elementType.isFloatingPoint } ?? false
      }
      if let kernel { return kernel }
      for input in node.inputs {
        if let maker = makers[input], seen.insert(maker).inserted { open.append(maker) }
      }
    }
    return ""
  }
}
