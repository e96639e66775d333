extension Graph {
  /// Multiply-accumulates of one forward pass, by this rule: a convolution counts output elements x input channels
  /// per group x kernel area, a matrix product rows x columns x inner size, everything else nothing (biases, normalisation,
  /// activations, pooling and sums are not multiply-accumulates). FLOPs are twice this.
  package func multiplyAccumulates(binding sizes: [String: Int] = [:]) throws -> Int {
    try multiplyAccumulatesByNode(binding: sizes).reduce(0) { $0 + $1.count }
  }

  /// The same for each node that counts, in graph order.
  package func multiplyAccumulatesByNode(binding sizes: [String: Int] = [:]) throws -> [(node: String, count: Int)] {
    let shapes = try shapes(binding: sizes)
    return nodes.compactMap { node in
      node.multiplyAccumulates(shapes: shapes).map { (node.name, $0) }
    }
  }
}

extension Node {
  /// The node's share under that rule, from the shapes of its values and weights alone; nil for a node that counts nothing.
  package func multiplyAccumulates(shapes: [String: [Int]]) -> Int? {
    func shape(_ names: [String], _ index: Int) -> [Int] { index < names.count ? shapes[names[index]] ?? [] : [] }
    switch op {
    case .convolution:
      // weight [O, C / groups, kH, kW]; output [N, O, H, W]
      return shape(outputs, 0).reduce(1, *) * shape(inputs, 1).dropFirst().reduce(1, *)
    case .gemm(let gemm):
      let a = shape(inputs, 0)
      return shape(outputs, 0).reduce(1, *) * (gemm.transposesA ? a[0] : a[1])
    case .batchNormalization, .activation, .maxPool, .averagePool, .globalAveragePool, .elementwise, .concat, .slice,
      .pad, .flatten, .reduceMean, .softmax, .identity, .dropout:
      return nil
    }
  }
}
