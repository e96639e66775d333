import ModelGraph

/// What a node does with the channels of a value that it reads.
enum ChannelUse {
  /// It sums over them, each times a column of its kernel.
  case contracts(KernelColumns)
  /// Each channel only goes into itself: what comes of it is seen in the node's outputs.
  case keepsApart
  /// A channel has a part in what becomes of others, or goes a way that is not followed.
  case mixes
}

extension Node {
  /// How the input at `position` is used, whose channels lie on `axes`; `readers` are the graph's consumers and
  /// `shapes` those of all values and weights.
  func channelUse(
    of position: Int, along axes: [Int], in graph: Graph, readers: [String: [Int]], shapes: [String: [Int]]
  ) -> ChannelUse {
    let rank = shapes[inputs[position]]?.count ?? 0
    switch op {
    case .convolution(let convolution):
      guard position == 0, axes == [1], let kernel = kernel(in: graph) else { return .mixes }
      if convolution.groups > 1, kernel.shape[1] == 1 { return .keepsApart }
      return .contracts(
        KernelColumns(of: kernel, inputs[1], convolution: convolution, bias: vector(at: 2, in: graph, readers)))
    case .transposedConvolution(let convolution):
      guard position == 0, axes == [1], let kernel = kernel(in: graph) else { return .mixes }
      if convolution.window.groups == 1 {
        return .contracts(
          KernelColumns(ofTransposed: kernel, inputs[1], bias: vector(at: 2, in: graph, readers)))
      }
      return kernel.shape[0] == convolution.window.groups && kernel.shape[1] == 1 ? .keepsApart : .mixes
    case .gemm(let gemm):
      if position == 2 { return .keepsApart }
      guard position == 0, axes == [gemm.transposesA ? 0 : 1], let kernel = kernel(in: graph) else { return .mixes }
      return .contracts(
        KernelColumns(
          of: kernel, inputs[1], inputAxis: gemm.transposesB ? 1 : 0,
          bias: gemm.beta == 0 ? .none : vector(at: 2, in: graph, readers),
          scale: gemm.alpha / (gemm.beta == 0 ? 1 : gemm.beta))
      )
    case .matrixProduct:
      guard position == 0, axes == [rank - 1], let kernel = kernel(in: graph), kernel.shape.count == 2 else {
        return .mixes
      }
      return .contracts(KernelColumns(of: kernel, inputs[1], inputAxis: 0, bias: .behind, scale: 1))
    case .batchNormalization, .instanceNormalization: return position == 0 && axes == [1] ? .keepsApart : .mixes
    case .activation, .unary, .isInfinite, .elementwise, .aggregate, .clip, .select, .cast, .castLike, .bitCast,
      .identity, .dropout, .maxPool, .averagePool, .lpPool, .globalAveragePool, .globalMaxPool, .globalLpPool, .reshape,
      .transpose, .flatten, .squeeze, .unsqueeze, .concat, .split, .slice, .pad, .gather, .depthToSpace, .spaceToDepth,
      .resize, .shape, .size:
      return .keepsApart
    case .deformableConvolution, .causalConvolution, .einsum, .recurrent, .attention, .linearAttention,
      .rotaryEmbedding, .quantizeLinear, .dequantizeLinear, .dynamicQuantizeLinear, .integerConvolution,
      .quantizedConvolution, .integerMatrixProduct, .quantizedMatrixProduct, .layerNormalization, .rmsNormalization,
      .groupNormalization, .localResponseNormalization, .lpNormalization, .meanVarianceNormalization, .softmax,
      .logSoftmax, .hardmax, .argExtreme, .cumulative, .topK, .maxUnpool, .maxRegionPool, .regionAlign, .expand, .tile,
      .gatherElements, .gatherND, .scatterElements, .scatterND, .tensorScatter, .gridSample, .affineGrid,
      .columnsToImage, .centerCropPad, .reverseSequence, .triangle, .compress, .unique, .nonZero, .oneHot, .eyeLike,
      .range, .constantOfShape, .nonMaxSuppression, .determinant, .fourierTransform, .shortTimeFourierTransform,
      .window, .melWeightMatrix, .softmaxCrossEntropyLoss, .negativeLogLikelihoodLoss:
      return .mixes
    case .reduce:
      // Over positions only: the axes of the channels are not among those that it names.
      guard position == 0, inputs.count > 1, let named = graph.weights[inputs[1]]?.integers, !named.isEmpty else {
        return .mixes
      }
      let reduced = Set(named.map { Int($0) < 0 ? Int($0) + rank : Int($0) })
      return reduced.isDisjoint(with: axes) ? .keepsApart : .mixes
    }
  }

  /// The second input where it is a float weight of two axes or more.
  private func kernel(in graph: Graph) -> TensorData? {
    guard inputs.count > 1, let kernel = graph.weights[inputs[1]], kernel.elementType == .float32,
      kernel.shape.count > 1
    else { return nil }
    return kernel
  }

  /// Where the node takes its bias from, or could take one. A bias that other nodes read too is left alone: it ties
  /// their channels together.
  private func vector(at position: Int, in graph: Graph, _ readers: [String: [Int]]) -> KernelColumns.Bias {
    guard position < inputs.count, !inputs[position].isEmpty else { return .absent(position) }
    guard let weight = graph.weights[inputs[position]], weight.elementType == .float32,
      readers[inputs[position]]?.count == 1
    else { return .none }
    return .present(position, count: weight.elementCount)
  }
}
