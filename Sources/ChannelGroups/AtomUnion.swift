/// Disjoint sets of channel atoms (union-find with path halving); the smallest atom names its set, so the order in which
/// sets are united does not show.
struct AtomUnion {
  private var parents: [Int] = []

  var count: Int { parents.count }

  /// Fresh atoms, each alone in its set.
  mutating func makeAtoms(_ count: Int) -> [Int] {
    let atoms = Array(parents.count..<parents.count + count)
    parents += atoms
    return atoms
  }

  mutating func root(of atom: Int) -> Int {
    var atom = atom
    while parents[atom] != atom {
      parents[atom] = parents[parents[atom]]
      atom = parents[atom]
    }
    return atom
  }

  mutating func unite(_ left: Int, _ right: Int) {
    let (a, b) = (root(of: left), root(of: right))
    if a != b { parents[max(a, b)] = min(a, b) }
  }

  /// Unites at equal positions.
  mutating func unite(_ left: [Int], _ right: [Int]) {
    precondition(left.count == right.count, "arrays of \(left.count) and \(right.count) atoms")
    for (a, b) in zip(left, right) { unite(a, b) }
  }
}
