import ModelGraph

/// Operators that take, join and move entries along an axis.
extension AtomPropagation {
  func normalized(_ axis: Int, _ rank: Int) -> Int { axis < 0 ? axis + rank : axis }

  /// The constant integers of an input, or nil where they are computed from data or absent.
  func integers(_ node: Node, _ position: Int) -> [Int]? {
    guard position < node.inputs.count, !node.inputs[position].isEmpty else { return nil }
    guard let tensor = facts[node.inputs[position]]?.constant else { return nil }
    let values = tensor.integers
    return values.count == tensor.elementCount ? values.map(Int.init) : nil
  }

  func hasInput(_ node: Node, _ position: Int) -> Bool {
    position < node.inputs.count && !node.inputs[position].isEmpty
  }

  mutating func propagateConcat(_ named: Int, _ node: Node) {
    let inputs = node.inputs.filter { !$0.isEmpty }
    let output = node.outputs[0]
    let axis = normalized(named, shape(output).count)
    let own = inputs.map { isWeight($0) ? [] : labels[$0] ?? [] }
    // Labels that share axes, of whatever inputs, become one over all of these.
    var sets: [Set<Int>] = []
    for label in own.flatMap({ $0 }) {
      let axes = Set(label.axes)
      let touching = sets.filter { !$0.isDisjoint(with: axes) }
      sets = sets.filter { $0.isDisjoint(with: axes) } + [touching.reduce(axes) { $0.union($1) }]
    }
    if sets.isEmpty {
      for input in inputs where isWeight(input) { noteUntracked(input) }
      return
    }
    var result: [AtomLabel] = []
    for axes in sets.map({ $0.sorted() }).sorted(by: { $0[0] < $1[0] }) {
      var grids: [AtomGrid] = []
      for (position, input) in inputs.enumerated() {
        grids.append(joinedGrid(input, own[position], axes, node))
      }
      if let place = axes.firstIndex(of: axis) {
        result.append(AtomLabel(axes: axes, atoms: AtomGrid.joined(grids, axis: place).atoms))
      } else {
        for other in grids.dropFirst() { unite(grids[0].atoms, other.atoms) }
        result.append(AtomLabel(axes: axes, atoms: grids[0].atoms))
      }
    }
    for input in inputs where isWeight(input) {
      for untracked in shape(input).indices where !sets.contains(where: { $0.contains(untracked) }) {
        noteUntracked(input, axis: untracked)
      }
    }
    set(output, result, node)
  }

  /// What an input of a concatenation holds over some axes; a weight its own, another value without labels pinned atoms.
  private mutating func joinedGrid(_ input: String, _ own: [AtomLabel], _ axes: [Int], _ node: Node) -> AtomGrid {
    let sizes = axes.map { shape(input)[$0] }
    let inside = own.filter { axes.contains($0.axes[0]) }
    if isWeight(input) { return AtomGrid(sizes: sizes, atoms: face(of: input, axes, produces: true)) }
    guard let first = inside.first else {
      return AtomGrid(sizes: sizes, atoms: stayingAtoms(input, axes, joining: node))
    }
    for other in inside.dropFirst() { pin(other.atoms, "'\(node.name)' merges two axes of channels") }
    return grid(first, of: input).spread(over: sizes, at: first.axes.compactMap { axes.firstIndex(of: $0) })
  }

  mutating func propagateSplit(_ named: Int, _ node: Node) {
    let x = node.inputs[0]
    let sizes = shape(x)
    let axis = normalized(named, sizes.count)
    let own = dataLabels(x)
    var start = 0
    for output in node.outputs {
      let size = output.isEmpty ? 0 : shape(output)[axis]
      let range = Array(start..<start + size)
      start += size
      set(output, own.map { taking(range, of: $0, axis: axis, sizes) }, node)
    }
  }

  private func taking(_ positions: [Int], of label: AtomLabel, axis: Int, _ sizes: [Int]) -> AtomLabel {
    guard let place = label.axes.firstIndex(of: axis) else { return label }
    let grid = AtomGrid(sizes: label.axes.map { sizes[$0] }, atoms: label.atoms)
    return AtomLabel(axes: label.axes, atoms: grid.gathering(positions, axis: place).atoms)
  }

  mutating func propagateSlice(_ node: Node) {
    let x = node.inputs[0]
    let sizes = shape(x)
    let own = dataLabels(x)
    if own.isEmpty { return }
    guard let taken = slicedPositions(node, sizes) else {
      return pin(own, "'\(node.name)' takes a part of it that is computed")
    }
    set(node.outputs[0], own.map { sliced($0, taken, sizes, node) }, node)
  }

  private mutating func sliced(_ label: AtomLabel, _ taken: [Int: [Int]], _ sizes: [Int], _ node: Node) -> AtomLabel {
    var axes = label.axes
    var grid = AtomGrid(sizes: axes.map { sizes[$0] }, atoms: label.atoms)
    for axis in label.axes {
      guard let positions = taken[axis], positions != Array(0..<sizes[axis]), var place = axes.firstIndex(of: axis)
      else { continue }
      let isRun = zip(positions, positions.dropFirst()).allSatisfy { $1 == $0 + 1 }
      if axes.count > 1, !isRun {
        grid = collapse(grid, along: Set(axes.indices.filter { $0 != place }))
        (axes, place) = ([axis], 0)
      } else if place > 0, let first = positions.first, first > 0 {
        // Every row has to begin at the same place.
        let before = grid.gathering(Array(0..<first), axis: place)
        noteRows(AtomLabel(axes: axes, atoms: before.atoms), sizes: before.sizes, node)
      }
      grid = grid.gathering(positions, axis: place)
    }
    return AtomLabel(axes: axes, atoms: grid.atoms)
  }

  /// For each axis that a Slice names, the positions that it takes; nil when they are computed.
  func slicedPositions(_ node: Node, _ sizes: [Int]) -> [Int: [Int]]? {
    guard let starts = integers(node, 1), let ends = integers(node, 2), starts.count == ends.count else { return nil }
    let axes: [Int]
    if hasInput(node, 3) {
      guard let named = integers(node, 3) else { return nil }
      axes = named.map { normalized($0, sizes.count) }
    } else {
      axes = Array(starts.indices)
    }
    let steps = hasInput(node, 4) ? integers(node, 4) : Array(repeating: 1, count: starts.count)
    guard let steps, axes.count == starts.count, steps.count == starts.count else { return nil }
    var result: [Int: [Int]] = [:]
    for (entry, axis) in axes.enumerated() where sizes.indices.contains(axis) && steps[entry] != 0 {
      result[axis] = Self.positions(from: starts[entry], to: ends[entry], by: steps[entry], size: sizes[axis])
    }
    return result
  }

  static func positions(from start: Int, to end: Int, by step: Int, size: Int) -> [Int] {
    func clamped(_ value: Int, _ range: ClosedRange<Int>) -> Int {
      min(max(value < 0 ? value &+ size : value, range.lowerBound), range.upperBound)
    }
    guard size > 0 else { return [] }
    let range = step > 0 ? 0...size : -1...(size - 1)
    let first = clamped(start, step > 0 ? range : 0...(size - 1))
    return Array(Swift.stride(from: first, to: clamped(end, range), by: step))
  }

  mutating func propagateGather(_ named: Int, _ node: Node) {
    let (data, indices) = (node.inputs[0], node.inputs[1])
    let output = node.outputs[0]
    let sizes = shape(data)
    let axis = normalized(named, sizes.count)
    let indexRank = shape(indices).count
    pin(dataLabels(indices), "'\(node.name)' reads it as positions")
    func moved(_ other: Int) -> Int { other < axis ? other : other + indexRank - 1 }
    if isWeight(data) {
      noteUntracked(data, axis: axis)
      guard sizes.count == 2, facts[data]?.elementType.isFloatingPoint == true else { return noteUntracked(data) }
      let row = 1 - axis
      let atoms = face(of: data, [row], produces: true)
      noteProducer(node, atoms)
      return set(output, [AtomLabel(axes: [moved(row)], atoms: atoms)], node)
    }
    let own = labels[data] ?? []
    var result: [AtomLabel] = []
    for label in own {
      guard let place = label.axes.firstIndex(of: axis) else {
        result.append(AtomLabel(axes: label.axes.map(moved), atoms: label.atoms))
        continue
      }
      guard let taken = integers(node, 1) else {
        pin(label.atoms, "'\(node.name)' takes positions of it that are computed")
        continue
      }
      let positions = taken.map { $0 < 0 ? $0 + sizes[axis] : $0 }
      if let rest = gathered(label, place, positions, indexRank, sizes, node) {
        result.append(AtomLabel(axes: rest.axes.map { $0 == axis ? $0 : moved($0) }, atoms: rest.atoms))
      }
    }
    set(output, result, node)
  }

  /// The label behind taking `positions` of one of its axes: a single one, whose axis ends, or a list.
  private mutating func gathered(
    _ label: AtomLabel, _ place: Int, _ positions: [Int], _ indexRank: Int, _ sizes: [Int], _ node: Node
  ) -> AtomLabel? {
    let axis = label.axes[place]
    var grid = AtomGrid(sizes: label.axes.map { sizes[$0] }, atoms: label.atoms)
    if indexRank == 0, place == 0, label.axes.count > 1, let row = positions.first {
      // One of the rows, which then have to stay.
      noteCut(node, label.atoms, rows: sizes[axis], strict: true)
      let inner = grid.gathering([row], axis: 0)
      return AtomLabel(axes: Array(label.axes.dropFirst()), atoms: inner.atoms)
    }
    guard indexRank == 1 else {
      pin(label.atoms, "'\(node.name)' takes single channels of it")
      return nil
    }
    if label.axes.count == 1 {
      return AtomLabel(axes: [axis], atoms: grid.gathering(positions, axis: 0).atoms)
    }
    grid = collapse(grid, along: Set(label.axes.indices.filter { $0 != place }))
    return AtomLabel(axes: [axis], atoms: grid.gathering(positions, axis: 0).atoms)
  }

  mutating func propagatePad(_ mode: PadMode, _ node: Node) {
    let x = node.inputs[0]
    let sizes = shape(x)
    let own = dataLabels(x)
    if own.isEmpty { return }
    guard let amounts = padAmounts(node, rank: sizes.count) else {
      return pin(own, "'\(node.name)' widens it by amounts that are computed")
    }
    var result: [AtomLabel] = []
    for label in own {
      let padded = label.axes.filter { amounts.before[$0] != 0 || amounts.after[$0] != 0 }
      if padded.isEmpty {
        result.append(label)
      } else if label.axes.count > 1 {
        pin(label.atoms, "'\(node.name)' widens rows of it")
      } else if mode != .constant {
        pin(label.atoms, "'\(node.name)' repeats channels of it as a border")
      } else {
        let axis = label.axes[0]
        let borders = [amounts.before[axis], amounts.after[axis]].map { union.makeAtoms(max($0, 0)) }
        if let value = paddingValue(node), value != "0" {
          for border in borders { pin(border, "'\(node.name)' fills it with \(value), not with zeros") }
        }
        let kept = label.atoms.dropFirst(max(-amounts.before[axis], 0)).dropLast(max(-amounts.after[axis], 0))
        result.append(AtomLabel(axes: [axis], atoms: borders[0] + kept + borders[1]))
      }
    }
    set(node.outputs[0], result, node)
  }

  /// What a Pad adds before and after each axis, or nil when it is computed.
  func padAmounts(_ node: Node, rank: Int) -> (before: [Int], after: [Int])? {
    guard let amounts = integers(node, 1) else { return nil }
    var axes = Array(0..<rank)
    if hasInput(node, 3) {
      guard let named = integers(node, 3) else { return nil }
      axes = named.map { normalized($0, rank) }
    }
    guard amounts.count == 2 * axes.count else { return nil }
    var (before, after) = (Array(repeating: 0, count: rank), Array(repeating: 0, count: rank))
    for (entry, axis) in axes.enumerated() where (0..<rank).contains(axis) {
      before[axis] = amounts[entry]
      after[axis] = amounts[axes.count + entry]
    }
    return (before, after)
  }

  /// What a Pad fills with, as text; nil for nothing said.
  private func paddingValue(_ node: Node) -> String? {
    guard hasInput(node, 2) else { return nil }
    guard let tensor = facts[node.inputs[2]]?.constant else { return "a computed value" }
    if tensor.bytes.allSatisfy({ $0 == 0 }) { return "0" }
    return tensor.floats.first.map { "\($0)" } ?? tensor.integers.first.map { "\($0)" } ?? "a constant"
  }

  /// A shuffle that reshapes and a transpose make together: one axis in another order.
  mutating func propagate(_ shuffle: ChannelShuffle, _ node: Node) {
    let sizes = shape(shuffle.input)
    var result: [AtomLabel] = []
    for label in dataLabels(shuffle.input) {
      guard let place = label.axes.firstIndex(of: shuffle.axis) else {
        result.append(label)
        continue
      }
      let grid = AtomGrid(sizes: label.axes.map { sizes[$0] }, atoms: label.atoms)
      let rest = collapse(grid, along: Set(label.axes.indices.filter { $0 != place }))
      result.append(AtomLabel(axes: [shuffle.axis], atoms: rest.gathering(shuffle.order, axis: 0).atoms))
    }
    set(node.outputs[0], result, node)
  }
}
