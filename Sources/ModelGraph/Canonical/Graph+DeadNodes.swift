extension Graph {
  /// Without nodes whose results nothing needs, weights that nothing reads, and optional results that nothing reads.
  package func removingDeadNodes() -> Graph {
    var needed = Set(outputs.map(\.name))
    var kept: [Node] = []
    for node in nodes.reversed() where node.outputs.contains(where: { needed.contains($0) }) {
      var node = node
      if let first = node.op.firstOptionalOutput {
        for position in node.outputs.indices.dropFirst(first) where !needed.contains(node.outputs[position]) {
          node.outputs[position] = ""
        }
        while node.outputs.count > 1, node.outputs.last?.isEmpty == true { node.outputs.removeLast() }
      }
      while node.inputs.last?.isEmpty == true { node.inputs.removeLast() }
      needed.formUnion(node.inputs)
      kept.append(node)
    }
    var result = self
    result.nodes = kept.reversed()
    result.weights = weights.filter { needed.contains($0.key) }
    result.computedConstants = computedConstants.filter { needed.contains($0) }
    result.repeatedWeights = repeatedWeights.filter { needed.contains($0) }
    return result
  }
}

extension Operator {
  /// From where on results may be left out, for operators with such results.
  fileprivate var firstOptionalOutput: Int? {
    switch self {
    case .recurrent: 0
    case .dropout, .maxPool, .layerNormalization, .batchNormalization, .attention, .unique, .softmaxCrossEntropyLoss: 1
    case .convolution, .transposedConvolution, .deformableConvolution, .causalConvolution, .gemm, .matrixProduct,
      .einsum, .linearAttention, .rotaryEmbedding, .quantizeLinear, .dequantizeLinear, .dynamicQuantizeLinear,
      .integerConvolution, .quantizedConvolution, .integerMatrixProduct, .quantizedMatrixProduct,
      .instanceNormalization, .rmsNormalization, .groupNormalization, .localResponseNormalization, .lpNormalization,
      .meanVarianceNormalization, .softmax, .logSoftmax, .hardmax, .activation, .unary, .isInfinite, .elementwise,
      .aggregate, .clip, .select, .cast, .castLike, .bitCast, .identity, .reduce, .argExtreme, .cumulative, .topK,
      .averagePool, .lpPool, .globalAveragePool, .globalMaxPool, .globalLpPool, .maxUnpool, .maxRegionPool,
      .regionAlign, .reshape, .transpose, .flatten, .squeeze, .unsqueeze, .expand, .tile, .concat, .split, .slice,
      .pad, .gather, .gatherElements, .gatherND, .scatterElements, .scatterND, .tensorScatter, .depthToSpace,
      .spaceToDepth, .resize, .gridSample, .affineGrid, .columnsToImage, .centerCropPad, .reverseSequence, .triangle,
      .compress, .nonZero, .oneHot, .eyeLike, .range, .constantOfShape, .shape, .size, .nonMaxSuppression,
      .determinant, .fourierTransform, .shortTimeFourierTransform, .window, .melWeightMatrix,
      .negativeLogLikelihoodLoss:
      nil
    }
  }
}
