extension NodeInputs {
  func batchNormalization() throws -> [ValueFact] {
    if let x = try shape(0, rank: 1...ShapeBounds.rankLimit) {
      // A vector is a batch of one channel.
      let channels = x.count > 1 ? x[1] : 1
      for position in 1...4 { try expect(position, [channels], "a vector as long as its input has channels") }
    }
    return like(shape(0)) + [3, 4].map { ValueFact(type($0), shape: shape($0)) }
  }

  /// Scale and bias `[C]` of `[N, C, ...]`.
  func channelNormalization(minimumRank: Int) throws -> [ValueFact] {
    guard let x = try shape(0, rank: minimumRank...ShapeBounds.rankLimit) else { return like(nil) }
    for position in 1...2 { try expect(position, [x[1]], "a vector as long as its input has channels") }
    return like(x)
  }

  func groupNormalization(_ attributes: GroupNormalization) throws -> [ValueFact] {
    let result = try channelNormalization(minimumRank: 2)
    if let x = result[0].shape {
      guard attributes.groups > 0, x[1] % attributes.groups == 0 else {
        throw ShapeMisfit("has \(attributes.groups) groups of \(x[1]) channels")
      }
    }
    return result
  }

  func axisNormalization(_ attributes: AxisNormalization, hasStatistics: Bool) throws -> [ValueFact] {
    guard let x = shape(0) else {
      return like(nil) + (hasStatistics ? like(nil, type: .float32) + like(nil, type: .float32) : [])
    }
    let axis = try AxisRules.normalized(attributes.axis, rank: x.count)
    for position in 1...2 {
      if let scale = shape(position), broadcastShape(scale, x) != x {
        throw ShapeMisfit("has a scale or bias that does not fit axis \(axis)")
      }
    }
    guard hasStatistics else { return like(x) }
    let statistics = AxisRules.removing(Array(axis..<x.count), from: x, keeping: true)
    return like(x) + like(statistics, type: .float32) + like(statistics, type: .float32)
  }

  func localResponseNormalization(_ attributes: LocalResponseNormalization) throws -> [ValueFact] {
    guard attributes.size > 0 else { throw ShapeMisfit("normalises over \(attributes.size) channels") }
    return like(try shape(0, rank: 2...ShapeBounds.rankLimit))
  }

  /// The input's shape; the axis must be there.
  func alongAxis(_ axis: Int) throws -> [ValueFact] {
    if let x = shape(0) { _ = try AxisRules.normalized(axis, rank: x.count) }
    return like(shape(0))
  }

  func alongAxes(_ axes: [Int]) throws -> [ValueFact] {
    if let x = shape(0) { _ = try AxisRules.normalized(axes, rank: x.count) }
    return like(shape(0))
  }
}
