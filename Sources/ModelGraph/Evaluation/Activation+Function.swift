import Foundation

extension Activation {
  /// The non-linearity in double precision.
  var function: (Double) -> Double {
    switch self {
    case .relu: { $0 < 0 ? 0 : $0 }
    case .leakyRelu(let slope): { $0 < 0 ? slope * $0 : $0 }
    case .thresholdedRelu(let threshold): { $0.isNaN || $0 > threshold ? $0 : 0 }
    case .elu(let alpha): { $0 < 0 ? alpha * expm1($0) : $0 }
    case .selu(let alpha, let gamma): { gamma * ($0 < 0 ? alpha * expm1($0) : $0) }
    case .celu(let alpha): { $0 < 0 ? alpha * expm1($0 / alpha) : $0 }
    case .sigmoid: { Self.logistic($0) }
    case .tanh: { Foundation.tanh($0) }
    case .hardSigmoid(let alpha, let beta): { Self.limited(alpha * $0 + beta) }
    case .hardSwish: { $0 * Self.limited($0 / 6 + 0.5) }
    case .swish(let alpha): { $0 * Self.logistic(alpha * $0) }
    case .mish: { $0 * Foundation.tanh(Self.softened($0)) }
    case .gelu(approximated: false): { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }
    case .gelu(approximated: true):
      { 0.5 * $0 * (1 + Foundation.tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
    case .softplus: { Self.softened($0) }
    case .softsign: { $0 / (1 + abs($0)) }
    case .shrink(let bias, let threshold): { $0 > threshold ? $0 - bias : $0 < -threshold ? $0 + bias : 0 * $0 }
    }
  }

  private static func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  private static func softened(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

  /// Within 0 and 1; what is not a number stays so.
  private static func limited(_ x: Double) -> Double { x < 0 ? 0 : x > 1 ? 1 : x }
}
