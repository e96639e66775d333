/// Operators that sample or lay out images, and others whose result has a shape of its own.
extension NodeInputs {
  func depthToSpace(_ size: Int) throws -> [ValueFact] {
    guard let x = try shape(0, rank: 4...4) else { return like(nil) }
    let area = try ShapeBounds.product(size, size)
    guard size > 0, x[1] % area == 0 else { throw ShapeMisfit("lays \(x[1]) channels out in blocks of \(size)") }
    return like([x[0], x[1] / area, try ShapeBounds.product(x[2], size), try ShapeBounds.product(x[3], size)])
  }

  func spaceToDepth(_ size: Int) throws -> [ValueFact] {
    guard let x = try shape(0, rank: 4...4) else { return like(nil) }
    guard size > 0, x[2] % size == 0, x[3] % size == 0 else { throw ShapeMisfit("cuts its input in blocks of \(size)") }
    return like([x[0], try ShapeBounds.product(x[1], size, size), x[2] / size, x[3] / size])
  }

  /// Nil where the shape, the scales and the sizes are not known.
  func resizeGeometry(_ attributes: Resize) throws -> ResizeGeometry? {
    guard let x = shape(0) else { return nil }
    let hasScales = isPresent(2) && shape(2) != [0]
    let hasSizes = isPresent(3) && shape(3) != [0]
    let scales = hasScales ? self[2]?.constant?.floatValues : nil
    let sizes = hasSizes ? try integers(3) : nil
    guard !hasScales || scales != nil, !hasSizes || sizes != nil else { return nil }
    let crops = attributes.coordinates == .cropAndResize
    let region = crops ? self[1]?.constant?.floatValues : nil
    if crops, hasScales, isPresent(1), region == nil { return nil }
    return try ResizeGeometry(attributes, shape: x, region: region, scales: scales, sizes: sizes)
  }

  func resize(_ attributes: Resize) throws -> [ValueFact] { like(try resizeGeometry(attributes)?.sizes) }

  func gridSample() throws -> [ValueFact] {
    guard let x = try shape(0, rank: 3...ShapeBounds.rankLimit), let grid = try shape(1, rank: x.count...x.count) else {
      return like(nil)
    }
    guard grid[0] == x[0], grid[grid.count - 1] == x.count - 2 else {
      throw ShapeMisfit("has a grid that does not fit its input")
    }
    return like(Array(x[..<2]) + grid[1..<(grid.count - 1)])
  }

  func affineGrid() throws -> [ValueFact] {
    guard let theta = try shape(0, rank: 3...3), let size = try integers(1) else { return like(nil) }
    let axes = size.count - 2
    guard axes == 2 || axes == 3, theta == [size[0], axes, axes + 1] else {
      throw ShapeMisfit("has matrices that do not fit the size \(size)")
    }
    return like([size[0]] + size[2...] + [axes])
  }

  func nonMaxSuppression() throws -> [ValueFact] {
    if let boxes = try shape(0, rank: 3...3), let scores = try shape(1, rank: 3...3) {
      guard boxes[0] == scores[0], boxes[1] == scores[2], boxes[2] == 4 else {
        throw ShapeMisfit("has boxes and scores that do not go together")
      }
    }
    return like(nil, type: .int64)
  }

  func determinant() throws -> [ValueFact] {
    guard let x = try shape(0, rank: 2...ShapeBounds.rankLimit) else { return like(nil) }
    guard x[x.count - 1] == x[x.count - 2] else { throw ShapeMisfit("needs square matrices") }
    return like(x.dropLast(2))
  }

  func fourierTransform(_ inverse: Bool, _ oneSided: Bool) throws -> [ValueFact] {
    guard var x = try shape(0, rank: 2...ShapeBounds.rankLimit) else { return like(nil) }
    guard !isPresent(1) || self[1]?.constant != nil, !isPresent(2) || self[2]?.constant != nil else { return like(nil) }
    let axis = try AxisRules.normalized(try integer(2) ?? -2, rank: x.count)
    guard axis < x.count - 1, let parts = x.last, parts == 1 || parts == 2 else {
      throw ShapeMisfit("transforms axis \(axis), which must lie before a last axis of 1 or 2")
    }
    let length = try integer(1) ?? (oneSided && inverse ? 2 * (x[axis] - 1) : x[axis])
    guard length > 0, length <= ShapeBounds.axisLimit else { throw ShapeMisfit("transforms \(length) elements") }
    x[axis] = oneSided && !inverse ? length / 2 + 1 : length
    x[x.count - 1] = oneSided && inverse ? 1 : 2
    return like(x)
  }

  func shortTimeFourierTransform(_ oneSided: Bool) throws -> [ValueFact] {
    guard let x = try shape(0, rank: 2...3), let step = try integer(1) else { return like(nil) }
    let window = try shape(2, rank: 1...1)
    guard !isPresent(3) || self[3]?.constant != nil, !isPresent(2) || window != nil else { return like(nil) }
    let length = try integer(3) ?? window?[0] ?? x[1]
    guard step > 0, length > 0, length <= x[1], window.map({ $0[0] == length }) ?? true else {
      throw ShapeMisfit("cuts frames of \(length) every \(step) elements out of \(x[1])")
    }
    return like([x[0], (x[1] - length) / step + 1, oneSided ? length / 2 + 1 : length, 2])
  }

  /// `[bins of a one-sided spectrum, mel bands]`.
  func melWeightMatrix(_ type: ElementType) throws -> [ValueFact] {
    guard let bands = try integer(0), let length = try integer(1) else { return like(nil, type: type) }
    return like([max(length, 0) / 2 + 1, bands], type: type)
  }

  func classificationLoss(_ loss: ClassificationLoss) throws -> [ValueFact] {
    guard let x = try shape(0, rank: 2...ShapeBounds.rankLimit) else { return like(loss.reduction == .none ? nil : []) }
    let labels = [x[0]] + x[2...]
    try expect(1, labels, "labels")
    try expect(2, [x[1]], "class weights")
    return like(loss.reduction == .none ? labels : [])
  }
}
