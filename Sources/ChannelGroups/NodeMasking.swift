import Foundation
import ModelGraph

/// Writes nodes behind others that hide removed channels from them; only what works across an axis of channels needs any.
struct NodeMasking {
  let shapes: CompactedShapes
  private(set) var nodes: [Node] = []
  private(set) var weights: [String: TensorData]
  private var count = 0

  init(shapes: CompactedShapes, weights: [String: TensorData]) {
    self.shapes = shapes
    self.weights = weights
  }

  mutating func append(_ node: Node) {
    guard let x = node.inputs.first, shapes.changes(x) else { return nodes.append(node) }
    let rank = shapes.dense(x).count
    func axes(_ named: [Int]) -> Set<Int> { Set(named.map { $0 < 0 ? $0 + rank : $0 }) }
    switch node.op {
    case .gemm, .matrixProduct, .einsum, .attention, .integerMatrixProduct, .quantizedMatrixProduct:
      hide(node, along: Set(0..<rank), .multiply, gone: 0)
    case .softmax(let axis), .logSoftmax(let axis), .hardmax(let axis):
      hide(node, along: axes([axis]), .add, gone: -1e30)
    case .lpNormalization(let normalization): hide(node, along: axes([normalization.axis]), .multiply, gone: 0)
    case .reduce(let reduction): hide(reduction, node, rank)
    case .cumulative(let cumulative):
      guard let axis = shapes.analysis.integers[node.inputs[1]]?.first else { return nodes.append(node) }
      hide(node, along: axes([axis]), .multiply, gone: cumulative.isProduct ? 1 : 0)
    case .layerNormalization(let normalization):
      normalize(
        node, along: Set((normalization.axis < 0 ? normalization.axis + rank : normalization.axis)..<rank),
        centres: true, epsilon: normalization.epsilon)
    case .rmsNormalization(let normalization):
      normalize(
        node, along: Set((normalization.axis < 0 ? normalization.axis + rank : normalization.axis)..<rank),
        centres: false, epsilon: normalization.epsilon)
    case .meanVarianceNormalization(let named): normalize(node, along: axes(named), centres: true, epsilon: 0)
    case .instanceNormalization(let epsilon): normalizeGroups(node, shapes.dense(x)[1], epsilon)
    case .groupNormalization(let normalization): normalizeGroups(node, normalization.groups, normalization.epsilon)
    case .convolution, .transposedConvolution, .deformableConvolution, .causalConvolution, .recurrent, .linearAttention,
      .rotaryEmbedding, .quantizeLinear, .dequantizeLinear, .dynamicQuantizeLinear, .integerConvolution,
      .quantizedConvolution, .batchNormalization, .localResponseNormalization, .activation, .unary, .isInfinite,
      .elementwise, .aggregate, .clip, .select, .cast, .castLike, .bitCast, .identity, .dropout, .argExtreme, .topK,
      .maxPool, .averagePool, .lpPool, .globalAveragePool, .globalMaxPool, .globalLpPool, .maxUnpool, .maxRegionPool,
      .regionAlign, .reshape, .transpose, .flatten, .squeeze, .unsqueeze, .expand, .tile, .concat, .split, .slice, .pad,
      .gather, .gatherElements, .gatherND, .scatterElements, .scatterND, .tensorScatter, .depthToSpace, .spaceToDepth,
      .resize, .gridSample, .affineGrid, .columnsToImage, .centerCropPad, .reverseSequence, .triangle, .compress,
      .unique, .nonZero, .oneHot, .eyeLike, .range, .constantOfShape, .shape, .size, .nonMaxSuppression, .determinant,
      .fourierTransform, .shortTimeFourierTransform, .window, .melWeightMatrix, .softmaxCrossEntropyLoss,
      .negativeLogLikelihoodLoss:
      nodes.append(node)
    }
  }

  // MARK: Masks

  /// The changed labels of a value that lie along some of the axes.
  private func labels(_ value: String, along axes: Set<Int>) -> [ValueLabel] {
    (shapes.analysis.labels[value] ?? []).filter { shapes.changes($0) && !axes.isDisjoint(with: $0.axes) }
  }

  /// A constant over a label's axes: one number where channels stay, another where they leave.
  private mutating func mask(_ label: ValueLabel, rank: Int, kept: Float, gone: Float) -> String {
    let array = shapes.analysis.arrays[label.array]
    var shape = Array(repeating: 1, count: rank)
    for (axis, size) in zip(label.axes, array.sizes) { shape[axis] = size }
    return constant(TensorData(shape: shape, floats: array.atoms.map { shapes.removed[$0] ? gone : kept }))
  }

  private mutating func constant(_ tensor: TensorData) -> String {
    count += 1
    let name = "coppice.mask\(count)"
    weights[name] = tensor
    return name
  }

  private mutating func integers(_ values: [Int]) -> String {
    constant(TensorData(shape: [values.count], integers: values.map(Int64.init)))
  }

  private mutating func scalar(_ value: Double) -> String { constant(TensorData(shape: [], floats: [Float(value)])) }

  private mutating func step(_ op: Operator, _ inputs: String..., output: String? = nil) -> String {
    count += 1
    let name = output ?? "coppice.step\(count)"
    nodes.append(Node(name: "coppice.node\(count)", op: op, inputs: inputs, outputs: [name]))
    return name
  }

  /// The node behind masks of its first input.
  private mutating func hide(
    _ node: Node, along axes: Set<Int>, _ operation: Elementwise, kept: Float? = nil, gone: Float
  ) {
    var node = node
    let x = node.inputs[0]
    let rank = shapes.dense(x).count
    for label in labels(x, along: axes) {
      let neutral: Float = operation == .add ? 0 : 1
      let mask = mask(label, rank: rank, kept: kept ?? neutral, gone: gone)
      node.inputs[0] = step(.elementwise(operation), node.inputs[0], mask)
    }
    nodes.append(node)
  }

  /// How many places of the value's axes there are, and how many stay.
  private func counts(_ value: String, along axes: Set<Int>) -> (dense: Int, kept: Int) {
    let (dense, kept) = (shapes.dense(value), shapes.shape(value))
    return (axes.reduce(1) { $0 * dense[$1] }, axes.reduce(1) { $0 * kept[$1] })
  }

  private mutating func hide(_ reduction: Reduction, _ node: Node, _ rank: Int) {
    var axes = Set(0..<rank)
    if node.inputs.count > 1, let named = shapes.analysis.integers[node.inputs[1]], !named.isEmpty {
      axes = Set(named.map { $0 < 0 ? $0 + rank : $0 })
    }
    switch reduction.function {
    case .mean:
      let own = labels(node.inputs[0], along: axes)
      if own.isEmpty { return nodes.append(node) }
      let count = counts(node.inputs[0], along: axes)
      var node = node
      for label in own {
        node.inputs[0] = step(.elementwise(.multiply), node.inputs[0], mask(label, rank: rank, kept: 1, gone: 0))
      }
      let whole = step(.elementwise(.multiply), node.inputs[0], scalar(Double(count.dense)))
      node.inputs[0] = step(.elementwise(.divide), whole, scalar(Double(count.kept)))
      nodes.append(node)
    case .sum, .l1, .l2, .sumOfSquares, .logSum: hide(node, along: axes, .multiply, gone: 0)
    case .maximum, .logSumExp: hide(node, along: axes, .add, gone: -1e30)
    case .minimum: hide(node, along: axes, .add, gone: 1e30)
    case .product:
      hide(node, along: axes, .multiply, gone: 0)
      guard var last = nodes.popLast() else { return }
      for label in labels(node.inputs[0], along: axes) {
        last.inputs[0] = step(.elementwise(.add), last.inputs[0], mask(label, rank: rank, kept: 0, gone: 1))
      }
      nodes.append(last)
    }
  }

  // MARK: Normalisation

  /// Mean and deviation over what is kept, then the node's own scale and shift.
  private mutating func normalize(_ node: Node, along axes: Set<Int>, centres: Bool, epsilon: Double) {
    let x = node.inputs[0]
    let own = labels(x, along: axes)
    if own.isEmpty { return nodes.append(node) }
    let rank = shapes.dense(x).count
    let masks = own.map { mask($0, rank: rank, kept: 1, gone: 0) }
    let kept = counts(x, along: axes).kept
    let hasScale = node.inputs.count > 1
    let core = normalized(
      x, masks, along: axes.sorted(), kept: kept, centres: centres, epsilon: epsilon,
      output: hasScale ? nil : node.outputs[0])
    guard hasScale else { return }
    let hasShift = node.inputs.count > 2 && !node.inputs[2].isEmpty
    let scaled = step(.elementwise(.multiply), core, node.inputs[1], output: hasShift ? nil : node.outputs[0])
    if hasShift { _ = step(.elementwise(.add), scaled, node.inputs[2], output: node.outputs[0]) }
  }

  private mutating func normalized(
    _ x: String, _ masks: [String], along axes: [Int], kept: Int, centres: Bool, epsilon: Double, output: String?
  ) -> String {
    func hidden(_ value: String, _ this: inout NodeMasking) -> String {
      masks.reduce(value) { this.step(.elementwise(.multiply), $0, $1) }
    }
    func mean(_ value: String, _ this: inout NodeMasking) -> String {
      let sum = this.step(.reduce(Reduction(.sum)), value, this.integers(axes))
      return this.step(.elementwise(.divide), sum, this.scalar(Double(kept)))
    }
    var centred = hidden(x, &self)
    if centres {
      let shift = mean(centred, &self)
      let moved = step(.elementwise(.subtract), x, shift)
      centred = hidden(moved, &self)
    }
    let square = step(.elementwise(.multiply), centred, centred)
    let variance = mean(square, &self)
    let shifted = step(.elementwise(.add), variance, scalar(epsilon))
    let deviation = step(.unary(.squareRoot), shifted)
    return step(.elementwise(.divide), centred, deviation, output: output)
  }

  /// Groups of channels of `[N, C, ...]`, each with its image.
  private mutating func normalizeGroups(_ node: Node, _ groups: Int, _ epsilon: Double) {
    let x = node.inputs[0]
    let sizes = shapes.dense(x)
    let rank = sizes.count
    let image = Set(2..<rank)
    let isPlain = groups == sizes[1] && labels(x, along: image).isEmpty
    let own = labels(x, along: image.union([1]))
    if own.isEmpty || isPlain { return nodes.append(node) }
    let kept = counts(x, along: image.union([1])).kept / groups
    let split = integers([0, groups, -1])
    // Masks are spread over the whole value before it is cut into groups.
    let masks = own.map { label -> String in
      let array = shapes.analysis.arrays[label.array]
      let whole = AtomGrid(sizes: array.sizes, atoms: array.atoms).spread(
        over: Array(sizes[1...]), at: label.axes.map { $0 - 1 })
      let flags = whole.atoms.map { shapes.removed[$0] ? Float(0) : 1 }
      return constant(TensorData(shape: [1, groups, flags.count / groups], floats: flags))
    }
    let cut = step(.reshape(allowsZero: false), x, split)
    let core = normalized(cut, masks, along: [2], kept: kept, centres: true, epsilon: epsilon, output: nil)
    let back = step(.reshape(allowsZero: false), core, integers([0] + sizes[1...]))
    let wide = integers([sizes[1]] + Array(repeating: 1, count: rank - 2))
    let scale = step(.reshape(allowsZero: false), node.inputs[1], wide)
    let shift = step(.reshape(allowsZero: false), node.inputs[2], wide)
    let scaled = step(.elementwise(.multiply), back, scale)
    _ = step(.elementwise(.add), scaled, shift, output: node.outputs[0])
  }
}
