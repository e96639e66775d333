import ModelGraph

/// One operand of a node that works index by index over a space of axes: an element-wise operator over its output's axes, a
/// matrix product over those of both matrices.
struct AlignedOperand {
  var value: String
  /// For each axis of the value its place in the space; nil for one that the space leaves out.
  var places: [Int?]
  /// The value's own labels, by its own axes; a weight's are those that it was asked for.
  var labels: [AtomLabel]
}

extension AtomPropagation {
  /// An operand that is broadcast to `rank` axes as NumPy does.
  mutating func broadcastOperand(_ value: String, rank: Int) -> AlignedOperand {
    let own = shape(value).count
    let labels = isWeight(value) ? [] : dataLabels(value)
    return AlignedOperand(value: value, places: (0..<own).map { $0 + rank - own }, labels: labels)
  }

  /// Unites what operands hold at equal places of a space, and returns the labels over its axes.
  ///
  /// An operand that lacks some of a label's axes is broadcast along them. A weight gets a face on what it shares with a label;
  /// a value without labels keeps what it meets in place. `contracted` are the places that are summed over: there, a weight
  /// reads instead of owning.
  mutating func align(
    _ operands: [AlignedOperand], space: [Int], contracted: Set<Int> = [], _ node: Node
  ) -> [AtomLabel] {
    var merged: [AtomLabel] = []
    var labelled: [Set<Int>] = []
    for operand in operands {
      let own = placed(operand, space, node)
      labelled.append(Set(own.flatMap(\.axes)))
      for label in own { merge(label, into: &merged, space, node) }
    }
    // The labels may lose axes while they are merged, so the others meet them only now.
    for position in operands.indices {
      let operand = operands[position]
      if isWeight(operand.value) {
        own(operand, labelled[position], merged, space, contracted, node)
      } else {
        for label in merged { keep(operand, labelled[position], label, space, position, node) }
      }
    }
    return merged
  }

  /// The operand's labels by places of the space; a single entry that is spread over many has to stay.
  private mutating func placed(_ operand: AlignedOperand, _ space: [Int], _ node: Node) -> [AtomLabel] {
    let sizes = shape(operand.value)
    var result: [AtomLabel] = []
    for label in operand.labels {
      let kept = label.axes.filter { axis in
        guard let place = operand.places[axis] else { return false }
        return sizes[axis] == space[place]
      }
      if kept.count < label.axes.count, label.axes.contains(where: { sizes[$0] > 1 && !kept.contains($0) }) {
        pin(label.atoms, "'\(node.name)' reads it in a way that is not followed")
      } else if kept.isEmpty {
        let spread = label.axes.compactMap { operand.places[$0].map { space[$0] } }.first ?? 1
        pin(label.atoms, "'\(node.name)' spreads it over \(spread) channels")
      } else {
        let names = kept.compactMap { operand.places[$0] }
        result.append(
          renamed(AtomLabel(axes: kept, atoms: label.atoms), names, sizes: kept.map { sizes[$0] }, node))
      }
    }
    return result
  }

  /// Unites a label with those that share axes with it.
  private mutating func merge(_ label: AtomLabel, into merged: inout [AtomLabel], _ space: [Int], _ node: Node) {
    var label = label
    var rest: [AtomLabel] = []
    for other in merged {
      let (mine, theirs) = (Set(label.axes), Set(other.axes))
      if mine.isDisjoint(with: theirs) {
        rest.append(other)
      } else if areStayingRows(label, of: other) {
        noteStayingRows(label, of: other, space, node)
        label = other
      } else if areStayingRows(other, of: label) {
        noteStayingRows(other, of: label, space, node)
      } else if theirs.isSuperset(of: mine) {
        unite(spread(label, over: other.axes, space), other.atoms)
        label = other
      } else if mine.isSuperset(of: theirs) {
        unite(label.atoms, spread(other, over: label.axes, space))
      } else {
        // Two labels with some axes in common: the other one is made alike along these, and keeps its own.
        let grid = AtomGrid(sizes: other.axes.map { space[$0] }, atoms: other.atoms)
        let shared = Set(other.axes.indices.filter { mine.contains(other.axes[$0]) })
        rest.append(
          AtomLabel(axes: other.axes.filter { !mine.contains($0) }, atoms: collapse(grid, along: shared).atoms))
      }
    }
    merged = rest + [label]
  }

  /// What has to stay goes with the rows of a label that has further axes, as attention's biases do with the heads of V: the rows
  /// stay, and what is in them may leave.
  private mutating func areStayingRows(_ rows: AtomLabel, of label: AtomLabel) -> Bool {
    guard rows.axes.count < label.axes.count, rows.axes == Array(label.axes.prefix(rows.axes.count)) else {
      return false
    }
    let pinned = Set(pins.flatMap(\.atoms).map { union.root(of: $0) })
    return rows.atoms.allSatisfy { pinned.contains(union.root(of: $0)) }
  }

  private mutating func noteStayingRows(_ rows: AtomLabel, of label: AtomLabel, _ space: [Int], _ node: Node) {
    noteCut(node, label.atoms, rows: rows.axes.reduce(1) { $0 * space[$1] }, strict: true)
  }

  private func spread(_ label: AtomLabel, over axes: [Int], _ space: [Int]) -> [Int] {
    let grid = AtomGrid(sizes: label.axes.map { space[$0] }, atoms: label.atoms)
    return grid.spread(over: axes.map { space[$0] }, at: label.axes.compactMap { axes.firstIndex(of: $0) }).atoms
  }

  /// The axes of a label that an operand has, by places of the space.
  private func covered(_ operand: AlignedOperand, _ label: AtomLabel, _ space: [Int]) -> [(axis: Int, place: Int)] {
    let sizes = shape(operand.value)
    return operand.places.indices.compactMap { axis in
      guard let place = operand.places[axis], sizes[axis] == space[place], label.axes.contains(place) else {
        return nil
      }
      return (axis, place)
    }
  }

  /// A weight owns, or reads, the entries of the labels that it meets.
  private mutating func own(
    _ operand: AlignedOperand, _ labelled: Set<Int>, _ merged: [AtomLabel], _ space: [Int], _ contracted: Set<Int>,
    _ node: Node
  ) {
    let sizes = shape(operand.value)
    var tracked = Set(operand.labels.flatMap(\.axes))
    for label in merged where labelled.isDisjoint(with: label.axes) {
      let shared = covered(operand, label, space)
      if shared.isEmpty || isForStayingRows(shared.map(\.place), of: label, space) { continue }
      tracked.formUnion(shared.map(\.axis))
      let produces = shared.allSatisfy { !contracted.contains($0.place) }
      let atoms = face(of: operand.value, shared.map(\.axis), produces: produces)
      let own = renamed(
        AtomLabel(axes: shared.map(\.axis), atoms: atoms), shared.map(\.place), sizes: shared.map { sizes[$0.axis] },
        node)
      unite(spread(own, over: label.axes, space), label.atoms)
    }
    for axis in sizes.indices where sizes[axis] > 1 && !tracked.contains(axis) {
      noteUntracked(operand.value, axis: axis)
    }
  }

  /// An entry for each row of a label whose rows stay, as the scale of each group that is normalised by itself.
  private func isForStayingRows(_ places: [Int], of label: AtomLabel, _ space: [Int]) -> Bool {
    places.count < label.axes.count && places.sorted() == Array(label.axes.prefix(places.count))
      && isStrictlyCut(label.atoms, rows: places.reduce(1) { $0 * space[$1] })
  }

  /// A value without channels on axes where a label has them: what it meets has to stay.
  private mutating func keep(
    _ operand: AlignedOperand, _ labelled: Set<Int>, _ label: AtomLabel, _ space: [Int], _ position: Int, _ node: Node
  ) {
    if !labelled.isDisjoint(with: label.axes) { return }
    var operand = operand
    var shared = covered(operand, label, space)
    if shared.isEmpty { return }
    if let narrow = beforeWidening(operand) {
      // What was one entry before an Expand widened it goes with any number of channels.
      let before = covered(narrow, label, space)
      if before.count < shared.count {
        bypasses[node.outputs[0], default: [:]][position] = narrow.value
        (operand, shared) = (narrow, before)
        if shared.isEmpty { return }
      }
    }
    let places = shared.map(\.place).sorted()
    if places.count < label.axes.count, places == Array(label.axes.prefix(places.count)) {
      // It holds something for each row, as attention's products do for each head: the rows stay, whatever is in them.
      return noteCut(node, label.atoms, rows: places.reduce(1) { $0 * space[$1] }, strict: true)
    }
    let axes = shared.map(\.axis)
    let fresh = stayingAtoms(operand.value, axes, joining: node)
    let own = renamed(
      AtomLabel(axes: axes, atoms: fresh), shared.map(\.place), sizes: axes.map { shape(operand.value)[$0] }, node)
    unite(spread(own, over: label.axes, space), label.atoms)
  }

  private func beforeWidening(_ operand: AlignedOperand) -> AlignedOperand? {
    guard let source = widenings[operand.value] else { return nil }
    let shift = operand.places.count - shape(source).count
    return AlignedOperand(value: source, places: Array(operand.places.dropFirst(shift)), labels: [])
  }

  /// Pinned atoms for axes of a value that carries none; free ones where it holds one number all along them, or the same few in rows.
  mutating func stayingAtoms(_ value: String, _ axes: [Int], joining node: Node) -> [Int] {
    let free = fillingAtoms(value, axes, reader: node) ?? repeatedAtoms(value, axes, reader: node)
    if let free { return free }
    let fresh = union.makeAtoms(axes.reduce(1) { $0 * shape(value)[$1] })
    let isInput = inputNames.contains(value)
    pin(
      fresh, "it is joined by '\(node.name)' to \(isInput ? "the network's input " : "")'\(value)', which stays whole")
    if (labels[value] ?? []).allSatisfy({ Set($0.axes).isDisjoint(with: axes) }) {
      addLabel(value, AtomLabel(axes: axes, atoms: fresh))
    }
    return fresh
  }

  /// An element-wise node: everything is broadcast to its output.
  mutating func propagateElementwise(_ node: Node) {
    let inputs = node.inputs.filter { !$0.isEmpty }
    let space = shape(node.outputs[0])
    if inputs.allSatisfy(isWeight) {
      for input in inputs { noteUntracked(input) }
      return
    }
    // Positions of bypassed operands are those of the node's inputs.
    let operands = node.inputs.map { input in
      input.isEmpty
        ? AlignedOperand(value: input, places: [], labels: []) : broadcastOperand(input, rank: space.count)
    }
    set(node.outputs[0], align(operands, space: space, node), node)
  }

  /// A node that multiplies operands and sums over some places of a space; `outputs` says where each place of the space goes.
  mutating func contract(
    _ operands: [AlignedOperand], space: [Int], contracted: Set<Int>, outputs: [Int: Int], batch: Range<Int> = 0..<0,
    _ node: Node
  ) {
    guard let output = node.outputs.first, !output.isEmpty else { return }
    var operands = operands
    noteHeads(operands, space: space, contracted: contracted, outputs: outputs)
    for position in operands.indices where isWeight(operands[position].value) {
      let operand = operands[position]
      let sizes = shape(operand.value)
      let others = operands.indices.filter { $0 != position }
      // What only the weight has is what the node produces.
      let produced = operand.places.indices.filter { axis in
        guard let place = operand.places[axis], outputs[place] != nil, sizes[axis] == space[place] else { return false }
        if batch.contains(place), space[place] == 1 { return false }
        return others.allSatisfy { other in
          operands[other].places.indices.allSatisfy {
            operands[other].places[$0] != place || shape(operands[other].value)[$0] != space[place] || space[place] == 1
          }
        }
      }
      if produced.isEmpty { continue }
      let atoms = face(of: operand.value, produced, produces: true)
      noteProducer(node, atoms)
      operands[position].labels = [AtomLabel(axes: produced, atoms: atoms)]
    }
    var result: [AtomLabel] = []
    for label in align(operands, space: space, contracted: contracted, node) {
      guard let rest = ending(label, along: contracted, sizes: space, node) else { continue }
      let names = rest.axes.compactMap { outputs[$0] }
      if names.count < rest.axes.count {
        pin(rest.atoms, "'\(node.name)' reads it in a way that is not followed")
      } else {
        result.append(renamed(rest, names, sizes: rest.axes.map { space[$0] }, node))
      }
    }
    set(output, result, node)
  }
}
