import ModelGraph

/// An operator made ready to run: attributes as plain numbers, choices made once, so that a run of a small network is not
/// dominated by reading attributes.
enum Kernel {
  case convolution(ConvolutionKernel)
  case batchNormalization(epsilon: Double, momentum: Double)
  /// Gemm in the form of PyTorch's linear layer.
  case linear
  case gemm(alpha: Double, beta: Double, transposesA: Bool, transposesB: Bool)
  case relu
  case leakyRelu(slope: Double)
  case sigmoid
  case tanh
  case clip(Double, Double)
  case maxPool(PoolingWindow)
  case averagePool(PoolingWindow)
  case globalAveragePool
  case add
  case subtract
  case multiply
  case concat(axis: Int)
  case slice(Slice)
  case pad(Pad)
  case flatten(axis: Int)
  case reduceMean(axes: [Int], keepsAxes: Bool)
  case softmax(axis: Int)
  case identity
  case dropout(ratio: Double)

  /// Throws `GraphRuntimeError(.unsupported)` when the number of inputs or the attributes cannot run.
  init(_ node: Node) throws {
    let extra = node.outputs.dropFirst().filter { !$0.isEmpty }
    guard let first = node.outputs.first, !first.isEmpty, extra.isEmpty else {
      throw Self.unsupported(node, "needs one output; it has \(node.outputs)")
    }
    let count = node.inputs.count
    func expect(_ range: ClosedRange<Int>) throws {
      let required = node.inputs.prefix(range.lowerBound)
      guard range.contains(count), !required.contains("") else {
        throw Self.unsupported(node, "has \(count) inputs where it needs \(range.lowerBound) to \(range.upperBound)")
      }
    }
    switch node.op {
    case .convolution(let convolution):
      try expect(2...3)
      guard let kernel = ConvolutionKernel(convolution) else {
        throw Self.unsupported(node, "needs two strides and two dilations, all positive")
      }
      self = .convolution(kernel)
    case .batchNormalization(let attributes):
      try expect(5...5)
      self = .batchNormalization(epsilon: attributes.epsilon, momentum: attributes.momentum)
    case .gemm(let gemm):
      try expect(2...3)
      if gemm.alpha == 1, gemm.beta == 1, !gemm.transposesA, gemm.transposesB {
        self = .linear
      } else {
        self = .gemm(
          alpha: gemm.alpha, beta: gemm.beta, transposesA: gemm.transposesA, transposesB: gemm.transposesB)
      }
    case .activation(let function):
      try expect(1...1)
      self = Self.activation(function)
    case .maxPool(let pooling):
      try expect(1...1)
      self = .maxPool(try Self.window(pooling, node))
    case .averagePool(let pooling):
      try expect(1...1)
      self = .averagePool(try Self.window(pooling, node))
    case .globalAveragePool:
      try expect(1...1)
      self = .globalAveragePool
    case .elementwise(let operation):
      try expect(2...2)
      self = Self.elementwise(operation)
    case .concat(let axis):
      try expect(1...Int.max)
      guard !node.inputs.contains("") else { throw Self.unsupported(node, "has an absent input") }
      self = .concat(axis: axis)
    case .slice(let slice):
      try expect(1...1)
      guard slice.steps.allSatisfy({ $0 > 0 }) else { throw Self.unsupported(node, "has a step that is not positive") }
      self = .slice(slice)
    case .pad(let pad):
      try expect(1...1)
      self = .pad(pad)
    case .flatten(let axis):
      try expect(1...1)
      self = .flatten(axis: axis)
    case .reduceMean(let axes, let keepsAxes):
      try expect(1...1)
      self = axes.isEmpty ? .identity : .reduceMean(axes: axes, keepsAxes: keepsAxes)
    case .softmax(let axis):
      try expect(1...1)
      self = .softmax(axis: axis)
    case .identity:
      try expect(1...1)
      self = .identity
    case .dropout(let ratio):
      try expect(1...1)
      guard ratio >= 0, ratio <= 1 else { throw Self.unsupported(node, "has the ratio \(ratio)") }
      self = ratio == 0 ? .identity : .dropout(ratio: ratio)
    }
  }

  /// Its result is memory of its own, which its gradient does not read: a rectifier may write over it.
  var leavesItsResultFree: Bool {
    switch self {
    case .convolution, .batchNormalization, .linear, .gemm, .add, .subtract, .multiply: true
    case .relu, .leakyRelu, .sigmoid, .tanh, .clip, .maxPool, .averagePool, .globalAveragePool, .concat, .slice, .pad,
      .flatten, .reduceMean, .softmax, .identity, .dropout:
      false
    }
  }

  private static func activation(_ function: Activation) -> Kernel {
    switch function {
    case .relu: .relu
    case .leakyRelu(let slope): .leakyRelu(slope: slope)
    case .sigmoid: .sigmoid
    case .tanh: .tanh
    case .clip(let minimum, let maximum): .clip(minimum, maximum)
    }
  }

  private static func elementwise(_ operation: Elementwise) -> Kernel {
    switch operation {
    case .add: .add
    case .subtract: .subtract
    case .multiply: .multiply
    }
  }

  private static func window(_ pooling: Pooling, _ node: Node) throws -> PoolingWindow {
    guard pooling.kernel.count == 2, pooling.strides.count == 2,
      (pooling.kernel + pooling.strides).allSatisfy({ $0 > 0 })
    else { throw unsupported(node, "needs two kernel sizes and two strides, all positive") }
    return PoolingWindow(pooling)
  }

  private static func unsupported(_ node: Node, _ what: String) -> GraphRuntimeError {
    GraphRuntimeError(.unsupported, "Node '\(node.name)' (\(node.op.onnxName)) \(what).")
  }
}

/// A convolution's attributes; a border that differs between sides is made before it.
struct ConvolutionKernel {
  let strides: (Int, Int)
  let dilations: (Int, Int)
  let groups: Int
  let padding: Padding

  init?(_ convolution: Convolution) {
    guard convolution.strides.count == 2, convolution.dilations.count == 2,
      (convolution.strides + convolution.dilations + [convolution.groups]).allSatisfy({ $0 > 0 })
    else { return nil }
    strides = (convolution.strides[0], convolution.strides[1])
    dilations = (convolution.dilations[0], convolution.dilations[1])
    groups = convolution.groups
    padding = convolution.padding
  }
}
