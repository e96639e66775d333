extension Node {
  /// Multiplications for each element of the limit.
  private static let largestEffort = 32

  /// The node's results where its inputs are constants; nil where they are not enough, where a result would have more
  /// than `limit` elements, or where the operator is none that constants are prepared with.
  ///
  /// Fewer results than outputs may come back: those at the end are then not computed.
  package func evaluated(on inputs: [TensorData?], limit: Int) throws -> [TensorData]? {
    let facts = zip(self.inputs, inputs).map { name, tensor in
      tensor.map { ValueFact($0) } ?? (name.isEmpty ? nil : ValueFact(.float32, shape: nil))
    }
    guard zip(self.inputs, inputs).allSatisfy({ $0.isEmpty || $1 != nil }) else { return nil }
    do {
      let expected = try inferredFacts(of: facts)
      let results = try evaluated(on: facts, limit: limit, expecting: expected)
      return results.isEmpty ? nil : results
    } catch let misfit as ShapeMisfit {
      throw misfit.error(in: self, shapes: inputs.map { $0?.shape })
    }
  }

  /// The same for facts whose results are already known; empty where nothing is computed.
  func evaluated(on facts: [ValueFact?], limit: Int, expecting results: [ValueFact]) throws -> [TensorData] {
    let shapesAlone = op.readsShapeAlone
    let known = facts.allSatisfy { $0 == nil || $0?.constant != nil || shapesAlone && $0?.shape != nil }
    // Empty axes count as one: lists of positions are made for the others.
    func extent(_ shape: [Int]?) -> Int { (shape ?? []).reduce(1) { $0 * max($1, 1) } }
    guard known, results.allSatisfy({ extent($0.shape) <= limit }) else { return [] }
    // A product takes more work than its result has elements.
    let (product, overflow) = limit.multipliedReportingOverflow(by: Self.largestEffort)
    let room = (overflow ? Int.max : product) / op.effort(facts)
    guard results.allSatisfy({ extent($0.shape) <= room }) else { return [] }
    // Reading must stay cheap as well; what only takes positions out reads no more than it gives.
    if !shapesAlone, !op.takesSlicesOut {
      guard facts.allSatisfy({ extent($0?.shape) / 16 <= limit }) else { return [] }
    }
    return try NodeEvaluation(inputs: NodeInputs(node: self, facts: facts), results: results).values() ?? []
  }
}

extension Operator {
  /// Computed where weights are made of it, but not for shapes.
  var preparesWeights: Bool {
    switch self {
    case .gemm, .matrixProduct, .einsum, .softmax, .logSoftmax, .lpNormalization, .layerNormalization,
      .rmsNormalization, .batchNormalization:
      true
    default: false
    }
  }

  fileprivate var readsShapeAlone: Bool {
    if case .shape = self { return true }
    if case .eyeLike = self { return true }
    return self == .size
  }

  /// Reads no more of its data than it gives.
  fileprivate var takesSlicesOut: Bool {
    if case .gather = self { return true }
    return self == .slice
  }
}

/// A node whose inputs are constants, and what its results will look like.
struct NodeEvaluation {
  let inputs: NodeInputs
  let results: [ValueFact]

  func constant(_ position: Int) -> TensorData? { inputs[position]?.constant }

  /// The shape of a result; evaluated operators have it, but for those whose shape the data gives.
  var shape: [Int] { results.first?.shape ?? [] }
  var type: ElementType { results.first?.elementType ?? .float32 }

  /// Nil for operators that exporters do not prepare constants with.
  func values() throws -> [TensorData]? {
    switch inputs.node.op {
    case .shape(let start, let end): shapeOf(start, end)
    case .size: inputs.shape(0).map { [TensorData(shape: [], integers: [Int64($0.reduce(1, *))])] }

    case .identity, .dropout: constant(0).map { [$0] }
    case .unary(let function): try unary(function)
    case .isInfinite(let negative, let positive): try isInfinite(negative, positive)
    case .elementwise(let operation): try elementwise(operation)
    case .activation(let activation): try activated(activation)
    case .aggregate(let function): try aggregated(function)
    case .clip: try clipped()
    case .select: try selected()
    case .cast, .castLike: try converted()
    case .bitCast: try constant(0).map { [try TensorData(type, shape: $0.shape, bytes: $0.bytes)] }
    case .dequantizeLinear(let attributes): try dequantized(attributes)
    case .reduce(let reduction): try reduced(reduction)
    case .argExtreme(let attributes): try argExtreme(attributes)
    case .cumulative(let attributes): try cumulative(attributes)
    case .topK(let attributes): try topK(attributes)

    case .reshape, .flatten, .squeeze, .unsqueeze: try reshaped()
    case .transpose(let permutation): try transposed(permutation)
    case .expand: try constant(0).map { [try $0.expanded(to: shape)] }
    case .tile: try tiled()
    case .concat(let axis): try joined(axis)
    case .split(let axis): try parts(axis)
    case .slice: try sliced()
    case .pad(let mode): try padded(mode)
    case .gather(let axis): try gathered(axis)
    case .gatherElements(let axis): try gatheredElements(axis)
    case .gatherND(let batchAxes): try gatheredSlices(batchAxes)
    case .scatterElements(let axis, let reduction): try scatteredElements(axis, reduction)
    case .scatterND(let reduction): try scatteredSlices(reduction)
    case .triangle(let upper): try triangle(upper: upper)
    case .compress(let axis): try compressed(axis)
    case .nonZero: try nonZero()
    case .oneHot(let axis): try oneHot(axis)
    case .eyeLike(_, let diagonal): try eye(diagonal)
    case .range: try range()
    case .constantOfShape(let value): try filled(value)

    case .matrixProduct: try matrixProduct()
    case .gemm(let attributes): try gemmProduct(attributes)
    case .einsum(let equation): try einsum(equation)
    case .softmax(let axis): try softmaxed(axis, logarithm: false)
    case .logSoftmax(let axis): try softmaxed(axis, logarithm: true)
    case .lpNormalization(let attributes): try lpNormalized(attributes)
    case .layerNormalization(let attributes): try axisNormalized(attributes, centers: true)
    case .rmsNormalization(let attributes): try axisNormalized(attributes, centers: false)
    case .batchNormalization(let attributes): try batchNormalized(attributes)

    case .convolution, .transposedConvolution, .deformableConvolution, .causalConvolution, .recurrent, .attention,
      .linearAttention, .rotaryEmbedding, .quantizeLinear, .dynamicQuantizeLinear, .integerConvolution,
      .quantizedConvolution, .integerMatrixProduct, .quantizedMatrixProduct, .instanceNormalization,
      .groupNormalization, .localResponseNormalization, .meanVarianceNormalization, .hardmax,
      .maxPool, .averagePool, .lpPool, .globalAveragePool, .globalMaxPool, .globalLpPool, .maxUnpool, .maxRegionPool,
      .regionAlign, .tensorScatter, .depthToSpace, .spaceToDepth, .resize, .gridSample, .affineGrid, .columnsToImage,
      .centerCropPad, .reverseSequence, .unique, .nonMaxSuppression, .determinant, .fourierTransform,
      .shortTimeFourierTransform, .window, .melWeightMatrix, .softmaxCrossEntropyLoss, .negativeLogLikelihoodLoss:
      nil
    }
  }

  private func shapeOf(_ start: Int, _ end: Int?) -> [TensorData]? {
    guard let x = inputs.shape(0) else { return nil }
    let range = NodeInputs.shapeRange(rank: x.count, start: start, end: end)
    return [TensorData(shape: [range.count], integers: x[range].map { Int64($0) })]
  }
}
