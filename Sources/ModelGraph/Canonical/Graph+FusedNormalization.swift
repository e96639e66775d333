extension Graph {
  /// Layer normalisations that an exporter wrote in pieces (mean, difference, square, mean, epsilon, root, quotient, scale, shift)
  /// become one node each, under the name of the last piece.
  ///
  /// Only those over the last axes with a scale of their own; a piece that something else reads keeps all of them. RMS
  /// normalisations stay in pieces: as one node they would need a far newer operator set in the written file.
  package func fusingNormalizations() throws -> Graph {
    let roots = nodes.indices.filter { nodes[$0].op == .unary(.squareRoot) }
    guard !roots.isEmpty else { return self }
    let probes = try ShapeProbes(self)
    guard probes.areTelling else { return self }
    let pieces = NormalizationPieces(graph: self)
    var result = self
    var gone = Set<Int>()
    for root in roots {
      guard let found = pieces.normalization(around: root), let shapes = probes.shapes(found.data),
        let axis = Self.firstAxis(of: found.axes, rank: shapes[0].count),
        let scale = scale(found.scale, over: shapes, from: axis)
      else { continue }
      var inputs = [found.data, found.scale]
      result.weights[found.scale] = scale
      if let shift = found.shift {
        guard let bias = self.scale(shift, over: shapes, from: axis) else { continue }
        result.weights[shift] = bias
        inputs.append(shift)
      }
      let attributes = AxisNormalization(axis: axis - shapes[0].count, epsilon: found.epsilon)
      result.nodes[found.last].op = .layerNormalization(attributes)
      result.nodes[found.last].inputs = inputs
      gone.formUnion(found.positions.subtracting([found.last]))
    }
    result.nodes = result.nodes.enumerated().filter { !gone.contains($0.offset) }.map(\.element)
    return result
  }

  /// The first of axes that are the last ones of a value.
  private static func firstAxis(of axes: [Int], rank: Int) -> Int? {
    let sorted = axes.map { $0 < 0 ? $0 + rank : $0 }.sorted()
    guard let first = sorted.first, first >= 0, sorted == Array(first..<rank) else { return nil }
    return first
  }

  /// A scale or shift in the shape of what is normalised, which is the same at all sizes.
  private func scale(_ name: String, over shapes: [[Int]], from axis: Int) -> TensorData? {
    let normalized = Array(shapes[0][axis...])
    guard shapes.allSatisfy({ Array($0[axis...]) == normalized }), let weight = weights[name],
      Array(weight.shape.drop { $0 == 1 }) == Array(normalized.drop { $0 == 1 }), !computedConstants.contains(name)
    else { return nil }
    return weight.reshaped(to: normalized)
  }
}

/// Finds the nodes that make a normalisation together.
private struct NormalizationPieces {
  struct Found {
    var data: String
    var axes: [Int]
    var epsilon: Double
    var scale: String
    var shift: String?
    /// All nodes, and the one that makes the result.
    var positions: Set<Int>
    var last: Int
  }

  private let graph: Graph
  private let readers: [String: [Int]]
  private let makers: [String: Int]
  private let outputs: Set<String>

  init(graph: Graph) {
    self.graph = graph
    readers = graph.consumers()
    makers = Dictionary(
      graph.nodes.enumerated().flatMap { position, node in node.outputs.map { ($0, position) } },
      uniquingKeysWith: { first, _ in first })
    outputs = Set(graph.outputs.map(\.name))
  }

  /// The normalisation that divides by this square root.
  func normalization(around root: Int) -> Found? {
    guard let sum = maker(of: graph.nodes[root].inputs[0], .elementwise(.add)),
      let (variance, epsilon) = numberBeside(sum), let (mean, squares, axes) = mean(making: variance),
      let (square, difference) = square(making: squares),
      let centred = maker(of: difference, .elementwise(.subtract)),
      let (centre, data, centreAxes) = self.mean(making: graph.nodes[centred].inputs[1]),
      data == graph.nodes[centred].inputs[0], centreAxes == axes
    else { return nil }
    // Some exporters subtract twice, for the square and for the quotient.
    let twins = (readers[graph.nodes[centre].outputs[0]] ?? []).filter {
      graph.nodes[$0].op == .elementwise(.subtract) && graph.nodes[$0].inputs == graph.nodes[centred].inputs
    }
    var positions = Set([root, sum, mean, square, centre] + twins)
    let differences = Set(twins.map { graph.nodes[$0].outputs[0] })
    guard let quotient = quotient(of: differences, by: root, &positions), let scaled = scaled(quotient, .multiply)
    else {
      return nil
    }
    positions.formUnion([quotient, scaled.position])
    var found = Found(
      data: data, axes: axes, epsilon: epsilon, scale: scaled.weight, shift: nil, positions: positions,
      last: scaled.position)
    if let shifted = scaledAlone(scaled.position, .add) {
      found.shift = shifted.weight
      found.positions.insert(shifted.position)
      found.last = shifted.position
    }
    let isClosed = found.positions.allSatisfy { position in
      position == found.last
        || graph.nodes[position].outputs.allSatisfy { output in
          !outputs.contains(output) && (readers[output] ?? []).allSatisfy(found.positions.contains)
        }
    }
    return isClosed ? found : nil
  }

  private func maker(of value: String, _ op: Operator) -> Int? {
    guard let position = makers[value], graph.nodes[position].op == op else { return nil }
    return position
  }

  /// The computed operand of a node, and the single number that is the other one.
  private func numberBeside(_ position: Int) -> (value: String, number: Double)? {
    let inputs = graph.nodes[position].inputs
    for (value, other) in [(inputs[0], inputs[1]), (inputs[1], inputs[0])] {
      if let constant = graph.weights[other], constant.elementCount == 1, graph.weights[value] == nil,
        let number = constant.doubleValues.first
      {
        // As attributes are read: 1e-05 and not the float32 nearest to it.
        return (value, Double("\(Float(number))") ?? number)
      }
    }
    return nil
  }

  /// The mean over constant axes that makes a value, and what it is taken of.
  private func mean(making value: String) -> (position: Int, data: String, axes: [Int])? {
    guard let position = makers[value], case .reduce(let reduction) = graph.nodes[position].op,
      reduction.function == .mean, reduction.keepsAxes, graph.nodes[position].inputs.count > 1,
      let axes = graph.weights[graph.nodes[position].inputs[1]]?.integers, !axes.isEmpty
    else { return nil }
    return (position, graph.nodes[position].inputs[0], axes.map(Int.init))
  }

  /// The square that makes a value, and of what.
  private func square(making value: String) -> (position: Int, data: String)? {
    if let power = maker(of: value, .elementwise(.power)), let (data, exponent) = numberBeside(power), exponent == 2,
      data == graph.nodes[power].inputs[0]
    {
      return (power, data)
    }
    guard let product = maker(of: value, .elementwise(.multiply)),
      graph.nodes[product].inputs[0] == graph.nodes[product].inputs[1]
    else { return nil }
    return (product, graph.nodes[product].inputs[0])
  }

  /// What divides one of `values` by the root, or multiplies it with the root's reciprocal, which then joins the positions.
  private func quotient(of values: Set<String>, by root: Int, _ positions: inout Set<Int>) -> Int? {
    guard let reader = onlyReader(of: root) else { return nil }
    let node = graph.nodes[reader]
    if node.op == .elementwise(.divide), node.inputs[1] == graph.nodes[root].outputs[0], values.contains(node.inputs[0])
    {
      return reader
    }
    guard node.op == .unary(.reciprocal), let product = onlyReader(of: reader),
      graph.nodes[product].op == .elementwise(.multiply), graph.nodes[product].inputs.contains(where: values.contains)
    else { return nil }
    positions.insert(reader)
    return product
  }

  private func onlyReader(of position: Int) -> Int? {
    guard let all = readers[graph.nodes[position].outputs[0]], all.count == 1 else { return nil }
    return all[0]
  }

  /// What multiplies the result of a node with a weight, or adds one to it; nothing else reads that weight.
  private func scaled(_ position: Int, _ operation: Elementwise) -> (position: Int, weight: String)? {
    guard let reader = onlyReader(of: position), graph.nodes[reader].op == .elementwise(operation),
      let weight = graph.nodes[reader].inputs.first(where: { graph.weights[$0] != nil }),
      graph.weights[weight]?.elementType.isFloatingPoint == true, readers[weight]?.count == 1
    else { return nil }
    return (reader, weight)
  }

  /// The same, unless what is before it is an output of the network as well.
  private func scaledAlone(_ position: Int, _ operation: Elementwise) -> (position: Int, weight: String)? {
    outputs.contains(graph.nodes[position].outputs[0]) ? nil : scaled(position, operation)
  }
}
