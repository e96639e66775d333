import ModelGraph

/// Nodes that read sizes and positions as inputs.
extension NodeCompaction {
  private var analysis: ChannelAnalysis { shapes.analysis }

  /// The shape that a Reshape or Expand makes: entries of labelled axes count what stays.
  mutating func rewriteTarget(_ node: inout Node, allowsZero: Bool) {
    let output = node.outputs[0]
    guard shapes.changes(output), node.inputs.count > 1, let target = analysis.integers[node.inputs[1]] else { return }
    let (before, after) = (shapes.shape(node.inputs[0]), shapes.shape(output))
    let shift = after.count - target.count
    var entries: [Int: Int] = [:]
    for axis in after.indices where axis >= shift {
      let isFixed = analysis.fixedSizes[output]?.contains(axis) == true
      guard isFixed || shapes.changedLabel(output, axis: axis) != nil, !follows(output, axis) else { continue }
      let entry = target[axis - shift]
      if entry == -1 { continue }
      if entry == 0, !allowsZero, axis < before.count, before[axis] == after[axis] { continue }
      if case .expand = node.op, entry == 1 { continue }
      entries[axis - shift] = after[axis]
    }
    substitute(1, entries, &node)
  }

  mutating func rewriteSizes(_ node: inout Node, at position: Int, axes: [Int]?) {
    guard position < node.inputs.count, !node.inputs[position].isEmpty, shapes.changes(node.outputs[0]) else { return }
    let after = shapes.shape(node.outputs[0])
    var entries: [Int: Int] = [:]
    for (entry, named) in (axes ?? Array(after.indices)).enumerated() {
      let axis = named < 0 ? named + after.count : named
      if shapes.changedLabel(node.outputs[0], axis: axis) != nil, !follows(node.outputs[0], axis) {
        entries[entry] = after[axis]
      }
    }
    substitute(position, entries, &node)
  }

  /// The size is read off channels when the network runs.
  private func follows(_ value: String, _ axis: Int) -> Bool { analysis.followingSizes[value]?.contains(axis) == true }

  mutating func rewriteSplit(_ node: inout Node, _ named: Int) {
    let x = node.inputs[0]
    let axis = named < 0 ? named + shapes.dense(x).count : named
    guard shapes.changedLabel(x, axis: axis) != nil else { return }
    let sizes = node.outputs.map { $0.isEmpty ? 0 : shapes.shape($0)[axis] }
    if node.inputs.count > 1, !node.inputs[1].isEmpty {
      return substitute(1, Dictionary(uniqueKeysWithValues: sizes.enumerated().map { ($0, $1) }), &node)
    }
    let total = shapes.shape(x)[axis]
    if (try? ShapeTargets.split(total, sizes: nil, parts: sizes.count)) != sizes {
      node.inputs = [x, constant("\(node.name).sizes", sizes)]
    }
  }

  /// Amounts that count what stays: of the fresh entries for a positive amount, of the entries cut off for a negative one.
  mutating func rewritePad(_ node: inout Node) {
    let (x, output) = (node.inputs[0], node.outputs[0])
    guard let amounts = analysis.integers[node.inputs[1]] else { return }
    let rank = shapes.dense(x).count
    var axes = Array(0..<rank)
    if node.inputs.count > 3, !node.inputs[3].isEmpty, let named = analysis.integers[node.inputs[3]] {
      axes = named.map { $0 < 0 ? $0 + rank : $0 }
    }
    var entries: [Int: Int] = [:]
    for (entry, axis) in axes.enumerated() {
      guard let inside = analysis.labels[x]?.first(where: { $0.axes == [axis] }),
        let outside = analysis.labels[output]?.first(where: { $0.axes == [axis] }),
        shapes.changes(inside) || shapes.changes(outside)
      else { continue }
      let (before, after) = (amounts[entry], amounts[axes.count + entry])
      let (input, padded) = (shapes.dense(x)[axis], shapes.dense(output)[axis])
      entries[entry] =
        before >= 0
        ? shapes.keptCount(outside, place: 0, in: 0..<before)
        : -shapes.keptCount(inside, place: 0, in: 0..<(-before))
      entries[axes.count + entry] =
        after >= 0
        ? shapes.keptCount(outside, place: 0, in: padded - after..<padded)
        : -shapes.keptCount(inside, place: 0, in: input + after..<input)
    }
    substitute(1, entries, &node)
  }

  /// Constant positions along an axis of channels: those that stay, by their new places.
  mutating func rewriteGather(_ node: inout Node, _ named: Int) {
    let x = node.inputs[0]
    let sizes = shapes.dense(x)
    let axis = named < 0 ? named + sizes.count : named
    guard let (label, place) = shapes.changedLabel(x, axis: axis), analysis.facesOfWeight[x] == nil,
      shapes.shape(x)[axis] != sizes[axis], let positions = analysis.integers[node.inputs[1]]
    else { return }
    let places = shapes.keptPlaces(label, place: place)
    let kept = positions.compactMap { places[$0 < 0 ? $0 + sizes[axis] : $0] }
    guard kept != positions else { return }
    let old = weights[node.inputs[1]]
    if kept.isEmpty { return }
    node.inputs[1] = constant("\(node.name).positions", kept, like: old)
  }

  /// A Slice over channels: a range is written anew; a step over channels becomes a Gather.
  mutating func appendSlice(_ node: Node) {
    let x = node.inputs[0]
    let output = node.outputs[0]
    let sizes = shapes.dense(x)
    guard shapes.changes(x), let starts = analysis.integers[node.inputs[1]],
      let ends = analysis.integers[node.inputs[2]]
    else { return append(node) }
    func list(_ position: Int) -> [Int]? {
      position < node.inputs.count && !node.inputs[position].isEmpty ? analysis.integers[node.inputs[position]] : nil
    }
    let axes = (list(3) ?? Array(starts.indices)).map { $0 < 0 ? $0 + sizes.count : $0 }
    let steps = list(4) ?? Array(repeating: 1, count: starts.count)
    var newStarts: [Int: Int] = [:]
    var newEnds: [Int: Int] = [:]
    var stepped: [(entry: Int, axis: Int, positions: [Int])] = []
    for (entry, axis) in axes.enumerated() {
      // Where nothing leaves along the axis it may have another size in each run.
      guard let (label, place) = shapes.changedLabel(x, axis: axis), shapes.shape(x)[axis] != sizes[axis] else {
        continue
      }
      let positions = AtomPropagation.positions(
        from: starts[entry], to: ends[entry], by: steps[entry], size: sizes[axis])
      guard let first = positions.first, let last = positions.last else { continue }
      let count = shapes.keptCount(label, place: place, in: min(first, last)..<max(first, last) + 1)
      let before = shapes.keptCount(label, place: place, in: 0..<min(first, last))
      switch steps[entry] {
      case 1: (newStarts[entry], newEnds[entry]) = (before, before + count)
      case -1:
        newStarts[entry] = before + count - 1
        newEnds[entry] = before == 0 ? -shapes.shape(x)[axis] - 1 : before - 1
      default: stepped.append((entry, axis, positions))
      }
    }
    var node = node
    for step in stepped {
      // Taken out of the slice by taking everything.
      (newStarts[step.entry], newEnds[step.entry]) = (0, Int(Int32.max))
    }
    substitute(1, newStarts, &node)
    substitute(2, newEnds, &node)
    guard !stepped.isEmpty else { return append(node) }
    let unit = Dictionary(uniqueKeysWithValues: stepped.map { ($0.entry, 1) })
    substitute(4, unit, &node)
    node.outputs = [fresh("\(node.name).whole")]
    append(node)
    for (index, step) in stepped.enumerated() {
      let name = index == stepped.count - 1 ? output : fresh("\(output).step")
      let gather = Node(
        name: fresh("\(node.name).take"), op: .gather(axis: step.axis), inputs: node.outputs, outputs: [name])
      appendGather(
        gather, of: node.outputs[0], dense: analysis.labels[x] ?? [], axis: step.axis, positions: step.positions)
      node.outputs = [name]
    }
  }

  /// A Gather of the positions that stay, written as an input's labels say.
  mutating func appendGather(_ node: Node, of input: String, dense: [ValueLabel], axis: Int, positions: [Int]) {
    var kept = positions
    if let label = dense.first(where: { $0.axes.contains(axis) && shapes.changes($0) }),
      let place = label.axes.firstIndex(of: axis)
    {
      let places = shapes.keptPlaces(label, place: place)
      kept = positions.compactMap { places[$0] }
    }
    append(
      Node(
        name: node.name, op: .gather(axis: axis), inputs: [input, constant("\(node.name).positions", kept)],
        outputs: node.outputs))
  }
}
