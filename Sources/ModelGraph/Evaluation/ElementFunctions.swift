import Foundation

/// Functions of one and two elements over whole constants; nil where we do not compute one.
enum ElementFunctions {
  static func unary(_ function: UnaryFunction, _ x: TensorData) throws -> TensorData? {
    switch x.numbers {
    case .floats(let values):
      if function == .isNaN { return try booleans(values.map(\.isNaN), x.shape) }
      guard let body = real(function) else { return nil }
      return try TensorData(x.elementType, shape: x.shape, numbers: .floats(values.map { Float(body(Double($0))) }))
    case .doubles(let values):
      if function == .isNaN { return try booleans(values.map(\.isNaN), x.shape) }
      guard let body = real(function) else { return nil }
      return try TensorData(x.elementType, shape: x.shape, numbers: .doubles(values.map(body)))
    case .integers(let values):
      let isUnsigned = x.elementType.isUnsigned
      let result: [Int64]
      switch function {
      case .absolute: result = values.map { $0 < 0 ? 0 &- $0 : $0 }
      case .negative: result = values.map { 0 &- $0 }
      case .sign: result = values.map { $0.signum() }
      case .bitwiseNot: result = values.map { ~$0 }
      case .not: result = values.map { $0 == 0 ? 1 : 0 }
      case .ceiling, .floor, .round: result = values
      case .reciprocal, .squareRoot, .exponential, .logarithm, .errorFunction, .sine, .cosine, .tangent, .arcSine,
        .arcCosine, .arcTangent, .hyperbolicSine, .hyperbolicCosine, .inverseHyperbolicSine, .inverseHyperbolicCosine,
        .inverseHyperbolicTangent, .isNaN:
        return nil
      }
      guard !isUnsigned || function != .negative else { return nil }
      return try TensorData(x.elementType, shape: x.shape, numbers: .integers(result))
    case .unsigned(let values):
      if function == .absolute { return x }
      guard function == .bitwiseNot else { return nil }
      return try TensorData(x.elementType, shape: x.shape, numbers: .unsigned(values.map { ~$0 }))
    }
  }

  /// Computed in double precision and rounded once.
  private static func real(_ function: UnaryFunction) -> ((Double) -> Double)? {
    switch function {
    case .absolute: { abs($0) }
    case .negative: { -$0 }
    case .sign: { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }
    case .reciprocal: { 1 / $0 }
    case .squareRoot: { $0.squareRoot() }
    case .exponential: { exp($0) }
    case .logarithm: { log($0) }
    case .errorFunction: { erf($0) }
    case .ceiling: { $0.rounded(.up) }
    case .floor: { $0.rounded(.down) }
    case .round: { $0.rounded(.toNearestOrEven) }
    case .sine: { sin($0) }
    case .cosine: { cos($0) }
    case .tangent: { tan($0) }
    case .arcSine: { asin($0) }
    case .arcCosine: { acos($0) }
    case .arcTangent: { atan($0) }
    case .hyperbolicSine: { sinh($0) }
    case .hyperbolicCosine: { cosh($0) }
    case .inverseHyperbolicSine: { asinh($0) }
    case .inverseHyperbolicCosine: { acosh($0) }
    case .inverseHyperbolicTangent: { atanh($0) }
    case .isNaN, .not, .bitwiseNot: nil
    }
  }

  /// Both operands broadcast to `shape`. A division of integers by zero is nil.
  static func binary(
    _ operation: Elementwise, _ left: TensorData, _ right: TensorData, shape: [Int]
  ) throws -> TensorData? {
    let (a, b) = (try left.expanded(to: shape), try right.expanded(to: shape))
    if operation == .power, left.elementType != right.elementType {
      let values = zip(a.doubleValues, b.doubleValues).map { pow($0, $1) }
      return try TensorData(left.elementType, shape: shape, numbers: .doubles(values))
    }
    switch (a.numbers, b.numbers) {
    case (.floats(let x), .floats(let y)):
      if let result = compare(operation, x, y) { return try booleans(result, shape) }
      return try RealFunctions.apply(operation, x, y).map {
        try TensorData(left.elementType, shape: shape, numbers: .floats($0))
      }
    case (.doubles(let x), .doubles(let y)):
      if let result = compare(operation, x, y) { return try booleans(result, shape) }
      return try RealFunctions.apply(operation, x, y).map {
        try TensorData(left.elementType, shape: shape, numbers: .doubles($0))
      }
    case (.integers(let x), .integers(let y)):
      if let result = compare(operation, x, y) { return try booleans(result, shape) }
      if let result = logical(operation, x, y) { return try booleans(result, shape) }
      return try IntegerFunctions.apply(operation, x, y, width: left.elementType.byteCount * 8).map {
        try TensorData(left.elementType, shape: shape, numbers: .integers($0))
      }
    case (.unsigned(let x), .unsigned(let y)):
      if let result = compare(operation, x, y) { return try booleans(result, shape) }
      return try IntegerFunctions.apply(operation, x, y, width: 64).map {
        try TensorData(left.elementType, shape: shape, numbers: .unsigned($0))
      }
    case (.floats, _), (.doubles, _), (.integers, _), (.unsigned, _): return nil
    }
  }

  static func booleans(_ values: [Bool], _ shape: [Int]) throws -> TensorData {
    try TensorData(.bool, shape: shape, numbers: .integers(values.map { $0 ? 1 : 0 }))
  }

  private static func compare<Value: Comparable>(_ operation: Elementwise, _ x: [Value], _ y: [Value]) -> [Bool]? {
    switch operation {
    case .equal: zip(x, y).map { $0 == $1 }
    case .less: zip(x, y).map { $0 < $1 }
    case .lessOrEqual: zip(x, y).map { $0 <= $1 }
    case .greater: zip(x, y).map { $0 > $1 }
    case .greaterOrEqual: zip(x, y).map { $0 >= $1 }
    case .add, .subtract, .multiply, .divide, .power, .modulo, .parametricRelu, .gatedSwish, .and, .or, .exclusiveOr,
      .bitwiseAnd, .bitwiseOr, .bitwiseExclusiveOr, .shift:
      nil
    }
  }

  private static func logical(_ operation: Elementwise, _ x: [Int64], _ y: [Int64]) -> [Bool]? {
    switch operation {
    case .and: zip(x, y).map { $0 != 0 && $1 != 0 }
    case .or: zip(x, y).map { $0 != 0 || $1 != 0 }
    case .exclusiveOr: zip(x, y).map { ($0 != 0) != ($1 != 0) }
    case .add, .subtract, .multiply, .divide, .power, .modulo, .parametricRelu, .gatedSwish, .equal, .less,
      .lessOrEqual, .greater, .greaterOrEqual, .bitwiseAnd, .bitwiseOr, .bitwiseExclusiveOr, .shift:
      nil
    }
  }
}

extension ElementType {
  /// The smallest and the largest integer; all of Int64 for types that hold more or fractions.
  var limits: ClosedRange<Int64> {
    switch self {
    case .bool: 0...1
    case .int8: Int64(Int8.min)...Int64(Int8.max)
    case .int16: Int64(Int16.min)...Int64(Int16.max)
    case .int32: Int64(Int32.min)...Int64(Int32.max)
    case .uint8: 0...Int64(UInt8.max)
    case .uint16: 0...Int64(UInt16.max)
    case .uint32: 0...Int64(UInt32.max)
    case .int4: -8...7
    case .uint4: 0...15
    case .int2: -2...1
    case .uint2: 0...3
    case .int64, .uint64, .float32, .float64, .float16, .bfloat16, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2,
      .float8e5m2fnuz, .float8e8m0, .float4e2m1:
      Int64.min...Int64.max
    }
  }

  var isUnsigned: Bool {
    switch self {
    case .uint8, .uint16, .uint32, .uint64, .bool, .uint4, .uint2: true
    case .float32, .float64, .float16, .bfloat16, .int8, .int16, .int32, .int64, .float8e4m3fn, .float8e4m3fnuz,
      .float8e5m2, .float8e5m2fnuz, .float8e8m0, .float4e2m1, .int4, .int2:
      false
    }
  }
}
