extension Operator {
  /// Reads or writes every attribute, under ONNX's name and with the default of ONNX's newest operator set.
  package mutating func codeAttributes(with coder: inout some AttributeCoder) throws {
    switch self {
    case .convolution(var value):
      try value.code(with: &coder)
      self = .convolution(value)
    case .transposedConvolution(var value):
      try value.code(with: &coder)
      self = .transposedConvolution(value)
    case .deformableConvolution(var value):
      try value.code(with: &coder)
      self = .deformableConvolution(value)
    case .causalConvolution(var value):
      try value.code(with: &coder)
      self = .causalConvolution(value)
    case .integerConvolution(var value):
      try value.code(with: &coder)
      self = .integerConvolution(value)
    case .quantizedConvolution(var value):
      try value.code(with: &coder)
      self = .quantizedConvolution(value)
    case .gemm(var value):
      try value.code(with: &coder)
      self = .gemm(value)
    case .einsum(var equation):
      try coder.text("equation", &equation)
      self = .einsum(equation: equation)
    case .recurrent(var value):
      try value.code(with: &coder)
      self = .recurrent(value)
    case .attention(var value):
      try value.code(with: &coder)
      self = .attention(value)
    case .linearAttention(var value):
      try value.code(with: &coder)
      self = .linearAttention(value)
    case .rotaryEmbedding(var value):
      try value.code(with: &coder)
      self = .rotaryEmbedding(value)
    case .quantizeLinear(var value):
      try value.code(with: &coder)
      self = .quantizeLinear(value)
    case .dequantizeLinear(var value):
      try value.code(with: &coder)
      self = .dequantizeLinear(value)
    case .batchNormalization(var value):
      try value.code(with: &coder)
      self = .batchNormalization(value)
    case .instanceNormalization(var epsilon):
      try coder.decimal("epsilon", &epsilon, default: 1e-5)
      self = .instanceNormalization(epsilon: epsilon)
    case .layerNormalization(var value):
      try value.code(with: &coder)
      self = .layerNormalization(value)
    case .rmsNormalization(var value):
      try value.code(with: &coder)
      self = .rmsNormalization(value)
    case .groupNormalization(var value):
      try value.code(with: &coder)
      self = .groupNormalization(value)
    case .localResponseNormalization(var value):
      try value.code(with: &coder)
      self = .localResponseNormalization(value)
    case .lpNormalization(var value):
      try value.code(with: &coder)
      self = .lpNormalization(value)
    case .meanVarianceNormalization(let axes):
      // Absence means the default, so it is always written.
      var given: [Int]? = axes
      try coder.optionalIntegers("axes", &given)
      self = .meanVarianceNormalization(axes: given ?? [0, 2, 3])
    case .softmax(var axis):
      try coder.integer("axis", &axis, default: -1)
      self = .softmax(axis: axis)
    case .logSoftmax(var axis):
      try coder.integer("axis", &axis, default: -1)
      self = .logSoftmax(axis: axis)
    case .hardmax(var axis):
      try coder.integer("axis", &axis, default: -1)
      self = .hardmax(axis: axis)
    case .activation(var function):
      try function.code(with: &coder)
      self = .activation(function)
    case .elementwise(var operation):
      try operation.code(with: &coder)
      self = .elementwise(operation)
    case .isInfinite(var negative, var positive):
      try coder.flag("detect_negative", &negative, default: true)
      try coder.flag("detect_positive", &positive, default: true)
      self = .isInfinite(detectsNegative: negative, detectsPositive: positive)
    case .cast(var value):
      try value.code(with: &coder, hasTarget: true)
      self = .cast(value)
    case .castLike(var value):
      try value.code(with: &coder, hasTarget: false)
      self = .castLike(value)
    case .bitCast(let type):
      var target: ElementType? = type
      try coder.elementType("to", &target)
      self = .bitCast(to: target ?? type)
    case .dropout: try coder.ignored("seed")
    case .reduce(var value):
      try value.code(with: &coder)
      self = .reduce(value)
    case .argExtreme(var value):
      try value.code(with: &coder)
      self = .argExtreme(value)
    case .cumulative(var value):
      try value.code(with: &coder)
      self = .cumulative(value)
    case .topK(var value):
      try value.code(with: &coder)
      self = .topK(value)
    case .maxPool(var value):
      try value.codePool(with: &coder)
      try coder.flag("storage_order", &value.columnMajorIndices, default: false)
      self = .maxPool(value)
    case .averagePool(var value):
      try value.codePool(with: &coder)
      try coder.flag("count_include_pad", &value.countsPadding, default: false)
      self = .averagePool(value)
    case .lpPool(var value, var p):
      try value.codePool(with: &coder)
      try coder.integer("p", &p, default: 2)
      self = .lpPool(value, p: p)
    case .globalLpPool(var p):
      try coder.integer("p", &p, default: 2)
      self = .globalLpPool(p: p)
    case .maxUnpool(var value):
      try value.codeWindow(with: &coder, hasRule: false)
      self = .maxUnpool(value)
    case .maxRegionPool(var shape, var scale):
      try coder.integers("pooled_shape", &shape)
      try coder.decimal("spatial_scale", &scale, default: 1)
      self = .maxRegionPool(pooledShape: shape, spatialScale: scale)
    case .regionAlign(var value):
      try value.code(with: &coder)
      self = .regionAlign(value)
    case .reshape(var allowsZero):
      try coder.flag("allowzero", &allowsZero, default: false)
      self = .reshape(allowsZero: allowsZero)
    case .transpose(var permutation):
      try coder.integers("perm", &permutation)
      self = .transpose(permutation: permutation)
    case .flatten(var axis):
      try coder.integer("axis", &axis, default: 1)
      self = .flatten(axis: axis)
    case .concat(var axis):
      try coder.integer("axis", &axis, default: nil)
      self = .concat(axis: axis)
    case .split(var axis):
      try coder.integer("axis", &axis, default: 0)
      // The number of outputs says the same.
      try coder.ignored("num_outputs")
      self = .split(axis: axis)
    case .pad(var mode):
      try coder.word("mode", &mode, default: .constant)
      self = .pad(mode: mode)
    case .gather(var axis):
      try coder.integer("axis", &axis, default: 0)
      self = .gather(axis: axis)
    case .gatherElements(var axis):
      try coder.integer("axis", &axis, default: 0)
      self = .gatherElements(axis: axis)
    case .gatherND(var batchAxes):
      try coder.integer("batch_dims", &batchAxes, default: 0)
      self = .gatherND(batchAxes: batchAxes)
    case .scatterElements(var axis, var reduction):
      try coder.integer("axis", &axis, default: 0)
      try coder.word("reduction", &reduction, default: .none)
      self = .scatterElements(axis: axis, reduction: reduction)
    case .scatterND(var reduction):
      try coder.word("reduction", &reduction, default: .none)
      self = .scatterND(reduction: reduction)
    case .tensorScatter(var axis, var mode):
      try coder.integer("axis", &axis, default: -2)
      try coder.word("mode", &mode, default: .linear)
      self = .tensorScatter(axis: axis, mode: mode)
    case .depthToSpace(var size, var mode):
      try coder.integer("blocksize", &size, default: nil)
      try coder.word("mode", &mode, default: .depthFirst)
      self = .depthToSpace(blockSize: size, mode: mode)
    case .spaceToDepth(var size, var mode):
      try coder.integer("blocksize", &size, default: nil)
      try coder.word("mode", &mode, default: .depthFirst)
      self = .spaceToDepth(blockSize: size, mode: mode)
    case .resize(var value):
      try value.code(with: &coder)
      self = .resize(value)
    case .gridSample(var value):
      try value.code(with: &coder)
      self = .gridSample(value)
    case .affineGrid(var aligns):
      try coder.flag("align_corners", &aligns, default: false)
      self = .affineGrid(alignsCorners: aligns)
    case .columnsToImage(var value):
      try value.code(with: &coder)
      self = .columnsToImage(value)
    case .centerCropPad(var axes):
      try coder.optionalIntegers("axes", &axes)
      self = .centerCropPad(axes: axes)
    case .reverseSequence(var batchAxis, var timeAxis):
      try coder.integer("batch_axis", &batchAxis, default: 1)
      try coder.integer("time_axis", &timeAxis, default: 0)
      self = .reverseSequence(batchAxis: batchAxis, timeAxis: timeAxis)
    case .triangle(var upper):
      try coder.flag("upper", &upper, default: true)
      self = .triangle(upper: upper)
    case .compress(var axis):
      try coder.optionalInteger("axis", &axis)
      self = .compress(axis: axis)
    case .unique(var axis, var sorted):
      try coder.optionalInteger("axis", &axis)
      try coder.flag("sorted", &sorted, default: true)
      self = .unique(axis: axis, sorted: sorted)
    case .oneHot(var axis):
      try coder.integer("axis", &axis, default: -1)
      self = .oneHot(axis: axis)
    case .eyeLike(var type, var diagonal):
      try coder.elementType("dtype", &type)
      try coder.integer("k", &diagonal, default: 0)
      self = .eyeLike(elementType: type, diagonal: diagonal)
    case .range: try coder.ignored("stash_type")
    case .constantOfShape(var value):
      try coder.tensor("value", &value)
      self = .constantOfShape(value: value)
    case .shape(var start, var end):
      try coder.integer("start", &start, default: 0)
      try coder.optionalInteger("end", &end)
      self = .shape(start: start, end: end)
    case .nonMaxSuppression(var center):
      try coder.flag("center_point_box", &center, default: false)
      self = .nonMaxSuppression(centerPointBox: center)
    case .fourierTransform(var inverse, var oneSided):
      try coder.flag("inverse", &inverse, default: false)
      try coder.flag("onesided", &oneSided, default: false)
      self = .fourierTransform(inverse: inverse, oneSided: oneSided)
    case .shortTimeFourierTransform(var oneSided):
      try coder.flag("onesided", &oneSided, default: true)
      self = .shortTimeFourierTransform(oneSided: oneSided)
    case .window(var value):
      try value.code(with: &coder)
      self = .window(value)
    case .melWeightMatrix(var type):
      try coder.elementType("output_datatype", &type, default: .float32)
      self = .melWeightMatrix(elementType: type)
    case .softmaxCrossEntropyLoss(var value):
      try value.code(with: &coder)
      self = .softmaxCrossEntropyLoss(value)
    case .negativeLogLikelihoodLoss(var value):
      try value.code(with: &coder)
      self = .negativeLogLikelihoodLoss(value)
    case .matrixProduct, .dynamicQuantizeLinear, .integerMatrixProduct, .quantizedMatrixProduct, .unary, .aggregate,
      .clip, .select, .identity, .globalAveragePool, .globalMaxPool, .squeeze, .unsqueeze, .expand, .tile, .slice,
      .nonZero, .size, .determinant:
      break
    }
  }
}
