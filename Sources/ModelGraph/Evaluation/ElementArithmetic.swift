import Foundation

/// Arithmetic of two floats in their own precision.
enum RealFunctions {
  static func apply<Value: BinaryFloatingPoint>(_ operation: Elementwise, _ x: [Value], _ y: [Value]) -> [Value]? {
    switch operation {
    case .add: zip(x, y).map { $0 + $1 }
    case .subtract: zip(x, y).map { $0 - $1 }
    case .multiply: zip(x, y).map { $0 * $1 }
    case .divide: zip(x, y).map { $0 / $1 }
    case .power: zip(x, y).map { Value(pow(Double($0), Double($1))) }
    case .modulo(truncated: true): zip(x, y).map { $0.truncatingRemainder(dividingBy: $1) }
    case .modulo(truncated: false):
      zip(x, y).map { dividend, divisor in
        let rest = dividend.truncatingRemainder(dividingBy: divisor)
        return rest != 0 && (rest < 0) != (divisor < 0) ? rest + divisor : rest
      }
    case .parametricRelu: zip(x, y).map { $0 < 0 ? $0 * $1 : $0 }
    case .gatedSwish(let alpha): zip(x, y).map { Value(Double($0) / (1 + exp(-alpha * Double($0)))) * $1 }
    case .equal, .less, .lessOrEqual, .greater, .greaterOrEqual, .and, .or, .exclusiveOr, .bitwiseAnd, .bitwiseOr,
      .bitwiseExclusiveOr, .shift:
      nil
    }
  }

  /// What is not a number wins, as in NumPy.
  static func larger<Value: BinaryFloatingPoint>(_ a: Value, _ b: Value) -> Value {
    a.isNaN ? a : b.isNaN ? b : Swift.max(a, b)
  }

  static func smaller<Value: BinaryFloatingPoint>(_ a: Value, _ b: Value) -> Value {
    a.isNaN ? a : b.isNaN ? b : Swift.min(a, b)
  }
}

/// Arithmetic of two integers; it wraps around, and division by zero makes the whole result nil.
enum IntegerFunctions {
  static func apply<Value: FixedWidthInteger>(
    _ operation: Elementwise, _ x: [Value], _ y: [Value], width: Int
  ) -> [Value]? {
    let pairs = zip(x, y)
    switch operation {
    case .add: return pairs.map { $0 &+ $1 }
    case .subtract: return pairs.map { $0 &- $1 }
    case .multiply: return pairs.map { $0 &* $1 }
    case .divide:
      return y.contains(0) ? nil : pairs.map { $0.dividedReportingOverflow(by: $1).partialValue }
    case .modulo(let truncated):
      guard !y.contains(0) else { return nil }
      return pairs.map { dividend, divisor in
        let rest = dividend.remainderReportingOverflow(dividingBy: divisor).partialValue
        return !truncated && rest != 0 && (rest < 0) != (divisor < 0) ? rest &+ divisor : rest
      }
    case .power:
      var result: [Value] = []
      for (base, exponent) in pairs {
        guard let value = power(base, exponent) else { return nil }
        result.append(value)
      }
      return result
    case .bitwiseAnd: return pairs.map { $0 & $1 }
    case .bitwiseOr: return pairs.map { $0 | $1 }
    case .bitwiseExclusiveOr: return pairs.map { $0 ^ $1 }
    case .shift(let left):
      // Beyond the width nothing is left but the sign.
      return pairs.map { value, amount in
        guard amount >= 0, amount < Value(truncatingIfNeeded: width) else { return left || value >= 0 ? 0 : ~0 }
        return left ? value << amount : value >> amount
      }
    case .parametricRelu:
      return pairs.map { $0 < 0 ? $0 &* $1 : $0 }
    case .gatedSwish, .equal, .less, .lessOrEqual, .greater, .greaterOrEqual, .and, .or, .exclusiveOr: return nil
    }
  }

  private static func power<Value: FixedWidthInteger>(_ base: Value, _ exponent: Value) -> Value? {
    if exponent < 0 {
      if base == 0 { return nil }
      if base == 1 { return 1 }
      return base &+ 1 == 0 ? (exponent & 1 == 0 ? 1 : base) : 0
    }
    var (result, square, rest) = (1 as Value, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }
}
