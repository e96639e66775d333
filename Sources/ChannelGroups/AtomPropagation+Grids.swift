import ModelGraph

/// What happens to a label when a node works across some of its axes.
extension AtomPropagation {
  /// Unites all entries along some axes of a grid, and returns what is left: one atom for each place of the other axes.
  @discardableResult
  mutating func collapse(_ grid: AtomGrid, along ended: Set<Int>) -> AtomGrid {
    let first = grid.first(along: ended)
    let kept = grid.sizes.indices.filter { !ended.contains($0) }
    unite(grid.atoms, first.spread(over: grid.sizes, at: kept).atoms)
    return first
  }

  /// Unites along all axes but the longest, so that every row keeps the same: then the axes may change their order.
  mutating func collapseAllButLongest(_ grid: AtomGrid) {
    guard let longest = grid.sizes.indices.max(by: { grid.sizes[$0] < grid.sizes[$1] }) else { return }
    collapse(grid, along: Set(grid.sizes.indices.filter { $0 != longest }))
  }

  /// True when, as far as is known now, the entries of each row are one component.
  mutating func isOneComponentPerRow(_ atoms: [Int], rows: Int) -> Bool {
    let size = atoms.count / max(rows, 1)
    for row in 0..<rows {
      let root = union.root(of: atoms[row * size])
      for place in row * size..<(row + 1) * size where union.root(of: atoms[place]) != root { return false }
    }
    return true
  }

  /// The label behind a node that works along axes `ended` of it and keeps each place, such as a softmax: places along the
  /// inmost axes are counted row by row, those along others must be the same in every row.
  mutating func acting(_ label: AtomLabel, along ended: Set<Int>, sizes: [Int]) -> AtomLabel {
    let touched = label.axes.filter(ended.contains)
    if touched.isEmpty || touched == Array(label.axes.suffix(touched.count)) { return label }
    let grid = AtomGrid(sizes: label.axes.map { sizes[$0] }, atoms: label.atoms)
    let places = Set(label.axes.indices.filter { ended.contains(label.axes[$0]) })
    let rest = collapse(grid, along: places)
    return AtomLabel(axes: label.axes.filter { !ended.contains($0) }, atoms: rest.atoms)
  }

  /// The label behind a node that sums over axes `ended` of it. When these are the inmost, each row sums what it keeps, and the
  /// rows, which have to stay, are no channels; unless a row is one channel.
  mutating func ending(_ label: AtomLabel, along ended: Set<Int>, sizes: [Int], _ node: Node) -> AtomLabel? {
    let touched = label.axes.filter(ended.contains)
    if touched.isEmpty { return label }
    let kept = label.axes.filter { !ended.contains($0) }
    if kept.isEmpty { return nil }
    let grid = AtomGrid(sizes: label.axes.map { sizes[$0] }, atoms: label.atoms)
    let places = Set(label.axes.indices.filter { ended.contains(label.axes[$0]) })
    guard kept == Array(label.axes.prefix(kept.count)) else {
      return AtomLabel(axes: kept, atoms: collapse(grid, along: places).atoms)
    }
    let rows = kept.reduce(1) { $0 * sizes[$1] }
    if isOneComponentPerRow(label.atoms, rows: rows) {
      return AtomLabel(axes: kept, atoms: grid.first(along: places).atoms)
    }
    noteCut(node, label.atoms, rows: rows, strict: true)
    return nil
  }

  /// Labels behind a node that slides over some axes (a convolution over the image): what lies along them leaves together.
  mutating func sliding(_ labels: [AtomLabel], over slid: Set<Int>, sizes: [Int], _ reason: String) -> [AtomLabel] {
    var result: [AtomLabel] = []
    for label in labels {
      let kept = label.axes.filter { !slid.contains($0) }
      if kept.count == label.axes.count {
        result.append(label)
      } else if kept.isEmpty {
        pin(label.atoms, reason)
      } else {
        let grid = AtomGrid(sizes: label.axes.map { sizes[$0] }, atoms: label.atoms)
        let places = Set(label.axes.indices.filter { slid.contains(label.axes[$0]) })
        result.append(AtomLabel(axes: kept, atoms: collapse(grid, along: places).atoms))
      }
    }
    return result
  }

  /// The label with its axes renamed; where their order changes, the rows are made alike first.
  mutating func renamed(_ label: AtomLabel, _ names: [Int], sizes: [Int], _ node: Node) -> AtomLabel {
    let order = names.indices.sorted { names[$0] < names[$1] }
    if order == Array(names.indices) { return AtomLabel(axes: names, atoms: label.atoms) }
    let grid = AtomGrid(sizes: sizes, atoms: label.atoms)
    if order.last == names.count - 1 {
      // The rows change places: they have to stay.
      noteCut(node, label.atoms, rows: sizes.dropLast().reduce(1, *), strict: true)
      return AtomLabel(axes: names.sorted(), atoms: grid.permuted(order).atoms)
    }
    guard let longest = sizes.indices.max(by: { sizes[$0] < sizes[$1] }) else { return label }
    let rest = collapse(grid, along: Set(sizes.indices.filter { $0 != longest }))
    return AtomLabel(axes: [names[longest]], atoms: rest.atoms)
  }

  /// A node reads labelled values in a way that is not followed: everything that meets it stays.
  mutating func refuse(_ node: Node, _ what: String) {
    for input in Set(node.inputs).sorted() { pin(dataLabels(input), "'\(node.name)' \(what)") }
  }
}
