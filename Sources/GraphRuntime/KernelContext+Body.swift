import ModelGraph

extension KernelContext {
  /// The node made ready to run. Throws `GraphRuntimeError(.unsupported)` for inputs or attributes that cannot run.
  func kernelBody() throws -> KernelBody {
    switch node.op {
    case .convolution(let attributes): try convolution(attributes)
    case .transposedConvolution(let attributes): try transposedConvolution(attributes)
    case .deformableConvolution(let attributes): try deformableConvolution(attributes)
    case .causalConvolution(let attributes): try causalConvolution(attributes)
    case .gemm(let attributes): try gemm(attributes)
    case .matrixProduct: try matrixProduct()
    case .einsum(let equation): try einsum(equation)
    case .recurrent(let attributes): try recurrent(attributes)
    case .attention(let attributes): try attention(attributes)
    case .linearAttention(let attributes): try linearAttention(attributes)
    case .rotaryEmbedding(let attributes): try rotaryEmbedding(attributes)

    case .quantizeLinear(let attributes): try quantizeLinear(attributes)
    case .dequantizeLinear(let attributes): try dequantizeLinear(attributes)
    case .dynamicQuantizeLinear: try dynamicQuantizeLinear()
    case .integerConvolution(let attributes): try integerConvolution(attributes)
    case .quantizedConvolution(let attributes): try quantizedConvolution(attributes)
    case .integerMatrixProduct: try integerMatrixProduct()
    case .quantizedMatrixProduct: try quantizedMatrixProduct()

    case .batchNormalization(let attributes): try batchNormalization(attributes)
    case .instanceNormalization(let epsilon): try instanceNormalization(epsilon: epsilon)
    case .layerNormalization(let attributes): try layerNormalization(attributes)
    case .rmsNormalization(let attributes): try rmsNormalization(attributes)
    case .groupNormalization(let attributes): try groupNormalization(attributes)
    case .localResponseNormalization(let attributes): try localResponseNormalization(attributes)
    case .lpNormalization(let attributes): try lpNormalization(attributes)
    case .meanVarianceNormalization(let axes): try meanVarianceNormalization(axes: axes)
    case .softmax(let axis): try softmax(axis: axis)
    case .logSoftmax(let axis): try logSoftmax(axis: axis)
    case .hardmax(let axis): try hardmax(axis: axis)

    case .activation(let function): try activation(function)
    case .unary(let function): try unaryFunction(function)
    case .isInfinite(let negative, let positive): try isInfinite(negative: negative, positive: positive)
    case .elementwise(let operation): try elementwise(operation)
    case .aggregate(let function): try aggregate(function)
    case .clip: try clip()
    case .select: try select()
    case .cast(let attributes): try cast(attributes)
    case .castLike(let attributes): try castLike(attributes)
    case .bitCast(let type): try bitCast(to: type)
    case .identity: try unary { $0 }
    case .dropout: try dropout()

    case .reduce(let attributes): try reduce(attributes)
    case .argExtreme(let attributes): try argExtreme(attributes)
    case .cumulative(let attributes): try cumulative(attributes)
    case .topK(let attributes): try topK(attributes)
    case .maxPool(let attributes): try maxPool(attributes)
    case .averagePool(let attributes): try averagePool(attributes)
    case .lpPool(let attributes, let p): try lpPool(attributes, p: p)
    case .globalAveragePool: try globalAveragePool()
    case .globalMaxPool: try globalMaxPool()
    case .globalLpPool(let p): try globalLpPool(p: p)
    case .maxUnpool(let attributes): try maxUnpool(attributes)
    case .maxRegionPool(let shape, let scale): try maxRegionPool(pooledShape: shape, spatialScale: scale)
    case .regionAlign(let attributes): try regionAlign(attributes)

    case .reshape(let allowsZero): try reshape(allowsZero: allowsZero)
    case .transpose(let permutation): try transpose(permutation)
    case .flatten(let axis): try flatten(axis: axis)
    case .squeeze: try squeeze()
    case .unsqueeze: try unsqueeze()
    case .expand: try expand()
    case .tile: try tile()
    case .concat(let axis): try concat(axis: axis)
    case .split(let axis): try split(axis: axis)
    case .slice: try slice()
    case .pad(let mode): try pad(mode)
    case .gather(let axis): try gather(axis: axis)
    case .gatherElements(let axis): try gatherElements(axis: axis)
    case .gatherND(let batchAxes): try gatherND(batchAxes: batchAxes)
    case .scatterElements(let axis, let reduction): try scatterElements(axis: axis, reduction: reduction)
    case .scatterND(let reduction): try scatterND(reduction: reduction)
    case .tensorScatter(let axis, let mode): try tensorScatter(axis: axis, mode: mode)
    case .depthToSpace(let size, let mode): try depthToSpace(blockSize: size, mode: mode)
    case .spaceToDepth(let size, let mode): try spaceToDepth(blockSize: size, mode: mode)
    case .resize(let attributes): try resize(attributes)
    case .gridSample(let attributes): try gridSample(attributes)
    case .affineGrid(let alignsCorners): try affineGrid(alignsCorners: alignsCorners)
    case .columnsToImage(let attributes): try columnsToImage(attributes)
    case .centerCropPad(let axes): try centerCropPad(axes: axes)
    case .reverseSequence(let batchAxis, let timeAxis): try reverseSequence(batchAxis: batchAxis, timeAxis: timeAxis)
    case .triangle(let upper): try triangle(upper: upper)
    case .compress(let axis): try compress(axis: axis)
    case .unique(let axis, let sorted): try unique(axis: axis, sorted: sorted)
    case .nonZero: try nonZero()
    case .oneHot(let axis): try oneHot(axis: axis)
    case .eyeLike(let type, let diagonal): try eyeLike(elementType: type, diagonal: diagonal)
    case .range: try range()
    case .constantOfShape(let value): try constantOfShape(value: value)
    case .shape(let start, let end): try shape(start: start, end: end)
    case .size: try size()

    case .nonMaxSuppression(let centerPointBox): try nonMaxSuppression(centerPointBox: centerPointBox)
    case .determinant: try determinant()
    case .fourierTransform(let inverse, let oneSided): try fourierTransform(inverse: inverse, oneSided: oneSided)
    case .shortTimeFourierTransform(let oneSided): try shortTimeFourierTransform(oneSided: oneSided)
    case .window(let attributes): try window(attributes)
    case .melWeightMatrix(let type): try melWeightMatrix(elementType: type)
    case .softmaxCrossEntropyLoss(let attributes): try softmaxCrossEntropyLoss(attributes)
    case .negativeLogLikelihoodLoss(let attributes): try negativeLogLikelihoodLoss(attributes)
    }
  }
}

extension Operator {
  /// Its first result is memory of its own, which its gradient does not read: a rectifier may write over it.
  var leavesItsResultFree: Bool {
    switch self {
    case .convolution, .batchNormalization, .gemm, .matrixProduct: true
    case .elementwise(let operation): operation == .add || operation == .subtract || operation == .multiply
    case .transposedConvolution, .deformableConvolution, .causalConvolution, .einsum, .recurrent, .attention,
      .linearAttention, .rotaryEmbedding, .quantizeLinear, .dequantizeLinear, .dynamicQuantizeLinear,
      .integerConvolution, .quantizedConvolution, .integerMatrixProduct, .quantizedMatrixProduct,
      .instanceNormalization, .layerNormalization, .rmsNormalization, .groupNormalization,
      .localResponseNormalization, .lpNormalization, .meanVarianceNormalization, .softmax, .logSoftmax, .hardmax,
      .activation, .unary, .isInfinite, .aggregate, .clip, .select, .cast, .castLike, .bitCast, .identity, .dropout,
      .reduce, .argExtreme, .cumulative, .topK, .maxPool, .averagePool, .lpPool, .globalAveragePool, .globalMaxPool,
      .globalLpPool, .maxUnpool, .maxRegionPool, .regionAlign, .reshape, .transpose, .flatten, .squeeze, .unsqueeze,
      .expand, .tile, .concat, .split, .slice, .pad, .gather, .gatherElements, .gatherND, .scatterElements, .scatterND,
      .tensorScatter, .depthToSpace, .spaceToDepth, .resize, .gridSample, .affineGrid, .columnsToImage, .centerCropPad,
      .reverseSequence, .triangle, .compress, .unique, .nonZero, .oneHot, .eyeLike, .range, .constantOfShape, .shape,
      .size, .nonMaxSuppression, .determinant, .fourierTransform, .shortTimeFourierTransform, .window,
      .melWeightMatrix, .softmaxCrossEntropyLoss, .negativeLogLikelihoodLoss:
      false
    }
  }
}
