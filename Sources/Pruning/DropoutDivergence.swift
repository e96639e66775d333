import Foundation
import Tensors

/// The divergence of a weight's posterior N(w, a w^2) from the log-uniform prior, as a function of x = log a: the
/// approximation of Molchanov and others 2017, equation 14. It falls as a rises, and is 0 in the limit.
package enum DropoutDivergence {
  private static let k = (0.63576, 1.87320, 1.48695)

  package static func value(_ x: Double) -> Double {
    k.0 - k.0 * sigmoid(k.1 + k.2 * x) + 0.5 * log1p(exp(-x))
  }

  package static func slope(_ x: Double) -> Double {
    let s = sigmoid(k.1 + k.2 * x)
    return -k.0 * k.2 * s * (1 - s) - 0.5 * sigmoid(-x)
  }

  /// Element by element.
  static func slope(_ x: Tensor) throws -> Tensor {
    let s = try x.mul(k.2).add(k.1).sigmoid()
    let first = try s.sub(s.square()).mul(-k.0 * k.2)
    return try first.sub(x.neg().sigmoid().mul(0.5))
  }

  private static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}
