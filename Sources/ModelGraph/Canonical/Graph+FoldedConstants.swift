extension Graph {
  /// Nodes that read constants alone become constants under their results' names, up to `limit` elements each.
  ///
  /// A learned weight that is only rearranged stays a weight under its own name with the node that rearranges it, and quantised
  /// weights stay quantised. What is rearranged for a recurrent layer alone, as exporters bring gates into another order,
  /// becomes that layer's weight.
  package func foldingConstants(limit: Int) throws -> Graph {
    var result = self
    let learned = Set(weightRoles().filter { $0.value != .constant }.keys)
    let outputNames = Set(outputs.map(\.name))
    let kernels = Set(
      nodes.flatMap { node in
        node.inputs.indices.filter { node.op.reading(of: $0) == .trainable }.map { node.inputs[$0] }
      })
    let forRecurrent = rearrangedForRecurrentLayers()
    result.nodes = []
    for (position, node) in nodes.enumerated() {
      let inputs = node.inputs.map { $0.isEmpty ? nil : result.weights[$0] }
      let isReady = zip(node.inputs, inputs).allSatisfy { $0.isEmpty || $1 != nil }
      guard isReady,
        !node.op.keepsLearnedWeights || forRecurrent.contains(position)
          || !node.inputs.contains(where: { learned.contains($0) }),
        !node.op.isQuantization, node.outputs.allSatisfy({ !outputNames.contains($0) }),
        let values = try node.evaluated(on: inputs, limit: limit), values.count >= node.outputs.count,
        // What only grows a constant is cheaper to compute again, unless it is a layer's weight.
        zip(node.outputs, values).allSatisfy({
          $0.isEmpty || kernels.contains($0) || $1.elementCount <= max(4096, Self.size(of: inputs))
        })
      else {
        result.nodes.append(node)
        continue
      }
      let isComputed = !node.inputs.contains { learned.contains($0) }
      for (output, value) in zip(node.outputs, values) where !output.isEmpty {
        result.weights[output] = value
        if isComputed && value.elementType.isFloatingPoint { result.computedConstants.insert(output) }
      }
    }
    return result
  }

  /// Positions of nodes that rearrange what ends in the weights of recurrent layers and nowhere else.
  private func rearrangedForRecurrentLayers() -> Set<Int> {
    guard nodes.contains(where: { if case .recurrent = $0.op { true } else { false } }) else { return [] }
    let consumers = consumers()
    let outputNames = Set(outputs.map(\.name))
    var marked = Set<Int>()
    func isForLayer(_ value: String, _ reader: Int) -> Bool {
      if marked.contains(reader) { return true }
      guard case .recurrent = nodes[reader].op else { return false }
      return nodes[reader].inputs.enumerated().allSatisfy { $1 != value || (1...3).contains($0) }
    }
    for (position, node) in nodes.enumerated().reversed() where node.op.keepsLearnedWeights {
      let isRead = node.outputs.contains { consumers[$0]?.isEmpty == false }
      let isForLayers = node.outputs.allSatisfy { value in
        !outputNames.contains(value) && (consumers[value] ?? []).allSatisfy { isForLayer(value, $0) }
      }
      if isRead, isForLayers { marked.insert(position) }
    }
    // A weight that something else reads as well has to stay what it is.
    return marked.filter { position in
      nodes[position].inputs.allSatisfy { input in
        weights[input]?.elementType.isFloatingPoint != true
          || (consumers[input] ?? []).allSatisfy { isForLayer(input, $0) }
      }
    }
  }

  private static func size(of inputs: [TensorData?]) -> Int { inputs.reduce(0) { $0 + ($1?.elementCount ?? 0) } }

  /// Values that follow from shapes and are the same at all sizes of the symbolic axes become constants under their names.
  package func foldingShapeArithmetic() throws -> Graph {
    let probes = try ShapeProbes(self)
    guard probes.areTelling else { return self }
    var result = self
    var fromLearned = Set(weightRoles().filter { $0.value != .constant }.keys)
    let outputNames = Set(outputs.map(\.name))
    result.nodes = []
    for node in nodes {
      let readsLearned = !node.op.readsShapesOnly && node.inputs.contains { fromLearned.contains($0) }
      if readsLearned { fromLearned.formUnion(node.outputs) }
      let values = node.outputs.map { $0.isEmpty ? nil : probes.constant($0) }
      let isConstant = zip(node.outputs, values).allSatisfy { $0.isEmpty || $1 != nil }
      guard isConstant, !readsLearned, !node.op.isQuantization, node.op != .dropout,
        node.outputs.allSatisfy({ !outputNames.contains($0) })
      else {
        result.nodes.append(node)
        continue
      }
      for (output, value) in zip(node.outputs, values) {
        guard let value else { continue }
        result.weights[output] = value
        if value.elementType.isFloatingPoint { result.computedConstants.insert(output) }
      }
    }
    return result
  }
}

extension Operator {
  /// What it makes of a learned weight is that weight still, rearranged, or rows of it.
  fileprivate var keepsLearnedWeights: Bool {
    switch reading(of: 0) {
    case .passedOn, .table: true
    default: false
    }
  }

  fileprivate var isQuantization: Bool {
    if case .quantizeLinear = self { return true }
    if case .dequantizeLinear = self { return true }
    return self == .dynamicQuantizeLinear
  }

  var readsShapesOnly: Bool {
    if case .shape = self { return true }
    return self == .size
  }
}
