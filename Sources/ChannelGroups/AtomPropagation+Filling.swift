import ModelGraph

/// Values that hold one number all along some axes: zeros, ones and the like, made to a size that is given. Whatever leaves along
/// such an axis, what stays is the same but for its size.
extension AtomPropagation {
  /// True when nothing but element-wise operators reads a value: these can read what it was before it was widened.
  func isReadElementwise(_ value: String) -> Bool {
    (consumers[value] ?? []).allSatisfy { position in
      switch graph.nodes[position].op {
      case .elementwise, .aggregate, .select: true
      default: false
      }
    }
  }

  /// Labels what a node fills to sizes that are read off channels: as many entries, which leave together with these.
  mutating func labelFilled(_ node: Node, _ target: [SizeSources.Source]) {
    let output = node.outputs[0]
    let filled = filledAxes(node).subtracting((labels[output] ?? []).flatMap(\.axes))
    let shift = shape(output).count - target.count
    // For each axis of channels, where its size stands in the target.
    var places: [SizeSources.Axis: [Int]] = [:]
    for (place, source) in target.enumerated() where source.isSize && filled.contains(place + shift) {
      if let axis = source.axes.first { places[axis, default: []].append(place + shift) }
    }
    var found: [AtomLabel] = []
    for value in Set(places.keys.map(\.value)).sorted() {
      for label in labels[value] ?? [] {
        let own = label.axes.map { places[SizeSources.Axis(value: value, axis: $0)] ?? [] }
        if own.count == 1 {
          found += own[0].map { AtomLabel(axes: [$0], atoms: label.atoms) }
        } else if own.allSatisfy({ $0.count == 1 }), zip(own, own.dropFirst()).allSatisfy({ $0[0] < $1[0] }) {
          // Rows of channels, in the order in which they lie there.
          found.append(AtomLabel(axes: own.map { $0[0] }, atoms: label.atoms))
        }
      }
    }
    if found.isEmpty { return }
    followingSizes[output, default: []].formUnion(found.flatMap(\.axes))
    set(output, ((labels[output] ?? []) + found).sorted { $0.axes[0] < $1.axes[0] }, node)
  }

  /// Atoms of their own for axes along which a value holds one number, if its size can be written anew there; nil for another value.
  ///
  /// Only for the first node that reads the value: what an earlier one saw has no channels.
  mutating func fillingAtoms(_ value: String, _ axes: [Int], reader: Node) -> [Int]? {
    guard let chain = filledChain(value, axes, reader) else { return nil }
    let atoms = union.makeAtoms(axes.reduce(1) { $0 * shape(value)[$1] })
    for name in chain { addLabel(name, AtomLabel(axes: axes, atoms: atoms)) }
    return atoms
  }

  /// The value and what it was before element-wise functions, back to where it was filled; nil for another value.
  private func filledChain(_ value: String, _ axes: [Int], _ reader: Node) -> [String]? {
    guard let first = consumers[value]?.first, graph.nodes[first] == reader else { return nil }
    var chain: [String] = []
    var name = value
    while true {
      let hasLabels = (labels[name] ?? []).contains { !Set($0.axes).isDisjoint(with: axes) }
      guard !hasLabels, let position = producerPositions[name] else { return nil }
      chain.append(name)
      let node = graph.nodes[position]
      switch node.op {
      case .constantOfShape, .expand:
        let target = node.inputs[node.op == .expand ? 1 : 0]
        let isKnown = facts[target]?.constant != nil
        return isKnown && filledAxes(node).isSuperset(of: axes) ? chain : nil
      case .identity, .cast, .activation, .unary:
        name = node.inputs[0]
        // Another reader may have seen it whole.
        guard Set(consumers[name] ?? []) == [position] else { return nil }
      default: return nil
      }
    }
  }

  /// The axes of a node's output along which it holds one number, whatever its size.
  private func filledAxes(_ node: Node) -> Set<Int> {
    let after = shape(node.outputs[0])
    guard node.op == .expand else { return Set(after.indices) }
    let before = shape(node.inputs[0])
    let shift = after.count - before.count
    return Set(after.indices.filter { $0 < shift || before[$0 - shift] == 1 })
  }

  /// Atoms for the long axis of a value that is a vector of weights with each of its numbers repeated: `[G]`, laid out by an Expand as
  /// `[G, size]` and made one vector of again, as operator set 18 gives each group of channels one scale. The rows stay, and what is in
  /// them may leave; nil for another value, or where something else reads what it is made of.
  mutating func repeatedAtoms(_ value: String, _ axes: [Int], reader: Node) -> [Int]? {
    guard axes.count == 1, let chain = repeatedChain(value, reader), let first = chain.last else { return nil }
    let count = shape(value)[axes[0]]
    let wide = longAxes(first)
    guard wide.reduce(1, { $0 * shape(first)[$1] }) == count, longAxes(value) == axes, let last = wide.last else {
      return nil
    }
    let atoms = union.makeAtoms(count)
    noteCut(reader, atoms, rows: count / shape(first)[last], strict: true)
    // All of them hold the same numbers in the same order.
    for name in chain { addLabel(name, AtomLabel(axes: longAxes(name), atoms: atoms)) }
    return atoms
  }

  private func longAxes(_ value: String) -> [Int] { shape(value).indices.filter { shape(value)[$0] > 1 } }

  /// The value and what it was before reshapes, back to the Expand of a weight that only its last long axis was filled by.
  private func repeatedChain(_ value: String, _ reader: Node) -> [String]? {
    guard let first = consumers[value]?.first, graph.nodes[first] == reader else { return nil }
    var chain: [String] = []
    var name = value
    while (labels[name] ?? []).isEmpty, let position = producerPositions[name] {
      chain.append(name)
      let node = graph.nodes[position]
      if node.op == .expand {
        let (filled, wide) = (filledAxes(node), longAxes(name))
        guard isWeight(node.inputs[0]), facts[node.inputs[1]]?.constant != nil, let last = wide.last, wide.count <= 2,
          filled.contains(last), wide.count == 1 || !filled.contains(wide[0])
        else { return nil }
        return chain
      }
      name = node.inputs.first ?? ""
      guard node.op.changesShapeOnly, Set(consumers[name] ?? []) == [position] else { return nil }
    }
    return nil
  }
}

extension Operator {
  /// It gives its first input other axes and nothing else.
  fileprivate var changesShapeOnly: Bool {
    switch self {
    case .reshape, .flatten, .squeeze, .unsqueeze: true
    default: false
    }
  }
}
