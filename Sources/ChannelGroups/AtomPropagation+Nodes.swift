import ModelGraph

extension AtomPropagation {
  /// Labels the node's outputs; what the node unites, owns, cuts and pins on the way is recorded.
  mutating func propagate(_ node: Node) {
    guard let x = node.inputs.first, let output = node.outputs.first else { return }
    switch node.op {
    case .convolution(let convolution):
      propagateConvolution(node, groups: convolution.groups, weight: 1, perOutput: [2])
    case .integerConvolution(let convolution):
      propagateConvolution(node, groups: convolution.groups, weight: 1, perOutput: [3])
    case .quantizedConvolution(let convolution):
      propagateConvolution(node, groups: convolution.groups, weight: 3, perOutput: [4, 5, 8])
    case .deformableConvolution(let convolution):
      propagateDeformable(convolution, node)
    case .transposedConvolution(let convolution): propagateTransposed(convolution, node)
    case .causalConvolution: propagateCausal(node)
    case .gemm(let gemm): propagateGemm(gemm, node)
    case .matrixProduct: propagateMatrixProduct(node, left: 0, right: 1, perColumn: [])
    case .integerMatrixProduct: propagateMatrixProduct(node, left: 0, right: 1, perColumn: [3])
    case .quantizedMatrixProduct: propagateMatrixProduct(node, left: 0, right: 3, perColumn: [4, 5])
    case .einsum(let equation): propagateEinsum(equation, node)
    case .recurrent(let recurrent): propagateRecurrent(recurrent, node)
    case .attention(let attention): propagateAttention(attention, node)
    case .linearAttention: refuse(node, "is not followed inside")
    case .rotaryEmbedding(let rotary): propagateRotary(rotary, node)
    case .quantizeLinear(let quantize):
      propagateQuantization(node, axis: quantize.axis, blockSize: quantize.blockSize)
    case .dequantizeLinear(let dequantize):
      propagateDequantization(dequantize, node)
    case .dynamicQuantizeLinear: set(output, dataLabels(x), node)
    case .batchNormalization: propagateBatchNormalization(node)
    case .instanceNormalization: propagateInstanceNormalization(node)
    case .layerNormalization(let normalization), .rmsNormalization(let normalization):
      propagateAxisNormalization(normalization.axis, node)
    case .groupNormalization(let normalization): propagateGroupNormalization(normalization.groups, node)
    case .localResponseNormalization:
      let (channels, rest) = separated(dataLabels(x), axes: [1])
      pin(channels, "'\(node.name)' normalises each channel by its neighbours")
      set(output, rest, node)
    case .lpNormalization(let normalization): propagateActing(node, along: [normalization.axis])
    case .meanVarianceNormalization(let axes): propagateActing(node, along: axes)
    case .softmax(let axis), .logSoftmax(let axis), .hardmax(let axis): propagateActing(node, along: [axis])
    case .activation, .unary, .isInfinite, .clip:
      for other in node.inputs.dropFirst() { pin(dataLabels(other), "'\(node.name)' reads it as a limit") }
      set(output, dataLabels(x), node)
    case .identity, .cast, .castLike, .dropout: propagateIdentity(node)
    case .bitCast:
      if shape(x) == shape(output) { set(output, dataLabels(x), node) } else { refuse(node, "reads its bytes") }
    case .elementwise, .aggregate, .select: propagateElementwise(node)
    case .reduce(let reduction): propagateReduction(reduction, node)
    case .argExtreme(let extreme): propagateSelection(node, axis: extreme.axis, keepsAxis: extreme.keepsAxes)
    case .cumulative:
      if let axis = integers(node, 1)?.first {
        propagateActing(node, along: [axis])
      } else {
        refuse(node, "runs along an axis that is computed")
      }
    case .topK(let top): propagateSelection(node, axis: top.axis, keepsAxis: true)
    case .maxPool, .averagePool, .lpPool, .globalAveragePool, .globalMaxPool, .globalLpPool:
      propagatePooling(node)
    case .maxUnpool: refuse(node, "puts values at positions that count channels")
    case .maxRegionPool, .regionAlign: propagateSampling(node, over: "takes regions of it")
    case .gridSample: propagateSampling(node, over: "samples its image")
    case .reshape: propagateReshape(node)
    case .transpose(let permutation): propagateTranspose(permutation, node)
    case .flatten, .squeeze, .unsqueeze: propagateReshape(node)
    case .expand: propagateExpand(node)
    case .tile: propagateTile(node)
    case .concat(let axis): propagateConcat(axis, node)
    case .split(let axis): propagateSplit(axis, node)
    case .slice: propagateSlice(node)
    case .pad(let mode): propagatePad(mode, node)
    case .gather(let axis): propagateGather(axis, node)
    case .gatherElements, .gatherND, .scatterElements, .scatterND: refuse(node, "picks single elements of it")
    case .tensorScatter(let axis, _): propagateCache(axis, node)
    case .depthToSpace(let block, let order): propagateDepthToSpace(block, order, node)
    case .spaceToDepth(let block, let order): propagateSpaceToDepth(block, order, node)
    case .resize: propagateResizing(node, "changes its size")
    case .centerCropPad: propagateResizing(node, "crops it")
    case .reverseSequence(let batch, let time): propagatePassing(node, except: [batch, time], "reverses it")
    case .triangle:
      let rank = shape(x).count
      propagatePassing(node, except: [rank - 2, rank - 1], "cuts a triangle out of it")
    case .compress(let axis):
      if let axis, integersOrFlags(node, 1) {
        propagatePassing(node, except: [axis], "takes computed positions of it")
      } else {
        refuse(node, "takes computed positions of it")
      }
    case .affineGrid, .columnsToImage: refuse(node, "lays out an image by it")
    case .unique: refuse(node, "sorts it")
    case .nonZero: refuse(node, "looks for its elements")
    case .oneHot: refuse(node, "reads it as positions")
    case .eyeLike, .size: refuse(node, "counts its elements")
    case .shape: break
    case .range, .constantOfShape, .window, .melWeightMatrix: refuse(node, "reads it as a size")
    case .nonMaxSuppression: refuse(node, "chooses boxes by it")
    case .determinant: refuse(node, "takes it for matrices")
    case .fourierTransform, .shortTimeFourierTransform: refuse(node, "takes it for a signal")
    case .softmaxCrossEntropyLoss, .negativeLogLikelihoodLoss: refuse(node, "takes it for scores of classes")
    }
  }

  /// The labels that lie on some of `axes`, and the others.
  func separated(_ labels: [AtomLabel], axes: Set<Int>) -> (touched: [AtomLabel], rest: [AtomLabel]) {
    (labels.filter { !axes.isDisjoint(with: $0.axes) }, labels.filter { axes.isDisjoint(with: $0.axes) })
  }

  private mutating func propagateIdentity(_ node: Node) {
    let (x, output) = (node.inputs[0], node.outputs[0])
    if let origin = origin(x) { return setOrigin(output, origin) }
    for name in node.outputs { set(name, labels[x] ?? [], node) }
  }

  /// A node that keeps every place and works along some axes, counting what is kept there.
  private mutating func propagateActing(_ node: Node, along named: [Int]) {
    let sizes = shape(node.inputs[0])
    let axes = Set(named.map { normalized($0, sizes.count) })
    let own = dataLabels(node.inputs[0])
    set(node.outputs[0], own.map { acting($0, along: axes, sizes: sizes) }, node)
  }

  /// A node that lets every axis through but some.
  mutating func propagatePassing(_ node: Node, except named: [Int], _ reason: String) {
    let sizes = shape(node.inputs[0])
    let (touched, rest) = separated(
      dataLabels(node.inputs[0]), axes: Set(named.map { normalized($0, sizes.count) }))
    pin(touched, "'\(node.name)' \(reason)")
    for other in node.inputs.dropFirst() { pin(dataLabels(other), "'\(node.name)' reads it as positions") }
    for output in node.outputs { set(output, rest, node) }
  }

  private func integersOrFlags(_ node: Node, _ position: Int) -> Bool {
    position < node.inputs.count && facts[node.inputs[position]]?.constant != nil
  }
}
