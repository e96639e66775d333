extension Graph {
  /// The network with its fixed batch, the first axis of all inputs, made symbolic, reshapes to fixed sizes included; unchanged, with
  /// the reason, where not every value grows in step with the batch along one axis, which is verified by inference.
  package func makingBatchDynamic() throws -> (graph: Graph, refusal: String?) {
    let images = inputs.filter { !$0.shape.isEmpty }
    let sizes = Set(images.map { $0.shape[0] })
    guard sizes.count == 1, case .fixed(let batch)? = sizes.first else {
      let isFree = !sizes.isEmpty && sizes.allSatisfy { if case .symbolic = $0 { true } else { false } }
      return (self, isFree ? nil : "the inputs do not begin with one axis of the same size")
    }
    guard batch > 0 else { return (self, "the first axis of the inputs is empty") }
    var attempt = self
    let name = unusedAxisName("batch")
    for position in inputs.indices where !inputs[position].shape.isEmpty {
      attempt.inputs[position].shape[0] = .symbolic(name)
    }
    var growth = BatchGrowth(graph: attempt, axis: name, batch: batch)
    do {
      try growth.run()
      attempt = growth.graph
      for position in attempt.outputs.indices {
        let output = attempt.outputs[position]
        guard let axis = growth.axes[output.name] else {
          throw BatchGrowth.Refusal(reason: "the output '\(output.name)' does not grow with the batch")
        }
        guard let shape = growth.shape(output.name), shape[axis] == batch else {
          throw BatchGrowth.Refusal(reason: "the output '\(output.name)' has other sizes than the batch")
        }
        if output.shape.count == shape.count { attempt.outputs[position].shape[axis] = .symbolic(name) }
      }
      return (attempt, nil)
    } catch let refusal as BatchGrowth.Refusal {
      return (self, refusal.reason)
    } catch let error as GraphError {
      return (self, error.message)
    }
  }

  private func unusedAxisName(_ base: String) -> String {
    let taken = Set(
      (inputs + outputs).flatMap(\.shape).compactMap { dimension -> String? in
        if case .symbolic(let name) = dimension { name } else { nil }
      })
    return taken.contains(base)
      ? (1...taken.count + 1).map { "\(base)_\($0)" }.first { !taken.contains($0) } ?? base : base
  }
}

/// Follows a batch of twice the size through a network beside the given one, node by node, and rewrites the targets of reshapes that hold
/// the batch to one size.
struct BatchGrowth {
  struct Refusal: Error {
    var reason: String
  }

  private(set) var graph: Graph
  /// For each value made from the inputs' data, the axis along which it grows with the batch.
  private(set) var axes: [String: Int] = [:]
  private var small: [String: ValueFact]
  private var large: [String: ValueFact]
  /// With the small batch and other sizes of all axes that were open before; nothing where inference fails for them.
  private var other: [String: ValueFact]
  private let axis: String
  private let batch: Int

  init(graph: Graph, axis: String, batch: Int) {
    self.graph = graph
    self.axis = axis
    self.batch = batch
    small = graph.weights.mapValues { ValueFact($0) }
    large = small
    other = small
  }

  func shape(_ name: String) -> [Int]? { small[name]?.shape }

  /// Throws `Refusal`, or what inference throws.
  mutating func run() throws {
    for input in graph.inputs {
      small[input.name] = fact(of: input, batch: batch)
      large[input.name] = fact(of: input, batch: 2 * batch)
      other[input.name] = fact(of: input, batch: batch, open: 2)
      if !input.shape.isEmpty { axes[input.name] = 0 }
    }
    for position in graph.nodes.indices {
      try loosen(position)
      let node = graph.nodes[position]
      let isData = !node.op.readsShapesOnly && node.inputs.contains { axes[$0] != nil }
      let before = try node.outputFacts(of: node.inputs.map { $0.isEmpty ? nil : small[$0] })
      let after = try node.outputFacts(of: node.inputs.map { $0.isEmpty ? nil : large[$0] })
      let elsewhere = try? node.outputFacts(of: node.inputs.map { $0.isEmpty ? nil : other[$0] })
      for (place, output) in node.outputs.enumerated() { other[output] = elsewhere?[place] }
      for (output, facts) in zip(node.outputs, zip(before, after)) where !output.isEmpty {
        (small[output], large[output]) = facts
        if isData { axes[output] = try growingAxis(facts.0.shape, facts.1.shape, of: node) }
      }
    }
  }

  private func fact(of input: ValueInfo, batch: Int, open: Int = 1) -> ValueFact {
    ValueFact(
      input.elementType,
      shape: input.shape.map { dimension in
        switch dimension {
        case .fixed(let size): size
        case .symbolic(let name): name == axis ? batch : open
        }
      })
  }

  private func growingAxis(_ before: [Int]?, _ after: [Int]?, of node: Node) throws -> Int {
    guard let before, let after, before.count == after.count else {
      throw Refusal(reason: "the sizes of what '\(node.name)' (\(node.op.onnxName)) makes depend on data")
    }
    let growing = before.indices.filter { before[$0] != after[$0] }
    guard growing.count == 1, after[growing[0]] == 2 * before[growing[0]] else {
      throw Refusal(
        reason:
          "'\(node.name)' (\(node.op.onnxName)) does not treat samples alike: it makes \(before) for a batch of \(batch) and \(after) for \(2 * batch)"
      )
    }
    return growing[0]
  }

  /// Writes the entry of a reshape's target that holds the batch as 0 (copied) or -1 (left over).
  private mutating func loosen(_ position: Int) throws {
    let node = graph.nodes[position]
    guard case .reshape(let allowsZero) = node.op, node.inputs.count == 2, let grown = axes[node.inputs[0]],
      let target = graph.weights[node.inputs[1]], let before = small[node.inputs[0]]?.shape,
      let result = try node.outputFacts(of: node.inputs.map { small[$0] }).first?.shape,
      let axis = axis(of: grown, in: before, after: result)
    else { return }
    var sizes = target.integers.map(Int.init)
    guard sizes.count == result.count, !result.contains(0), sizes[axis] > 0 else { return }
    // Without a zero in it the target means the same either way.
    let mayCopy = !allowsZero || !sizes.contains(0)
    if mayCopy, axis < before.count, axis == grown, before[axis] == result[axis] {
      sizes[axis] = 0
      graph.nodes[position].op = .reshape(allowsZero: false)
    } else {
      // Only one size can be left over; what was until now becomes a number, if it is one.
      let elsewhere = try? node.outputFacts(of: node.inputs.map { other[$0] }).first?.shape
      for place in sizes.indices where place != axis && sizes[place] < 1 {
        if elsewhere?[place] == result[place] {
          sizes[place] = result[place]
        } else if sizes[place] == -1 {
          throw Refusal(
            reason: "'\(node.name)' (Reshape) leaves the size of axis \(place) open beside that of the batch")
        }
      }
      sizes[axis] = -1
    }
    let shape = TensorData(shape: [sizes.count], integers: sizes.map(Int64.init))
    graph.replaceConstant(ofNode: position, input: 1, with: shape, named: "shape")
    let name = graph.nodes[position].inputs[1]
    for facts in [\Self.small, \Self.large, \Self.other] { self[keyPath: facts][name] = ValueFact(shape) }
  }

  /// Where a growing axis of a row-major shape is found in another: the batch itself or the whole axis after as many elements, else the
  /// axis that holds it among others, else its outermost part.
  private func axis(of grown: Int, in before: [Int], after: [Int]) -> Int? {
    let outer = before[..<grown].reduce(1, *)
    let size = before[grown]
    var prefix = 1
    let places = after.map { size in
      defer { prefix *= size }
      return prefix
    }
    let aligned = after.indices.filter { places[$0] == outer }
    return aligned.first { after[$0] == batch } ?? aligned.first { after[$0] == size }
      ?? after.indices.first { places[$0] <= outer && outer * size <= places[$0] * after[$0] }
      ?? aligned.first { after[$0] % batch == 0 }
  }
}
