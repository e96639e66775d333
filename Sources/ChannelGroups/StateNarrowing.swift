import ModelGraph

/// Lets a masked network take and give its states in the shapes of the compacted one, so that both read the same numbers: inside, what
/// comes in is spread to its old places, and what goes out is taken from there.
struct StateNarrowing {
  let shapes: CompactedShapes
  private(set) var graph: Graph
  /// What was written for the state at hand.
  private var steps: [Node] = []
  private var names: Set<String>

  init(shapes: CompactedShapes, graph: Graph) {
    self.shapes = shapes
    self.graph = graph
    names = Set(graph.nodes.flatMap(\.outputs)).union(graph.weights.keys)
  }

  mutating func run() {
    for position in graph.inputs.indices {
      let name = graph.inputs[position].name
      guard let layouts = layouts(name) else { continue }
      steps.removeAll()
      let value = layouts.reduce(name) { spread($0, $1, rank: shapes.dense(name).count) }
      for node in graph.nodes.indices { graph.nodes[node].replace(name, by: value) }
      graph.nodes = steps + graph.nodes
      graph.inputs[position].shrink(to: shapes)
    }
    for position in graph.outputs.indices {
      let name = graph.outputs[position].name
      guard let layouts = layouts(name) else { continue }
      steps.removeAll()
      let inner = fresh()
      for node in graph.nodes.indices { graph.nodes[node].replace(name, by: inner) }
      let value = layouts.reduce(inner) { taken($0, $1, rank: shapes.dense(name).count) }
      for node in steps.indices { steps[node].replace(value, by: name) }
      graph.nodes += steps
      graph.outputs[position].shrink(to: shapes)
    }
  }

  // MARK: What stays

  /// What stays of a label: of each axis but the last the rows, and of the last what stays in each of these.
  private struct Layout {
    var axes: [Int]
    var sizes: [Int]
    var rows: [[Int]]
    var entries: [[Int]]

    /// The same places in all rows.
    var isUniform: Bool { entries.allSatisfy { $0 == entries[0] } }
  }

  /// Nil where nothing leaves, or what stays is no grid of rows.
  private func layouts(_ value: String) -> [Layout]? {
    let labels = (shapes.analysis.labels[value] ?? []).filter(shapes.changes)
    let found = labels.compactMap(layout)
    return found.isEmpty || found.count < labels.count ? nil : found
  }

  private func layout(_ label: ValueLabel) -> Layout? {
    let array = shapes.analysis.arrays[label.array]
    let all = AtomGrid(sizes: array.sizes, atoms: array.atoms.map { shapes.removed[$0] ? 0 : 1 })
    // Where the same stays all along an axis, it needs no rows.
    let alike = Set(all.sizes.indices.dropLast().filter { all.isConstant(along: $0) })
    let flags = all.first(along: alike)
    let axes = label.axes.indices.filter { !alike.contains($0) }.map { label.axes[$0] }
    guard let size = flags.sizes.last, size > 0 else { return nil }
    let entries = (0..<flags.atoms.count / size).map { row in (0..<size).filter { flags.atoms[row * size + $0] == 1 } }
    let places = AtomGrid(sizes: Array(flags.sizes.dropLast()), atoms: Array(entries.indices))
    let rows = places.sizes.indices.map { axis in
      (0..<places.sizes[axis]).filter { place in
        places.gathering([place], axis: axis).atoms.contains { !entries[$0].isEmpty }
      }
    }
    let kept = rows.enumerated().reduce(places) { $0.gathering($1.element, axis: $1.offset) }.atoms.map { entries[$0] }
    guard let first = kept.first, kept.allSatisfy({ $0.count == first.count && !$0.isEmpty }) else { return nil }
    return Layout(axes: axes, sizes: flags.sizes, rows: rows, entries: kept)
  }

  // MARK: Nodes

  /// The compacted value at its old places. What has left holds what some other entry does, which nobody reads.
  private mutating func spread(_ value: String, _ layout: Layout, rank: Int) -> String {
    let last = layout.axes.count - 1
    var value = value
    if layout.isUniform {
      value = gather(value, Self.sources(layout.entries[0], count: layout.sizes[last]), axis: layout.axes[last])
    } else {
      value = moved(value, layout, rank: rank, spreads: true)
    }
    for (place, rows) in layout.rows.enumerated() where rows.count < layout.sizes[place] {
      value = gather(value, Self.sources(rows, count: layout.sizes[place]), axis: layout.axes[place])
    }
    return value
  }

  /// What stays of the value.
  private mutating func taken(_ value: String, _ layout: Layout, rank: Int) -> String {
    let last = layout.axes.count - 1
    var value = value
    for (place, rows) in layout.rows.enumerated() where rows.count < layout.sizes[place] {
      value = gather(value, rows, axis: layout.axes[place])
    }
    return layout.isUniform
      ? gather(value, layout.entries[0], axis: layout.axes[last])
      : moved(value, layout, rank: rank, spreads: false)
  }

  /// For each old place the place among those that stay; the first for what has left.
  private static func sources(_ kept: [Int], count: Int) -> [Int] {
    var sources = Array(repeating: 0, count: count)
    for (place, old) in kept.enumerated() { sources[old] = place }
    return sources
  }

  private mutating func gather(_ value: String, _ positions: [Int], axis: Int) -> String {
    let indices = constant(TensorData(shape: [positions.count], integers: positions.map(Int64.init)))
    return step(.gather(axis: axis), [value, indices])
  }

  /// A product with zeros and ones for each row, along the last of the label's axes.
  private mutating func moved(_ value: String, _ layout: Layout, rank: Int, spreads: Bool) -> String {
    let (few, all) = (layout.entries[0].count, layout.sizes[layout.axes.count - 1])
    let (height, width) = spreads ? (few, all) : (all, few)
    var floats: [Float] = []
    for entries in layout.entries {
      var matrix = Array(repeating: Float(0), count: few * all)
      for (place, old) in entries.enumerated() { matrix[spreads ? place * all + old : old * few + place] = 1 }
      floats += matrix
    }
    let others = (0..<rank).filter { !layout.axes.contains($0) }
    let shape = layout.rows.map(\.count) + Array(repeating: 1, count: max(others.count - 1, 0)) + [height, width]
    let matrices = constant(TensorData(shape: shape, floats: floats))
    // The rows first, the moved axis last.
    let order = Array(layout.axes.dropLast()) + others + [layout.axes[layout.axes.count - 1]]
    let isInOrder = order == Array(0..<rank)
    let turned = isInOrder ? value : step(.transpose(permutation: order), [value])
    if others.isEmpty {
      // A product needs one axis more.
      let axis = constant(TensorData(shape: [1], integers: [Int64(rank - 1)]))
      let product = step(.matrixProduct, [step(.unsqueeze, [turned, axis]), matrices])
      return step(.squeeze, [product, axis])
    }
    let product = step(.matrixProduct, [turned, matrices])
    let back = (0..<rank).map { axis in order.firstIndex(of: axis) ?? axis }
    return isInOrder ? product : step(.transpose(permutation: back), [product])
  }

  private mutating func step(_ op: Operator, _ inputs: [String]) -> String {
    let name = fresh()
    steps.append(Node(name: name, op: op, inputs: inputs, outputs: [name]))
    return name
  }

  private mutating func constant(_ tensor: TensorData) -> String {
    let name = fresh()
    graph.weights[name] = tensor
    return name
  }

  private mutating func fresh() -> String {
    var count = 1
    while !names.insert("coppice.state\(count)").inserted { count += 1 }
    return "coppice.state\(count)"
  }
}

extension Node {
  fileprivate mutating func replace(_ value: String, by other: String) {
    inputs = inputs.map { $0 == value ? other : $0 }
    outputs = outputs.map { $0 == value ? other : $0 }
  }
}
