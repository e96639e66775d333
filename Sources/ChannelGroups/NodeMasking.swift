import Foundation
import ModelGraph

/// Writes nodes behind others that hide removed channels from them; only what works across an axis of channels needs any.
///
/// What is hidden is replaced, not multiplied by zero: a removed channel may hold what is not finite.
struct NodeMasking {
  let shapes: CompactedShapes
  /// True where something makes numbers that are not finite of finite ones. Zero weights then hide nothing, and layers read what was
  /// hidden before.
  private let hidesFromLayers: Bool
  private(set) var nodes: [Node] = []
  private(set) var weights: [String: TensorData]
  private var count = 0

  init(shapes: CompactedShapes, weights: [String: TensorData]) {
    self.shapes = shapes
    self.weights = weights
    hidesFromLayers = shapes.analysis.nodes.contains { $0.makesNonFinite(weights) }
  }

  mutating func append(_ dense: Node) {
    let node = hidesFromLayers ? hidingInputs(of: dense) : dense
    guard let x = node.inputs.first, shapes.changes(x) else { return nodes.append(node) }
    let rank = shapes.dense(x).count
    func axes(_ named: [Int]) -> Set<Int> { Set(named.map { $0 < 0 ? $0 + rank : $0 }) }
    switch node.op {
    case .gemm, .matrixProduct, .einsum, .attention: hide(node, along: Set(0..<rank), gone: 0)
    case .integerMatrixProduct, .quantizedMatrixProduct, .integerConvolution, .quantizedConvolution: hideIntegers(node)
    // The scale follows the smallest and the largest number, and zero is always between them.
    case .dynamicQuantizeLinear: hide(node, along: Set(0..<rank), gone: 0)
    case .softmax(let axis), .logSoftmax(let axis), .hardmax(let axis): hide(node, along: axes([axis]), gone: -1e30)
    case .lpNormalization(let normalization): hide(node, along: axes([normalization.axis]), gone: 0)
    case .reduce(let reduction): hide(reduction, node, rank)
    case .cumulative(let cumulative):
      guard let axis = shapes.analysis.integers[node.inputs[1]]?.first else { return nodes.append(node) }
      hide(node, along: axes([axis]), gone: cumulative.isProduct ? 1 : 0)
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
      .rotaryEmbedding, .quantizeLinear, .dequantizeLinear, .batchNormalization, .localResponseNormalization,
      .activation, .unary, .isInfinite,
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

  /// A constant over a label's axes: true where channels stay.
  private mutating func mask(_ label: ValueLabel, rank: Int) -> String {
    let array = shapes.analysis.arrays[label.array]
    var shape = Array(repeating: 1, count: rank)
    for (axis, size) in zip(label.axes, array.sizes) { shape[axis] = size }
    return flags(array.atoms.map { !shapes.removed[$0] }, shape: shape)
  }

  private mutating func flags(_ values: [Bool], shape: [Int]) -> String {
    constant(TensorData(shape: shape, flags: values))
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

  /// The node behind its first input with `gone` in the place of what leaves.
  private mutating func hide(_ node: Node, along axes: Set<Int>, gone: Float) {
    var node = node
    node.inputs[0] = hidden(node.inputs[0], along: axes, gone: gone)
    nodes.append(node)
  }

  private mutating func hidden(_ value: String, along axes: Set<Int>, gone: Float) -> String {
    let rank = shapes.dense(value).count
    return labels(value, along: axes).reduce(value) { hidden($0, behind: mask($1, rank: rank), gone: gone) }
  }

  private mutating func hidden(_ value: String, behind mask: String, gone: Float) -> String {
    step(.select, mask, value, scalar(Double(gone)))
  }

  /// A layer of integers, reading its zero point in the place of what leaves: zeros in the weights do not hide it where these have a
  /// zero point of their own. The mask works on float32, which holds these integers exactly.
  private mutating func hideIntegers(_ node: Node) {
    var node = node
    let x = node.inputs[0]
    let rank = shapes.dense(x).count
    let own = labels(x, along: Set(0..<rank))
    if own.isEmpty { return nodes.append(node) }
    let wide = step(.cast(Cast(to: .float32)), x)
    let zero = zeroPoint(of: node)
    let shown = own.reduce(wide) { step(.select, mask($1, rank: rank), $0, zero) }
    node.inputs[0] = step(.castLike(Cast()), shown, x)
    nodes.append(node)
  }

  /// That of a layer's data, in float32 and with an axis for columns where each row has its own.
  private mutating func zeroPoint(of node: Node) -> String {
    guard node.inputs.count > 2, !node.inputs[2].isEmpty else { return scalar(0) }
    let value = step(.cast(Cast(to: .float32)), node.inputs[2])
    let shape = shapes.dense(node.inputs[2])
    return shape.count == 1 && shape[0] > 1 ? step(.unsqueeze, value, integers([1])) : value
  }

  /// A layer that sums over channels, reading zeros in the place of those that leave.
  private mutating func hidingInputs(of node: Node) -> Node {
    var node = node
    for position in node.op.summedInputs where position < node.inputs.count {
      let input = node.inputs[position]
      guard !input.isEmpty, weights[input] == nil, shapes.changes(input) else { continue }
      node.inputs[position] = hidden(input, along: Set(shapes.dense(input).indices), gone: 0)
    }
    return node
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
    let own = labels(node.inputs[0], along: axes).filter { !holdsWholeRows($0, along: axes) }
    if own.isEmpty { return nodes.append(node) }
    switch reduction.function {
    case .mean:
      let count = counts(node.inputs[0], along: axes)
      var node = node
      for label in own { node.inputs[0] = hidden(node.inputs[0], label, rank) }
      let whole = step(.elementwise(.multiply), node.inputs[0], scalar(Double(count.dense)))
      node.inputs[0] = step(.elementwise(.divide), whole, scalar(Double(count.kept)))
      nodes.append(node)
    case .sum, .l1, .l2, .sumOfSquares, .logSum: hide(node, along: axes, gone: 0)
    case .maximum, .logSumExp: hide(node, along: axes, gone: -1e30)
    case .minimum: hide(node, along: axes, gone: 1e30)
    case .product: hide(node, along: axes, gone: 1)
    }
  }

  /// A value with zeros for what leaves. Rows of channels that end in an image, as a reshape to groups makes them, are cut into channels
  /// for it, since the image may have another size in each run.
  private mutating func hidden(_ value: String, _ label: ValueLabel, _ rank: Int) -> String {
    let array = shapes.analysis.arrays[label.array]
    guard label.axes.count > 1, label.axes.last == rank - 1, let size = array.sizes.last else {
      return hidden(value, behind: mask(label, rank: rank), gone: 0)
    }
    let run = Self.run(array.atoms, within: size)
    var shape = Array(repeating: 1, count: rank + 1)
    for (axis, size) in zip(label.axes, array.sizes) { shape[axis] = size }
    shape[rank - 1] = size / run
    let stays = stride(from: 0, to: array.atoms.count, by: run).map { !shapes.removed[array.atoms[$0]] }
    let target = Array(repeating: 0, count: rank - 1) + [size / run, -1]
    let cut = step(.reshape(allowsZero: false), value, integers(target))
    let shown = hidden(cut, behind: flags(stays, shape: shape), gone: 0)
    return step(.reshape(allowsZero: false), shown, step(.shape(start: 0, end: nil), value))
  }

  /// True where along the axes either everything stays or everything leaves: what stays then runs over all of its entries.
  private func holdsWholeRows(_ label: ValueLabel, along axes: Set<Int>) -> Bool {
    let array = shapes.analysis.arrays[label.array]
    let flags = AtomGrid(sizes: array.sizes, atoms: array.atoms.map { shapes.removed[$0] ? 0 : 1 })
    return label.axes.indices.allSatisfy { !axes.contains(label.axes[$0]) || flags.isConstant(along: $0) }
  }

  // MARK: Normalisation

  /// Mean and deviation over what is kept, then the node's own scale and shift.
  private mutating func normalize(_ node: Node, along axes: Set<Int>, centres: Bool, epsilon: Double) {
    let x = node.inputs[0]
    let own = labels(x, along: axes)
    if own.isEmpty { return nodes.append(node) }
    let rank = shapes.dense(x).count
    let masks = own.map { mask($0, rank: rank) }
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

  /// Over `kept` of the places along some axes, and over all along `whole` ones.
  private mutating func normalized(
    _ x: String, _ masks: [String], along axes: [Int], whole: [Int] = [], kept: Int, centres: Bool, epsilon: Double,
    output: String?
  ) -> String {
    func hidden(_ value: String, _ this: inout NodeMasking) -> String {
      masks.reduce(value) { this.hidden($0, behind: $1, gone: 0) }
    }
    func mean(_ value: String, _ this: inout NodeMasking) -> String {
      let places = whole.isEmpty ? value : this.step(.reduce(Reduction(.mean)), value, this.integers(whole))
      let sum = this.step(.reduce(Reduction(.sum)), places, this.integers(axes))
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
    // Labels are spread over the whole value before it is cut into groups.
    let spread = own.map { label -> [Int] in
      let array = shapes.analysis.arrays[label.array]
      return AtomGrid(sizes: array.sizes, atoms: array.atoms).spread(
        over: Array(sizes[1...]), at: label.axes.map { $0 - 1 }
      ).atoms
    }
    // A channel is a run of its image, which may have another size in each run of the network.
    let count = sizes[1...].reduce(1, *) / groups
    let run = spread.reduce(count) { Self.run($1, within: $0) }
    let kept = counts(x, along: image.union([1])).kept / groups / run
    let masks = spread.map { atoms -> String in
      let stays = stride(from: 0, to: atoms.count, by: run).map { !shapes.removed[atoms[$0]] }
      return flags(stays, shape: [1, groups, count / run, 1])
    }
    let cut = step(.reshape(allowsZero: false), x, integers([0, groups, count / run, -1]))
    let core = normalized(
      cut, masks, along: [2], whole: [3], kept: kept, centres: true, epsilon: epsilon, output: nil)
    let back = step(.reshape(allowsZero: false), core, step(.shape(start: 0, end: nil), x))
    let wide = integers([sizes[1]] + Array(repeating: 1, count: rank - 2))
    let scale = step(.reshape(allowsZero: false), node.inputs[1], wide)
    let shift = step(.reshape(allowsZero: false), node.inputs[2], wide)
    let scaled = step(.elementwise(.multiply), back, scale)
    _ = step(.elementwise(.add), scaled, shift, output: node.outputs[0])
  }

  /// The largest divisor of a length that all runs of equal numbers are multiples of.
  private static func run(_ atoms: [Int], within length: Int) -> Int {
    var common = length
    var start = 0
    for place in atoms.indices.dropFirst() where atoms[place] != atoms[place - 1] {
      var (left, right) = (common, place - start)
      while right > 0 { (left, right) = (right, left % right) }
      (common, start) = (left, place)
    }
    return common
  }
}
