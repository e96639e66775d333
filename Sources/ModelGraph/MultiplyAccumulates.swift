extension Graph {
  /// Multiply-accumulates of one forward pass, by the rule of `Node.multiplyAccumulates`. FLOPs are twice this.
  package func multiplyAccumulates(binding sizes: [String: Int]? = nil) throws -> Int {
    try multiplyAccumulatesByNode(binding: sizes).reduce(0) { $0 + $1.count }
  }

  /// The same for each node that counts, in graph order.
  package func multiplyAccumulatesByNode(binding sizes: [String: Int]? = nil) throws -> [(node: String, count: Int)] {
    let shapes = try shapes(binding: sizes)
    return nodes.compactMap { node in
      node.multiplyAccumulates(shapes: shapes).map { (node.name, $0) }
    }
  }
}

extension Node {
  /// The node's multiply-accumulates from the shapes of its values and weights alone; nil for a node that counts nothing,
  /// or whose shapes depend on data.
  ///
  /// - Convolutions, deformable, quantised and causal ones too: output elements x input channels per group x kernel area.
  /// - Transposed convolutions: input elements x output channels per group x kernel area.
  /// - Matrix products: rows x columns x inner size, for each of the batch; an Einsum of two operands: the product of
  ///   the sizes of all its indices.
  /// - Recurrent layers: for each step, example and direction, gates x hidden size x (input size + hidden size).
  /// - Attention: queries x keys x (size of a query head + size of a value head) for each head, masked or not.
  ///   Linear attention: for each position and head writing the state, reading it with a query, and, where the rule
  ///   compares with what the state says already, reading it with the key.
  ///
  /// Biases, normalisation, activations, pooling, sampling and sums are not multiply-accumulates.
  /// A count stops at 2^50, so that sums over nodes stay in range whatever a file declares.
  package func multiplyAccumulates(shapes: [String: [Int]]) -> Int? {
    let counted = NodeShapes(node: self, shapes: shapes)
    switch op {
    case .convolution, .deformableConvolution, .integerConvolution: return counted.convolution(weight: 1)
    case .quantizedConvolution: return counted.convolution(weight: 3)
    case .causalConvolution: return counted.convolution(weight: 1)
    case .transposedConvolution: return counted.transposedConvolution()
    case .gemm(let gemm): return counted.matrixProduct(inner: gemm.transposesA ? 0 : 1)
    case .matrixProduct, .integerMatrixProduct, .quantizedMatrixProduct: return counted.matrixProduct(inner: nil)
    case .einsum(let equation): return counted.einsum(equation)
    case .recurrent(let attributes): return counted.recurrent(attributes)
    case .attention(let attributes): return counted.attention(attributes)
    case .linearAttention(let attributes): return counted.linearAttention(attributes)

    case .rotaryEmbedding, .quantizeLinear, .dequantizeLinear, .dynamicQuantizeLinear, .batchNormalization,
      .instanceNormalization, .layerNormalization, .rmsNormalization, .groupNormalization,
      .localResponseNormalization, .lpNormalization, .meanVarianceNormalization, .softmax, .logSoftmax, .hardmax,
      .activation, .unary, .isInfinite, .elementwise, .aggregate, .clip, .select, .cast, .castLike, .bitCast,
      .identity, .dropout, .reduce, .argExtreme, .cumulative, .topK, .maxPool, .averagePool, .lpPool,
      .globalAveragePool, .globalMaxPool, .globalLpPool, .maxUnpool, .maxRegionPool, .regionAlign, .reshape,
      .transpose, .flatten, .squeeze, .unsqueeze, .expand, .tile, .concat, .split, .slice, .pad, .gather,
      .gatherElements, .gatherND, .scatterElements, .scatterND, .tensorScatter, .depthToSpace, .spaceToDepth, .resize,
      .gridSample, .affineGrid, .columnsToImage, .centerCropPad, .reverseSequence, .triangle, .compress, .unique,
      .nonZero, .oneHot, .eyeLike, .range, .constantOfShape, .shape, .size, .nonMaxSuppression, .determinant,
      .fourierTransform, .shortTimeFourierTransform, .window, .melWeightMatrix, .softmaxCrossEntropyLoss,
      .negativeLogLikelihoodLoss:
      return nil
    }
  }
}

/// The shapes of a node's values, and products of them that stop at 2^50.
private struct NodeShapes {
  let node: Node
  let shapes: [String: [Int]]

  private func input(_ position: Int) -> [Int]? {
    position < node.inputs.count ? shapes[node.inputs[position]] : nil
  }

  private var output: [Int]? { node.outputs.first.flatMap { shapes[$0] } }

  private func product(_ factors: some Sequence<Int>) -> Int {
    let limit = 1 << 50
    var result = 1
    for factor in factors {
      // A zero anywhere makes nothing of the whole, also after the limit.
      let (product, overflow) = result.multipliedReportingOverflow(by: factor)
      result = overflow ? limit : min(product, limit)
    }
    return result
  }

  func convolution(weight: Int) -> Int? {
    // weight [O, C / groups, kernel...]; output [N, O, spatial...]
    guard let output, let weight = input(weight) else { return nil }
    return product(output + weight.dropFirst())
  }

  func transposedConvolution() -> Int? {
    // weight [C, O / groups, kernel...]; input [N, C, spatial...]
    guard let x = input(0), let weight = input(1) else { return nil }
    return product(x + weight.dropFirst())
  }

  /// `inner` is the axis of the first operand that is summed over; nil: its last.
  func matrixProduct(inner: Int?) -> Int? {
    guard let output, let a = input(0), let depth = inner.map({ a.indices.contains($0) ? a[$0] : 1 }) ?? a.last else {
      return nil
    }
    return product(output + [depth])
  }

  func einsum(_ equation: String) -> Int? {
    guard node.inputs.count == 2, let a = input(0), let b = input(1),
      let parsed = try? EinsumEquation(equation, ranks: [a.count, b.count]), let sizes = try? parsed.sizes(of: [a, b])
    else { return nil }
    return product(sizes.values)
  }

  func recurrent(_ attributes: Recurrent) -> Int? {
    guard let x = input(0), x.count == 3, let r = input(2), let hidden = r.last else { return nil }
    // x holds steps, examples and inputs.
    return product([x[0], x[1], attributes.direction.count, attributes.cell.gates, hidden, x[2] + hidden])
  }

  func attention(_ attributes: Attention) -> Int? {
    guard let q = input(0), let k = input(1), let v = input(2), q.count == k.count, k.count == v.count else {
      return nil
    }
    let past = input(4).map { $0.count == 4 ? $0[2] : 0 } ?? 0
    if q.count == 4 { return product([q[0], q[1], q[2], past + k[2], q[3] + v[3]]) }
    guard q.count == 3, let heads = attributes.queryHeads, heads > 0,
      case let groups = attributes.keyValueHeads ?? heads, groups > 0
    else { return nil }
    return product([q[0], heads, q[1], past + k[1], q[2] / heads + v[2] / groups])
  }

  func linearAttention(_ attributes: LinearAttention) -> Int? {
    guard let k = input(1), let v = input(2), k.count == 3, v.count == 3, attributes.keyValueHeads > 0 else {
      return nil
    }
    let heads = attributes.keyValueHeads
    let state = product([k[2] / heads, v[2] / heads, k[0], k[1]])
    let comparing = attributes.rule == .delta || attributes.rule == .gatedDelta
    let readings = min(max(attributes.queryHeads, 0), 1 << 32)
    return product([state, product([heads, comparing ? 2 : 1]) + readings])
  }
}
