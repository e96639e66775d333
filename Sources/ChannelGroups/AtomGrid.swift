/// Atoms over the joint grid of some axes, row-major; a label of a value without the names of its axes.
struct AtomGrid: Hashable, Sendable {
  var sizes: [Int]
  var atoms: [Int]

  /// Some atoms, evenly spread, nearly always tell grids apart; equality looks at all.
  func hash(into hasher: inout Hasher) {
    hasher.combine(sizes)
    hasher.combine(atoms.count)
    for place in stride(from: 0, to: atoms.count, by: max(1, atoms.count / 8)) { hasher.combine(atoms[place]) }
    hasher.combine(atoms.last)
  }

  /// The steps of a row-major grid.
  static func strides(_ sizes: [Int]) -> [Int] {
    var strides = Array(repeating: 1, count: sizes.count)
    for axis in stride(from: sizes.count - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * sizes[axis + 1]
    }
    return strides
  }

  /// For each place of a row-major grid of `sizes`, where steps of `strides` from `offset` lead.
  static func walk(_ sizes: [Int], strides: [Int], offset: Int = 0) -> [Int] {
    let count = sizes.reduce(1, *)
    guard count > 0 else { return [] }
    guard let inner = sizes.last, let step = strides.last else { return [offset] }
    return [Int](unsafeUninitializedCapacity: count) { buffer, initialized in
      var index = Array(repeating: 0, count: sizes.count - 1)
      var place = offset
      var written = 0
      while written < count {
        for position in 0..<inner { buffer[written + position] = place + position * step }
        written += inner
        var axis = sizes.count - 2
        while axis >= 0 {
          index[axis] += 1
          place += strides[axis]
          if index[axis] < sizes[axis] { break }
          place -= strides[axis] * sizes[axis]
          index[axis] = 0
          axis -= 1
        }
      }
      initialized = count
    }
  }

  private func taking(_ sizes: [Int], _ strides: [Int], offset: Int = 0) -> AtomGrid {
    AtomGrid(sizes: sizes, atoms: Self.walk(sizes, strides: strides, offset: offset).map { atoms[$0] })
  }

  /// The grid whose axis i is this one's axis `order[i]`.
  func permuted(_ order: [Int]) -> AtomGrid {
    let strides = Self.strides(sizes)
    return taking(order.map { sizes[$0] }, order.map { strides[$0] })
  }

  /// The grid with more axes, constant along the new ones: `places` says where each old axis lies among `sizes`.
  func spread(over newSizes: [Int], at places: [Int]) -> AtomGrid {
    if newSizes.count == sizes.count { return self }
    let own = Self.strides(sizes)
    var strides = Array(repeating: 0, count: newSizes.count)
    for (axis, place) in places.enumerated() { strides[place] = own[axis] }
    return taking(newSizes, strides)
  }

  /// The first entries along some axes, which end.
  func first(along ended: Set<Int>) -> AtomGrid {
    let strides = Self.strides(sizes)
    let kept = sizes.indices.filter { !ended.contains($0) }
    return taking(kept.map { sizes[$0] }, kept.map { strides[$0] })
  }

  /// The entries at `positions` of an axis, in that order.
  func gathering(_ positions: [Int], axis: Int) -> AtomGrid {
    let inner = sizes[(axis + 1)...].reduce(1, *)
    var result: [Int] = []
    result.reserveCapacity(atoms.count / max(sizes[axis], 1) * positions.count)
    for block in 0..<sizes[..<axis].reduce(1, *) {
      for position in positions {
        let start = (block * sizes[axis] + position) * inner
        result += atoms[start..<start + inner]
      }
    }
    var newSizes = sizes
    newSizes[axis] = positions.count
    return AtomGrid(sizes: newSizes, atoms: result)
  }

  /// Grids one after the other along an axis; they are equally long on the others.
  static func joined(_ grids: [AtomGrid], axis: Int) -> AtomGrid {
    guard let first = grids.first else { return AtomGrid(sizes: [0], atoms: []) }
    var sizes = first.sizes
    sizes[axis] = grids.reduce(0) { $0 + $1.sizes[axis] }
    let inner = sizes[(axis + 1)...].reduce(1, *)
    var atoms: [Int] = []
    atoms.reserveCapacity(sizes.reduce(1, *))
    for block in 0..<sizes[..<axis].reduce(1, *) {
      for grid in grids {
        let run = grid.sizes[axis] * inner
        atoms += grid.atoms[block * run..<(block + 1) * run]
      }
    }
    return AtomGrid(sizes: sizes, atoms: atoms)
  }

  func isConstant(along axis: Int) -> Bool {
    if sizes[axis] == 1 { return true }
    let inner = sizes[(axis + 1)...].reduce(1, *)
    let run = sizes[axis] * inner
    return atoms.withUnsafeBufferPointer { atoms in
      for block in stride(from: 0, to: atoms.count, by: run) {
        for place in block..<block + run - inner where atoms[place] != atoms[place + inner] { return false }
      }
      return true
    }
  }

  /// For each axis how many of its entries stay, or nil when what stays is no grid: the rows of each axis must be empty or
  /// equally full. An empty grid has zeros.
  func keptSizes(_ removed: [Bool]) -> [Int]? {
    // For each place of the grid so far, the sizes of what it holds; from the innermost axis outwards.
    var filled = atoms.map { !removed[$0] }
    var result = Array(repeating: 0, count: sizes.count)
    for axis in sizes.indices.reversed() {
      let size = sizes[axis]
      guard size > 0 else { return Array(repeating: 0, count: sizes.count) }
      var next = Array(repeating: false, count: filled.count / size)
      var common = 0
      for row in next.indices {
        var count = 0
        for place in row * size..<(row + 1) * size where filled[place] { count += 1 }
        if count == 0 { continue }
        if common != 0, count != common { return nil }
        common = count
        next[row] = true
      }
      result[axis] = common
      filled = next
    }
    return result
  }
}

/// The atoms along some axes of a value.
struct AtomLabel: Hashable, Sendable {
  /// Ascending. Rows of the last one leave whole or keep equal counts, and so on outwards.
  var axes: [Int]
  var atoms: [Int]
}
