// Exporters write `cache[:, :, 2:4] = x` as a ScatterND by the positions of every number, which takes more room than the numbers and
// which no channel can be followed through.
extension Graph {
  /// A ScatterND whose positions fill a box becomes what it is: the parts of the data around the box, and the updates between them,
  /// joined.
  ///
  /// The box must be the same at three sizes of every symbolic axis, or take whole axes.
  package func resolvingScatteredRanges() throws -> Graph {
    let candidates = nodes.indices.filter { position in
      guard case .scatterND(let reduction) = nodes[position].op, reduction == .none else { return false }
      // What lies in constants stays a constant, and no layer's weight.
      return weights[nodes[position].inputs[0]] == nil && weights[nodes[position].inputs[2]] == nil
    }
    guard !candidates.isEmpty, let probes = try? ShapeProbes(self, further: true), probes.areTelling else {
      return self
    }
    let makers = Dictionary(
      nodes.enumerated().flatMap { position, node in node.outputs.map { ($0, position) } },
      uniquingKeysWith: { first, _ in first })
    var result = self
    var replacements: [Int: [Node]] = [:]
    for position in candidates {
      guard let box = try ScatteredBox(nodes[position], in: self, makers, probes) else { continue }
      replacements[position] = box.nodes(in: &result)
    }
    if replacements.isEmpty { return self }
    result.nodes = nodes.indices.flatMap { replacements[$0] ?? [nodes[$0]] }
    return result
  }
}

/// A ScatterND that replaces a box of its data: some positions in a row on some axes, everything on the others.
struct ScatteredBox {
  private static let largestPartialAxes = 2

  private struct Part {
    var axis: Int
    var start: Int
    var end: Int
    /// Nothing of the axis lies behind the box.
    var isLast: Bool
  }

  private let node: Node
  /// Axes of which only a part is replaced.
  private var parts: [Part] = []
  /// The target that gives the updates the shape of the box; nil where they have it.
  private var target: [Int]?

  /// Nil where the positions are not known before the network runs, or fill no such box.
  init?(_ node: Node, in graph: Graph, _ makers: [String: Int], _ probes: ShapeProbes) throws {
    self.node = node
    guard node.inputs.count == 3, let shapes = probes.shapes(node.inputs[0]),
      let updates = probes.shapes(node.inputs[2])
    else { return nil }
    var boxes: [[Range<Int>]] = []
    for (shape, facts) in zip(shapes, probes.facts) {
      var positions = ComputedPositions(graph: graph, makers: makers, facts: facts)
      guard let tensor = try positions.value(node.inputs[1]), let box = Self.box(tensor, in: shape) else { return nil }
      boxes.append(box)
    }
    guard let first = boxes.first, boxes.allSatisfy({ $0.count == first.count }) else { return nil }
    for axis in first.indices {
      let isWhole = zip(boxes, shapes).allSatisfy { box, shape in box[axis] == 0..<shape[axis] }
      if isWhole { continue }
      let ends = zip(boxes, shapes).map { box, shape in box[axis].upperBound == shape[axis] }
      guard boxes.allSatisfy({ $0[axis] == first[axis] }), Set(ends).count == 1 else { return nil }
      parts.append(
        Part(axis: axis, start: first[axis].lowerBound, end: first[axis].upperBound, isLast: ends.contains(true)))
    }
    guard parts.count <= Self.largestPartialAxes else { return nil }
    let filled = zip(boxes, shapes).map { box, shape in box.map(\.count) + shape.dropFirst(box.count) }
    if filled != updates {
      guard let target = Graph.target(from: updates, to: filled) else { return nil }
      self.target = target
    }
  }

  /// The positions on each axis that the indices name; nil where they fill no box in order.
  private static func box(_ tensor: TensorData, in shape: [Int]) -> [Range<Int>]? {
    guard let count = tensor.shape.last, count > 0, count <= shape.count, tensor.elementType == .int64 else {
      return nil
    }
    let values = tensor.integers
    let lead = Array(tensor.shape.dropLast())
    guard values.count >= count, values.allSatisfy({ $0.magnitude < 1 << 31 }) else { return nil }
    var steps = lead.map { _ in 1 }
    for axis in lead.indices.dropLast().reversed() { steps[axis] = steps[axis + 1] * lead[axis + 1] }
    // Each axis of the list that is longer than 1 walks along one axis of the data, in their order.
    var walked: [Int: Int] = [:]
    var next = 0
    for axis in lead.indices where lead[axis] > 1 {
      let moved = (0..<count).filter { values[steps[axis] * count + $0] != values[$0] }
      guard moved.count == 1, moved[0] >= next else { return nil }
      walked[moved[0]] = axis
      next = moved[0] + 1
    }
    for place in 0..<values.count / count {
      for coordinate in 0..<count {
        let index = walked[coordinate].map { place / steps[$0] % lead[$0] } ?? 0
        guard values[place * count + coordinate] == values[coordinate] + Int64(index) else { return nil }
      }
    }
    var box: [Range<Int>] = []
    for coordinate in 0..<count {
      let start = Int(values[coordinate]) + (values[coordinate] < 0 ? shape[coordinate] : 0)
      let end = start + (walked[coordinate].map { lead[$0] } ?? 1)
      guard start >= 0, end <= shape[coordinate] else { return nil }
      box.append(start..<end)
    }
    return box
  }

  /// The nodes in its place, the last one under its name; their constants go to the graph.
  func nodes(in graph: inout Graph) -> [Node] {
    var made: [Node] = []
    var updates = node.inputs[2]
    if let target {
      let shape = Self.constant("\(node.name).shape", target, &graph)
      updates = Self.append(.reshape(allowsZero: false), [updates, shape], "\(node.name).updates", &made, graph)
    }
    guard !parts.isEmpty else {
      return made + [Node(name: node.name, op: .identity, inputs: [updates], outputs: node.outputs)]
    }
    let joined = replaced(node.inputs[0], by: updates, parts[...], &made, &graph)
    made.append(Node(name: node.name, op: joined.op, inputs: joined.inputs, outputs: node.outputs))
    return made
  }

  /// The join that puts the updates into a value; what it reads is appended.
  private func replaced(
    _ value: String, by updates: String, _ parts: ArraySlice<Part>, _ made: inout [Node], _ graph: inout Graph
  ) -> (op: Operator, inputs: [String]) {
    guard let part = parts.first else { return (.identity, [updates]) }
    func slice(_ start: Int, _ end: Int, _ name: String) -> String {
      let limits = [("starts", start), ("ends", end), ("axes", part.axis)].map {
        Self.constant("\(node.name).\(name)\(part.axis).\($0.0)", [$0.1], &graph)
      }
      return Self.append(.slice, [value] + limits, "\(node.name).\(name)\(part.axis)", &made, graph)
    }
    var pieces: [String] = []
    if part.start > 0 { pieces.append(slice(0, part.start, "before")) }
    if parts.count > 1 {
      let middle = slice(part.start, part.end, "part")
      let inner = replaced(middle, by: updates, parts.dropFirst(), &made, &graph)
      pieces.append(Self.append(inner.op, inner.inputs, "\(node.name).filled\(part.axis)", &made, graph))
    } else {
      pieces.append(updates)
    }
    if !part.isLast { pieces.append(slice(part.end, Int(Int32.max), "after")) }
    return (.concat(axis: part.axis), pieces)
  }

  private static func constant(_ name: String, _ numbers: [Int], _ graph: inout Graph) -> String {
    let name = graph.unusedName(name)
    graph.weights[name] = TensorData(shape: [numbers.count], integers: numbers.map(Int64.init))
    return name
  }

  private static func append(
    _ op: Operator, _ inputs: [String], _ name: String, _ made: inout [Node], _ graph: Graph
  ) -> String {
    let output = graph.unusedName(name)
    made.append(Node(name: output, op: op, inputs: inputs, outputs: [output]))
    return output
  }
}
