package enum PadMode: String, AttributeWord {
  case constant, reflect, edge, wrap
}

package enum ScatterReduction: String, AttributeWord {
  case none, add, mul, max, min
}

package enum TensorScatterMode: String, AttributeWord {
  case linear, circular
}

/// Which way DepthToSpace and SpaceToDepth lay blocks out; SpaceToDepth knew only depth first before operator set 28.
package enum DepthOrder: String, AttributeWord {
  /// Channel = block row, block column, then depth.
  case depthFirst = "DCR"
  /// Channel = depth, then block row, block column (PyTorch's pixel shuffle).
  case columnFirst = "CRD"
}

package struct Resize: Sendable, Hashable {
  package enum Mode: String, AttributeWord {
    case nearest, linear, cubic
  }
  package enum Coordinates: String, AttributeWord {
    case halfPixel = "half_pixel"
    case halfPixelSymmetric = "half_pixel_symmetric"
    case pytorchHalfPixel = "pytorch_half_pixel"
    case alignCorners = "align_corners"
    case asymmetric
    case cropAndResize = "tf_crop_and_resize"
  }
  package enum NearestRounding: String, AttributeWord {
    case roundPreferFloor = "round_prefer_floor"
    case roundPreferCeil = "round_prefer_ceil"
    case floor, ceil
  }
  package enum AspectRatio: String, AttributeWord {
    case stretch
    case notLarger = "not_larger"
    case notSmaller = "not_smaller"
  }

  package var mode: Mode
  package var coordinates: Coordinates
  package var nearestRounding: NearestRounding
  package var cubicCoefficient: Double
  package var antialiases: Bool
  package var excludesOutside: Bool
  package var extrapolationValue: Double
  package var aspectRatio: AspectRatio
  /// The axes that scales, sizes and region name; nil: all.
  package var axes: [Int]?

  package init(
    mode: Mode = .nearest, coordinates: Coordinates = .halfPixel,
    nearestRounding: NearestRounding = .roundPreferFloor, cubicCoefficient: Double = -0.75, antialiases: Bool = false,
    excludesOutside: Bool = false, extrapolationValue: Double = 0, aspectRatio: AspectRatio = .stretch,
    axes: [Int]? = nil
  ) {
    self.mode = mode
    self.coordinates = coordinates
    self.nearestRounding = nearestRounding
    self.cubicCoefficient = cubicCoefficient
    self.antialiases = antialiases
    self.excludesOutside = excludesOutside
    self.extrapolationValue = extrapolationValue
    self.aspectRatio = aspectRatio
    self.axes = axes
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.flag("antialias", &antialiases, default: false)
    try coder.optionalIntegers("axes", &axes)
    try coder.word("coordinate_transformation_mode", &coordinates, default: .halfPixel)
    try coder.decimal("cubic_coeff_a", &cubicCoefficient, default: -0.75)
    try coder.flag("exclude_outside", &excludesOutside, default: false)
    try coder.decimal("extrapolation_value", &extrapolationValue, default: 0)
    try coder.word("keep_aspect_ratio_policy", &aspectRatio, default: .stretch)
    try coder.word("mode", &mode, default: .nearest)
    try coder.word("nearest_mode", &nearestRounding, default: .roundPreferFloor)
  }
}

package struct GridSample: Sendable, Hashable {
  package enum Mode: String, AttributeWord {
    case linear, nearest, cubic
  }
  package enum PaddingMode: String, AttributeWord {
    case zeros, border, reflection
  }

  package var mode: Mode
  package var padding: PaddingMode
  package var alignsCorners: Bool

  package init(mode: Mode = .linear, padding: PaddingMode = .zeros, alignsCorners: Bool = false) {
    self.mode = mode
    self.padding = padding
    self.alignsCorners = alignsCorners
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.flag("align_corners", &alignsCorners, default: false)
    try coder.word("mode", &mode, default: .linear)
    try coder.word("padding_mode", &padding, default: .zeros)
  }
}

/// The raw values are ONNX's names.
package enum WindowFunction: String, Sendable, Hashable, CaseIterable {
  case hann = "HannWindow"
  case hamming = "HammingWindow"
  case blackman = "BlackmanWindow"
}

package struct Window: Sendable, Hashable {
  package var function: WindowFunction
  package var isPeriodic: Bool
  package var elementType: ElementType

  package init(function: WindowFunction, isPeriodic: Bool = true, elementType: ElementType = .float32) {
    self.function = function
    self.isPeriodic = isPeriodic
    self.elementType = elementType
  }

  mutating func code(with coder: inout some AttributeCoder) throws {
    try coder.elementType("output_datatype", &elementType, default: .float32)
    try coder.flag("periodic", &isPeriodic, default: true)
  }
}
