/// How much of a border a sliding window meets: amounts before and after each spatial axis, or a rule.
package struct Padding: Sendable, Hashable {
  package enum Rule: String, AttributeWord {
    case explicit = "NOTSET"
    /// As many windows as ceil(size / stride), the odd element of the border after.
    case sameUpper = "SAME_UPPER"
    /// The odd element of the border before.
    case sameLower = "SAME_LOWER"
    case valid = "VALID"
  }

  /// Empty means none on any axis.
  package var before: [Int]
  package var after: [Int]
  package var rule: Rule

  package init(before: [Int] = [], after: [Int] = [], rule: Rule = .explicit) {
    self.before = before
    self.after = after
    self.rule = rule
  }

  package init(top: Int = 0, left: Int = 0, bottom: Int = 0, right: Int = 0) {
    self.init(before: [top, left], after: [bottom, right])
  }

  package init(all amount: Int, axes: Int = 2) {
    self.init(before: Array(repeating: amount, count: axes), after: Array(repeating: amount, count: axes))
  }

  mutating func code(with coder: inout some AttributeCoder, hasRule: Bool = true) throws {
    if hasRule { try coder.word("auto_pad", &rule, default: .explicit) }
    var amounts = before + after
    try coder.integers("pads", &amounts)
    guard amounts.count % 2 == 0 else {
      throw GraphError(.shapeMismatch, "There are \(amounts.count) values in 'pads': two for each axis are needed.")
    }
    before = Array(amounts[..<(amounts.count / 2)])
    after = Array(amounts[(amounts.count / 2)...])
  }
}

/// Attributes of a convolution over 1, 2 or 3 spatial axes.
package struct Convolution: Sendable, Hashable {
  /// Empty: as the weight has it.
  package var kernel: [Int]
  /// Empty: 1 on every axis.
  package var strides: [Int]
  package var padding: Padding
  /// Empty: 1 on every axis.
  package var dilations: [Int]
  package var groups: Int

  package init(
    kernel: [Int] = [], strides: [Int] = [], padding: Padding = Padding(), dilations: [Int] = [], groups: Int = 1
  ) {
    self.kernel = kernel
    self.strides = strides
    self.padding = padding
    self.dilations = dilations
    self.groups = groups
  }

  mutating func code(with coder: inout some AttributeCoder, hasRule: Bool = true) throws {
    try padding.code(with: &coder, hasRule: hasRule)
    try coder.integers("dilations", &dilations)
    try coder.integer("group", &groups, default: 1)
    try coder.integers("kernel_shape", &kernel)
    try coder.integers("strides", &strides)
  }
}

package struct TransposedConvolution: Sendable, Hashable {
  package var window: Convolution
  /// Elements added to one side of the result; empty: none.
  package var outputPadding: [Int]
  /// The result's spatial sizes, from which the padding follows; empty: they follow from the padding.
  package var outputShape: [Int]

  package init(window: Convolution = Convolution(), outputPadding: [Int] = [], outputShape: [Int] = []) {
    self.window = window
    self.outputPadding = outputPadding
    self.outputShape = outputShape
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try window.code(with: &coder)
    try coder.integers("output_padding", &outputPadding)
    try coder.integers("output_shape", &outputShape)
  }
}

package struct DeformableConvolution: Sendable, Hashable {
  package var window: Convolution
  package var offsetGroups: Int

  package init(window: Convolution = Convolution(), offsetGroups: Int = 1) {
    self.window = window
    self.offsetGroups = offsetGroups
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try window.code(with: &coder, hasRule: false)
    try coder.integer("offset_group", &offsetGroups, default: 1)
  }
}

/// A depthwise convolution of one spatial axis that looks back only, with the last inputs as its state.
package struct CausalConvolution: Sendable, Hashable {
  package enum Activation: String, AttributeWord {
    case none, silu, swish
  }

  package var activation: Activation

  package init(activation: Activation = .none) {
    self.activation = activation
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.word("activation", &activation, default: .none)
  }
}

/// Attributes of pooling over 1, 2 or 3 spatial axes.
package struct Pooling: Sendable, Hashable {
  package var kernel: [Int]
  /// Empty: 1 on every axis.
  package var strides: [Int]
  package var padding: Padding
  /// Empty: 1 on every axis.
  package var dilations: [Int]
  /// Rounds the output's size up instead of down.
  package var ceilMode: Bool
  /// For averages: padded elements count in the divisor.
  package var countsPadding: Bool
  /// For the indices of maxima: column-major.
  package var columnMajorIndices: Bool

  package init(
    kernel: [Int] = [], strides: [Int] = [], padding: Padding = Padding(), dilations: [Int] = [],
    ceilMode: Bool = false, countsPadding: Bool = false, columnMajorIndices: Bool = false
  ) {
    self.kernel = kernel
    self.strides = strides
    self.padding = padding
    self.dilations = dilations
    self.ceilMode = ceilMode
    self.countsPadding = countsPadding
    self.columnMajorIndices = columnMajorIndices
  }

  mutating func codeWindow(with coder: inout some AttributeCoder, hasRule: Bool = true) throws {
    try padding.code(with: &coder, hasRule: hasRule)
    try coder.integers("kernel_shape", &kernel)
    try coder.integers("strides", &strides)
  }

  mutating func codePool(with coder: inout some AttributeCoder) throws {
    try codeWindow(with: &coder)
    try coder.flag("ceil_mode", &ceilMode, default: false)
    try coder.integers("dilations", &dilations)
  }
}

package struct RegionAlign: Sendable, Hashable {
  package enum Mode: String, AttributeWord {
    case average = "avg"
    case maximum = "max"
  }
  package enum Coordinates: String, AttributeWord {
    case halfPixel = "half_pixel"
    case outputHalfPixel = "output_half_pixel"
  }

  package var mode: Mode
  package var coordinates: Coordinates
  package var height: Int
  package var width: Int
  /// Zero: adaptive.
  package var samplingRatio: Int
  package var spatialScale: Double

  package init(
    mode: Mode = .average, coordinates: Coordinates = .halfPixel, height: Int = 1, width: Int = 1,
    samplingRatio: Int = 0, spatialScale: Double = 1
  ) {
    self.mode = mode
    self.coordinates = coordinates
    self.height = height
    self.width = width
    self.samplingRatio = samplingRatio
    self.spatialScale = spatialScale
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    // Written even where it is the default: older operator sets have another one.
    try coder.word("coordinate_transformation_mode", &coordinates, default: .halfPixel)
    try coder.word("mode", &mode, default: .average)
    try coder.integer("output_height", &height, default: 1)
    try coder.integer("output_width", &width, default: 1)
    try coder.integer("sampling_ratio", &samplingRatio, default: 0)
    try coder.decimal("spatial_scale", &spatialScale, default: 1)
  }
}

package struct ColumnsToImage: Sendable, Hashable {
  package var strides: [Int]
  package var dilations: [Int]
  package var padding: Padding

  package init(strides: [Int] = [], dilations: [Int] = [], padding: Padding = Padding()) {
    self.strides = strides
    self.dilations = dilations
    self.padding = padding
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try padding.code(with: &coder, hasRule: false)
    try coder.integers("strides", &strides)
    try coder.integers("dilations", &dilations)
  }
}
