extension Graph {
  /// Without nodes that hand their input on unchanged: identities, casts to the same type, rearrangements that change nothing at any
  /// size of the symbolic axes. Dropout stays, since it works in training.
  ///
  /// A network's output keeps its name: the value before it takes that name, where it is a node's and not itself an output.
  package func removingIdentities() throws -> Graph {
    let probes = try ShapeProbes(self)
    let outputNames = Set(outputs.map(\.name))
    var made = Set<String>()
    /// What stands in for a removed value, and under which name a value is made from now on.
    var replacements: [String: String] = [:]
    var renamed: [String: String] = [:]
    var kept: [Node] = []
    func resolved(_ name: String) -> String { replacements[name] ?? name }
    for node in nodes {
      var node = node
      node.inputs = node.inputs.map(resolved)
      guard node.outputs.count == 1, let x = node.inputs.first, !x.isEmpty, changesNothing(node, probes) else {
        made.formUnion(node.outputs)
        kept.append(node)
        continue
      }
      let y = node.outputs[0]
      if !outputNames.contains(y) {
        replacements[y] = x
      } else if made.contains(x), !outputNames.contains(x), renamed[x] == nil {
        renamed[x] = y
      } else {
        made.insert(y)
        kept.append(node)
      }
    }
    var result = self
    result.nodes = kept.map { node in
      var node = node
      node.inputs = node.inputs.map { renamed[$0] ?? $0 }
      node.outputs = node.outputs.map { renamed[$0] ?? $0 }
      return node
    }
    return result
  }

  private func changesNothing(_ node: Node, _ probes: ShapeProbes) -> Bool {
    func constant(_ position: Int) -> [Int64]? {
      position < node.inputs.count ? weights[node.inputs[position]]?.integers : nil
    }
    switch node.op.effect {
    case .none: return true
    case .convertsType: return probes.elementType(node.inputs[0]) == probes.elementType(node.outputs[0])
    case .permutes(let permutation): return !permutation.isEmpty && permutation == Array(permutation.indices)
    case .joins: return node.inputs.count == 1
    case .crops where node.inputs.count > 4 && !node.inputs[4].isEmpty && constant(4)?.allSatisfy({ $0 > 0 }) != true:
      // A step of -1 keeps the shape and turns the order.
      return false
    case .keepsOrder, .crops:
      guard probes.areTelling, let before = probes.shapes(node.inputs[0]) else { return false }
      return before == probes.shapes(node.outputs[0])
    case .adds: return constant(1)?.allSatisfy { $0 == 0 } == true
    case .other: return false
    }
  }
}

/// What decides whether a node changes anything.
private enum Effect {
  case none, convertsType, joins, other
  case permutes([Int])
  /// Nothing is changed where the shape stays.
  case keepsOrder, crops
  /// Nothing is changed where nothing is added.
  case adds
}

extension Operator {
  fileprivate var effect: Effect {
    if case .transpose(let permutation) = self { return .permutes(permutation) }
    if case .cast = self { return .convertsType }
    if case .castLike = self { return .convertsType }
    if case .concat = self { return .joins }
    if case .reshape = self { return .keepsOrder }
    if case .flatten = self { return .keepsOrder }
    if case .pad = self { return .adds }
    return Self.plainEffects[self] ?? .other
  }

  private static let plainEffects: [Operator: Effect] = [
    .identity: .none, .expand: .keepsOrder, .tile: .keepsOrder, .squeeze: .keepsOrder, .slice: .crops,
  ]
}
