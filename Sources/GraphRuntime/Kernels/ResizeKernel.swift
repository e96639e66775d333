import ModelGraph
import Tensors

private let bilinear = ATenOperator("aten::upsample_bilinear2d")
private let nearest = ATenOperator("aten::upsample_nearest2d")

extension KernelContext {
  /// Interpolates one axis after the other, which gives what ONNX asks for and learns.
  func resize(_ attributes: Resize) throws -> KernelBody {
    if attributes.antialiases, attributes.mode == .nearest {
      throw failure("asks for antialiasing of nearest elements")
    }
    try expectInputs(1...4)
    let kernel = ResizeKernel(attributes: attributes, context: self)
    return { call in [try kernel.run(call)] }
  }
}

struct ResizeKernel {
  let attributes: Resize
  let context: KernelContext

  func run(_ call: KernelCall) throws -> Tensor {
    let x = try call.tensor(0)
    let axes = try interpolations(of: x.shape, call)
    if let result = try fused(x, axes) { return result }
    // Nearest elements are only moved; others are computed in floating point, integers rounded to even at the end.
    if attributes.mode == .nearest, attributes.coordinates != .cropAndResize {
      return try x.moved { try $0.picking(axes) }
    }
    var result = x.type.isFloatingPoint ? try x.precise : try x.to(.float64)
    for (position, axis) in axes.enumerated() where !axis.isIdentity {
      result = try result.interpolated(position, axis)
    }
    if x.type.isFloatingPoint || result.type == x.type { return try result.to(x.type) }
    let limits = x.type.integerLimits
    return try result.round().clamp(limits?.lowest ?? -.infinity, limits?.highest ?? .infinity).to(x.type)
  }

  /// What libtorch computes in the same way at once.
  private func fused(_ x: Tensor, _ axes: [ResizeAxis]) throws -> Tensor? {
    guard x.rank == 4, x.type == .float32 || x.type == .float64, axes[0].isIdentity, axes[1].isIdentity,
      !attributes.antialiases, !attributes.excludesOutside, axes.allSatisfy({ $0.outputSize > 0 })
    else { return nil }
    let (height, width) = (axes[2], axes[3])
    let size: ATenArgument = .integers([height.outputSize, width.outputSize])
    let keepsWholeSizes = height.hasWholeSize && width.hasWholeSize
    switch (attributes.mode, attributes.coordinates) {
    case (.linear, .halfPixel):
      return try bilinear.one(.tensor(x), size, .flag(false), .decimal(height.scale), .decimal(width.scale))
    case (.linear, .alignCorners) where keepsWholeSizes:
      return try bilinear.one(.tensor(x), size, .flag(true), .none, .none)
    case (.nearest, .asymmetric) where attributes.nearestRounding == .floor && height.doubles && width.doubles:
      return try nearest.one(.tensor(x), size, .none, .none)
    default: return nil
    }
  }

  /// How each axis of the input is resized.
  private func interpolations(of shape: [Int], _ call: KernelCall) throws -> [ResizeAxis] {
    let crops = attributes.coordinates == .cropAndResize
    let region = crops ? try decimals(1, call) : nil
    let scales = try decimals(2, call)
    let sizes = scales == nil ? try call.optionalIntegers(3) : nil
    let geometry = try ResizeGeometry(
      attributes, shape: shape, region: region?.map(Float.init), scales: scales?.map(Float.init), sizes: sizes)
    let axes = attributes.axes?.map { $0 < 0 ? $0 + shape.count : $0 } ?? Array(shape.indices)
    guard !crops || region?.count == 2 * axes.count else {
      throw context.failure("has a region of \(region?.count ?? 0) numbers for \(axes.count) axes")
    }
    return try shape.indices.map { axis in
      guard shape[axis] > 0 || geometry.sizes[axis] == 0 else {
        throw context.failure("makes \(geometry.sizes[axis]) elements of axis \(axis), which has none")
      }
      var part: (Double, Double)?
      if let region, let place = axes.firstIndex(of: axis) { part = (region[place], region[axes.count + place]) }
      return ResizeAxis(
        attributes, inputSize: shape[axis], outputSize: geometry.sizes[axis], scale: geometry.scales[axis],
        region: part)
    }
  }

  /// The numbers of a small input, from the weight itself where it is one; nil where it is absent or empty.
  private func decimals(_ position: Int, _ call: KernelCall) throws -> [Double]? {
    guard let given = call.optional(position), given.elementCount > 0 else { return nil }
    if let constant = context.constants[position] { return try Tensor(constant).doubles }
    return try given.doubles
  }
}

extension Tensor {
  /// The nearest elements along each axis.
  fileprivate func picking(_ axes: [ResizeAxis]) throws -> Tensor {
    var result = self
    for (position, axis) in axes.enumerated() where !axis.isIdentity {
      let places = try Tensor(int64s: axis.taps().places, shape: [axis.outputSize], device: device)
      result = try result.indexSelect(position, places)
    }
    return result
  }

  /// Weighted sums of neighbours along one axis.
  fileprivate func interpolated(_ position: Int, _ axis: ResizeAxis) throws -> Tensor {
    let taps = axis.taps()
    let size = axis.outputSize
    var sum: Tensor?
    for tap in 0..<taps.count {
      let range = (tap * size)..<((tap + 1) * size)
      let places = try Tensor(int64s: Array(taps.places[range]), shape: [size], device: device)
      let weights = try Tensor(doubles: Array(taps.weights[range]), device: device).to(type)
      let share = try indexSelect(position, places) * weights.alongAxis(position, rank: rank)
      sum = try sum.map { try $0 + share } ?? share
    }
    guard let sum else { return self }
    guard let outside = taps.outside else { return sum }
    let mask = try Tensor(int64s: outside.map { $0 ? 1 : 0 }, shape: [size], device: device).ne(0)
    return try sum.filled(axis.extrapolation, where: mask.alongAxis(position, rank: rank))
  }
}
