extension Graph {
  /// Without biases of zeros that the network made itself, perhaps of one zero, as exporters write a layer that has none. A
  /// learned bias that happens to be zero stays.
  func removingZeroBiases() -> Graph {
    let computed = computedConstants.union(repeatedWeights)
    if computed.isEmpty { return self }
    var result = self
    for (position, node) in nodes.enumerated() where node.inputs.count == 3 && node.op.hasOptionalBias {
      let bias = node.inputs[2]
      guard computed.contains(bias), let data = weights[bias], data.bytes.allSatisfy({ $0 == 0 }) else { continue }
      result.nodes[position].inputs.removeLast()
    }
    return result
  }
}

extension Operator {
  /// Its third input is a bias, and zeros there say the same as none.
  fileprivate var hasOptionalBias: Bool {
    switch self {
    case .convolution, .transposedConvolution, .gemm: true
    default: false
    }
  }
}
