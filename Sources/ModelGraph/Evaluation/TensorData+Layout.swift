import Foundation

/// Moving elements of any type as bytes.
extension TensorData {
  /// Steps between neighbours along each axis of a row-major tensor.
  static func strides(of shape: [Int]) -> [Int] {
    var strides = Array(repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * max(shape[axis + 1], 1) }
    return strides
  }

  /// The tensor whose element at a position is the one at `offset` plus the position times the strides.
  func strided(shape: [Int], strides: [Int], offset: Int = 0) throws -> TensorData {
    // Trailing axes that lie as they will come out are copied in one piece.
    var run = 1
    var outer = shape.count
    while outer > 0, strides[outer - 1] == run || shape[outer - 1] == 1 {
      run *= shape[outer - 1]
      outer -= 1
    }
    let width = run * elementType.byteCount
    let count = shape.reduce(1, *)
    guard count > 0, width > 0 else { return try TensorData(elementType, shape: shape, bytes: Data()) }
    var result = Data(count: count * elementType.byteCount)
    try result.withUnsafeMutableBytes { target in
      try bytes.withUnsafeBytes { source in
        var place = Array(repeating: 0, count: outer)
        var from = offset
        for piece in 0..<(count / run) {
          let start = from * elementType.byteCount
          guard start >= 0, start + width <= source.count else { throw ShapeMisfit("reads outside of its data") }
          target[(piece * width)..<((piece + 1) * width)].copyBytes(from: source[start..<(start + width)])
          var axis = outer - 1
          while axis >= 0 {
            place[axis] += 1
            from += strides[axis]
            if place[axis] < shape[axis] { break }
            from -= strides[axis] * shape[axis]
            place[axis] = 0
            axis -= 1
          }
        }
      }
    }
    return try TensorData(elementType, shape: shape, bytes: result)
  }

  func transposed(_ permutation: [Int]) throws -> TensorData {
    let strides = Self.strides(of: shape)
    return try strided(shape: permutation.map { shape[$0] }, strides: permutation.map { strides[$0] })
  }

  /// Broadcast to a shape; throws where that does not go.
  func expanded(to target: [Int]) throws -> TensorData {
    if target == shape { return self }
    guard broadcastShape(shape, target) == target else { throw ShapeMisfit("cannot expand \(shape) to \(target)") }
    let missing = target.count - shape.count
    let own = Self.strides(of: shape)
    let strides = target.indices.map { axis in
      axis < missing || shape[axis - missing] == 1 ? 0 : own[axis - missing]
    }
    return try strided(shape: target, strides: strides)
  }

  /// For each axis the positions to take; -1 stands for an element of `fill`.
  func taking(_ positions: [[Int]], fill: Data? = nil) throws -> TensorData {
    let strides = Self.strides(of: shape)
    var sources = [0]
    for axis in shape.indices {
      let steps = try positions[axis].map { position in
        guard position >= -1, position < shape[axis], position >= 0 || fill != nil else {
          throw ShapeMisfit("takes position \(position) of an axis of \(shape[axis])")
        }
        return position < 0 ? -1 : position * strides[axis]
      }
      sources = sources.flatMap { source in steps.map { source < 0 || $0 < 0 ? -1 : source + $0 } }
    }
    return try taking(elements: sources, shape: positions.map(\.count), fill: fill)
  }

  /// The elements at row-major places; -1 stands for an element of `fill`.
  func taking(elements: [Int], shape: [Int], fill: Data? = nil) throws -> TensorData {
    let width = elementType.byteCount
    var result = Data(capacity: elements.count * width)
    for element in elements {
      if element < 0 {
        result.append(fill ?? Data(count: width))
      } else {
        let start = bytes.startIndex + element * width
        guard start + width <= bytes.endIndex else { throw ShapeMisfit("reads outside of its data") }
        result.append(bytes[start..<(start + width)])
      }
    }
    return try TensorData(elementType, shape: shape, bytes: result)
  }

  static func joined(_ parts: [TensorData], axis: Int, shape: [Int]) throws -> TensorData {
    guard let type = parts.first?.elementType else { throw ShapeMisfit("joins nothing") }
    let outer = shape[..<axis].reduce(1, *)
    let widths = parts.map { $0.shape[axis...].reduce(1, *) * type.byteCount }
    var result = Data(capacity: outer * widths.reduce(0, +))
    for row in 0..<outer {
      for (part, width) in zip(parts, widths) {
        let start = part.bytes.startIndex + row * width
        result.append(part.bytes[start..<(start + width)])
      }
    }
    return try TensorData(type, shape: shape, bytes: result)
  }

  /// The place of every element in the row-major order of `shape` as positions along the axes.
  static func positions(of shape: [Int]) -> [[Int]] {
    var result: [[Int]] = [[]]
    for size in shape { result = result.flatMap { start in (0..<size).map { start + [$0] } } }
    return result
  }
}
