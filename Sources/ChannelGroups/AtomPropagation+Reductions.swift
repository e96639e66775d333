import ModelGraph

/// Operators that sum, pool, sample and select along axes.
extension AtomPropagation {
  /// The axes that a reduction runs over, or nil when they are computed.
  func reducedAxes(_ reduction: Reduction, _ node: Node) -> Set<Int>? {
    let rank = shape(node.inputs[0]).count
    let all = Set(0..<rank)
    guard hasInput(node, 1) else { return reduction.leavesWithoutAxes ? [] : all }
    guard let named = integers(node, 1) else { return nil }
    if named.isEmpty { return reduction.leavesWithoutAxes ? [] : all }
    return Set(named.map { normalized($0, rank) })
  }

  mutating func propagateReduction(_ reduction: Reduction, _ node: Node) {
    let x = node.inputs[0]
    let sizes = shape(x)
    guard let reduced = reducedAxes(reduction, node) else {
      return refuse(node, "reduces axes of it that are computed")
    }
    let kept = sizes.indices.filter { !reduced.contains($0) }
    let own = dataLabels(x)
    // Only labels that end in part have pieces; the walk through what reads the result is for these alone.
    let haveRows = own.filter { label in
      label.axes.contains(where: reduced.contains) && !reduced.isSuperset(of: label.axes)
    }
    if !haveRows.isEmpty, makesChannels(node) {
      for label in haveRows {
        collapse(grid(label, of: x), along: Set(label.axes.indices.filter { reduced.contains(label.axes[$0]) }))
      }
    }
    var result: [AtomLabel] = []
    for label in own {
      guard let rest = ending(label, along: reduced, sizes: sizes, node) else { continue }
      let axes = reduction.keepsAxes ? rest.axes : rest.axes.compactMap { kept.firstIndex(of: $0) }
      result.append(AtomLabel(axes: axes, atoms: rest.atoms))
    }
    set(node.outputs[0], result, node)
  }

  /// A node that picks positions along an axis: channels there keep their numbers.
  mutating func propagateSelection(_ node: Node, axis named: Int, keepsAxis: Bool) {
    let sizes = shape(node.inputs[0])
    let axis = normalized(named, sizes.count)
    let (touched, rest) = separated(dataLabels(node.inputs[0]), axes: [axis])
    pin(touched, "'\(node.name)' picks positions in it")
    let moved = rest.map { label in
      AtomLabel(axes: label.axes.map { keepsAxis || $0 < axis ? $0 : $0 - 1 }, atoms: label.atoms)
    }
    for output in node.outputs { set(output, moved, node) }
  }

  mutating func propagatePooling(_ node: Node) {
    let x = node.inputs[0]
    let sizes = shape(x)
    var own: [AtomLabel] = []
    for label in dataLabels(x) {
      if let channels = pooledPieces(label, node) {
        own.append(channels)
      } else {
        own += sliding([label], over: Set(2..<max(sizes.count, 2)), sizes: sizes, "'\(node.name)' pools over it")
      }
    }
    if node.outputs.count > 1, !node.outputs[1].isEmpty, isUsed(node.outputs[1]) {
      pin(own, "the positions that '\(node.name)' finds count its channels")
      own = []
    }
    set(node.outputs[0], own, node)
  }

  func isUsed(_ value: String) -> Bool {
    consumers[value]?.isEmpty == false || graph.outputs.contains { $0.name == value }
  }

  /// Channels of `[N, C, H, W]` go through; the image is sampled where other inputs say.
  mutating func propagateSampling(_ node: Node, over what: String) {
    let x = node.inputs[0]
    let sizes = shape(x)
    var slid = Set(2..<max(sizes.count, 2))
    if case .gridSample = node.op {} else { slid.insert(0) }
    let own = sliding(dataLabels(x), over: slid, sizes: sizes, "'\(node.name)' \(what)")
    for other in node.inputs.dropFirst() { pin(dataLabels(other), "'\(node.name)' reads it as positions") }
    set(node.outputs[0], own, node)
  }

  /// Axes that keep their size go through; the others are one image.
  mutating func propagateResizing(_ node: Node, _ what: String) {
    let x = node.inputs[0]
    let (before, after) = (shape(x), shape(node.outputs[0]))
    let slid = Set(before.indices.filter { before[$0] != after[$0] })
    let own = sliding(dataLabels(x), over: slid, sizes: before, "'\(node.name)' \(what)")
    for other in node.inputs.dropFirst() { pin(dataLabels(other), "'\(node.name)' reads it as sizes") }
    let readable = after.indices.allSatisfy { axis in
      before[axis] != after[axis] || own.allSatisfy { !$0.axes.contains(axis) } || canRewriteSizes(node)
    }
    if !readable {
      pin(own, "'\(node.name)' \(what) by sizes that are computed")
      return
    }
    set(node.outputs[0], own, node)
  }

  /// The sizes that a node gets are constants, or it has none.
  private func canRewriteSizes(_ node: Node) -> Bool {
    switch node.op {
    case .resize: !hasInput(node, 3) || integers(node, 3) != nil
    case .centerCropPad: integers(node, 1) != nil
    default: true
    }
  }

  /// A cache and what is written into it along one axis.
  mutating func propagateCache(_ named: Int, _ node: Node) {
    let (past, update) = (node.inputs[0], node.inputs[1])
    let sizes = shape(past)
    let axis = normalized(named, sizes.count)
    let operands = [past, update].map { value in
      var operand = broadcastOperand(value, rank: sizes.count)
      operand.places[axis] = nil
      return operand
    }
    for operand in operands where operand.labels.contains(where: { $0.axes.contains(axis) }) {
      return refuse(node, "writes along it")
    }
    set(node.outputs[0], align(operands, space: sizes, node), node)
  }
}
