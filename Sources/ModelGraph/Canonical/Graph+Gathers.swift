extension Graph {
  /// A GatherND that takes whole rows by constant positions becomes the Gather that it is, and a Gather of every position in
  /// order an identity.
  package func simplifyingGathers() throws -> Graph {
    var result = self
    for (position, node) in nodes.enumerated() {
      guard case .gatherND(batchAxes: 0) = node.op, let indices = weights[node.inputs[1]], indices.shape.count > 1,
        indices.shape.last == 1
      else { continue }
      result.nodes[position].op = .gather(axis: 0)
      result.replaceConstant(
        ofNode: position, input: 1, with: indices.reshaped(to: indices.shape.dropLast()), named: "rows")
    }
    guard result.nodes.contains(where: { result.takesConstantList($0) }) else { return result }
    let probes = try ShapeProbes(result)
    guard probes.areTelling else { return result }
    for (position, node) in result.nodes.enumerated() where result.takesConstantList(node) {
      guard case .gather(let named) = node.op, let list = result.weights[node.inputs[1]]?.integers,
        let shapes = probes.shapes(node.inputs[0])
      else { continue }
      let isWhole = shapes.allSatisfy { shape in
        let axis = named < 0 ? named + shape.count : named
        return shape.indices.contains(axis) && list == (0..<Int64(shape[axis])).map { $0 }
      }
      if isWhole {
        result.nodes[position] = Node(
          name: node.name, op: .identity, inputs: [node.inputs[0]], outputs: node.outputs)
      }
    }
    return result
  }

  private func takesConstantList(_ node: Node) -> Bool {
    guard case .gather = node.op, let indices = weights[node.inputs[1]] else { return false }
    return indices.shape.count == 1 && indices.elementType == .int64 && weights[node.inputs[0]] == nil
  }
}
