import Tensors

extension Tensor {
  /// Linear interpolation of `[B, C, spatial...]` at `[B, P]` coordinates for each spatial axis, to `[B, C, P]`.
  ///
  /// Elements outside count as zero. Gradients reach the values and the coordinates.
  func sampledLinearly(at coordinates: [Tensor]) throws -> Tensor {
    let lows = try coordinates.map { try $0.detach().floor() }
    let fractions = try zip(coordinates, lows).map { try $0 - $1 }
    var sum: Tensor?
    for corner in 0..<(1 << coordinates.count) {
      var places: [Tensor] = []
      var weight: Tensor?
      for axis in coordinates.indices {
        let isUpper = corner >> axis & 1 == 1
        places.append(isUpper ? try lows[axis].add(1) : lows[axis])
        let factor = isUpper ? fractions[axis] : try fractions[axis].neg().add(1)
        weight = try weight.map { try $0 * factor } ?? factor
      }
      let values = try picked(at: places)
      let share = try weight.map { try values * $0.inserting(axis: 1) } ?? values
      sum = try sum.map { try $0 + share } ?? share
    }
    return sum ?? self
  }

  /// The elements of `[B, C, spatial...]` at whole `[B, P]` places for each spatial axis, zero outside: `[B, C, P]`.
  func picked(at places: [Tensor]) throws -> Tensor {
    let shape = shape
    let (batch, channels) = (shape[0], shape[1])
    var index: Tensor?
    var isInside: Tensor?
    for (axis, place) in places.enumerated() {
      let size = shape[axis + 2]
      let inside = try place.ge(0).and(place.lt(Double(size)))
      isInside = try isInside.map { try $0.and(inside) } ?? inside
      // Clamped in whole numbers: NaN and infinity have some place there, and count for nothing.
      let whole = try place.detach().clamp(0, Double(Swift.max(size - 1, 0))).to(.int64).clamp(0, Double(size - 1))
      index = try index.map { try $0 * Tensor(int64s: [Int64(size)], shape: [], device: device) + whole } ?? whole
    }
    guard let index, let isInside else { return self }
    let count = index.shape[1]
    let wide = try index.reshape([batch, 1, count]).expand([batch, channels, count])
    let values = try reshape([batch, channels, -1]).gather(2, wide)
    return try values.filled(0, where: isInside.logicalNot().inserting(axis: 1))
  }
}
