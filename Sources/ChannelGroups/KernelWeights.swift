import ModelGraph

extension Graph {
  /// The weights that layers multiply their data with, read directly or through what turns, reshapes or dequantises them; for
  /// one that is held as integers, how its numbers follow from these.
  package func kernelWeights() -> [String: WeightQuantization?] {
    let makers = Dictionary(
      nodes.enumerated().flatMap { position, node in node.outputs.map { ($0, position) } },
      uniquingKeysWith: { first, _ in first })
    var found: [String: WeightQuantization?] = [:]
    for node in nodes {
      for position in node.kernelPositions + node.integerKernelPositions where position < node.inputs.count {
        var name = node.inputs[position]
        var quantization = node.quantization(ofKernel: position, in: self)
        while weights[name] == nil, let maker = makers[name], nodes[maker].rearranges {
          if case .dequantizeLinear(let attributes) = nodes[maker].op {
            quantization = WeightQuantization(attributes, nodes[maker].inputs, first: 1)
          }
          name = nodes[maker].inputs[0]
        }
        if weights[name] != nil { found.updateValue(quantization, forKey: name) }
      }
    }
    return found
  }
}

/// The scale and the zero point of a weight that is held as integers.
package struct WeightQuantization: Sendable, Hashable {
  let attributes: DequantizeLinear
  let scale: String
  let zeroPoint: String

  init(_ attributes: DequantizeLinear, _ inputs: [String], first: Int) {
    self.attributes = attributes
    scale = first < inputs.count ? inputs[first] : ""
    zeroPoint = first + 1 < inputs.count ? inputs[first + 1] : ""
  }

  /// The weight's numbers in float32; nil where scale or zero point are computed.
  package func numbers(of weight: String, in graph: Graph) throws -> TensorData? {
    guard let held = graph.weights[weight] else { return nil }
    let node = Node(
      name: weight, op: .dequantizeLinear(attributes), inputs: [weight, scale, zeroPoint], outputs: [weight])
    let scales = scale.isEmpty ? TensorData(shape: [], floats: [1]) : graph.weights[scale]
    guard let scales, zeroPoint.isEmpty || graph.weights[zeroPoint] != nil else { return nil }
    return try node.evaluated(on: [held, scales, graph.weights[zeroPoint]], limit: held.elementCount)?.first
  }
}

extension Node {
  /// Where the node reads integers as a layer's weight.
  fileprivate var integerKernelPositions: [Int] {
    if case .quantizedConvolution = op { return [3] }
    if case .integerConvolution = op { return [1] }
    if op == .quantizedMatrixProduct { return [3] }
    return op == .integerMatrixProduct ? [1] : []
  }

  /// Scale and zero point that the node itself reads beside its kernel.
  fileprivate func quantization(ofKernel position: Int, in graph: Graph) -> WeightQuantization? {
    if case .quantizedConvolution = op { return WeightQuantization(DequantizeLinear(axis: 0), inputs, first: 4) }
    if op == .quantizedMatrixProduct { return WeightQuantization(DequantizeLinear(axis: -1), inputs, first: 4) }
    guard integerKernelPositions == [position] else { return nil }
    // Without a scale: the zero point alone.
    let axis = op == .integerMatrixProduct ? -1 : 0
    return WeightQuantization(DequantizeLinear(axis: axis), ["", inputs.count > 3 ? inputs[3] : ""], first: 0)
  }

  /// Passes its first input on in another order, shape or type.
  fileprivate var rearranges: Bool {
    if case .transpose = op { return true }
    if case .reshape = op { return true }
    if case .flatten = op { return true }
    if case .cast = op { return true }
    if case .dequantizeLinear = op { return true }
    return op == .identity || op == .squeeze || op == .unsqueeze
  }
}
