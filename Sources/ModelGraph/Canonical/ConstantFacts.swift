/// What is known of the values that do not depend on the network's inputs: weights, and what nodes make of them alone.
struct ConstantFacts {
  private(set) var facts: [String: ValueFact]
  /// Of a CastLike whose second input is computed, the Cast to that input's type; by position of the node.
  private(set) var casts: [Int: Node] = [:]

  init(_ graph: Graph) {
    facts = graph.weights.mapValues { ValueFact($0) }
    // Types of computed values are asked for only where something is cast to them.
    let isAsked = graph.nodes.contains { node in
      if case .castLike = node.op { node.inputs.count == 2 && graph.weights[node.inputs[1]] == nil } else { false }
    }
    let types: [String: ElementType] =
      isAsked ? (try? graph.facts())?.mapValues(\.elementType) ?? Self.inputTypes(of: graph) : [:]
    var room = ComputedBytes()
    for (position, node) in graph.nodes.enumerated() {
      var node = node
      if case .castLike(var cast) = node.op, node.inputs.count == 2, facts[node.inputs[1]] == nil,
        let type = types[node.inputs[1]]
      {
        cast.to = type
        node = Node(name: node.name, op: .cast(cast), inputs: [node.inputs[0]], outputs: node.outputs)
        casts[position] = node
      }
      guard !node.op.isQuantization, node.inputs.allSatisfy({ $0.isEmpty || facts[$0] != nil }),
        let results = try? node.outputFacts(of: node.inputs.map { $0.isEmpty ? nil : facts[$0] })
      else { continue }
      for (output, fact) in zip(node.outputs, results) where !output.isEmpty { facts[output] = room.holding(fact) }
    }
  }

  func isConstant(_ name: String) -> Bool { facts[name] != nil }

  private static func inputTypes(of graph: Graph) -> [String: ElementType] {
    Dictionary(graph.inputs.map { ($0.name, $0.elementType) }, uniquingKeysWith: { first, _ in first })
  }
}
