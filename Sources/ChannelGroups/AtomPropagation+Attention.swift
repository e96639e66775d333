import ModelGraph

/// Attention in one node: queries and keys share the elements of a head, values and the result theirs.
extension AtomPropagation {
  /// Queries `[B, T, heads x d]` or `[B, heads, T, d]`.
  mutating func propagateAttention(_ attention: Attention, _ node: Node) {
    let (q, k, v) = (node.inputs[0], node.inputs[1], node.inputs[2])
    let isWide = shape(q).count == 4
    let queryHeads = isWide ? shape(q)[1] : attention.queryHeads ?? 1
    let heads = isWide ? shape(k)[1] : attention.keyValueHeads ?? queryHeads
    guard ![q, k, v].contains(where: isWeight), heads > 0, queryHeads % heads == 0 else {
      return refuse(node, "reads weights as queries or keys")
    }
    if self.heads != nil { return propagateWholeHeads(node, queryHeads: queryHeads, heads: heads) }
    pin(hasInput(node, 3) ? dataLabels(node.inputs[3]) : [], "'\(node.name)' reads it as a mask")
    let axes = isWide ? [1, 3] : [2]
    let query = headGrid(q, heads: queryHeads, node)
    let key = headGrid(k, heads: heads, node)
    let value = headGrid(v, heads: heads, node)
    if let query, let key {
      unite(query.atoms, repeated(key, queryHeads / heads).atoms)
    } else if let one = query ?? key {
      pin(one.atoms, "'\(node.name)' multiplies it with '\(query == nil ? q : k)', which stays whole")
    }
    if let query { noteCut(node, query.atoms, rows: queryHeads, strict: true) }
    for (position, grid) in [(4, key), (5, value)] where hasInput(node, position) {
      guard let grid else {
        pin(dataLabels(node.inputs[position]), "'\(node.name)' reads it beside values that stay whole")
        continue
      }
      if let past = headGrid(node.inputs[position], heads: heads, node) {
        unite(past.atoms, grid.atoms)
      } else {
        unite(stayingAtoms(node.inputs[position], [1, 3], joining: node), grid.atoms)
      }
    }
    for (grid, rows) in [(query, queryHeads), (key, heads), (value, heads)] {
      if let grid { noteHeads(grid.atoms, rows: rows) }
    }
    for grid in [key, value].compactMap({ $0 }) { noteCut(node, grid.atoms, rows: heads, strict: true) }
    if let value {
      set(node.outputs[0], [AtomLabel(axes: axes, atoms: repeated(value, queryHeads / heads).atoms)], node)
    }
    for (position, grid) in [(1, key), (2, value)] {
      guard let grid, position < node.outputs.count else { continue }
      set(node.outputs[position], [AtomLabel(axes: [1, 3], atoms: grid.atoms)], node)
    }
  }

  /// A head of keys and values leaves with the heads of queries that it serves.
  private mutating func propagateWholeHeads(_ node: Node, queryHeads: Int, heads: Int) {
    let parts = [(node.inputs[0], queryHeads), (node.inputs[1], heads), (node.inputs[2], heads)]
    let found = parts.map { wholeHeads(of: $0.0, heads: $0.1, node) }
    guard let query = found[0], let key = found[1], let value = found[2] else {
      for atoms in found.compactMap({ $0 }) { pin(atoms, "'\(node.name)' attends with it to what stays whole") }
      return
    }
    let wide = key.flatMap { Array(repeating: $0, count: queryHeads / heads) }
    unite(query, wide)
    unite(key, value)
    if hasInput(node, 3) {
      let mask = shape(node.inputs[3])
      if mask.count > 2, mask[mask.count - 3] > 1 {
        unite(channelsOf(node.inputs[3], axis: mask.count - 3, node), query)
      }
    }
    for position in [4, 5] where hasInput(node, position) {
      let past = wholeHeads(of: node.inputs[position], heads: heads, node)
      unite(past ?? stayingAtoms(node.inputs[position], [1], joining: node), key)
    }
    let output = shape(node.outputs[0])
    if output.count == 4 {
      set(node.outputs[0], [AtomLabel(axes: [1], atoms: wide)], node)
    } else {
      let size = output[2] / queryHeads
      let atoms = wide.flatMap { Array(repeating: $0, count: size) }
      set(node.outputs[0], [AtomLabel(axes: [2], atoms: atoms)], node)
    }
    for position in [1, 2] where position < node.outputs.count {
      set(node.outputs[position], [AtomLabel(axes: [1], atoms: key)], node)
    }
  }

  /// One atom for each head of a value `[B, T, heads x d]` or `[B, heads, T, d]`; nil where it carries none.
  private mutating func wholeHeads(of value: String, heads: Int, _ node: Node) -> [Int]? {
    var result: [Int]?
    for label in dataLabels(value) {
      let isWide = shape(value).count == 4
      if isWide ? label.axes.first == 1 && [[1], [1, 3]].contains(label.axes) : label.axes == [2] {
        result = wholeHeads(label.atoms, heads: heads)
      } else {
        pin(label.atoms, "'\(node.name)' reads it along other axes than its heads")
      }
    }
    return result
  }

  /// Every head of keys or values serves several heads of queries, one after the other.
  private func repeated(_ grid: AtomGrid, _ count: Int) -> AtomGrid {
    let (heads, size) = (grid.sizes[0], grid.sizes[1])
    let wide = grid.spread(over: [heads, count, size], at: [0, 2])
    return AtomGrid(sizes: [heads * count, size], atoms: wide.atoms)
  }

  /// The atoms of a value by heads and their elements; nil where it has none.
  private mutating func headGrid(_ value: String, heads: Int, _ node: Node) -> AtomGrid? {
    let sizes = shape(value)
    let own = dataLabels(value)
    let last = sizes.count - 1
    var result: AtomGrid?
    for label in own {
      if sizes.count == 3, label.axes == [2] {
        result = AtomGrid(sizes: [heads, sizes[2] / heads], atoms: label.atoms)
      } else if sizes.count == 4, label.axes == [3] || label.axes == [1, 3] {
        result = grid(label, of: value).spread(over: [sizes[1], sizes[3]], at: label.axes == [3] ? [1] : [0, 1])
      } else {
        pin(label.atoms, "'\(node.name)' reads it along other axes than \(last)")
      }
    }
    return result
  }

  /// Elements of a head turn in pairs by angles that all heads share.
  mutating func propagateRotary(_ rotary: RotaryEmbedding, _ node: Node) {
    let x = node.inputs[0]
    let sizes = shape(x)
    let heads = sizes.count == 4 ? sizes[1] : rotary.heads ?? 1
    if hasInput(node, 3) { pin(dataLabels(node.inputs[3]), "'\(node.name)' reads it as positions") }
    if self.heads != nil { return propagateWholeTurns(node, heads: heads) }
    guard !isWeight(x), let grid = headGrid(x, heads: heads, node) else { return refuse(node, "turns it") }
    let size = grid.sizes[1]
    let turned = rotary.rotatedSize == 0 ? size : rotary.rotatedSize
    let half = turned / 2
    // For each pair its two elements.
    let first = (0..<half).map { rotary.interleaved ? 2 * $0 : $0 }
    let second = (0..<half).map { rotary.interleaved ? 2 * $0 + 1 : $0 + half }
    let pairs = grid.gathering(first, axis: 1)
    unite(pairs.atoms, grid.gathering(second, axis: 1).atoms)
    // The angles have no heads: each pair leaves in all heads.
    let angles = collapse(pairs, along: [0])
    for position in [1, 2] {
      let table = node.inputs[position]
      unite(channelsOf(table, axis: shape(table).count - 1, node), angles.atoms)
    }
    let rest = grid.gathering(Array(turned..<size), axis: 1)
    noteCut(node, rest.atoms, rows: heads, strict: true)
    noteCut(node, grid.atoms, rows: heads, strict: true)
    set(node.outputs[0], labels[x] ?? [], node)
  }

  /// All heads turn by the same angles, which stay.
  private mutating func propagateWholeTurns(_ node: Node, heads: Int) {
    let x = node.inputs[0]
    guard !isWeight(x), let atoms = wholeHeads(of: x, heads: heads, node) else { return refuse(node, "turns it") }
    for position in [1, 2] { pin(dataLabels(node.inputs[position]), "'\(node.name)' turns by it") }
    let sizes = shape(x)
    let spread = sizes.count == 4 ? 1 : sizes[2] / heads
    set(
      node.outputs[0],
      [AtomLabel(axes: [sizes.count == 4 ? 1 : 2], atoms: atoms.flatMap { Array(repeating: $0, count: spread) })], node)
  }
}
