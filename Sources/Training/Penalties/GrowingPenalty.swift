import Tensors

/// Half the squares of chosen weights, by a factor that grows: "neural pruning via growing regularization" (Wang and
/// others 2021, section 3.2, GReg-1). What is going to be cut is pushed to zero slowly, and the rest of the network
/// takes over.
///
/// The paper raises the factor by 1e-4 every few steps up to a ceiling and then trains on at that factor; we raise it
/// by the strength at *each* step, up to one, which comes to the same for a fifth or tenth of the strength. Its choice
/// is that of the lowest norms; ours is whatever the plan would cut of the dense network. The gradient is factor * w;
/// the proximal operator at rate r is w / (1 + r factor).
package final class GrowingPenalty: WeightPenalty {
  static let ceiling = 1.0

  private let chosen: [(weight: Tensor, mask: Tensor)]
  private let growth: Double
  private let step: PenaltyStep
  private var steps = 0

  /// Masks have the weights' shapes, ones where an element is penalised.
  package init(_ chosen: [(weight: Tensor, mask: Tensor)], growth: Double, step: PenaltyStep) {
    self.chosen = chosen
    self.growth = growth
    self.step = step
  }

  /// Of the step that is being taken, or was taken last.
  package var factor: Double { min(growth * Double(steps), Self.ceiling) }

  package func value() throws -> Double {
    try chosen.reduce(0) { sum, entry in
      try sum + factor / 2 * entry.weight.detach().square().mul(entry.mask).to(.float64).sum().item()
    }
  }

  package func joinGradients(learningRate: Double) throws {
    steps += 1
    guard step == .gradient else { return }
    for (weight, mask) in chosen { try weight.grad?.addcmul_(weight.detach(), mask, value: factor) }
  }

  package func followStep(learningRate: Double) throws {
    guard step == .proximal else { return }
    let shrinkage = 1 / (1 + learningRate * factor)
    for (weight, mask) in chosen { try weight.mul_(mask.mul(shrinkage - 1).add(1)) }
  }
}
