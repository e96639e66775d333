/// Positions of a flat value that form a regular grid: `offset + sum of strides[k] * index[k]`, as a strided view has them.
struct StridedGrid {
  /// The axes of the positions' shape that are longer than 1.
  let axes: [Int]
  let strides: [Int: Int]
  let offset: Int
  /// The size of each axis of the positions' shape.
  let sizes: [Int]

  /// Nil where the positions in a value of `count` numbers are no such grid, or one that repeats or turns back.
  init?(_ tensor: TensorData, count: Int) {
    let shape = tensor.shape
    let positions = tensor.integers.map { $0 < 0 ? Int($0) + count : Int($0) }
    guard let offset = positions.first, offset >= 0, positions.count == shape.reduce(1, *) else { return nil }
    let steps = Self.rowMajor(shape)
    axes = shape.indices.filter { shape[$0] > 1 }
    var strides: [Int: Int] = [:]
    for axis in axes { strides[axis] = positions[steps[axis]] - offset }
    guard strides.values.allSatisfy({ $0 > 0 }) else { return nil }
    for (place, position) in positions.enumerated() {
      var expected = offset
      for axis in axes { expected += (place / steps[axis] % shape[axis]) * (strides[axis] ?? 0) }
      guard position == expected else { return nil }
    }
    (self.strides, self.offset, sizes) = (strides, offset, shape)
  }

  private static func rowMajor(_ shape: [Int]) -> [Int] {
    var steps = Array(repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { steps[axis] = steps[axis + 1] * shape[axis + 1] }
    return steps
  }

  /// The axes from the longest stride to the shortest.
  var order: [Int] { axes.sorted { (strides[$0] ?? 0, $1) > (strides[$1] ?? 0, $0) } }

  /// The flat value as a row-major grid with an axis for each of `order` and one for what lies between its entries, and where
  /// along each of them the view begins; nil where the view does not follow the lines of a grid.
  func cut(_ order: [Int], count: Int) -> (grid: [Int], starts: [Int], lengths: [Int])? {
    var (grid, starts, lengths): ([Int], [Int], [Int]) = ([], [], [])
    var (above, rest) = (count, offset)
    for axis in order {
      // An axis of one entry here, and of more at other sizes, is whole.
      let stride = strides[axis] ?? above
      guard stride > 0, above % stride == 0 else { return nil }
      grid.append(above / stride)
      starts.append(rest / stride)
      lengths.append(sizes[axis])
      (above, rest) = (stride, rest % stride)
    }
    grid.append(above)
    starts.append(rest)
    lengths.append(1)
    guard grid.indices.allSatisfy({ starts[$0] + lengths[$0] <= grid[$0] }) else { return nil }
    return (grid, starts, lengths)
  }
}
