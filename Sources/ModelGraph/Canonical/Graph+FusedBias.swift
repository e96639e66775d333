extension Graph {
  /// A constant added to a convolution's channels, as some exporters write a bias, becomes that convolution's bias.
  package func fusingBias() -> Graph {
    var result = self
    let consumers = consumers()
    let outputNames = Set(outputs.map(\.name))
    var maker: [String: Int] = [:]
    var fused = Set<Int>()
    for (position, node) in nodes.enumerated() {
      for output in node.outputs { maker[output] = position }
      guard node.op == .elementwise(.add), node.inputs.count == 2 else { continue }
      for (data, addend) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
        guard let source = maker[data], nodes[source].isConvolutionWithoutBias, consumers[data]?.count == 1,
          !outputNames.contains(data), let bias = weights[addend], consumers[addend]?.count == 1,
          !outputNames.contains(addend), let kernel = weights[nodes[source].inputs[1]],
          let channels = nodes[source].outputChannels(of: kernel), bias.elementCount == channels,
          Self.isPerChannel(bias.shape, channels: channels, rank: kernel.shape.count)
        else { continue }
        // The sum moves to where the convolution stands, under the sum's name.
        result.nodes[source].inputs = Array(nodes[source].inputs.prefix(2)) + [addend]
        result.nodes[source].outputs = node.outputs
        result.weights[addend] = bias.reshaped(to: [channels])
        fused.insert(position)
        break
      }
    }
    result.nodes = result.nodes.enumerated().filter { !fused.contains($0.offset) }.map(\.element)
    return result
  }

  /// `[C, 1, 1]` or `[1, C, 1, 1]` beside `[N, C, H, W]`.
  private static func isPerChannel(_ shape: [Int], channels: Int, rank: Int) -> Bool {
    let ones = Array(repeating: 1, count: rank - 2)
    return shape == [channels] + ones || shape == [1, channels] + ones
  }
}

extension Node {
  fileprivate var isConvolutionWithoutBias: Bool {
    guard inputs.count == 2 || inputs.count == 3 && inputs[2].isEmpty else { return false }
    if case .convolution = op { return true }
    if case .transposedConvolution = op { return true }
    return false
  }

  fileprivate func outputChannels(of kernel: TensorData) -> Int? {
    if case .transposedConvolution(let transposed) = op {
      return kernel.shape.count > 2 ? kernel.shape[1] * transposed.window.groups : nil
    }
    return kernel.shape.count > 2 ? kernel.shape[0] : nil
  }
}
