import ModelGraph

/// How a layer multiplies its data with a kernel: what of an operator its weights' axes depend on.
package enum KernelOperator: Sendable, Hashable {
  case convolution(groups: Int)
  case transposedConvolution
  /// Each channel by itself, over the positions before it.
  case causalConvolution
  case gemm(Gemm)
  case matrixProduct
  case einsum(equation: String)
  case recurrent(Recurrent)
}

extension Node {
  /// Nil for nodes without a kernel of floats.
  package var kernelOperator: KernelOperator? {
    switch op {
    case .convolution(let convolution): .convolution(groups: convolution.groups)
    case .deformableConvolution(let convolution): .convolution(groups: convolution.window.groups)
    case .transposedConvolution: .transposedConvolution
    case .causalConvolution: .causalConvolution
    case .gemm(let gemm): .gemm(gemm)
    case .matrixProduct: .matrixProduct
    case .einsum(let equation): .einsum(equation: equation)
    case .recurrent(let recurrent): .recurrent(recurrent)
    case .attention, .linearAttention, .rotaryEmbedding, .quantizeLinear, .dequantizeLinear, .dynamicQuantizeLinear,
      .integerConvolution, .quantizedConvolution, .integerMatrixProduct, .quantizedMatrixProduct, .batchNormalization,
      .instanceNormalization, .layerNormalization, .rmsNormalization, .groupNormalization,
      .localResponseNormalization, .lpNormalization, .meanVarianceNormalization, .softmax, .logSoftmax, .hardmax,
      .activation, .unary, .isInfinite, .elementwise, .aggregate, .clip, .select, .cast, .castLike, .bitCast, .identity,
      .dropout, .reduce, .argExtreme, .cumulative, .topK, .maxPool, .averagePool, .lpPool, .globalAveragePool,
      .globalMaxPool, .globalLpPool, .maxUnpool, .maxRegionPool, .regionAlign, .reshape, .transpose, .flatten, .squeeze,
      .unsqueeze, .expand, .tile, .concat, .split, .slice, .pad, .gather, .gatherElements, .gatherND, .scatterElements,
      .scatterND, .tensorScatter, .depthToSpace, .spaceToDepth, .resize, .gridSample, .affineGrid, .columnsToImage,
      .centerCropPad, .reverseSequence, .triangle, .compress, .unique, .nonZero, .oneHot, .eyeLike, .range,
      .constantOfShape, .shape, .size, .nonMaxSuppression, .determinant, .fourierTransform, .shortTimeFourierTransform,
      .window, .melWeightMatrix, .softmaxCrossEntropyLoss, .negativeLogLikelihoodLoss:
      nil
    }
  }

  /// Where the node reads what it multiplies its data with.
  package var kernelPositions: [Int] {
    switch kernelOperator {
    case .convolution, .transposedConvolution, .causalConvolution: [1]
    case .gemm, .matrixProduct: [0, 1]
    case .einsum: Array(inputs.indices)
    case .recurrent: [1, 2]
    case nil: []
    }
  }
}
