extension Graph {
  /// Nodes that read constants alone become constants under their results' names, up to `limit` elements each; see
  /// `ConstantFolding`.
  package func foldingConstants(limit: Int) throws -> Graph {
    var folding = ConstantFolding(mergingEqualRearrangements(), limit: limit)
    return try folding.run()
  }

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

  /// Positions of nodes that rearrange what ends in the weights of recurrent layers and nowhere else.
  func rearrangedForRecurrentLayers() -> Set<Int> {
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
}

extension Operator {
  /// What it makes of a learned weight is that weight still, rearranged, or rows of it.
  var keepsLearnedWeights: Bool {
    switch reading(of: 0) {
    case .passedOn, .table: true
    default: false
    }
  }

  /// What it makes of a weight holds each of its elements once, in the same or in another order: a way to see the weight.
  var isView: Bool {
    switch self {
    case .identity, .transpose, .flatten, .cast, .castLike, .dropout, .reshape, .squeeze, .unsqueeze: true
    default: false
    }
  }

  var isQuantization: Bool {
    if case .quantizeLinear = self { return true }
    if case .dequantizeLinear = self { return true }
    return self == .dynamicQuantizeLinear
  }

  var readsShapesOnly: Bool {
    if case .shape = self { return true }
    return self == .size
  }
}
