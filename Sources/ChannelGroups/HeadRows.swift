import ModelGraph

/// Which entries of weights belong to one head, found by how a network's channels are read.
///
/// A product of two computed values works row by row along the axes that both and the result have: these rows are heads. So are
/// the groups of a grouped convolution, and the heads that an Attention node counts. A first propagation notes them; a second one
/// unites each head's entries as soon as it meets them, so that a head is one channel from there on, and everything that is said
/// of channels holds for heads.
struct HeadRows: Sendable {
  /// For each face the head of each entry, -1 where it belongs to none.
  private let heads: [WeightFace: [Int]]

  init(_ propagation: AtomPropagation) {
    var union = AtomUnion()
    _ = union.makeAtoms(propagation.union.count)
    var isHead = Array(repeating: false, count: union.count)
    for note in propagation.headRows {
      let size = note.atoms.count / note.rows
      for row in 0..<note.rows {
        let first = note.atoms[row * size]
        for place in row * size..<(row + 1) * size {
          union.unite(first, note.atoms[place])
          isHead[note.atoms[place]] = true
        }
      }
    }
    var heads: [WeightFace: [Int]] = [:]
    for entry in propagation.faces where entry.atoms.contains(where: { isHead[$0] }) {
      heads[entry.face] = entry.atoms.map { isHead[$0] ? union.root(of: $0) : -1 }
    }
    self.heads = heads
  }

  func heads(of face: WeightFace) -> [Int]? { heads[face] }
}

extension AtomPropagation {
  /// A product of computed values: the axes that all of them and the result have count heads, where channels lie along them first.
  mutating func noteHeads(
    _ operands: [AlignedOperand], space: [Int], contracted: Set<Int>, outputs: [Int: Int]
  ) {
    let computed = operands.filter { !$0.value.isEmpty && !isWeight($0.value) }
    guard computed.count > 1 else { return }
    func holds(_ operand: AlignedOperand, _ place: Int) -> Bool {
      let sizes = shape(operand.value)
      return operand.places.indices.contains { operand.places[$0] == place && sizes[$0] == space[place] }
    }
    let shared = Set(
      space.indices.filter { place in
        space[place] > 1 && outputs[place] != nil && !contracted.contains(place)
          && computed.allSatisfy { holds($0, place) }
      })
    for operand in computed {
      for label in operand.labels {
        let rows = label.axes.prefix { axis in operand.places[axis].map(shared.contains) ?? false }
        noteHeads(label.atoms, rows: rows.reduce(1) { $0 * shape(operand.value)[$1] })
      }
    }
  }

  /// A label without its last axes, as long as each of its rows is one channel: such a row leaves or stays whole.
  mutating func droppingWholeRows(_ label: AtomLabel, sizes: [Int]) -> AtomLabel {
    var label = label
    while label.axes.count > 1, let last = label.axes.last, sizes[last] > 0 {
      let rows = label.atoms.count / sizes[last]
      guard isOneComponentPerRow(label.atoms, rows: rows) else { break }
      label.axes.removeLast()
      label.atoms = (0..<rows).map { label.atoms[$0 * sizes[last]] }
    }
    return label
  }

  /// Every head of an axis becomes one channel; the first atom of each.
  mutating func wholeHeads(_ atoms: [Int], heads: Int) -> [Int] {
    collapse(AtomGrid(sizes: [heads, atoms.count / heads], atoms: atoms), along: [1]).atoms
  }

  /// A grouped convolution's groups leave with what they read.
  mutating func joinWholeGroups(_ rows: [Int], _ channels: [Int]?, groups: Int, _ node: Node) {
    let made = wholeHeads(rows, heads: groups)
    if let channels {
      unite(wholeHeads(channels, heads: groups), made)
    } else {
      pin(made, "'\(node.name)' reads with it a part of '\(node.inputs[0])', which stays whole")
    }
  }
}
