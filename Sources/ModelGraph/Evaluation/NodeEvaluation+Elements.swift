import Foundation

/// Operators that compute each element from others at the same place or along an axis.
extension NodeEvaluation {
  func unary(_ function: UnaryFunction) throws -> [TensorData]? {
    try constant(0).flatMap { try ElementFunctions.unary(function, $0) }.map { [$0] }
  }

  func isInfinite(_ negative: Bool, _ positive: Bool) throws -> [TensorData]? {
    guard let x = constant(0) else { return nil }
    let found = x.doubleValues.map { $0.isInfinite && ($0 < 0 ? negative : positive) }
    return [try ElementFunctions.booleans(found, x.shape)]
  }

  func elementwise(_ operation: Elementwise) throws -> [TensorData]? {
    guard let x = constant(0), let y = constant(1) else { return nil }
    return try ElementFunctions.binary(operation, x, y, shape: shape).map { [$0] }
  }

  /// Rounding modes and saturation concern small floats only, which we do not have.
  func converted() throws -> [TensorData]? {
    // How numbers become narrow ones is an attribute's matter, which the runtime knows.
    guard let x = constant(0), !type.isNarrow else { return nil }
    return [x.elementType == type ? x : try TensorData(type, shape: x.shape, numbers: x.numbers)]
  }

  func reduced(_ reduction: Reduction) throws -> [TensorData]? {
    guard let x = constant(0), case .known(let named) = try inputs.optionalIntegers(1) else { return nil }
    let axes = try AxisRules.reduced(
      rank: x.shape.count, axes: named, leavesWithoutAxes: reduction.leavesWithoutAxes)
    return try AxisFunctions.reduce(x, reduction, axes: axes, shape: shape).map { [$0] }
  }

  func argExtreme(_ attributes: ArgExtreme) throws -> [TensorData]? {
    guard let x = constant(0) else { return nil }
    let axis = try AxisRules.normalized(attributes.axis, rank: x.shape.count)
    return try AxisFunctions.argExtreme(x, attributes, axis: axis, shape: shape).map { [$0] }
  }

  func cumulative(_ attributes: Cumulative) throws -> [TensorData]? {
    guard let x = constant(0), let axis = try inputs.integer(1) else { return nil }
    let place = try AxisRules.normalized(axis, rank: x.shape.count)
    return try AxisFunctions.cumulative(x, attributes, axis: place).map { [$0] }
  }

  func topK(_ attributes: TopK) throws -> [TensorData]? {
    guard let x = constant(0) else { return nil }
    let axis = try AxisRules.normalized(attributes.axis, rank: x.shape.count)
    return try AxisFunctions.topK(x, attributes, axis: axis, shape: shape)
  }

  func activated(_ activation: Activation) throws -> [TensorData]? {
    guard let x = constant(0) else { return nil }
    if case .integers(let values) = x.numbers {
      guard activation == .relu else { return nil }
      return [try TensorData(x.elementType, shape: x.shape, numbers: .integers(values.map { max($0, 0) }))]
    }
    guard x.floatValues != nil else { return nil }
    let body = activation.function
    return [try TensorData(x.elementType, shape: x.shape, numbers: .doubles(x.doubleValues.map(body)))]
  }

  func aggregated(_ function: Aggregate) throws -> [TensorData]? {
    guard var result = try constant(0)?.expanded(to: shape) else { return nil }
    let operands = try inputs.facts.indices.dropFirst().compactMap { try constant($0)?.expanded(to: shape) }
    guard operands.count == inputs.facts.count - 1 else { return nil }
    for operand in operands {
      switch function {
      case .sum, .mean:
        guard let sum = try ElementFunctions.binary(.add, result, operand, shape: shape) else { return nil }
        result = sum
      case .maximum: result = try extreme(result, operand, larger: true)
      case .minimum: result = try extreme(result, operand, larger: false)
      }
    }
    guard function == .mean else { return [result] }
    let count = try TensorData(type, shape: [], numbers: .doubles([Double(inputs.facts.count)]))
    return try ElementFunctions.binary(.divide, result, count, shape: shape).map { [$0] }
  }

  private func extreme(_ a: TensorData, _ b: TensorData, larger: Bool) throws -> TensorData {
    let numbers: Numbers =
      switch (a.numbers, b.numbers) {
      case (.floats(let x), .floats(let y)):
        .floats(zip(x, y).map { larger ? RealFunctions.larger($0, $1) : RealFunctions.smaller($0, $1) })
      case (.doubles(let x), .doubles(let y)):
        .doubles(zip(x, y).map { larger ? RealFunctions.larger($0, $1) : RealFunctions.smaller($0, $1) })
      case (.integers(let x), .integers(let y)): .integers(zip(x, y).map { larger ? max($0, $1) : min($0, $1) })
      case (.unsigned(let x), .unsigned(let y)): .unsigned(zip(x, y).map { larger ? max($0, $1) : min($0, $1) })
      case (.floats, _), (.doubles, _), (.integers, _), (.unsigned, _):
        throw ShapeMisfit("compares elements of two types")
      }
    return try TensorData(a.elementType, shape: a.shape, numbers: numbers)
  }

  func clipped() throws -> [TensorData]? {
    guard var result = constant(0) else { return nil }
    let x = result
    for (position, isLower) in [(1, true), (2, false)] {
      guard let limit = constant(position) else { continue }
      guard limit.elementCount == 1, limit.elementType == x.elementType else { return nil }
      let single = try TensorData(limit.elementType, shape: [], bytes: limit.bytes)
      result = try extreme(result, single.expanded(to: x.shape), larger: isLower)
    }
    return [result]
  }

  func selected() throws -> [TensorData]? {
    guard let yes = try constant(1)?.expanded(to: shape), let no = try constant(2)?.expanded(to: shape),
      let choice = try constant(0)?.expanded(to: shape).integerValues
    else { return nil }
    let both = try TensorData.joined(
      [yes, no].map { try TensorData($0.elementType, shape: [$0.elementCount], bytes: $0.bytes) }, axis: 0,
      shape: [2 * choice.count])
    let places = choice.indices.map { choice[$0] != 0 ? $0 : choice.count + $0 }
    return [try both.taking(elements: places, shape: shape)]
  }

  /// (x - zero point) * scale, with one scale for all, for each slice along the axis, or for blocks along it.
  func dequantized(_ attributes: DequantizeLinear) throws -> [TensorData]? {
    guard let x = constant(0), let scale = try spread(constant(1), over: x.shape, attributes) else { return nil }
    let values = x.doubleValues
    let factors = scale.doubleValues
    if inputs.isPresent(2) {
      guard let zero = try spread(constant(2), over: x.shape, attributes)?.doubleValues else { return nil }
      let products = values.indices.map { Float(values[$0] - zero[$0]) * Float(factors[$0]) }
      return [try TensorData(type, shape: x.shape, numbers: .floats(products))]
    }
    let products = values.indices.map { Float(values[$0]) * Float(factors[$0]) }
    return [try TensorData(type, shape: x.shape, numbers: .floats(products))]
  }

  private func spread(_ parameter: TensorData?, over shape: [Int], _ attributes: DequantizeLinear) throws -> TensorData?
  {
    guard let parameter else { return nil }
    if parameter.elementCount == 1 {
      return try TensorData(parameter.elementType, shape: [], bytes: parameter.bytes).expanded(to: shape)
    }
    let axis = try AxisRules.normalized(attributes.axis, rank: shape.count)
    guard attributes.blockSize > 0 else {
      guard parameter.shape == [shape[axis]] else { throw ShapeMisfit("has scales that do not fit axis \(axis)") }
      var column = Array(repeating: 1, count: shape.count)
      column[axis] = shape[axis]
      return try TensorData(parameter.elementType, shape: column, bytes: parameter.bytes).expanded(to: shape)
    }
    guard parameter.shape.count == shape.count else { throw ShapeMisfit("has scales that do not fit its blocks") }
    return try parameter.taking(
      shape.indices.map { place in (0..<shape[place]).map { place == axis ? $0 / attributes.blockSize : $0 } })
  }
}
