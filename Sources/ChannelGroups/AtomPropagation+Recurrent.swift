import ModelGraph

/// Recurrent layers: one atom for each hidden unit of each direction. It holds its gates' rows, its column of the recurrent
/// weight, and its entries in both biases, the peepholes and the states.
extension AtomPropagation {
  mutating func propagateRecurrent(_ recurrent: Recurrent, _ node: Node) {
    let x = node.inputs[0]
    let (w, r) = (node.inputs[1], node.inputs[2])
    let directions = recurrent.direction.count
    let hidden = shape(r).last ?? 0
    guard isOwn(w), isOwn(r), hidden > 0, directions > 0 else { return refuse(node, "reads it with computed weights") }
    let gates = recurrent.cell.gates
    var inputs: [Int]?
    for label in dataLabels(x) {
      if label.axes == [2] { inputs = label.atoms } else { pin(label.atoms, "'\(node.name)' runs along it") }
    }
    let inputView = [directions, gates, hidden, shape(w)[2]]
    let units = face(w, view: inputView, axes: [0, 2], produces: true)
    noteProducer(node, units)
    if let inputs {
      unite(face(w, view: inputView, axes: [3], produces: false), inputs)
    } else {
      noteUntracked(w, axis: 2)
    }
    let view = [directions, gates, hidden, hidden]
    unite(face(r, view: view, axes: [0, 2], produces: true), units)
    unite(face(r, view: view, axes: [0, 3], produces: false), units)
    noteCut(node, units, rows: directions, strict: true)
    joinVector(node, 3, view: [directions, 2 * gates, hidden], units)
    joinVector(node, 7, view: [directions, 3, hidden], units)
    let stateAxes = recurrent.batchFirst ? [1, 2] : [0, 2]
    for position in [5, 6] where hasInput(node, position) {
      if isZero(node.inputs[position]) {
        // An absent state is zero too, and has no size.
        bypasses[node.outputs.first { !$0.isEmpty } ?? "", default: [:]][position] = ""
      } else {
        joinState(node.inputs[position], stateAxes, units, node)
      }
    }
    for (position, output) in node.outputs.enumerated() where !output.isEmpty {
      let axes = position == 0 ? (recurrent.batchFirst ? [2, 3] : [1, 3]) : stateAxes
      set(output, [AtomLabel(axes: axes, atoms: units)], node)
    }
  }

  /// A weight that is seen as it is.
  private func isOwn(_ value: String) -> Bool { graph.weights[value] != nil }

  /// A bias or peephole vector, seen as `view`.
  private mutating func joinVector(_ node: Node, _ position: Int, view: [Int], _ units: [Int]) {
    guard hasInput(node, position) else { return }
    let vector = node.inputs[position]
    if isOwn(vector) {
      unite(face(vector, view: view, axes: [0, 2], produces: true), units)
    } else {
      pin(units, "'\(node.name)' reads a computed vector with it")
      pin(dataLabels(vector), "'\(node.name)' reads it as a vector")
    }
  }

  /// An initial state with the units on some of its axes.
  private mutating func joinState(_ state: String, _ axes: [Int], _ units: [Int], _ node: Node) {
    let sizes = shape(state)
    if isWeight(state) {
      unite(face(of: state, axes, produces: true), units)
      return
    }
    let own = labels[state] ?? []
    guard let label = own.first(where: { $0.axes.contains(axes[1]) }) else {
      unite(stayingAtoms(state, axes, joining: node), units)
      return
    }
    let unitGrid = AtomGrid(sizes: axes.map { sizes[$0] }, atoms: units)
    if Set(label.axes).isSubset(of: axes) {
      let places = label.axes.compactMap { axes.firstIndex(of: $0) }
      unite(grid(label, of: state).spread(over: unitGrid.sizes, at: places).atoms, units)
    } else {
      let rest = label.axes.filter { !axes.contains($0) }
      let all = (axes + rest).sorted()
      let over = all.map { sizes[$0] }
      let one = unitGrid.spread(over: over, at: axes.compactMap { all.firstIndex(of: $0) })
      let two = grid(label, of: state).spread(over: over, at: label.axes.compactMap { all.firstIndex(of: $0) })
      unite(one.atoms, two.atoms)
    }
  }

  func isZero(_ value: String) -> Bool {
    graph.isZero(value, producers: producerPositions) { facts[$0]?.constant }
  }

  func producerNode(_ value: String) -> Node? { producerPositions[value].map { graph.nodes[$0] } }
}
