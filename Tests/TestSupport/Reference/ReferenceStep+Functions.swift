import Foundation
import ModelGraph

extension ReferenceStep {
  /// What works on single elements, with broadcasting; nil for other operators.
  func pointwise() throws -> [ReferenceTensor]? {
    switch node.op {
    case .activation(let function):
      return [try each { Self.apply(function, $0) }]
    case .unary(let function):
      return [try each { Self.apply(function, $0) }]
    case .elementwise(let operation):
      let (a, b) = (try argument(0), try argument(1))
      let isInteger = a.isInteger && b.isInteger
      try check(Self.apply(operation, 1, 1, isInteger: isInteger) != nil, "is not known to the reference")
      var result = ReferenceTensor.generate(try broadcast([a.shape, b.shape])) {
        Self.apply(operation, a.broadcast($0), b.broadcast($0), isInteger: isInteger) ?? .nan
      }
      result.isInteger = isInteger || operation.isPredicate
      return [result]
    case .aggregate(let function):
      let inputs = try arguments.indices.map { try argument($0) }
      var result = ReferenceTensor.generate(try broadcast(inputs.map(\.shape))) { index in
        let values = inputs.map { $0.broadcast(index) }
        switch function {
        case .sum: return values.reduce(0, +)
        case .mean: return values.reduce(0, +) / Double(values.count)
        case .maximum: return values.max() ?? 0
        case .minimum: return values.min() ?? 0
        }
      }
      result.isInteger = inputs.allSatisfy(\.isInteger)
      return [result]
    case .clip:
      let (low, high) = (optional(1)?.values.first, optional(2)?.values.first)
      return [try argument(0).map { min(max($0, low ?? -.infinity), high ?? .infinity) }]
    case .select:
      let (condition, a, b) = (try argument(0), try argument(1), try argument(2))
      var result = ReferenceTensor.generate(try broadcast([condition.shape, a.shape, b.shape])) {
        condition.broadcast($0) != 0 ? a.broadcast($0) : b.broadcast($0)
      }
      result.isInteger = a.isInteger
      return [result]
    case .cast(let cast):
      var result = try argument(0)
      switch cast.to {
      case .float32, .float64, .float16, .bfloat16: result.isInteger = false
      case .bool:
        result = result.map { $0 == 0 ? 0 : 1 }
        result.isInteger = true
      default:
        result = result.map { $0.rounded(.towardZero) }
        result.isInteger = true
      }
      return [result]
    case .castLike:
      var result = try argument(0)
      result.isInteger = try argument(1).isInteger
      if result.isInteger { result = result.map { $0.rounded(.towardZero) } }
      return [result]
    case .identity, .dropout: return [try argument(0)]
    default: return nil
    }
  }

  private func each(_ transform: (Double) -> Double?) throws -> ReferenceTensor {
    var result = try argument(0)
    for position in result.values.indices {
      guard let value = transform(result.values[position]) else { throw failure("is not known to the reference") }
      result.values[position] = value
    }
    return result
  }

  private static func apply(_ function: Activation, _ value: Double) -> Double? {
    switch function {
    case .relu: max(value, 0)
    case .leakyRelu(let slope): value < 0 ? value * slope : value
    case .elu(let alpha): value < 0 ? alpha * (exp(value) - 1) : value
    case .sigmoid: 1 / (1 + exp(-value))
    case .tanh: tanh(value)
    case .hardSigmoid(let alpha, let beta): min(max(alpha * value + beta, 0), 1)
    case .hardSwish: value * min(max(value / 6 + 0.5, 0), 1)
    case .swish(let alpha): value / (1 + exp(-alpha * value))
    case .gelu(false): value * 0.5 * (1 + erf(value / 2.0.squareRoot()))
    case .gelu(true):
      value * 0.5 * (1 + tanh((2 / Double.pi).squareRoot() * (value + 0.044715 * value * value * value)))
    case .softplus: log(1 + exp(value))
    case .softsign: value / (1 + abs(value))
    case .thresholdedRelu, .selu, .celu, .mish, .shrink: nil
    }
  }

  private static func apply(_ function: UnaryFunction, _ value: Double) -> Double? {
    switch function {
    case .absolute: abs(value)
    case .negative: -value
    case .reciprocal: 1 / value
    case .squareRoot: value.squareRoot()
    case .exponential: exp(value)
    case .logarithm: log(value)
    case .errorFunction: erf(value)
    case .floor: value.rounded(.down)
    case .ceiling: value.rounded(.up)
    case .sine: sin(value)
    case .cosine: cos(value)
    case .not: value == 0 ? 1 : 0
    default: nil
    }
  }

  private static func apply(_ operation: Elementwise, _ a: Double, _ b: Double, isInteger: Bool) -> Double? {
    switch operation {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: isInteger ? (a / b).rounded(.towardZero) : a / b
    case .power: pow(a, b)
    case .parametricRelu: a < 0 ? a * b : a
    case .equal: a == b ? 1 : 0
    case .less: a < b ? 1 : 0
    case .lessOrEqual: a <= b ? 1 : 0
    case .greater: a > b ? 1 : 0
    case .greaterOrEqual: a >= b ? 1 : 0
    case .and: a != 0 && b != 0 ? 1 : 0
    case .or: a != 0 || b != 0 ? 1 : 0
    default: nil
    }
  }
}
