extension Node {
  /// Results of so many elements are computed while shapes are inferred: enough for all shape arithmetic.
  package static let inferenceLimit = 4096

  /// What is known of each output, in order; nil stands for an absent optional input.
  ///
  /// A result that follows from constants alone, or from shapes, comes with its value while it is small.
  /// Throws `GraphError(.shapeMismatch)` naming the node and the shapes.
  package func outputFacts(of inputs: [ValueFact?]) throws -> [ValueFact] {
    do {
      return try facts(of: inputs)
    } catch let misfit as ShapeMisfit {
      throw misfit.error(in: self, shapes: inputs.map { $0?.shape })
    }
  }

  private func facts(of given: [ValueFact?]) throws -> [ValueFact] {
    var results = try inferredFacts(of: given)
    if op.preparesWeights { return results }
    for (position, value) in try evaluated(on: given, limit: Self.inferenceLimit, expecting: results).enumerated()
    where position < results.count {
      results[position] = ValueFact(value)
    }
    return results
  }

  /// The same without values, and without the node in its errors.
  func inferredFacts(of given: [ValueFact?]) throws -> [ValueFact] {
    for fact in given { if let shape = fact?.shape { try ShapeBounds.check(shape) } }
    try checkCounts(of: given)
    let results = try NodeInputs(node: self, facts: given).results()
    for fact in results { if let shape = fact.shape { try ShapeBounds.check(shape) } }
    guard outputs.count <= results.count else {
      throw ShapeMisfit("names \(outputs.count) outputs; the operator has \(results.count)")
    }
    return results
  }

  private func checkCounts(of given: [ValueFact?]) throws {
    let counts = op.inputCounts
    guard given.count >= counts.lowerBound, given.count <= counts.upperBound,
      given.prefix(counts.lowerBound).allSatisfy({ $0 != nil })
    else {
      let wanted =
        counts.upperBound == Int.max
        ? "\(counts.lowerBound) or more"
        : counts.lowerBound == counts.upperBound
          ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
      let present = given.count { $0 != nil }
      throw ShapeMisfit("has \(present) inputs, \(given.count) with absent ones; it takes \(wanted)")
    }
  }
}

extension NodeInputs {
  /// The rule of each operator, by kind.
  func results() throws -> [ValueFact] {
    switch node.op {
    case .convolution(let window): try convolution(window)
    case .transposedConvolution(let attributes): try transposedConvolution(attributes)
    case .deformableConvolution(let attributes): try deformableConvolution(attributes)
    case .causalConvolution: try causalConvolution()
    case .integerConvolution(let window): try convolution(window, bias: nil, type: .int32)
    case .quantizedConvolution(let window): try convolution(window, weight: 3, bias: 8, type: type(7))
    case .gemm(let gemm): try self.gemm(gemm)
    case .matrixProduct: try matrixProduct()
    case .integerMatrixProduct: try matrixProduct(type: .int32)
    case .quantizedMatrixProduct: try matrixProduct(right: 3, type: type(7))
    case .einsum(let equation): try einsum(equation)
    case .recurrent(let attributes): try recurrent(attributes)
    case .attention(let attributes): try attention(attributes)
    case .linearAttention(let attributes): try linearAttention(attributes)
    case .rotaryEmbedding(let attributes): try rotaryEmbedding(attributes)

    case .quantizeLinear(let attributes):
      like(shape(0), type: attributes.outputType ?? self[2]?.elementType ?? .uint8)
    case .dequantizeLinear(let attributes): like(shape(0), type: attributes.outputType ?? type(1))
    case .dynamicQuantizeLinear:
      [ValueFact(.uint8, shape: shape(0)), ValueFact(.float32, shape: []), ValueFact(.uint8, shape: [])]

    case .batchNormalization: try batchNormalization()
    case .instanceNormalization: try channelNormalization(minimumRank: 3)
    case .groupNormalization(let attributes): try groupNormalization(attributes)
    case .layerNormalization(let attributes): try axisNormalization(attributes, hasStatistics: true)
    case .rmsNormalization(let attributes): try axisNormalization(attributes, hasStatistics: false)
    case .localResponseNormalization(let attributes): try localResponseNormalization(attributes)
    case .lpNormalization(let attributes): try alongAxis(attributes.axis)
    case .meanVarianceNormalization(let axes): try alongAxes(axes)
    case .softmax(let axis), .logSoftmax(let axis), .hardmax(let axis): try alongAxis(axis)

    case .activation, .clip, .identity: like(shape(0))
    case .unary(let function): like(shape(0), type: function.isPredicate ? .bool : nil)
    case .isInfinite: like(shape(0), type: .bool)
    case .elementwise(let operation): try elementwise(operation)
    case .aggregate: try aggregate()
    case .select: try select()
    case .cast(let cast): like(shape(0), type: try target(of: cast))
    case .castLike: like(shape(0), type: type(1))
    case .bitCast(let type): try bitCast(to: type)
    case .dropout: like(shape(0)) + like(shape(0), type: .bool)

    case .reduce(let reduction): try reduce(reduction)
    case .argExtreme(let attributes): try argExtreme(attributes)
    case .cumulative: try cumulative()
    case .topK(let attributes): try topK(attributes)
    case .maxPool(let pooling): try pool(pooling) + pool(pooling, type: .int64)
    case .averagePool(let pooling), .lpPool(let pooling, _): try pool(pooling)
    case .globalAveragePool, .globalMaxPool, .globalLpPool: try globalPool()
    case .maxUnpool(let pooling): try unpool(pooling)
    case .maxRegionPool(let size, _): try regions(size, coordinates: 5)
    case .regionAlign(let attributes): try regions([attributes.height, attributes.width], coordinates: 4)

    case .reshape(let allowsZero): try reshape(allowsZero: allowsZero)
    case .transpose(let permutation): try transpose(permutation)
    case .flatten(let axis): try flatten(axis)
    case .squeeze: try squeeze()
    case .unsqueeze: try unsqueeze()
    case .expand: try expand()
    case .tile: try tile()
    case .concat(let axis): try concat(axis)
    case .split(let axis): try split(axis)
    case .slice: try slice()
    case .pad(let mode): try pad(mode)
    case .gather(let axis): try gather(axis)
    case .gatherElements(let axis): try gatherElements(axis)
    case .gatherND(let batchAxes): try gatherND(batchAxes)
    case .scatterElements(let axis, _): try scatterElements(axis)
    case .scatterND: try scatterND()
    case .tensorScatter(let axis, _): try tensorScatter(axis)
    case .depthToSpace(let size, _): try depthToSpace(size)
    case .spaceToDepth(let size, _): try spaceToDepth(size)
    case .resize(let attributes): try resize(attributes)
    case .gridSample: try gridSample()
    case .affineGrid: try affineGrid()
    case .columnsToImage(let attributes): try columnsToImage(attributes)
    case .centerCropPad(let axes): try centerCropPad(axes)
    case .reverseSequence(let batchAxis, let timeAxis): try reverseSequence(batchAxis, timeAxis)
    case .triangle: like(try shape(0, rank: 2...ShapeBounds.rankLimit))
    case .compress(let axis): try compress(axis)
    case .unique(let axis, _): try unique(axis)
    case .nonZero: like(nil, type: .int64)
    case .oneHot(let axis): try oneHot(axis)
    case .eyeLike(let type, _): like(try shape(0, rank: 2...2), type: type)
    case .range: try range()
    case .constantOfShape(let value): try constantOfShape(value)
    case .shape(let start, let end): try shapeOf(start, end)
    case .size: like([], type: .int64)

    case .nonMaxSuppression: try nonMaxSuppression()
    case .determinant: try determinant()
    case .fourierTransform(let inverse, let oneSided): try fourierTransform(inverse, oneSided)
    case .shortTimeFourierTransform(let oneSided): try shortTimeFourierTransform(oneSided)
    case .window(let window): like(try integer(0).map { [$0] }, type: window.elementType)
    case .melWeightMatrix(let type): try melWeightMatrix(type)
    case .softmaxCrossEntropyLoss(let loss): try classificationLoss(loss) + like(shape(0))
    case .negativeLogLikelihoodLoss(let loss): try classificationLoss(loss)
    }
  }
}

extension UnaryFunction {
  /// The result is of booleans.
  var isPredicate: Bool { self == .isNaN || self == .not }
}
