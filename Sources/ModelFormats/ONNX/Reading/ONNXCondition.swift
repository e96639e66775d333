import ModelGraph

/// Finds out whether a condition comes out the same for every input, from the nodes that it is computed from alone.
struct ONNXCondition {
  enum Verdict: Equatable {
    case always(Bool)
    /// It follows from the value of this input, a single integer.
    case dependsOnInput(String)
    /// It follows from the size of this symbolic axis.
    case dependsOnAxis(String)
    /// It follows from the data of these inputs.
    case unknown([String])
  }

  private let name: String
  /// The network as far as the condition depends on it.
  private let network: Graph
  private let binding: [String: Int]

  /// `binding` has sizes under which the network so far fits together.
  init(_ name: String, in network: Graph, binding: [String: Int]) {
    self.name = name
    self.network = network.ancestors(of: name)
    self.binding = binding
  }

  func verdict() -> Verdict {
    guard let usual = value(binding) else {
      let inputs = network.inputs
      if inputs.count == 1, inputs[0].shape.allSatisfy({ $0 == .fixed(1) }), !inputs[0].elementType.isFloatingPoint {
        return .dependsOnInput(inputs[0].name)
      }
      return .unknown(inputs.map(\.name))
    }
    let axes = Set(
      network.inputs.flatMap(\.shape).compactMap { if case .symbolic(let name) = $0 { name } else { nil } })
    for axis in axes.sorted() {
      let size = binding[axis] ?? 1
      // Where no other size fits at all, the condition cannot come out otherwise.
      for other in [size + 1, size * 2, size + 7, size * 3, size + 64, size + 512, 1] where other != size {
        if let value = value(binding.merging([axis: other]) { $1 }), value != usual { return .dependsOnAxis(axis) }
      }
    }
    return .always(usual)
  }

  private func value(_ sizes: [String: Int]) -> Bool? {
    guard let constant = try? network.facts(binding: sizes)[name]?.constant, constant.elementCount == 1 else {
      return nil
    }
    return constant.bytes.contains { $0 != 0 }
  }
}

extension Graph {
  /// The nodes that `name` is computed from, with what they read.
  fileprivate func ancestors(of name: String) -> Graph {
    var wanted: Set = [name]
    var kept: [Node] = []
    for node in nodes.reversed() where node.outputs.contains(where: wanted.contains) {
      kept.append(node)
      wanted.formUnion(node.inputs)
    }
    var result = self
    result.nodes = kept.reversed()
    result.inputs = inputs.filter { wanted.contains($0.name) }
    result.weights = weights.filter { wanted.contains($0.key) }
    return result
  }
}
