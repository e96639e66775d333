/// What a node computes: ONNX's operators for convolutional networks, each with its attributes.
///
/// Every facet of an operator (shape, MACs, atoms, execution, import, export) switches over this enum without a default,
/// so a new case does not compile until each facet knows it.
package enum Operator: Sendable, Hashable {
  /// Inputs: `[N, C, H, W]`, weight `[O, C / groups, kH, kW]`, optional bias `[O]`.
  case convolution(Convolution)
  /// Inputs: `[N, C, ...]`, scale, bias, running mean and running variance, each `[C]`.
  case batchNormalization(BatchNormalization)
  /// Inputs: A, B and optional C; alpha * op(A) * op(B) + beta * C with `[M, K]` x `[K, N]`.
  case gemm(Gemm)
  /// A function of one element.
  case activation(Activation)
  case maxPool(Pooling)
  case averagePool(Pooling)
  /// `[N, C, ...]` to `[N, C, 1, ...]`.
  case globalAveragePool
  /// Two inputs, with NumPy's broadcasting.
  case elementwise(Elementwise)
  case concat(axis: Int)
  /// A strided part of the input along some axes.
  case slice(Slice)
  /// A constant border.
  case pad(Pad)
  /// To two axes: the product of those before `axis`, and of the others.
  case flatten(axis: Int)
  case reduceMean(axes: [Int], keepsAxes: Bool)
  case softmax(axis: Int)
  case identity
  /// Zeroes a share of the elements in training; the identity in evaluation.
  case dropout(ratio: Double)

  /// ONNX's name of the operator.
  package var onnxName: String {
    switch self {
    case .convolution: "Conv"
    case .batchNormalization: "BatchNormalization"
    case .gemm: "Gemm"
    case .activation(let function): function.onnxName
    case .maxPool: "MaxPool"
    case .averagePool: "AveragePool"
    case .globalAveragePool: "GlobalAveragePool"
    case .elementwise(let operation): operation.onnxName
    case .concat: "Concat"
    case .slice: "Slice"
    case .pad: "Pad"
    case .flatten: "Flatten"
    case .reduceMean: "ReduceMean"
    case .softmax: "Softmax"
    case .identity: "Identity"
    case .dropout: "Dropout"
    }
  }
}

/// Attributes of a 2-D convolution; pairs are (height, width).
package struct Convolution: Sendable, Hashable {
  package var kernel: [Int]
  package var strides: [Int]
  package var padding: Padding
  package var dilations: [Int]
  package var groups: Int

  package init(
    kernel: [Int], strides: [Int] = [1, 1], padding: Padding = Padding(), dilations: [Int] = [1, 1], groups: Int = 1
  ) {
    self.kernel = kernel
    self.strides = strides
    self.padding = padding
    self.dilations = dilations
    self.groups = groups
  }
}

/// Elements added before and after each spatial axis.
package struct Padding: Sendable, Hashable {
  package var top: Int
  package var left: Int
  package var bottom: Int
  package var right: Int

  package init(top: Int = 0, left: Int = 0, bottom: Int = 0, right: Int = 0) {
    self.top = top
    self.left = left
    self.bottom = bottom
    self.right = right
  }

  package init(all amount: Int) {
    self.init(top: amount, left: amount, bottom: amount, right: amount)
  }

  package var isSymmetric: Bool { top == bottom && left == right }
}

package struct BatchNormalization: Sendable, Hashable {
  package var epsilon: Double
  /// The share of the *new* statistics in each update, as in PyTorch (ONNX's momentum is one minus this).
  package var momentum: Double

  package init(epsilon: Double = 1e-5, momentum: Double = 0.1) {
    self.epsilon = epsilon
    self.momentum = momentum
  }
}

package struct Gemm: Sendable, Hashable {
  package var alpha: Double
  package var beta: Double
  package var transposesA: Bool
  /// True for PyTorch's linear layers, whose weight is `[out, in]`.
  package var transposesB: Bool

  package init(alpha: Double = 1, beta: Double = 1, transposesA: Bool = false, transposesB: Bool = true) {
    self.alpha = alpha
    self.beta = beta
    self.transposesA = transposesA
    self.transposesB = transposesB
  }
}

package enum Activation: Sendable, Hashable {
  case relu
  case leakyRelu(slope: Double)
  case sigmoid
  case tanh
  /// Limits to a range; relu6 is `clip(0, 6)`.
  case clip(minimum: Double, maximum: Double)

  package var onnxName: String {
    switch self {
    case .relu: "Relu"
    case .leakyRelu: "LeakyRelu"
    case .sigmoid: "Sigmoid"
    case .tanh: "Tanh"
    case .clip: "Clip"
    }
  }
}

package enum Elementwise: String, Sendable, Hashable, CaseIterable {
  case add, subtract, multiply

  package var onnxName: String {
    switch self {
    case .add: "Add"
    case .subtract: "Sub"
    case .multiply: "Mul"
    }
  }
}

/// Attributes of 2-D pooling.
package struct Pooling: Sendable, Hashable {
  package var kernel: [Int]
  package var strides: [Int]
  package var padding: Padding
  /// Rounds the output's size up instead of down.
  package var ceilMode: Bool
  /// For averages: padded elements count in the divisor.
  package var countsPadding: Bool

  package init(
    kernel: [Int], strides: [Int], padding: Padding = Padding(), ceilMode: Bool = false, countsPadding: Bool = false
  ) {
    self.kernel = kernel
    self.strides = strides
    self.padding = padding
    self.ceilMode = ceilMode
    self.countsPadding = countsPadding
  }
}

/// One strided range per named axis; ends may lie beyond the axis, and both may be negative, as in ONNX. Steps are positive.
package struct Slice: Sendable, Hashable {
  package var axes: [Int]
  package var starts: [Int]
  package var ends: [Int]
  package var steps: [Int]

  package init(axes: [Int], starts: [Int], ends: [Int], steps: [Int]) {
    self.axes = axes
    self.starts = starts
    self.ends = ends
    self.steps = steps
  }

  /// The positions that are taken from an axis of `size`, or nil when this slice leaves the axis (of a tensor of `rank`) alone.
  package func positions(axis: Int, size: Int, rank: Int) -> [Int]? {
    guard let entry = axes.firstIndex(where: { ($0 < 0 ? $0 + rank : $0) == axis }) else { return nil }
    let start = min(max(starts[entry] < 0 ? starts[entry] + size : starts[entry], 0), size)
    let end = min(max(ends[entry] < 0 ? ends[entry] + size : ends[entry], 0), size)
    return Array(stride(from: start, to: end, by: steps[entry]))
  }
}

/// Amounts for every axis, before and after, and the constant that fills them.
package struct Pad: Sendable, Hashable {
  package var before: [Int]
  package var after: [Int]
  package var value: Float

  package init(before: [Int], after: [Int], value: Float = 0) {
    self.before = before
    self.after = after
    self.value = value
  }
}
