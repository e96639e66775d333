import GraphRuntime
import ModelGraph
import Tensors

/// PyTorch's SGD with momentum over a network's parameters, which keeps masked elements at zero.
///
/// v = momentum v + (g + weightDecay w); w -= learningRate v. There is no dampening and no Nesterov step.
///
/// Velocities can be taken out by the parameters' names and given to the optimiser of another module of the network:
/// one that was loaded anew, or one that lost channels, with velocities that were gathered as its weights were.
package final class MomentumSGD {
  private let module: GraphModule
  private let parameters: [Tensor]
  private let velocities: [Tensor]
  private let masked: [(weight: Tensor, mask: Tensor)]
  private let momentum: Double
  private let weightDecay: Double

  /// Zeroes the masked elements at once. Velocities that are not given start as zeros. Throws
  /// `TrainingError(.invalidData)` for a mask or velocity of an unknown weight or another shape.
  package init(
    _ module: GraphModule, momentum: Double, weightDecay: Double, masks: [String: Tensor] = [:],
    velocities given: [String: TensorData] = [:]
  ) throws {
    self.module = module
    self.momentum = momentum
    self.weightDecay = weightDecay
    parameters = module.parameters.map(\.tensor)
    let byName = Dictionary(uniqueKeysWithValues: module.parameters.map { ($0.name, $0.tensor) })
    for name in given.keys.sorted() where byName[name]?.shape != given[name]?.shape {
      throw Self.misfit("velocity", name, given[name]?.shape, byName[name]?.shape)
    }
    velocities =
      momentum == 0
      ? []
      : try module.parameters.map { name, tensor in
        let velocity = try tensor.detach().mul(0)
        if let data = given[name] { try velocity.copy_(Tensor(data, device: module.device)) }
        return velocity
      }
    masked = try masks.keys.sorted().map { name in
      guard let mask = masks[name], let weight = byName[name], weight.shape == mask.shape else {
        throw Self.misfit("mask", name, masks[name]?.shape, byName[name]?.shape)
      }
      return (weight, mask)
    }
    try applyMasks()
  }

  /// The velocities by the names of their parameters; none without momentum.
  package func velocitiesByName() throws -> [String: TensorData] {
    var result: [String: TensorData] = [:]
    for ((name, _), velocity) in zip(module.parameters, velocities) { result[name] = try velocity.tensorData() }
    return result
  }

  /// Moves the parameters along their gradients, then clears these. A parameter without a gradient stays where it is.
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

  private static func misfit(_ what: String, _ name: String, _ shape: [Int]?, _ weight: [Int]?) -> TrainingError {
    TrainingError(
      .invalidData,
      "The \(what) of '\(name)' has shape \(shape ?? []); the weight's is \(weight.map { "\($0)" } ?? "unknown").",
      remedy: "Take it from the same network, after the same cuts.")
  }
}
