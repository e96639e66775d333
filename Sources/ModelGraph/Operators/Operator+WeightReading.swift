extension Operator {
  /// How the input at a position is read.
  func reading(of position: Int) -> WeightReading {
    switch self {
    case .convolution, .transposedConvolution, .gemm, .matrixProduct, .einsum: .trainable
    case .deformableConvolution: position == 2 || position == 4 ? .constant : .trainable
    case .causalConvolution: position < 3 ? .trainable : .constant
    case .recurrent:
      switch position {
      case 0...3, 7: .trainable
      // Sequence lengths and initial states.
      default: .constant
      }
    case .attention, .linearAttention: position < 3 ? .trainable : .constant

    case .batchNormalization: position < 3 ? .trainable : .statistic
    case .instanceNormalization, .layerNormalization, .rmsNormalization, .groupNormalization: .trainable

    case .elementwise(let operation):
      switch operation {
      case .add, .subtract, .multiply, .divide, .gatedSwish: .operand
      case .parametricRelu: position == 1 ? .trainable : .operand
      case .power, .modulo, .equal, .less, .lessOrEqual, .greater, .greaterOrEqual, .and, .or, .exclusiveOr,
        .bitwiseAnd, .bitwiseOr, .bitwiseExclusiveOr, .shift:
        .constant
      }
    case .aggregate(let function):
      switch function {
      case .sum, .mean: .operand
      case .maximum, .minimum: .constant
      }
    case .gather: position == 0 ? .table : .constant

    case .integerConvolution: position < 2 ? .trainable : .constant
    case .integerMatrixProduct: position < 2 ? .trainable : .constant
    case .quantizedConvolution: position == 3 || position == 8 ? .trainable : .constant
    case .quantizedMatrixProduct: position == 0 || position == 3 ? .trainable : .constant

    case .identity, .transpose, .flatten, .concat: .passedOn
    case .cast, .castLike, .dropout, .dequantizeLinear, .reshape, .squeeze, .unsqueeze, .expand, .tile, .split, .slice,
      .pad, .rotaryEmbedding:
      position == 0 ? .passedOn : .constant

    case .quantizeLinear, .dynamicQuantizeLinear, .localResponseNormalization, .lpNormalization,
      .meanVarianceNormalization, .softmax,
      .logSoftmax, .hardmax, .activation, .unary, .isInfinite, .clip, .select, .bitCast, .reduce, .argExtreme,
      .cumulative, .topK, .maxPool, .averagePool, .lpPool, .globalAveragePool, .globalMaxPool, .globalLpPool,
      .maxUnpool, .maxRegionPool, .regionAlign, .gatherElements, .gatherND, .scatterElements, .scatterND,
      .tensorScatter, .depthToSpace, .spaceToDepth, .resize, .gridSample, .affineGrid, .columnsToImage, .centerCropPad,
      .reverseSequence, .triangle, .compress, .unique, .nonZero, .oneHot, .eyeLike, .range, .constantOfShape, .shape,
      .size, .nonMaxSuppression, .determinant, .fourierTransform, .shortTimeFourierTransform, .window,
      .melWeightMatrix, .softmaxCrossEntropyLoss, .negativeLogLikelihoodLoss:
      .constant
    }
  }
}
