extension NodeInputs {
  func reduce(_ reduction: Reduction) throws -> [ValueFact] {
    guard let x = shape(0) else { return like(nil) }
    guard case .known(let axes) = try optionalIntegers(1) else { return like(nil) }
    let removed = try AxisRules.reduced(rank: x.count, axes: axes, leavesWithoutAxes: reduction.leavesWithoutAxes)
    return like(AxisRules.removing(removed, from: x, keeping: reduction.keepsAxes))
  }

  func argExtreme(_ attributes: ArgExtreme) throws -> [ValueFact] {
    guard let x = shape(0) else { return like(nil, type: .int64) }
    let axis = try AxisRules.normalized(attributes.axis, rank: x.count)
    guard x[axis] > 0 else { throw ShapeMisfit("looks for an extreme on the empty axis \(axis)") }
    return like(AxisRules.removing([axis], from: x, keeping: attributes.keepsAxes), type: .int64)
  }

  func cumulative() throws -> [ValueFact] {
    if let x = shape(0), let axis = try integer(1) { _ = try AxisRules.normalized(axis, rank: x.count) }
    return like(shape(0))
  }

  func topK(_ attributes: TopK) throws -> [ValueFact] {
    guard var result = shape(0) else { return like(nil) + like(nil, type: .int64) }
    let axis = try AxisRules.normalized(attributes.axis, rank: result.count)
    guard let count = try integer(1) else { return like(nil) + like(nil, type: .int64) }
    guard count >= 0, count <= result[axis] else {
      throw ShapeMisfit("takes \(count) elements of axis \(axis), which has \(result[axis])")
    }
    result[axis] = count
    return like(result) + like(result, type: .int64)
  }
}
