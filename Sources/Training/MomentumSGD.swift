import GraphRuntime
import Tensors

/// PyTorch's SGD with momentum over a network's parameters, which keeps masked elements at zero.
///
/// v = momentum v + (g + weightDecay w); w -= learningRate v. There is no dampening and no Nesterov step.
package final class MomentumSGD {
  private let module: GraphModule
  private let parameters: [Tensor]
  private let velocities: [Tensor]
  private let masked: [(weight: Tensor, mask: Tensor)]
  private let momentum: Double
  private let weightDecay: Double

  /// Zeroes the masked elements at once. Throws `TrainingError(.invalidData)` for a mask of an unknown weight or another shape.
  package init(
    _ module: GraphModule, momentum: Double, weightDecay: Double, masks: [String: Tensor] = [:]
  ) throws {
    self.module = module
    self.momentum = momentum
    self.weightDecay = weightDecay
    parameters = module.parameters.map(\.tensor)
    velocities = momentum == 0 ? [] : try parameters.map { try $0.detach().mul(0) }
    let byName = Dictionary(uniqueKeysWithValues: module.parameters.map { ($0.name, $0.tensor) })
    masked = try masks.keys.sorted().map { name in
      guard let mask = masks[name], let weight = byName[name], weight.shape == mask.shape else {
        throw TrainingError(
          .invalidData,
          "The mask of '\(name)' has shape \(masks[name]?.shape ?? []); the weight's is \(byName[name].map { "\($0.shape)" } ?? "unknown")."
        )
      }
      return (weight, mask)
    }
    try applyMasks()
  }

  /// Moves the parameters along their gradients, then clears these.
  package func step(learningRate: Double) throws {
    try Tensor.sgdStep(
      parameters: parameters, velocities: velocities, learningRate: learningRate, momentum: momentum,
      weightDecay: weightDecay)
    try applyMasks()
    try module.zeroGradients()
  }

  private func applyMasks() throws {
    for (weight, mask) in masked { try weight.mul_(mask) }
  }
}
