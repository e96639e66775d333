/// Non-linearities of one element.
package enum Activation: Sendable, Hashable {
  case relu
  case leakyRelu(slope: Double)
  case thresholdedRelu(threshold: Double)
  case elu(alpha: Double)
  case selu(alpha: Double, gamma: Double)
  case celu(alpha: Double)
  case sigmoid
  case tanh
  case hardSigmoid(alpha: Double, beta: Double)
  case hardSwish
  /// x * sigmoid(alpha x).
  case swish(alpha: Double)
  case mish
  /// With the error function, or approximated through tanh.
  case gelu(approximated: Bool)
  case softplus
  case softsign
  /// Zero within the threshold, moved towards zero by the bias outside.
  case shrink(bias: Double, threshold: Double)

  package var onnxName: String {
    switch self {
    case .relu: "Relu"
    case .leakyRelu: "LeakyRelu"
    case .thresholdedRelu: "ThresholdedRelu"
    case .elu: "Elu"
    case .selu: "Selu"
    case .celu: "Celu"
    case .sigmoid: "Sigmoid"
    case .tanh: "Tanh"
    case .hardSigmoid: "HardSigmoid"
    case .hardSwish: "HardSwish"
    case .swish: "Swish"
    case .mish: "Mish"
    case .gelu: "Gelu"
    case .softplus: "Softplus"
    case .softsign: "Softsign"
    case .shrink: "Shrink"
    }
  }

  static let catalogue: [Activation] = [
    .relu, .leakyRelu(slope: 0.01), .thresholdedRelu(threshold: 1), .elu(alpha: 1),
    .selu(alpha: seluAlpha, gamma: seluGamma), .celu(alpha: 1), .sigmoid, .tanh, .hardSigmoid(alpha: 0.2, beta: 0.5),
    .hardSwish, .swish(alpha: 1), .mish, .gelu(approximated: false), .softplus, .softsign,
    .shrink(bias: 0, threshold: 0.5),
  ]

  static let seluAlpha = 1.67326319217681884765625
  static let seluGamma = 1.05070102214813232421875

  private enum Approximation: String, AttributeWord { case none, tanh }

  mutating func code(with coder: inout some AttributeCoder) throws {
    switch self {
    case .relu, .sigmoid, .tanh, .hardSwish, .mish, .softplus, .softsign: break
    case .leakyRelu(var slope):
      try coder.decimal("alpha", &slope, default: 0.01)
      self = .leakyRelu(slope: slope)
    case .thresholdedRelu(var threshold):
      try coder.decimal("alpha", &threshold, default: 1)
      self = .thresholdedRelu(threshold: threshold)
    case .elu(var alpha):
      try coder.decimal("alpha", &alpha, default: 1)
      self = .elu(alpha: alpha)
    case .selu(var alpha, var gamma):
      try coder.decimal("alpha", &alpha, default: Self.seluAlpha)
      try coder.decimal("gamma", &gamma, default: Self.seluGamma)
      self = .selu(alpha: alpha, gamma: gamma)
    case .celu(var alpha):
      try coder.decimal("alpha", &alpha, default: 1)
      self = .celu(alpha: alpha)
    case .hardSigmoid(var alpha, var beta):
      try coder.decimal("alpha", &alpha, default: 0.2)
      try coder.decimal("beta", &beta, default: 0.5)
      self = .hardSigmoid(alpha: alpha, beta: beta)
    case .swish(var alpha):
      try coder.decimal("alpha", &alpha, default: 1)
      self = .swish(alpha: alpha)
    case .gelu(let approximated):
      var word: Approximation = approximated ? .tanh : .none
      try coder.word("approximate", &word, default: .none)
      self = .gelu(approximated: word == .tanh)
    case .shrink(var bias, var threshold):
      try coder.decimal("bias", &bias, default: 0)
      try coder.decimal("lambd", &threshold, default: 0.5)
      self = .shrink(bias: bias, threshold: threshold)
    }
  }
}

/// Functions of one element without attributes; the raw values are ONNX's names.
package enum UnaryFunction: String, Sendable, Hashable, CaseIterable {
  case absolute = "Abs"
  case negative = "Neg"
  case sign = "Sign"
  case reciprocal = "Reciprocal"
  case squareRoot = "Sqrt"
  case exponential = "Exp"
  case logarithm = "Log"
  case errorFunction = "Erf"
  case ceiling = "Ceil"
  case floor = "Floor"
  /// Halves go to the even neighbour.
  case round = "Round"
  case sine = "Sin"
  case cosine = "Cos"
  case tangent = "Tan"
  case arcSine = "Asin"
  case arcCosine = "Acos"
  case arcTangent = "Atan"
  case hyperbolicSine = "Sinh"
  case hyperbolicCosine = "Cosh"
  case inverseHyperbolicSine = "Asinh"
  case inverseHyperbolicCosine = "Acosh"
  case inverseHyperbolicTangent = "Atanh"
  case isNaN = "IsNaN"
  case not = "Not"
  case bitwiseNot = "BitwiseNot"
}

/// Functions of two elements.
package enum Elementwise: Sendable, Hashable {
  case add, subtract, multiply
  /// Integers: towards zero.
  case divide
  case power
  /// Truncated takes the dividend's sign (C's fmod), else the result has the divisor's.
  case modulo(truncated: Bool)
  /// x where it is positive, else slope * x; the slope is broadcast to x alone.
  case parametricRelu
  /// Swish of the first (with that alpha) times the second.
  case gatedSwish(alpha: Double)
  case equal, less, lessOrEqual, greater, greaterOrEqual
  case and, or, exclusiveOr
  case bitwiseAnd, bitwiseOr, bitwiseExclusiveOr
  case shift(left: Bool)

  package var onnxName: String {
    switch self {
    case .add: "Add"
    case .subtract: "Sub"
    case .multiply: "Mul"
    case .divide: "Div"
    case .power: "Pow"
    case .modulo: "Mod"
    case .parametricRelu: "PRelu"
    case .gatedSwish: "SwiGLU"
    case .equal: "Equal"
    case .less: "Less"
    case .lessOrEqual: "LessOrEqual"
    case .greater: "Greater"
    case .greaterOrEqual: "GreaterOrEqual"
    case .and: "And"
    case .or: "Or"
    case .exclusiveOr: "Xor"
    case .bitwiseAnd: "BitwiseAnd"
    case .bitwiseOr: "BitwiseOr"
    case .bitwiseExclusiveOr: "BitwiseXor"
    case .shift: "BitShift"
    }
  }

  /// The result is of booleans, whatever is compared.
  package var isPredicate: Bool {
    switch self {
    case .equal, .less, .lessOrEqual, .greater, .greaterOrEqual, .and, .or, .exclusiveOr: true
    case .add, .subtract, .multiply, .divide, .power, .modulo, .parametricRelu, .gatedSwish, .bitwiseAnd, .bitwiseOr,
      .bitwiseExclusiveOr, .shift:
      false
    }
  }

  static let catalogue: [Elementwise] = [
    .add, .subtract, .multiply, .divide, .power, .modulo(truncated: false), .parametricRelu, .gatedSwish(alpha: 1),
    .equal, .less, .lessOrEqual, .greater, .greaterOrEqual, .and, .or, .exclusiveOr, .bitwiseAnd, .bitwiseOr,
    .bitwiseExclusiveOr, .shift(left: true),
  ]

  private enum Direction: String, AttributeWord {
    case left = "LEFT"
    case right = "RIGHT"
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    switch self {
    case .modulo(var truncated):
      try coder.flag("fmod", &truncated, default: false)
      self = .modulo(truncated: truncated)
    case .gatedSwish(var alpha):
      try coder.decimal("alpha", &alpha, default: 1)
      self = .gatedSwish(alpha: alpha)
    case .shift(let left):
      var direction: Direction? = left ? .left : .right
      try coder.requiredWord("direction", &direction)
      self = .shift(left: direction == .left)
    case .add, .subtract, .multiply, .divide, .power, .parametricRelu, .equal, .less, .lessOrEqual, .greater,
      .greaterOrEqual, .and, .or, .exclusiveOr, .bitwiseAnd, .bitwiseOr, .bitwiseExclusiveOr:
      break
    }
  }
}

/// Functions of any number of tensors; the raw values are ONNX's names.
package enum Aggregate: String, Sendable, Hashable, CaseIterable {
  case sum = "Sum"
  case mean = "Mean"
  case maximum = "Max"
  case minimum = "Min"
}

package struct Cast: Sendable, Hashable {
  package enum Rounding: String, AttributeWord {
    case up, down, nearest
  }

  /// Nil for CastLike, which takes the type of its second input.
  package var to: ElementType?
  package var saturates: Bool
  package var rounding: Rounding

  package init(to: ElementType? = nil, saturates: Bool = true, rounding: Rounding = .up) {
    self.to = to
    self.saturates = saturates
    self.rounding = rounding
  }

  mutating func code(with coder: inout some AttributeCoder, hasTarget: Bool) throws {
    if hasTarget { try coder.elementType("to", &to) }
    try coder.word("round_mode", &rounding, default: .up)
    try coder.flag("saturate", &saturates, default: true)
  }
}

/// The raw values are ONNX's names.
package enum ReductionFunction: String, Sendable, Hashable, CaseIterable {
  case mean = "ReduceMean"
  case sum = "ReduceSum"
  case maximum = "ReduceMax"
  case minimum = "ReduceMin"
  case product = "ReduceProd"
  case l1 = "ReduceL1"
  case l2 = "ReduceL2"
  case sumOfSquares = "ReduceSumSquare"
  case logSum = "ReduceLogSum"
  case logSumExp = "ReduceLogSumExp"
}

package struct Reduction: Sendable, Hashable {
  package var function: ReductionFunction
  package var keepsAxes: Bool
  /// Without axes nothing is reduced, instead of everything.
  package var leavesWithoutAxes: Bool

  package init(_ function: ReductionFunction, keepsAxes: Bool = true, leavesWithoutAxes: Bool = false) {
    self.function = function
    self.keepsAxes = keepsAxes
    self.leavesWithoutAxes = leavesWithoutAxes
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.flag("keepdims", &keepsAxes, default: true)
    try coder.flag("noop_with_empty_axes", &leavesWithoutAxes, default: false)
  }
}

package struct ArgExtreme: Sendable, Hashable {
  package var isMaximum: Bool
  package var axis: Int
  package var keepsAxes: Bool
  package var selectsLast: Bool

  package init(isMaximum: Bool = true, axis: Int = 0, keepsAxes: Bool = true, selectsLast: Bool = false) {
    self.isMaximum = isMaximum
    self.axis = axis
    self.keepsAxes = keepsAxes
    self.selectsLast = selectsLast
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.integer("axis", &axis, default: 0)
    try coder.flag("keepdims", &keepsAxes, default: true)
    try coder.flag("select_last_index", &selectsLast, default: false)
  }
}

package struct Cumulative: Sendable, Hashable {
  package var isProduct: Bool
  package var isExclusive: Bool
  package var isReversed: Bool

  package init(isProduct: Bool = false, isExclusive: Bool = false, isReversed: Bool = false) {
    self.isProduct = isProduct
    self.isExclusive = isExclusive
    self.isReversed = isReversed
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.flag("exclusive", &isExclusive, default: false)
    try coder.flag("reverse", &isReversed, default: false)
  }
}

package struct TopK: Sendable, Hashable {
  package var axis: Int
  package var largest: Bool
  package var sorted: Bool

  package init(axis: Int = -1, largest: Bool = true, sorted: Bool = true) {
    self.axis = axis
    self.largest = largest
    self.sorted = sorted
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.integer("axis", &axis, default: -1)
    try coder.flag("largest", &largest, default: true)
    try coder.flag("sorted", &sorted, default: true)
  }
}
