extension Operator {
  /// How many inputs a node of this operator may have; all of the lower bound must be there.
  package var inputCounts: ClosedRange<Int> {
    switch self {
    case .convolution, .transposedConvolution, .gemm: 2...3
    case .deformableConvolution: 3...5
    case .causalConvolution, .integerConvolution, .integerMatrixProduct: 2...4
    case .quantizedConvolution: 8...9
    case .quantizedMatrixProduct: 8...8
    case .matrixProduct, .elementwise, .castLike, .rmsNormalization: 2...2
    case .einsum, .aggregate, .concat: 1...Int.max
    case .recurrent(let recurrent): recurrent.cell == .lstm ? 3...8 : 3...6
    case .attention: 3...7
    case .linearAttention: 3...6
    case .rotaryEmbedding: 3...4
    case .quantizeLinear, .dequantizeLinear, .layerNormalization: 2...3
    case .batchNormalization, .melWeightMatrix: 5...5
    case .instanceNormalization, .groupNormalization, .select: 3...3
    case .dynamicQuantizeLinear, .localResponseNormalization, .lpNormalization, .meanVarianceNormalization, .softmax,
      .logSoftmax, .hardmax, .activation, .unary, .isInfinite, .cast, .bitCast, .identity, .argExtreme, .maxPool,
      .averagePool, .lpPool, .globalAveragePool, .globalMaxPool, .globalLpPool, .transpose, .flatten, .depthToSpace,
      .spaceToDepth, .unique, .nonZero, .eyeLike, .constantOfShape, .shape, .size, .determinant, .window:
      1...1
    case .clip, .dropout, .fourierTransform: 1...3
    case .reduce, .squeeze, .split, .triangle: 1...2
    case .cumulative, .topK, .maxRegionPool, .reshape, .unsqueeze, .expand, .tile, .gather, .gatherElements, .gatherND,
      .gridSample, .affineGrid, .centerCropPad, .reverseSequence, .compress:
      2...2
    case .maxUnpool, .tensorScatter, .softmaxCrossEntropyLoss, .negativeLogLikelihoodLoss: 2...3
    case .regionAlign, .scatterElements, .scatterND, .columnsToImage, .oneHot, .range: 3...3
    case .slice: 3...5
    case .pad, .shortTimeFourierTransform: 2...4
    case .resize: 1...4
    case .nonMaxSuppression: 2...5
    }
  }
}
