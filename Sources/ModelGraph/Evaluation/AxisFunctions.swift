import Foundation

/// Reductions, running sums and choices along axes of constants.
enum AxisFunctions {
  static func reduce(_ x: TensorData, _ reduction: Reduction, axes: [Int], shape: [Int]) throws -> TensorData? {
    let kept = x.shape.indices.filter { !axes.contains($0) }
    let width = axes.reduce(1) { $0 * x.shape[$1] }
    let rows = try x.transposed(kept + axes)
    let count = shape.reduce(1, *)
    switch rows.numbers {
    case .floats(let values):
      let results = (0..<count).map { Float(real(reduction.function, values[($0 * width)..<(($0 + 1) * width)])) }
      return try TensorData(x.elementType, shape: shape, numbers: .floats(results))
    case .doubles(let values):
      let results = (0..<count).map { real(reduction.function, values[($0 * width)..<(($0 + 1) * width)]) }
      return try TensorData(x.elementType, shape: shape, numbers: .doubles(results))
    case .integers(let values):
      var results: [Int64] = []
      for row in 0..<count {
        let line = values[(row * width)..<((row + 1) * width)]
        guard let value = integer(reduction.function, line, limits: x.elementType.limits) else { return nil }
        results.append(value)
      }
      return try TensorData(x.elementType, shape: shape, numbers: .integers(results))
    case .unsigned: return nil
    }
  }

  /// Summed in double precision.
  private static func real<Value: BinaryFloatingPoint>(
    _ function: ReductionFunction, _ values: ArraySlice<Value>
  ) -> Double {
    func sum(_ body: (Double) -> Double) -> Double { values.reduce(0) { $0 + body(Double($1)) } }
    switch function {
    case .sum: return sum { $0 }
    case .mean: return sum { $0 } / Double(values.count)
    case .maximum: return values.reduce(-.infinity) { RealFunctions.larger($0, Double($1)) }
    case .minimum: return values.reduce(.infinity) { RealFunctions.smaller($0, Double($1)) }
    case .product: return values.reduce(1) { $0 * Double($1) }
    case .l1: return sum { abs($0) }
    case .l2: return sum { $0 * $0 }.squareRoot()
    case .sumOfSquares: return sum { $0 * $0 }
    case .logSum: return log(sum { $0 })
    case .logSumExp:
      let peak = Double(values.max() ?? 0)
      guard peak.isFinite else { return log(sum { exp($0) }) }
      return peak + log(sum { exp($0 - peak) })
    }
  }

  private static func integer(
    _ function: ReductionFunction, _ values: ArraySlice<Int64>, limits: ClosedRange<Int64>
  ) -> Int64? {
    switch function {
    case .sum: values.reduce(0, &+)
    case .mean: values.isEmpty ? nil : values.reduce(0, &+) / Int64(values.count)
    case .maximum: values.max() ?? limits.lowerBound
    case .minimum: values.min() ?? limits.upperBound
    case .product: values.reduce(1, &*)
    case .l1: values.reduce(0) { $0 &+ ($1 < 0 ? 0 &- $1 : $1) }
    case .sumOfSquares: values.reduce(0) { $0 &+ $1 &* $1 }
    case .l2, .logSum, .logSumExp: Int64(exactly: real(function, values.map { Double($0) }[...]).rounded(.towardZero))
    }
  }

  /// Running sums or products.
  static func cumulative(_ x: TensorData, _ attributes: Cumulative, axis: Int) throws -> TensorData? {
    let size = x.shape[axis]
    func run<Value>(_ values: [Value], _ start: Value, _ join: (Value, Value) -> Value) -> [Value] {
      let inner = x.shape[(axis + 1)...].reduce(1, *)
      var result = values
      for line in 0..<(size == 0 ? 0 : values.count / size) {
        let first = line / inner * inner * size + line % inner
        var total = start
        for step in 0..<size {
          let place = first + (attributes.isReversed ? size - 1 - step : step) * inner
          let next = join(total, values[place])
          result[place] = attributes.isExclusive ? total : next
          total = next
        }
      }
      return result
    }
    let product = attributes.isProduct
    let numbers: Numbers =
      switch x.numbers {
      case .floats(let values): .floats(run(values, product ? 1 : 0) { product ? $0 * $1 : $0 + $1 })
      case .doubles(let values): .doubles(run(values, product ? 1 : 0) { product ? $0 * $1 : $0 + $1 })
      case .integers(let values): .integers(run(values, product ? 1 : 0) { product ? $0 &* $1 : $0 &+ $1 })
      case .unsigned(let values): .unsigned(run(values, product ? 1 : 0) { product ? $0 &* $1 : $0 &+ $1 })
      }
    return try TensorData(x.elementType, shape: x.shape, numbers: numbers)
  }

  /// The positions along an axis in ascending or descending order of their values, for every line; equal ones by position.
  private static func order(_ x: TensorData, axis: Int, descending: Bool) throws -> [[Int]] {
    let last = x.shape.indices.filter { $0 != axis } + [axis]
    let size = x.shape[axis]
    func order<Value: Comparable>(_ values: [Value]) -> [[Int]] {
      guard size > 0 else { return [] }
      return stride(from: 0, to: values.count, by: size).map { start in
        (0..<size).sorted { a, b in
          let (left, right) = (values[start + a], values[start + b])
          return left == right ? a < b : descending ? left > right : left < right
        }
      }
    }
    switch try x.transposed(last).numbers {
    case .floats(let values): return order(values)
    case .doubles(let values): return order(values)
    case .integers(let values): return order(values)
    case .unsigned(let values): return order(values)
    }
  }

  static func argExtreme(_ x: TensorData, _ attributes: ArgExtreme, axis: Int, shape: [Int]) throws -> TensorData? {
    let values = x.doubleValues
    guard !values.contains(where: \.isNaN) else { return nil }
    let last = x.shape.indices.filter { $0 != axis } + [axis]
    let size = x.shape[axis]
    let lines = try order(x, axis: axis, descending: attributes.isMaximum)
    guard attributes.selectsLast else {
      return try TensorData(.int64, shape: shape, numbers: .integers(lines.map { Int64($0[0]) }))
    }
    let rows = try x.transposed(last).doubleValues
    let picks = lines.enumerated().map { row, line in
      Int64(line.last { rows[row * size + $0] == rows[row * size + line[0]] } ?? 0)
    }
    return try TensorData(.int64, shape: shape, numbers: .integers(picks))
  }

  /// Values and positions of the first of each line in order.
  static func topK(_ x: TensorData, _ attributes: TopK, axis: Int, shape: [Int]) throws -> [TensorData]? {
    guard !x.doubleValues.contains(where: \.isNaN) else { return nil }
    let others = x.shape.indices.filter { $0 != axis }
    let size = x.shape[axis]
    let count = shape[axis]
    let lines = try order(x, axis: axis, descending: attributes.largest)
    let rows = try x.transposed(others + [axis])
    let places = lines.enumerated().flatMap { row, line in line.prefix(count).map { row * size + $0 } }
    let lineShape = others.map { shape[$0] } + [count]
    // Back to where the axis was.
    let back = shape.indices.map { $0 == axis ? others.count : $0 < axis ? $0 : $0 - 1 }
    let values = try rows.taking(elements: places, shape: lineShape).transposed(back)
    let positions = try TensorData(
      .int64, shape: lineShape, numbers: .integers(lines.flatMap { $0.prefix(count).map { Int64($0) } }))
    return [values, try positions.transposed(back)]
  }
}
