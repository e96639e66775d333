import ModelGraph

/// Reshapes of every kind: entries keep their order, and only which axes they lie on changes.
extension AtomPropagation {
  /// Above this many entries a label is no longer followed.
  private static let largestGrid = 1 << 26

  mutating func propagateReshape(_ node: Node) {
    let x = node.inputs[0]
    let output = node.outputs[0]
    let (before, after) = (shape(x), shape(output))
    if let origin = origin(x) {
      if let reshaped = reshaped(origin, before, after) {
        setOrigin(output, reshaped)
      } else {
        noteUntracked(x)
      }
      return
    }
    let labels = labels[x] ?? []
    if labels.isEmpty { return }
    guard let factors = AxisFactors(before, after) else {
      return pin(labels, "'\(node.name)' reshapes it in a way that is not followed")
    }
    // Two labels whose axes are mixed with each other cannot be told apart any more.
    let touched = labels.map { label in
      factors.runs.indices.filter { run in label.axes.contains { factors.runs[run].before.contains($0) } }
    }
    var result: [AtomLabel] = []
    for (position, label) in labels.enumerated() {
      let runs = touched[position]
      let others = touched.indices.filter { $0 != position }.flatMap { touched[$0] }
      if runs.contains(where: others.contains) {
        pin(label.atoms, "'\(node.name)' merges two axes of channels")
        continue
      }
      let oldAxes = runs.flatMap { Array(factors.runs[$0].before) }
      let newAxes = runs.flatMap { Array(factors.runs[$0].after) }
      let count = oldAxes.reduce(1) { $0 * before[$1] }
      if newAxes.isEmpty {
        // An axis of a single channel goes away.
        pin(label.atoms, "'\(node.name)' drops its axis")
      } else if count > Self.largestGrid {
        pin(label.atoms, "'\(node.name)' spreads it over \(count) entries, too many to follow")
      } else {
        let grid = AtomGrid(sizes: label.axes.map { before[$0] }, atoms: label.atoms)
        let whole = grid.spread(
          over: oldAxes.map { before[$0] }, at: label.axes.compactMap { oldAxes.firstIndex(of: $0) })
        result.append(
          droppingConstantAxes(AtomGrid(sizes: newAxes.map { after[$0] }, atoms: whole.atoms), newAxes))
      }
    }
    set(output, result, node)
  }

  /// The label without axes along which nothing changes; at least one axis stays.
  private func droppingConstantAxes(_ grid: AtomGrid, _ axes: [Int]) -> AtomLabel {
    var constant = Set(grid.sizes.indices.filter { grid.isConstant(along: $0) })
    if constant.count == axes.count {
      // A single channel: it lies on the longest axis.
      let longest = grid.sizes.indices.max { grid.sizes[$0] < grid.sizes[$1] } ?? 0
      constant.remove(longest)
    }
    return AtomLabel(
      axes: axes.indices.filter { !constant.contains($0) }.map { axes[$0] }, atoms: grid.first(along: constant).atoms)
  }

  /// A reshaped weight, when each of its axes is split or merged by itself.
  private func reshaped(_ origin: WeightOrigin, _ before: [Int], _ after: [Int]) -> WeightOrigin? {
    guard let factors = AxisFactors(before, after) else { return nil }
    var view = origin.view
    var axes: [[Int]] = Array(repeating: [], count: after.count)
    // Splits are done last, from the back, so that the places in the view stay what they are.
    var splits: [(place: Int, sizes: [Int], after: Range<Int>)] = []
    for run in factors.runs {
      let seen = run.before.flatMap { origin.axes[$0] }
      if run.after.count == 1 {
        axes[run.after.lowerBound] = seen
      } else if seen.count == 1 {
        splits.append((seen[0], run.after.map { after[$0] }, run.after))
      } else if !run.after.isEmpty, !seen.isEmpty {
        return nil
      }
    }
    for split in splits.sorted(by: { $0.place > $1.place }) {
      view.replaceSubrange(split.place...split.place, with: split.sizes)
      for axis in axes.indices {
        axes[axis] = axes[axis].map { $0 > split.place ? $0 + split.sizes.count - 1 : $0 }
      }
      for (offset, axis) in split.after.enumerated() { axes[axis] = [split.place + offset] }
    }
    return WeightOrigin(weight: origin.weight, view: view, axes: axes)
  }

  mutating func propagateTranspose(_ permutation: [Int], _ node: Node) {
    let x = node.inputs[0]
    let rank = shape(x).count
    let order = permutation.isEmpty ? Array((0..<rank).reversed()) : permutation
    if let origin = origin(x) {
      return setOrigin(
        node.outputs[0],
        WeightOrigin(weight: origin.weight, view: origin.view, axes: order.map { origin.axes[$0] }))
    }
    var places = Array(repeating: 0, count: rank)
    for (place, axis) in order.enumerated() { places[axis] = place }
    let sizes = shape(x)
    let result = (labels[x] ?? []).map { label in
      renamed(label, label.axes.map { places[$0] }, sizes: label.axes.map { sizes[$0] }, node)
    }
    set(node.outputs[0], result, node)
  }

  /// Axes of size 1 are spread by repeating; what runs along them gets no label, and the others keep theirs.
  mutating func propagateExpand(_ node: Node) {
    let x = node.inputs[0]
    let output = node.outputs[0]
    let (before, after) = (shape(x), shape(output))
    let shift = after.count - before.count
    if let origin = origin(x) {
      let axes = after.indices.map { axis in
        axis >= shift && before[axis - shift] == after[axis] ? origin.axes[axis - shift] : []
      }
      // An axis that is repeated is no part of the weight; its readers see entries that are all the same.
      if after.indices.allSatisfy({ !axes[$0].isEmpty || after[$0] == 1 }) {
        setOrigin(output, WeightOrigin(weight: origin.weight, view: origin.view, axes: axes))
        return
      }
    }
    var result: [AtomLabel] = []
    for label in dataLabels(x) {
      if label.axes.allSatisfy({ before[$0] == after[$0 + shift] }) {
        result.append(AtomLabel(axes: label.axes.map { $0 + shift }, atoms: label.atoms))
      } else {
        pin(label.atoms, "'\(node.name)' spreads it over many channels")
      }
    }
    widenings[output] = widenings[x] ?? x
    set(output, result, node)
  }

  mutating func propagateTile(_ node: Node) {
    let x = node.inputs[0]
    let (before, after) = (shape(x), shape(node.outputs[0]))
    var result: [AtomLabel] = []
    for label in dataLabels(x) {
      var grid = AtomGrid(sizes: label.axes.map { before[$0] }, atoms: label.atoms)
      for (place, axis) in label.axes.enumerated() where before[axis] > 0 && after[axis] != before[axis] {
        grid = .joined(Array(repeating: grid, count: after[axis] / before[axis]), axis: place)
      }
      result.append(AtomLabel(axes: label.axes, atoms: grid.atoms))
    }
    set(node.outputs[0], result, node)
  }

  /// `[N, b, b, C, H, W]` or `[N, C, b, b, H, W]` in between: what makes one channel of the larger image leaves together.
  mutating func propagateDepthToSpace(_ block: Int, _ order: DepthOrder, _ node: Node) {
    let x = node.inputs[0]
    let sizes = shape(x)
    let depth = sizes[1] / (block * block)
    let split = order == .depthFirst ? [block, block, depth] : [depth, block, block]
    let places: Set<Int> = order == .depthFirst ? [0, 1] : [1, 2]
    var result: [AtomLabel] = []
    for label in sliding(dataLabels(x), over: [2, 3], sizes: sizes, "'\(node.name)' lays out its image") {
      if label.axes == [1] {
        let rest = collapse(AtomGrid(sizes: split, atoms: label.atoms), along: places)
        result.append(AtomLabel(axes: [1], atoms: rest.atoms))
      } else if label.axes.contains(1) {
        pin(label.atoms, "'\(node.name)' mixes it with the image")
      } else {
        result.append(label)
      }
    }
    set(node.outputs[0], result, node)
  }

  /// Every channel appears once for each place of a block.
  mutating func propagateSpaceToDepth(_ block: Int, _ order: DepthOrder, _ node: Node) {
    let x = node.inputs[0]
    let sizes = shape(x)
    let labels = sliding(
      dataLabels(x), over: Set(2..<max(sizes.count, 2)), sizes: sizes, "'\(node.name)' takes its image apart")
    var result: [AtomLabel] = []
    for label in labels {
      guard label.axes == [1] else {
        if label.axes.contains(1) {
          pin(label.atoms, "'\(node.name)' mixes it with the image")
        } else {
          result.append(label)
        }
        continue
      }
      let grid = AtomGrid(sizes: [sizes[1]], atoms: label.atoms)
      let places = order == .depthFirst ? [2] : [0]
      let spread = order == .depthFirst ? [block, block, sizes[1]] : [sizes[1], block, block]
      result.append(AtomLabel(axes: [1], atoms: grid.spread(over: spread, at: places).atoms))
    }
    set(node.outputs[0], result, node)
  }
}
