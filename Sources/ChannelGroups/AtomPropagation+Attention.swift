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
    for grid in [key, value].compactMap({ $0 }) { noteCut(node, grid.atoms, rows: heads, strict: true) }
    if let value {
      set(node.outputs[0], [AtomLabel(axes: axes, atoms: repeated(value, queryHeads / heads).atoms)], node)
    }
    for (position, grid) in [(1, key), (2, value)] {
      guard let grid, position < node.outputs.count else { continue }
      set(node.outputs[position], [AtomLabel(axes: [1, 3], atoms: grid.atoms)], node)
    }
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
}
