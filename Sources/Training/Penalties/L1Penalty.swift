import Tensors

/// The sum of absolute weights, strength * sum |w| (Tibshirani 1996): over kernels, or over the scales of batch
/// normalisations, which is "network slimming" (Liu and others 2017, equation 1).
///
/// The subgradient is strength * sign(w), zero at zero. The proximal operator at rate r is the soft threshold
/// sign(w) max(|w| - r strength, 0).
package final class L1Penalty: WeightPenalty {
  private let weights: [Tensor]
  private let strength: Double
  private let step: PenaltyStep

  /// `weights` are parameters; they are changed in place.
  package init(_ weights: [Tensor], strength: Double, step: PenaltyStep) {
    self.weights = weights
    self.strength = strength
    self.step = step
  }

  package func value() throws -> Double {
    strength * (try weights.reduce(0) { try $0 + $1.detach().abs().to(.float64).sum().item() })
  }

  package func joinGradients(learningRate: Double) throws {
    guard step == .gradient else { return }
    for weight in weights { try weight.grad?.add_(weight.detach().sign(), alpha: strength) }
  }

  package func followStep(learningRate: Double) throws {
    guard step == .proximal else { return }
    let threshold = learningRate * strength
    for weight in weights {
      let values = try weight.detach()
      try weight.copy_(values.sub(values.clamp(-threshold, threshold)))
    }
  }
}
