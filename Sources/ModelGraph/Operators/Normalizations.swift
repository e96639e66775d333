package struct BatchNormalization: Sendable, Hashable {
  package var epsilon: Double
  /// The share of the *new* statistics in each update, as in PyTorch (ONNX's momentum is one minus this).
  package var momentum: Double
  /// The file itself asks for batch statistics, with the running ones as further outputs.
  package var usesBatchStatistics: Bool

  package init(epsilon: Double = 1e-5, momentum: Double = 0.1, usesBatchStatistics: Bool = false) {
    self.epsilon = epsilon
    self.momentum = momentum
    self.usesBatchStatistics = usesBatchStatistics
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    var kept = 1 - momentum
    // Decimal numbers of few digits stay what they were on the way through 1 - momentum.
    kept = (kept * 1e9).rounded() / 1e9
    try coder.decimal("epsilon", &epsilon, default: 1e-5)
    try coder.decimal("momentum", &kept, default: 0.9)
    momentum = ((1 - kept) * 1e9).rounded() / 1e9
    try coder.flag("training_mode", &usesBatchStatistics, default: false)
  }
}

/// Of all axes from one on.
package struct AxisNormalization: Sendable, Hashable {
  package var axis: Int
  package var epsilon: Double

  package init(axis: Int = -1, epsilon: Double = 1e-5) {
    self.axis = axis
    self.epsilon = epsilon
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.integer("axis", &axis, default: -1)
    try coder.decimal("epsilon", &epsilon, default: 1e-5)
    // The precision inside; ours is float32 or better.
    try coder.ignored("stash_type")
  }
}

package struct GroupNormalization: Sendable, Hashable {
  package var groups: Int
  package var epsilon: Double

  package init(groups: Int = 1, epsilon: Double = 1e-5) {
    self.groups = groups
    self.epsilon = epsilon
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.decimal("epsilon", &epsilon, default: 1e-5)
    try coder.integer("num_groups", &groups, default: nil)
    try coder.ignored("stash_type")
  }
}

package struct LocalResponseNormalization: Sendable, Hashable {
  package var size: Int
  package var alpha: Double
  package var beta: Double
  package var bias: Double

  package init(size: Int = 1, alpha: Double = 1e-4, beta: Double = 0.75, bias: Double = 1) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.bias = bias
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.decimal("alpha", &alpha, default: 1e-4)
    try coder.decimal("beta", &beta, default: 0.75)
    try coder.decimal("bias", &bias, default: 1)
    try coder.integer("size", &size, default: nil)
  }
}

package struct LpNormalization: Sendable, Hashable {
  package var axis: Int
  package var p: Int

  package init(axis: Int = -1, p: Int = 2) {
    self.axis = axis
    self.p = p
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.integer("axis", &axis, default: -1)
    try coder.integer("p", &p, default: 2)
  }
}

package struct QuantizeLinear: Sendable, Hashable {
  package var axis: Int
  /// Zero: one scale a tensor or a channel.
  package var blockSize: Int
  package var outputType: ElementType?
  package var precision: ElementType?
  package var saturates: Bool

  package init(
    axis: Int = 1, blockSize: Int = 0, outputType: ElementType? = nil, precision: ElementType? = nil,
    saturates: Bool = true
  ) {
    self.axis = axis
    self.blockSize = blockSize
    self.outputType = outputType
    self.precision = precision
    self.saturates = saturates
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.integer("axis", &axis, default: 1)
    try coder.integer("block_size", &blockSize, default: 0)
    try coder.elementType("output_dtype", &outputType)
    try coder.elementType("precision", &precision)
    try coder.flag("saturate", &saturates, default: true)
  }
}

package struct DequantizeLinear: Sendable, Hashable {
  package var axis: Int
  package var blockSize: Int
  package var outputType: ElementType?

  package init(axis: Int = 1, blockSize: Int = 0, outputType: ElementType? = nil) {
    self.axis = axis
    self.blockSize = blockSize
    self.outputType = outputType
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.integer("axis", &axis, default: 1)
    try coder.integer("block_size", &blockSize, default: 0)
    try coder.elementType("output_dtype", &outputType)
  }
}

package struct ClassificationLoss: Sendable, Hashable {
  package enum Reduction: String, AttributeWord {
    case none, sum, mean
  }

  package var reduction: Reduction
  package var ignoredLabel: Int?

  package init(reduction: Reduction = .mean, ignoredLabel: Int? = nil) {
    self.reduction = reduction
    self.ignoredLabel = ignoredLabel
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.optionalInteger("ignore_index", &ignoredLabel)
    try coder.word("reduction", &reduction, default: .mean)
  }
}
