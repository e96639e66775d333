/// NumPy's broadcasting of two shapes, or nil when they do not go together.
package func broadcastShape(_ left: [Int], _ right: [Int]) -> [Int]? {
  var result: [Int] = []
  for position in 0..<max(left.count, right.count) {
    let a = position < left.count ? left[left.count - 1 - position] : 1
    let b = position < right.count ? right[right.count - 1 - position] : 1
    guard a == b || a == 1 || b == 1 else { return nil }
    result.append(a == 1 ? b : a)
  }
  return result.reversed()
}

/// How axes are named in files: negative ones count from the end.
package enum AxisRules {
  /// The axis in 0..<rank.
  package static func normalized(_ axis: Int, rank: Int) throws -> Int {
    let result = axis < 0 ? axis + rank : axis
    guard result >= 0, result < rank else { throw ShapeMisfit("names axis \(axis) of \(rank)") }
    return result
  }

  /// The axes in 0..<rank in the given order; throws when one is named twice.
  package static func normalized(_ axes: [Int], rank: Int) throws -> [Int] {
    let result = try axes.map { try normalized($0, rank: rank) }
    guard Set(result).count == result.count else { throw ShapeMisfit("names an axis twice: \(axes)") }
    return result
  }

  /// The axes that a Squeeze removes; without a list all of size 1.
  package static func squeezed(_ shape: [Int], axes: [Int]?) throws -> [Int] {
    guard let axes else { return shape.indices.filter { shape[$0] == 1 } }
    let removed = try normalized(axes, rank: shape.count)
    for axis in removed where shape[axis] != 1 { throw ShapeMisfit("squeezes axis \(axis), whose size is not 1") }
    return removed.sorted()
  }

  /// The axes that a reduction takes together: an empty or absent list means all, or none where the operator says so.
  package static func reduced(rank: Int, axes: [Int]?, leavesWithoutAxes: Bool) throws -> [Int] {
    guard let axes, !axes.isEmpty else { return leavesWithoutAxes ? [] : Array(0..<rank) }
    return try normalized(axes, rank: rank).sorted()
  }

  /// The shape with those axes taken out, or kept with size 1.
  package static func removing(_ axes: [Int], from shape: [Int], keeping: Bool) -> [Int] {
    let gone = Set(axes)
    return shape.indices.compactMap { gone.contains($0) ? (keeping ? 1 : nil) : shape[$0] }
  }

  /// The shape with new axes of size 1 at places that count in the result.
  package static func unsqueezed(_ shape: [Int], axes: [Int]) throws -> [Int] {
    let rank = shape.count + axes.count
    guard rank <= ShapeBounds.rankLimit else { throw ShapeMisfit("makes \(rank) axes") }
    let new = Set(try normalized(axes, rank: rank))
    var rest = shape.makeIterator()
    return (0..<rank).map { new.contains($0) ? 1 : rest.next() ?? 1 }
  }

  /// A Transpose's permutation in full; an empty one reverses the axes.
  package static func permutation(_ permutation: [Int], rank: Int) throws -> [Int] {
    if permutation.isEmpty { return Array((0..<rank).reversed()) }
    guard permutation.count == rank else {
      throw ShapeMisfit("permutes \(permutation.count) axes of a value of \(rank)")
    }
    return try normalized(permutation, rank: rank)
  }
}
