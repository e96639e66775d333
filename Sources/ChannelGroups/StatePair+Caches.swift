import ModelGraph

extension StatePair {
  /// Caches of keys and values: an input that is read once, by what puts new positions behind it, and the output that holds both.
  ///
  /// Only where the new positions are computed, lie along another axis than the last, which holds the channels, and where the grown cache
  /// meets other computed values in a product, as queries do; an Attention node says itself what is past and what is present.
  static func caches(in graph: Graph, facts: [String: ValueFact], without declared: Set<String>) -> [StatePair] {
    // Those that only ask for sizes, the number of positions so far, do not count.
    let readers = graph.consumers().mapValues { $0.filter { !graph.nodes[$0].op.readsSizes } }
    let inputs = Set(graph.inputs.map(\.name))
    let outputs = Set(graph.outputs.map(\.name))
    // What identities and casts make of an input is that input.
    var origins = Dictionary(uniqueKeysWithValues: inputs.map { ($0, $0) })
    var taken = declared
    var result: [StatePair] = []
    func note(_ past: String, _ present: String) {
      let candidates = [present] + graph.copies(of: present, readers)
      guard let input = origins[past], let output = candidates.first(where: { outputs.contains($0) }),
        !taken.contains(input), !taken.contains(output), readers[input]?.count == 1, readers[past]?.count == 1,
        facts[input]?.elementType.isFloatingPoint == true
      else { return }
      taken.formUnion([input, output])
      result.append(StatePair(input: input, output: output))
    }
    for node in graph.nodes {
      switch node.op {
      case .identity, .cast, .castLike: origins[node.outputs[0]] = origins[node.inputs[0]]
      case .concat(let axis):
        guard node.inputs.count == 2, let rank = facts[node.inputs[0]]?.shape?.count, axis != -1, axis != rank - 1,
          origins[node.inputs[1]] == nil, graph.weights[node.inputs[1]] == nil
        else { continue }
        if graph.isMultiplied(node.outputs[0], readers) { note(node.inputs[0], node.outputs[0]) }
      case .attention:
        for (past, present) in [(4, 1), (5, 2)] where past < node.inputs.count && present < node.outputs.count {
          note(node.inputs[past], node.outputs[present])
        }
      default: continue
      }
    }
    return result
  }
}

extension Graph {
  /// What identities and casts make of a value, directly.
  func copies(of value: String, _ readers: [String: [Int]]) -> [String] {
    (readers[value] ?? []).flatMap { position -> [String] in
      switch nodes[position].op {
      case .identity, .cast, .castLike: [nodes[position].outputs[0]]
      default: []
      }
    }
  }

  /// True where a value meets other computed values in a product or in attention, before any weight is multiplied with it.
  fileprivate func isMultiplied(_ value: String, _ readers: [String: [Int]]) -> Bool {
    var open = [value]
    var seen = Set<Int>()
    while let next = open.popLast() {
      for position in readers[next] ?? [] where seen.insert(position).inserted {
        let node = nodes[position]
        switch node.op {
        case .matrixProduct, .gemm, .einsum:
          if node.inputs.allSatisfy({ weights[$0] == nil }) { return true }
        case .attention: return true
        case .transpose, .reshape, .unsqueeze, .squeeze, .expand, .cast, .castLike, .identity, .tile, .slice, .split,
          .concat, .unary, .elementwise(.add), .elementwise(.subtract), .elementwise(.multiply):
          open += node.outputs
        default: continue
        }
      }
    }
    return false
  }
}
