/// A Gather of single numbers that is a strided view of a value: what to reshape that to, what of it stays, and in which order.
struct StridedView {
  private let source: String
  /// The target of a reshape to a grid, one axis for each stride; nil where the view is a mere reshape.
  private let grid: [Int]?
  private let slices: [(axis: Int, start: Int, end: Int)]
  private let permutation: [Int]
  /// The target of the last reshape.
  private let target: [Int]

  /// Nil where the positions are not known before the network runs, or make no grid that is the same at all sizes.
  init?(_ node: Node, of source: String, in graph: Graph, _ makers: [String: Int], _ probes: ShapeProbes) throws {
    guard graph.weights[source] == nil, case .gather(let axis) = node.op,
      let flat = probes.shapes(node.inputs[0]), flat.allSatisfy({ $0.count == 1 }), axis == 0 || axis == -1,
      let before = probes.shapes(source), let after = probes.shapes(node.outputs[0])
    else { return nil }
    var grids: [StridedGrid] = []
    for (sizes, facts) in zip(flat, probes.facts) {
      var positions = ComputedPositions(graph: graph, makers: makers, facts: facts)
      guard let tensor = try positions.value(node.inputs[1]), let grid = StridedGrid(tensor, count: sizes[0]) else {
        return nil
      }
      grids.append(grid)
    }
    guard let order = grids.max(by: { $0.axes.count < $1.axes.count })?.order,
      grids.allSatisfy({ Set($0.axes).isSubset(of: order) })
    else { return nil }
    let cuts = zip(grids, flat).compactMap { $0.cut(order, count: $1[0]) }
    guard cuts.count == grids.count, let first = cuts.first, cuts.allSatisfy({ $0.starts == first.starts }) else {
      return nil
    }
    var slices: [(axis: Int, start: Int, end: Int)] = []
    for axis in first.grid.indices where !cuts.allSatisfy({ $0.lengths[axis] == $0.grid[axis] }) {
      guard cuts.allSatisfy({ $0.lengths[axis] == first.lengths[axis] }) else { return nil }
      slices.append((axis, first.starts[axis], first.starts[axis] + first.lengths[axis]))
    }
    self.source = source
    self.slices = slices
    // What lies between the entries is one axis more, unless nothing does.
    let hasRest = cuts.contains { $0.grid[order.count] > 1 }
    let rank = order.count + (hasRest ? 1 : 0)
    permutation = order.sorted().compactMap { order.firstIndex(of: $0) } + (hasRest ? [order.count] : [])
    if slices.isEmpty, permutation == Array(permutation.indices) {
      grid = nil
      guard let target = Graph.target(from: before, to: after) else { return nil }
      self.target = target
    } else {
      let order = permutation
      guard let grid = Graph.target(from: before, to: cuts.map { Array($0.grid.prefix(rank)) }),
        let target = Graph.target(from: cuts.map { cut in order.map { cut.lengths[$0] } }, to: after)
      else { return nil }
      (self.grid, self.target) = (grid, target)
    }
  }

  /// The nodes that make the view, the last one under the name of the Gather; their constants go to the graph.
  func nodes(named node: Node, in graph: inout Graph) -> [Node] {
    var nodes: [Node] = []
    var value = source
    func constant(_ part: String, _ numbers: [Int], _ graph: inout Graph) -> String {
      let name = graph.unusedName("\(node.name).\(part)")
      graph.weights[name] = TensorData(shape: [numbers.count], integers: numbers.map(Int64.init))
      return name
    }
    func append(_ part: String, _ op: Operator, _ constants: [String], _ graph: Graph) {
      let output = graph.unusedName("\(node.name).\(part)")
      nodes.append(Node(name: output, op: op, inputs: [value] + constants, outputs: [output]))
      value = output
    }
    if let grid {
      append("grid", .reshape(allowsZero: false), [constant("grid.shape", grid, &graph)], graph)
      if !slices.isEmpty {
        let limits = [
          constant("part.starts", slices.map(\.start), &graph), constant("part.ends", slices.map(\.end), &graph),
          constant("part.axes", slices.map(\.axis), &graph),
        ]
        append("part", .slice, limits, graph)
      }
      if permutation != Array(permutation.indices) { append("turned", .transpose(permutation: permutation), [], graph) }
    }
    nodes.append(
      Node(
        name: node.name, op: .reshape(allowsZero: false), inputs: [value, constant("shape", target, &graph)],
        outputs: node.outputs))
    return nodes
  }
}

/// Integers that follow from constants and shapes, where inference holds none that large.
struct ComputedPositions {
  private static let limit = 1 << 22

  let graph: Graph
  let makers: [String: Int]
  let facts: [String: ValueFact]
  private var found: [String: TensorData?] = [:]

  init(graph: Graph, makers: [String: Int], facts: [String: ValueFact]) {
    (self.graph, self.makers, self.facts) = (graph, makers, facts)
  }

  mutating func value(_ name: String, depth: Int = 0) throws -> TensorData? {
    guard let fact = facts[name], !fact.elementType.isFloatingPoint else { return nil }
    if let constant = fact.constant { return constant }
    if let known = found[name] { return known }
    found[name] = .some(nil)
    guard depth < 64, let position = makers[name] else { return nil }
    let node = graph.nodes[position]
    var arguments: [ValueFact?] = []
    for input in node.inputs {
      var argument = input.isEmpty ? nil : facts[input]
      if !node.op.readsShapesOnly, !input.isEmpty { argument?.constant = try value(input, depth: depth + 1) }
      arguments.append(argument)
    }
    let results = try node.evaluated(on: arguments, limit: Self.limit, expecting: node.inferredFacts(of: arguments))
    if let output = node.outputs.firstIndex(of: name), output < results.count { found[name] = results[output] }
    return found[name] ?? nil
  }
}
