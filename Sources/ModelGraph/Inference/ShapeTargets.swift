/// The sizes that a node's numbers ask for: a Reshape's target, a Split's sizes, a Pad's amounts.
package enum ShapeTargets {
  /// The shape that a Reshape makes; nil when it cannot be told without the shape of the input.
  package static func reshape(_ input: [Int]?, to target: [Int], allowsZero: Bool) throws -> [Int]? {
    var result = target
    var open: Int?
    for (axis, size) in target.enumerated() {
      if size == -1 {
        guard open == nil else { throw ShapeMisfit("leaves two axes of the shape \(target) open") }
        open = axis
      } else if size == 0, !allowsZero {
        guard let input else { return nil }
        guard axis < input.count else { throw ShapeMisfit("copies axis \(axis) of its input, which has fewer") }
        result[axis] = input[axis]
      } else if size < 0 {
        throw ShapeMisfit("reshapes to the impossible shape \(target)")
      }
    }
    if let open { result[open] = 1 }
    try ShapeBounds.check(result)
    guard let input else { return open == nil ? result : nil }
    let (given, rest) = (input.reduce(1, *), result.reduce(1, *))
    if let open {
      guard rest > 0, given % rest == 0 else { throw ShapeMisfit("cannot reshape its input to \(target)") }
      result[open] = given / rest
    }
    guard result.reduce(1, *) == given else { throw ShapeMisfit("cannot reshape its input to \(target)") }
    return result
  }

  /// The sizes of a Split's parts; without given ones equal, the last one smaller where that does not come out even.
  package static func split(_ size: Int, sizes: [Int]?, parts: Int) throws -> [Int] {
    if let sizes {
      try ShapeBounds.check([sizes.count])
      var sum = 0
      for part in sizes {
        sum += try ShapeBounds.checked(part, in: 0...ShapeBounds.axisLimit, "part")
        guard sum <= size else { break }
      }
      guard sum == size, sizes.count == parts else {
        throw ShapeMisfit("splits an axis of \(size) into \(parts) outputs of the sizes \(sizes)")
      }
      return sizes
    }
    guard parts > 0 else { throw ShapeMisfit("splits into no parts") }
    let width = (size + parts - 1) / parts
    let last = size - width * (parts - 1)
    guard last >= 0 else { throw ShapeMisfit("splits an axis of \(size) into \(parts) parts") }
    return Array(repeating: width, count: parts - 1) + [last]
  }

  /// The amounts before and after every axis of a Pad, from a list that may name some axes only; negative ones cut off.
  package static func pad(
    rank: Int, amounts: [Int], axes: [Int]?
  ) throws -> (before: [Int], after: [Int]) {
    let axes = try AxisRules.normalized(axes ?? Array(0..<rank), rank: rank)
    guard amounts.count == 2 * axes.count else {
      throw ShapeMisfit("has \(amounts.count) amounts of padding for \(axes.count) axes")
    }
    var before = Array(repeating: 0, count: rank)
    var after = before
    let limits = -ShapeBounds.axisLimit...ShapeBounds.axisLimit
    for (position, axis) in axes.enumerated() {
      before[axis] = try ShapeBounds.checked(amounts[position], in: limits, "amount of padding")
      after[axis] = try ShapeBounds.checked(amounts[axes.count + position], in: limits, "amount of padding")
    }
    return (before, after)
  }

  /// The shape after a Pad; throws when more is cut off than there is.
  package static func padded(_ shape: [Int], before: [Int], after: [Int]) throws -> [Int] {
    try shape.indices.map { axis in
      let size = shape[axis] + before[axis] + after[axis]
      guard size >= 0 else { throw ShapeMisfit("cuts more off axis \(axis) than there is") }
      return size
    }
  }
}
