import Foundation
import ModelGraph

/// Writes the nodes of a compacted network: sizes, positions and attributes count what stays.
struct NodeCompaction {
  let shapes: CompactedShapes
  private(set) var nodes: [Node] = []
  var weights: [String: TensorData]
  private var names: Set<String>

  private var analysis: ChannelAnalysis { shapes.analysis }

  init(shapes: CompactedShapes, weights: [String: TensorData]) {
    self.shapes = shapes
    self.weights = weights
    names = Set(weights.keys)
    for node in shapes.analysis.nodes {
      names.insert(node.name)
      names.formUnion(node.outputs)
    }
  }

  /// Appends what becomes of a node.
  mutating func append(_ dense: Node, at position: Int) {
    var node = dense
    if let first = node.outputs.first(where: { !$0.isEmpty }), let bypassed = analysis.bypasses[first],
      shapes.changes(first) || node.outputs.contains(where: shapes.changes)
    {
      for (input, source) in bypassed { node.inputs[input] = source }
    }
    if let shuffle = analysis.shuffles[position], shapes.changes(node.outputs[0]) {
      return appendGather(
        node, of: shuffle.input, dense: analysis.labels[shuffle.input] ?? [], axis: shuffle.axis,
        positions: shuffle.order)
    }
    guard let x = node.inputs.first, let output = node.outputs.first else { return nodes.append(node) }
    switch node.op {
    case .convolution(var convolution):
      convolution.groups = groups(convolution.groups, node, weight: 1)
      node.op = .convolution(convolution)
    case .integerConvolution(var convolution):
      convolution.groups = groups(convolution.groups, node, weight: 1)
      node.op = .integerConvolution(convolution)
    case .quantizedConvolution(var convolution):
      convolution.groups = groups(convolution.groups, node, weight: 3)
      node.op = .quantizedConvolution(convolution)
    case .deformableConvolution(var convolution):
      convolution.window.groups = groups(convolution.window.groups, node, weight: 1)
      node.op = .deformableConvolution(convolution)
    case .transposedConvolution(var convolution):
      let groups = convolution.window.groups
      if analysis.kind == .head || groups == shapes.dense(x)[1] && shapes.dense(node.inputs[1])[1] == 1 {
        convolution.window.groups = groups * shapes.shape(x)[1] / shapes.dense(x)[1]
      }
      node.op = .transposedConvolution(convolution)
    case .groupNormalization(var normalization):
      if normalization.groups == shapes.dense(x)[1] { normalization.groups = shapes.shape(x)[1] }
      node.op = .groupNormalization(normalization)
    case .recurrent(var recurrent):
      if recurrent.hiddenSize != nil { recurrent.hiddenSize = shapes.shape(node.inputs[2]).last }
      node.op = .recurrent(recurrent)
    case .attention(let attention): node.op = .attention(shapes.compacted(attention, node))
    case .rotaryEmbedding(let rotary): node.op = .rotaryEmbedding(compacted(rotary, node))
    case .reshape(let allowsZero): rewriteTarget(&node, allowsZero: allowsZero)
    case .expand: rewriteTarget(&node, allowsZero: true)
    case .constantOfShape: rewriteSizes(&node, at: 0, axes: nil)
    case .slice: return appendSlice(node)
    case .split(let axis): rewriteSplit(&node, axis)
    case .pad: rewritePad(&node)
    case .gather(let axis): rewriteGather(&node, axis)
    case .resize(let resize): rewriteSizes(&node, at: 3, axes: resize.axes)
    case .centerCropPad(let axes): rewriteSizes(&node, at: 1, axes: axes)
    case .causalConvolution, .gemm, .matrixProduct, .einsum, .linearAttention, .quantizeLinear, .dequantizeLinear,
      .dynamicQuantizeLinear, .integerMatrixProduct, .quantizedMatrixProduct, .batchNormalization,
      .instanceNormalization, .layerNormalization, .rmsNormalization, .localResponseNormalization, .lpNormalization,
      .meanVarianceNormalization, .softmax, .logSoftmax, .hardmax, .activation, .unary, .isInfinite, .elementwise,
      .aggregate, .clip, .select, .cast, .castLike, .bitCast, .identity, .dropout, .reduce, .argExtreme, .cumulative,
      .topK, .maxPool, .averagePool, .lpPool, .globalAveragePool, .globalMaxPool, .globalLpPool, .maxUnpool,
      .maxRegionPool, .regionAlign, .transpose, .flatten, .squeeze, .unsqueeze, .tile, .concat, .gatherElements,
      .gatherND, .scatterElements, .scatterND, .tensorScatter, .depthToSpace, .spaceToDepth, .gridSample, .affineGrid,
      .columnsToImage, .reverseSequence, .triangle, .compress, .unique, .nonZero, .oneHot, .eyeLike, .range,
      .shape, .size, .nonMaxSuppression, .determinant, .fourierTransform,
      .shortTimeFourierTransform, .window, .melWeightMatrix, .softmaxCrossEntropyLoss, .negativeLogLikelihoodLoss:
      break
    }
    _ = output
    nodes.append(node)
  }

  // MARK: Attributes

  /// A depthwise convolution has as many groups as channels; the groups of others stay, unless whole groups leave.
  private func groups(_ groups: Int, _ node: Node, weight: Int) -> Int {
    guard groups > 1, analysis.kind == .head || shapes.dense(node.inputs[weight])[1] == 1 else { return groups }
    return groups * shapes.shape(node.inputs[0])[1] / shapes.dense(node.inputs[0])[1]
  }

  private func compacted(_ rotary: RotaryEmbedding, _ node: Node) -> RotaryEmbedding {
    var rotary = rotary
    let x = node.inputs[0]
    if analysis.kind == .head, shapes.dense(x).count == 3 { rotary.heads = rotary.heads.map { shapes.heads($0, x) } }
    guard rotary.rotatedSize > 0, analysis.kind != .head, shapes.changes(x) else { return rotary }
    // The angles have an entry for each pair that stays.
    rotary.rotatedSize = 2 * (shapes.shape(node.inputs[1]).last ?? 0)
    return rotary
  }

  // MARK: Constants

  /// A name that nothing has yet.
  mutating func fresh(_ name: String) -> String {
    var result = name
    var count = 2
    while names.contains(result) {
      result = "\(name)\(count)"
      count += 1
    }
    names.insert(result)
    return result
  }

  mutating func constant(_ name: String, _ values: [Int], like old: TensorData? = nil) -> String {
    let name = fresh(name)
    let shape = old.map { $0.elementCount == values.count ? $0.shape : [values.count] } ?? [values.count]
    weights[name] = TensorData(shape: shape, integers: values, of: old?.elementType ?? .int64)
    return name
  }

  /// The input of a node with some entries replaced: a new constant, or computed entries with constants between them.
  mutating func substitute(_ position: Int, _ entries: [Int: Int], _ node: inout Node) {
    let old = node.inputs[position]
    guard let values = analysis.integers[old], entries.contains(where: { values[$0] != $1 }) else { return }
    let base = "\(node.name).input\(position)"
    if let tensor = weights[old] {
      let new = values.indices.map { entries[$0] ?? values[$0] }
      node.inputs[position] = constant(base, new, like: tensor)
      return
    }
    var parts: [String] = []
    var start = 0
    func isGiven(_ index: Int) -> Bool { entries[index] != nil }
    while start < values.count {
      var end = start + 1
      while end < values.count, isGiven(end) == isGiven(start) { end += 1 }
      if isGiven(start) {
        parts.append(constant("\(base).part", (start..<end).map { entries[$0] ?? values[$0] }))
      } else {
        let part = fresh("\(base).part")
        nodes.append(
          Node(
            name: part, op: .slice,
            inputs: [old, constant("\(part).starts", [start]), constant("\(part).ends", [end])],
            outputs: [part]))
        parts.append(part)
      }
      start = end
    }
    let whole = fresh(base)
    nodes.append(Node(name: whole, op: .concat(axis: 0), inputs: parts, outputs: [whole]))
    node.inputs[position] = whole
  }

  mutating func append(_ node: Node) { nodes.append(node) }
}

extension TensorData {
  /// Integers as int64 or int32.
  fileprivate init(shape: [Int], integers: [Int], of type: ElementType) {
    if type == .int32 {
      let bytes = integers.map { Int32(clamping: $0) }.withUnsafeBufferPointer { Data(buffer: $0) }
      if let tensor = try? TensorData(.int32, shape: shape, bytes: bytes) {
        self = tensor
        return
      }
    }
    self.init(shape: shape, integers: integers.map(Int64.init))
  }
}
