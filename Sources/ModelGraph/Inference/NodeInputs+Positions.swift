/// Operators that move elements or choose them by position.
extension NodeInputs {
  func reshape(allowsZero: Bool) throws -> [ValueFact] {
    guard let target = try integers(1) else { return like(nil) }
    return like(try ShapeTargets.reshape(shape(0), to: target, allowsZero: allowsZero))
  }

  func transpose(_ permutation: [Int]) throws -> [ValueFact] {
    guard let x = shape(0) else { return like(nil) }
    return like(try AxisRules.permutation(permutation, rank: x.count).map { x[$0] })
  }

  func flatten(_ axis: Int) throws -> [ValueFact] {
    guard let x = shape(0) else { return like(nil) }
    let place = axis < 0 ? axis + x.count : axis
    guard place >= 0, place <= x.count else { throw ShapeMisfit("flattens at axis \(axis) of \(x.count)") }
    return like([x[..<place].reduce(1, *), x[place...].reduce(1, *)])
  }

  func squeeze() throws -> [ValueFact] {
    guard let x = shape(0), case .known(let axes) = try optionalIntegers(1) else { return like(nil) }
    return like(AxisRules.removing(try AxisRules.squeezed(x, axes: axes), from: x, keeping: false))
  }

  func unsqueeze() throws -> [ValueFact] {
    guard let x = shape(0), let axes = try integers(1) else { return like(nil) }
    return like(try AxisRules.unsqueezed(x, axes: axes))
  }

  func expand() throws -> [ValueFact] {
    guard let x = shape(0), let target = try integers(1) else { return like(nil) }
    try ShapeBounds.check(target)
    guard let result = broadcastShape(x, target) else { throw ShapeMisfit("cannot expand its input to \(target)") }
    return like(result)
  }

  func tile() throws -> [ValueFact] {
    guard let x = shape(0), let repeats = try integers(1) else { return like(nil) }
    guard repeats.count == x.count else { throw ShapeMisfit("has \(repeats.count) repeats for \(x.count) axes") }
    return like(try zip(x, repeats).map { try ShapeBounds.product($0, $1) })
  }

  func concat(_ axis: Int) throws -> [ValueFact] {
    try expectSameType(facts.indices)
    guard facts.allSatisfy({ $0 != nil }) else { throw ShapeMisfit("has an absent input") }
    let shapes = facts.compactMap { $0?.shape }
    guard shapes.count == facts.count, var result = shapes.first else { return like(nil) }
    let axis = try AxisRules.normalized(axis, rank: result.count)
    for other in shapes.dropFirst() {
      guard other.count == result.count, result.indices.allSatisfy({ $0 == axis || other[$0] == result[$0] }) else {
        throw ShapeMisfit("cannot concatenate its inputs on axis \(axis)")
      }
      result[axis] = try ShapeBounds.checked(
        result[axis] + other[axis], in: 0...ShapeBounds.axisLimit, "concatenated size")
    }
    return like(result)
  }

  func split(_ axis: Int) throws -> [ValueFact] {
    let parts = node.outputs.count
    guard let x = shape(0), case .known(let sizes) = try optionalIntegers(1) else {
      return Array(repeating: ValueFact(type(0), shape: nil), count: parts)
    }
    let axis = try AxisRules.normalized(axis, rank: x.count)
    return try ShapeTargets.split(x[axis], sizes: sizes, parts: parts).map { size in
      var part = x
      part[axis] = size
      return ValueFact(type(0), shape: part)
    }
  }

  /// Nil where the data's shape or a list of positions is not known.
  func slicePositions() throws -> SlicePositions? {
    guard let x = shape(0), let starts = try integers(1), let ends = try integers(2) else { return nil }
    guard case .known(let axes) = try optionalIntegers(3), case .known(let steps) = try optionalIntegers(4) else {
      return nil
    }
    return try SlicePositions(shape: x, starts: starts, ends: ends, axes: axes, steps: steps)
  }

  func slice() throws -> [ValueFact] { like(try slicePositions()?.shape) }

  func pad(_ mode: PadMode) throws -> [ValueFact] {
    guard let x = shape(0), let amounts = try integers(1), case .known(let axes) = try optionalIntegers(3) else {
      return like(nil)
    }
    let (before, after) = try ShapeTargets.pad(rank: x.count, amounts: amounts, axes: axes)
    let result = try ShapeTargets.padded(x, before: before, after: after)
    if mode != .constant, let axis = x.indices.first(where: { x[$0] == 0 && result[$0] > 0 }) {
      throw ShapeMisfit("pads the empty axis \(axis) with its own elements")
    }
    return like(result)
  }

  func gather(_ axis: Int) throws -> [ValueFact] {
    guard let x = shape(0), let indices = shape(1) else { return like(nil) }
    let axis = try AxisRules.normalized(axis, rank: x.count)
    return like(x[..<axis] + indices + x[(axis + 1)...])
  }

  func gatherElements(_ axis: Int) throws -> [ValueFact] {
    guard let x = shape(0), let indices = try shape(1, rank: x.count...x.count) else { return like(shape(1)) }
    let axis = try AxisRules.normalized(axis, rank: x.count)
    guard x.indices.allSatisfy({ $0 == axis || indices[$0] <= x[$0] }) else {
      throw ShapeMisfit("has more indices than its data has elements")
    }
    return like(indices)
  }

  func gatherND(_ batchAxes: Int) throws -> [ValueFact] {
    guard let x = shape(0), let indices = try shape(1, rank: 1...ShapeBounds.rankLimit) else { return like(nil) }
    let depth = indices[indices.count - 1]
    guard batchAxes >= 0, batchAxes < min(x.count, indices.count), depth <= x.count - batchAxes,
      indices[..<batchAxes] == x[..<batchAxes]
    else { throw ShapeMisfit("has indices of \(depth) numbers that do not fit its data after \(batchAxes) axes") }
    return like(indices.dropLast() + x[(batchAxes + depth)...])
  }

  func scatterElements(_ axis: Int) throws -> [ValueFact] {
    try expectTypes(0, 2)
    guard let x = shape(0) else { return like(nil) }
    let axis = try AxisRules.normalized(axis, rank: x.count)
    if let indices = try shape(1, rank: x.count...x.count) {
      try expect(2, indices, "updates")
      guard x.indices.allSatisfy({ $0 == axis || indices[$0] <= x[$0] }) else {
        throw ShapeMisfit("has more indices than its data has elements")
      }
    }
    return like(x)
  }

  func scatterND() throws -> [ValueFact] {
    try expectTypes(0, 2)
    guard let x = shape(0), let indices = try shape(1, rank: 1...ShapeBounds.rankLimit) else { return like(shape(0)) }
    let depth = indices[indices.count - 1]
    guard depth <= x.count else { throw ShapeMisfit("has indices of \(depth) numbers for \(x.count) axes") }
    try expect(2, indices.dropLast() + x[depth...], "updates")
    return like(x)
  }

  func tensorScatter(_ axis: Int) throws -> [ValueFact] {
    try expectTypes(0, 1)
    guard let x = try shape(0, rank: 2...ShapeBounds.rankLimit) else { return like(nil) }
    let axis = try AxisRules.normalized(axis, rank: x.count)
    guard axis > 0 else { throw ShapeMisfit("writes along the batch axis") }
    if let update = shape(1) {
      var wanted = x
      wanted[axis] = update.count == x.count ? min(update[axis], x[axis]) : x[axis]
      try expect(1, wanted, "an update")
    }
    try expect(2, [x[0]], "write positions")
    return like(x)
  }

  func centerCropPad(_ axes: [Int]?) throws -> [ValueFact] {
    guard var x = shape(0) else { return like(nil) }
    let axes = try AxisRules.normalized(axes ?? Array(x.indices), rank: x.count)
    guard let target = try integers(1) else { return like(nil) }
    guard target.count == axes.count else { throw ShapeMisfit("has \(target.count) sizes for \(axes.count) axes") }
    for (axis, size) in zip(axes, target) { x[axis] = size }
    return like(x)
  }

  func reverseSequence(_ batchAxis: Int, _ timeAxis: Int) throws -> [ValueFact] {
    guard let x = try shape(0, rank: 2...ShapeBounds.rankLimit) else { return like(nil) }
    let axes = try AxisRules.normalized([batchAxis, timeAxis], rank: x.count)
    try expect(1, [x[axes[0]]], "sequence lengths")
    return like(x)
  }

  func compress(_ axis: Int?) throws -> [ValueFact] {
    if let x = shape(0), let axis { _ = try AxisRules.normalized(axis, rank: x.count) }
    _ = try shape(1, rank: 1...1)
    return like(nil)
  }

  func unique(_ axis: Int?) throws -> [ValueFact] {
    let inverse = try shape(0).map { x in
      if let axis { [x[try AxisRules.normalized(axis, rank: x.count)]] } else { [x.reduce(1, *)] }
    }
    return like(nil) + like(nil, type: .int64) + like(inverse, type: .int64) + like(nil, type: .int64)
  }

  func oneHot(_ axis: Int) throws -> [ValueFact] {
    try expect(2, [2], "the values off and on")
    guard let indices = shape(0), let depth = try oneHotDepth() else { return like(nil, type: type(2)) }
    let place = try AxisRules.normalized(axis, rank: indices.count + 1)
    return like(indices[..<place] + [depth] + indices[place...], type: type(2))
  }

  /// The depth may come as any kind of number.
  func oneHotDepth() throws -> Int? {
    guard let constant = self[1]?.constant else { return nil }
    guard constant.elementCount == 1, let value = constant.doubleValues.first,
      let depth = Int(exactly: value.rounded(.towardZero)), depth >= 0, depth <= ShapeBounds.axisLimit
    else { throw ShapeMisfit("has no depth that can be an axis") }
    return depth
  }

  func range() throws -> [ValueFact] {
    try expectSameType(0..<3)
    for position in 0..<3 {
      if let shape = shape(position), shape.reduce(1, *) != 1 { throw ShapeMisfit("needs three single numbers") }
    }
    let limits = (0..<3).compactMap { self[$0]?.constant }
    guard limits.count == 3 else { return like(nil) }
    guard let count = RangeCount.count(limits) else { throw ShapeMisfit("counts in steps that lead nowhere") }
    return like([count])
  }

  func constantOfShape(_ value: TensorData?) throws -> [ValueFact] {
    if let value, value.elementCount != 1 { throw ShapeMisfit("fills with \(value.elementCount) values") }
    return like(try integers(0), type: value?.elementType ?? .float32)
  }

  func shapeOf(_ start: Int, _ end: Int?) throws -> [ValueFact] {
    guard let x = shape(0) else { return like(nil, type: .int64) }
    return like([Self.shapeRange(rank: x.count, start: start, end: end).count], type: .int64)
  }

  /// Which axes a Shape reads; what lies outside is cut off.
  static func shapeRange(rank: Int, start: Int, end: Int?) -> Range<Int> {
    func place(_ axis: Int) -> Int { min(max(axis < 0 ? axis + rank : axis, 0), rank) }
    let first = place(start)
    return first..<max(first, place(end ?? rank))
  }

  private func expectTypes(_ first: Int, _ second: Int) throws {
    guard type(first) == type(second) else {
      throw ShapeMisfit("joins elements of the types \(type(first).rawValue) and \(type(second).rawValue)")
    }
  }
}
