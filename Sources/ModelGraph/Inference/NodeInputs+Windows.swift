/// Convolutions and pooling: everything that slides a window over the spatial axes of `[N, C, spatial...]`.
extension NodeInputs {
  private static let imageRanks = 3...ShapeBounds.rankLimit

  func convolution(
    _ attributes: Convolution, weight: Int = 1, bias: Int? = 2, type: ElementType? = nil
  ) throws -> [ValueFact] {
    guard let x = try shape(0, rank: Self.imageRanks), let w = try shape(weight, rank: x.count...x.count) else {
      return like(nil, type: type)
    }
    let groups = attributes.groups
    guard groups > 0, x[1] % groups == 0, x[1] / groups == w[1], w[0] % groups == 0 else {
      throw ShapeMisfit("has a weight that does not fit its input's channels (groups \(groups))")
    }
    if let bias { try expect(bias, [w[0]], "a bias") }
    let window = try window(attributes, over: x, kernel: Array(w[2...]))
    return like([x[0], w[0]] + window.output, type: type)
  }

  func transposedConvolution(_ attributes: TransposedConvolution) throws -> [ValueFact] {
    guard let x = try shape(0, rank: Self.imageRanks), let w = try shape(1, rank: x.count...x.count) else {
      return like(nil)
    }
    let groups = attributes.window.groups
    guard groups > 0, x[1] == w[0], w[0] % groups == 0 else {
      throw ShapeMisfit("has a weight that does not fit its input's channels (groups \(groups))")
    }
    let channels = try ShapeBounds.product(w[1], groups)
    try expect(2, [channels], "a bias")
    try checkKernel(attributes.window.kernel, Array(w[2...]))
    let window = try WindowGeometry.transposed(
      over: Array(x[2...]), kernel: Array(w[2...]), strides: attributes.window.strides,
      dilations: attributes.window.dilations, padding: attributes.window.padding,
      outputPadding: attributes.outputPadding, outputShape: attributes.outputShape)
    return like([x[0], channels] + window.output)
  }

  func deformableConvolution(_ attributes: DeformableConvolution) throws -> [ValueFact] {
    let result = try convolution(attributes.window, bias: 3)
    guard let output = result[0].shape, let x = shape(0), let w = shape(1) else { return result }
    let groups = attributes.offsetGroups
    guard groups > 0, x[1] % groups == 0 else {
      throw ShapeMisfit("has \(groups) groups of offsets for \(x[1]) channels")
    }
    let spatial = Array(output[2...])
    let points = try ShapeBounds.product(groups, w[2...].reduce(1, *))
    let offsets = try ShapeBounds.product(points, spatial.count)
    try expect(2, [x[0], offsets] + spatial, "offsets")
    try expect(4, [x[0], points] + spatial, "a mask")
    return result
  }

  func causalConvolution() throws -> [ValueFact] {
    guard let x = try shape(0, rank: 3...3), let w = try shape(1, rank: 3...3) else {
      return like(shape(0)) + like(nil)
    }
    guard w[0] == x[1], w[1] == 1, w[2] > 0 else {
      throw ShapeMisfit("has a weight that does not fit its input's channels")
    }
    let state = [x[0], x[1], w[2] - 1]
    try expect(2, [x[1]], "a bias")
    try expect(3, state, "past values")
    return like(x) + like(state)
  }

  func pool(_ pooling: Pooling, type: ElementType? = nil) throws -> [ValueFact] {
    guard let x = try shape(0, rank: Self.imageRanks) else { return like(nil, type: type) }
    let window = try WindowGeometry.sliding(
      over: Array(x[2...]), kernel: pooling.kernel, strides: pooling.strides, dilations: pooling.dilations,
      padding: pooling.padding, ceilMode: pooling.ceilMode)
    return like(x[..<2] + window.output, type: type)
  }

  func globalPool() throws -> [ValueFact] {
    guard let x = try shape(0, rank: Self.imageRanks) else { return like(nil) }
    return like(x[..<2] + Array(repeating: 1, count: x.count - 2))
  }

  func unpool(_ pooling: Pooling) throws -> [ValueFact] {
    guard let x = try shape(0, rank: Self.imageRanks) else { return like(nil) }
    try expect(1, x, "indices")
    if isPresent(2) { return like(try integers(2)) }
    let window = try WindowGeometry.transposed(
      over: Array(x[2...]), kernel: pooling.kernel, strides: pooling.strides, dilations: [],
      padding: pooling.padding, outputPadding: [], outputShape: [])
    return like(x[..<2] + window.output)
  }

  /// `[R, C, height, width]` from X `[N, C, H, W]` and regions `[R, coordinates]`.
  func regions(_ size: [Int], coordinates: Int) throws -> [ValueFact] {
    guard let x = try shape(0, rank: 4...4), let regions = try shape(1, rank: 2...2) else { return like(nil) }
    guard size.count == 2, regions[1] == coordinates else {
      throw ShapeMisfit("needs regions of \(coordinates) numbers and a result of two spatial axes")
    }
    try expect(2, [regions[0]], "batch indices")
    return like([regions[0], x[1]] + size)
  }

  func columnsToImage(_ attributes: ColumnsToImage) throws -> [ValueFact] {
    guard let x = try shape(0, rank: 3...3), let image = try integers(1), let block = try integers(2) else {
      return like(nil)
    }
    try ShapeBounds.check(image)
    try ShapeBounds.check(block)
    let window = try WindowGeometry.sliding(
      over: image, kernel: block, strides: attributes.strides, dilations: attributes.dilations,
      padding: attributes.padding)
    let area = block.reduce(1, *)
    guard area > 0, x[1] % area == 0, window.output.reduce(1, *) == x[2] else {
      throw ShapeMisfit("has columns that do not fit an image of \(image) in blocks of \(block)")
    }
    return like([x[0], x[1] / area] + image)
  }

  private func window(_ attributes: Convolution, over x: [Int], kernel: [Int]) throws -> WindowGeometry {
    try checkKernel(attributes.kernel, kernel)
    return try WindowGeometry.sliding(
      over: Array(x[2...]), kernel: kernel, strides: attributes.strides, dilations: attributes.dilations,
      padding: attributes.padding)
  }

  private func checkKernel(_ named: [Int], _ kernel: [Int]) throws {
    guard named.isEmpty || named == kernel else {
      throw ShapeMisfit("names the kernel \(named), but its weight has \(kernel)")
    }
  }
}
