import Foundation

/// Operators that move elements, choose them by position or make them from positions.
extension NodeEvaluation {
  func reshaped() throws -> [TensorData]? {
    guard let x = constant(0), results.first?.shape != nil else { return nil }
    return [try TensorData(x.elementType, shape: shape, bytes: x.bytes)]
  }

  func transposed(_ permutation: [Int]) throws -> [TensorData]? {
    guard let x = constant(0) else { return nil }
    return [try x.transposed(AxisRules.permutation(permutation, rank: x.shape.count))]
  }

  func tiled() throws -> [TensorData]? {
    guard let x = constant(0) else { return nil }
    return [try x.taking(zip(shape, x.shape).map { size, own in (0..<size).map { $0 % own } })]
  }

  func joined(_ axis: Int) throws -> [TensorData]? {
    let parts = inputs.facts.compactMap { $0?.constant }
    return [try TensorData.joined(parts, axis: AxisRules.normalized(axis, rank: shape.count), shape: shape)]
  }

  func sliced() throws -> [TensorData]? {
    guard let x = constant(0), let runs = try inputs.slicePositions()?.runs else { return nil }
    let strides = TensorData.strides(of: x.shape)
    return [
      try x.strided(
        shape: runs.map(\.count), strides: zip(runs, strides).map { $0.step * $1 },
        offset: zip(runs, strides).reduce(0) { $0 + $1.0.start * $1.1 })
    ]
  }

  func gathered(_ axis: Int) throws -> [TensorData]? {
    guard let x = constant(0), let indices = constant(1) else { return nil }
    let axis = try AxisRules.normalized(axis, rank: x.shape.count)
    let places = try ScatterFunctions.places(indices, size: x.shape[axis])
    return [try TensorData(x.elementType, shape: shape, bytes: x.gathering(places, axis: axis).bytes)]
  }

  func gatheredElements(_ axis: Int) throws -> [TensorData]? {
    guard let x = constant(0), let indices = constant(1) else { return nil }
    let axis = try AxisRules.normalized(axis, rank: x.shape.count)
    return [try x.taking(elements: ScatterFunctions.elementPlaces(indices, shape: x.shape, axis: axis), shape: shape)]
  }

  func gatheredSlices(_ batchAxes: Int) throws -> [TensorData]? {
    guard let x = constant(0), let indices = constant(1) else { return nil }
    let (starts, width) = try ScatterFunctions.slices(indices, shape: x.shape, batchAxes: batchAxes)
    return [try x.taking(elements: starts.flatMap { $0..<($0 + width) }, shape: shape)]
  }

  func scatteredElements(_ axis: Int, _ reduction: ScatterReduction) throws -> [TensorData]? {
    guard let x = constant(0), let indices = constant(1), let updates = constant(2) else { return nil }
    let axis = try AxisRules.normalized(axis, rank: x.shape.count)
    let places = try ScatterFunctions.elementPlaces(indices, shape: x.shape, axis: axis)
    return try ScatterFunctions.scattered(x, updates, at: places, reduction).map { [$0] }
  }

  func scatteredSlices(_ reduction: ScatterReduction) throws -> [TensorData]? {
    guard let x = constant(0), let indices = constant(1), let updates = constant(2) else { return nil }
    let (starts, width) = try ScatterFunctions.slices(indices, shape: x.shape, batchAxes: 0)
    return try ScatterFunctions.scattered(x, updates, at: starts.flatMap { $0..<($0 + width) }, reduction).map { [$0] }
  }

  func eye(_ diagonal: Int) throws -> [TensorData]? {
    guard let x = inputs.shape(0) else { return nil }
    let ones = TensorData.positions(of: x).map { place in
      let (column, overflow) = place[0].addingReportingOverflow(diagonal)
      return (!overflow && column == place[1] ? 1 : 0) as Int64
    }
    return [try TensorData(type, shape: x, numbers: .integers(ones))]
  }

  func range() throws -> [TensorData]? {
    let limits = (0..<3).compactMap { constant($0) }
    return limits.count == 3 ? [try RangeCount.values(limits, count: shape.reduce(1, *))] : nil
  }

  func filled(_ value: TensorData?) throws -> [TensorData]? {
    guard results.first?.shape != nil else { return nil }
    let single = try TensorData(type, shape: [], bytes: value?.bytes ?? Data(count: type.byteCount))
    return [try single.expanded(to: shape)]
  }

  func parts(_ axis: Int) throws -> [TensorData]? {
    guard let x = constant(0) else { return nil }
    let axis = try AxisRules.normalized(axis, rank: x.shape.count)
    let strides = TensorData.strides(of: x.shape)
    var start = 0
    return try results.map { part in
      let shape = part.shape ?? []
      defer { start += shape[axis] }
      return try x.strided(shape: shape, strides: strides, offset: start * strides[axis])
    }
  }

  func padded(_ mode: PadMode) throws -> [TensorData]? {
    guard let x = constant(0), let amounts = try inputs.integers(1),
      case .known(let axes) = try inputs.optionalIntegers(3)
    else {
      return nil
    }
    let (before, _) = try ShapeTargets.pad(rank: x.shape.count, amounts: amounts, axes: axes)
    guard mode == .constant || amounts.allSatisfy({ $0 >= 0 }) else { return nil }
    let sources = x.shape.indices.map { axis in
      (0..<shape[axis]).map { Self.source(of: $0 - before[axis], size: x.shape[axis], mode) }
    }
    guard let value = constant(2) else {
      return [try x.taking(sources, fill: Data(count: x.elementType.byteCount))]
    }
    guard value.elementCount == 1, value.elementType == x.elementType else { return nil }
    return [try x.taking(sources, fill: value.bytes)]
  }

  /// Which element of an axis stands at a position that may lie outside; -1 is the constant.
  private static func source(of position: Int, size: Int, _ mode: PadMode) -> Int {
    guard position < 0 || position >= size else { return position }
    switch mode {
    case .constant: return -1
    case .edge: return min(max(position, 0), size - 1)
    case .wrap: return (position % size + size) % size
    case .reflect:
      guard size > 1 else { return 0 }
      let period = 2 * (size - 1)
      let place = (position % period + period) % period
      return min(place, period - place)
    }
  }

  func triangle(upper: Bool) throws -> [TensorData]? {
    guard let x = constant(0), let diagonal = inputs.isPresent(1) ? try inputs.integer(1) : 0 else { return nil }
    let (rows, columns) = (x.shape[x.shape.count - 2], x.shape[x.shape.count - 1])
    let area = max(rows * columns, 1)
    let limit = min(max(diagonal, -rows - 1), columns + 1)
    let places = (0..<x.elementCount).map { element in
      let distance = element % area % columns - element % area / columns
      return (upper ? distance >= limit : distance <= limit) ? element : -1
    }
    return [try x.taking(elements: places, shape: x.shape, fill: Data(count: x.elementType.byteCount))]
  }

  func compressed(_ axis: Int?) throws -> [TensorData]? {
    guard let x = constant(0), let condition = constant(1)?.integerValues else { return nil }
    let places = condition.indices.filter { condition[$0] != 0 }
    guard let axis else {
      let kept = places.filter { $0 < x.elementCount }
      return [try x.taking(elements: kept, shape: [kept.count])]
    }
    let place = try AxisRules.normalized(axis, rank: x.shape.count)
    return [x.gathering(places.filter { $0 < x.shape[place] }, axis: place)]
  }

  /// `[axes, count]`: the positions of what is not zero, in row-major order.
  func nonZero() throws -> [TensorData]? {
    guard let x = constant(0) else { return nil }
    let values = x.doubleValues
    let places = zip(TensorData.positions(of: x.shape), values).filter { $0.1 != 0 }.map(\.0)
    let rows = x.shape.indices.flatMap { axis in places.map { Int64($0[axis]) } }
    return [try TensorData(.int64, shape: [x.shape.count, places.count], numbers: .integers(rows))]
  }

  func oneHot(_ axis: Int) throws -> [TensorData]? {
    guard let indices = constant(0), let depth = try inputs.oneHotDepth(), let values = constant(2) else { return nil }
    let place = try AxisRules.normalized(axis, rank: shape.count)
    let inner = shape[(place + 1)...].reduce(1, *)
    let hot = indices.numbers.asIntegerBits.map { $0 < 0 ? $0 &+ Int64(depth) : $0 }
    let choices = (0..<shape.reduce(1, *)).map { element in
      let source = element / (inner * depth) * inner + element % inner
      return hot[source] == Int64(element / inner % depth) ? 1 : 0
    }
    return [try values.taking(elements: choices, shape: shape)]
  }
}
