extension Graph {
  /// Reshapes say their target by constants wherever it follows from the input's shape: sizes that never change as numbers, a copied
  /// axis as 0, and at most one axis that is left over as -1. Others stay computed.
  package func simplifyingReshapes() throws -> Graph {
    let probes = try ShapeProbes(self)
    guard probes.areTelling else { return self }
    var result = self
    for (position, node) in nodes.enumerated() {
      guard case .reshape = node.op, node.inputs.count == 2, let before = probes.shapes(node.inputs[0]),
        let after = probes.shapes(node.outputs[0]), let target = Self.target(from: before, to: after)
      else { continue }
      let shape = TensorData(shape: [target.count], integers: target.map(Int64.init))
      result.nodes[position].op = .reshape(allowsZero: false)
      result.replaceConstant(ofNode: position, input: 1, with: shape, named: "shape")
    }
    return result
  }

  /// The target that leads from each input shape to its output shape; nil when zeros and one -1 cannot say it.
  static func target(from inputs: [[Int]], to outputs: [[Int]]) -> [Int]? {
    guard let first = outputs.first, outputs.allSatisfy({ $0.count == first.count }),
      outputs.allSatisfy({ !$0.contains(0) })
    else { return nil }
    var target: [Int] = []
    for axis in first.indices {
      if outputs.allSatisfy({ $0[axis] == first[axis] }) {
        target.append(first[axis])
      } else if zip(inputs, outputs).allSatisfy({ axis < $0.count && $0[axis] == $1[axis] }) {
        target.append(0)
      } else {
        target.append(-1)
      }
    }
    return target.count { $0 == -1 } <= 1 ? target : nil
  }
}
