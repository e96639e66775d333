import ChannelGroups
import Tensors

/// Follow the (proximally) regularised leader, per coordinate, in place of gradient descent for the penalised weights
/// (McMahan and others 2013, algorithm 1; McMahan 2011 for the penalty of each round).
///
/// After t steps every weight is where the sum of all linearised losses, of what ties it to where it was, and of t
/// penalties is least:
///
///     w = argmin  sum of g_s w + 1/2 sum of sigma_s (w - w_s)^2 + t strength |w| + beta / (2 alpha) (w - w_0)^2
///     n += g^2;  sigma = (sqrt(n) - sqrt(n before)) / alpha;  z += g - sigma w
///     w = -(z - sign(z) min(|z|, t strength)) / ((beta + sqrt(n)) / alpha)
///
/// so that small weights are exactly zero and stay there until gradients agree on moving them. It differs from the
/// paper's in that the penalty counts once for each step, as in every other training here (theirs is one constant), and
/// in that it starts at the trained weights w_0: z starts as -w_0 beta / alpha. Over units of groups the threshold is
/// that of the norm of z over the unit, t strength sqrt(size), which scales the unit as a whole; of two units that
/// share an element both do. Neither momentum nor weight decay acts on these weights: their gradients are taken away
/// from the optimiser.
package final class FollowRegularizedLeader: WeightPenalty {
  static let beta = 1.0

  private let names: [String]
  private let parameters: [String: Tensor]
  private let z: [String: Tensor]
  private let squares: [String: Tensor]
  private let groups: [(layout: UnitLayout, roots: Tensor)]?
  private let strength: Double
  private let alpha: Double
  private var steps = 0

  /// Over absolute weights, or over the units of `groups`; `learningRate` is alpha, the rate of a weight that has seen
  /// no gradient yet. `parameters` are changed in place.
  package init(
    _ parameters: [String: Tensor], groups: [ChannelGroup]? = nil, strength: Double, learningRate: Double
  ) throws {
    guard learningRate > 0 else {
      throw TrainingError(
        .invalidSettings, "The update ftrl cannot learn at a rate of \(learningRate).",
        remedy: "Take a positive learning rate.")
    }
    let device = parameters.values.first?.device ?? .cpu
    let parts = try groups?.map { group in
      let layout = try UnitLayout(group, device: device, shape: { parameters[$0]?.shape })
      return (layout: layout, roots: try layout.sizeRoots(device: device))
    }
    let covered = parts.map { Set($0.flatMap { $0.layout.weights }) }
    let names = parameters.keys.sorted().filter { covered?.contains($0) ?? true }
    self.names = names
    self.parameters = parameters
    self.groups = parts
    self.strength = strength
    alpha = learningRate
    var z: [String: Tensor] = [:]
    var squares: [String: Tensor] = [:]
    for name in names {
      guard let weight = try parameters[name]?.detach() else { continue }
      z[name] = try weight.mul(-Self.beta / learningRate)
      squares[name] = try weight.mul(0)
    }
    self.z = z
    self.squares = squares
  }

  package func value() throws -> Double {
    guard let groups else {
      return strength
        * (try names.reduce(0) { try $0 + (parameters[$1]?.detach().abs().to(.float64).sum().item() ?? 0) })
    }
    return strength
      * (try groups.reduce(0) { sum, part in
        guard let norms = try part.layout.norms({ try self.parameters[$0]?.detach() }) else { return sum }
        return try sum + norms.mul(part.roots).to(.float64).sum().item()
      })
  }

  package func joinGradients(learningRate: Double) throws {
    steps += 1
    let threshold = strength * Double(steps)
    var shrunk: [String: Tensor] = [:]
    for name in names {
      guard let weight = parameters[name], let z = z[name], let squares = squares[name] else { continue }
      if let gradient = try weight.grad?.detach() {
        let before = try squares.sqrt()
        try squares.addcmul_(gradient, gradient)
        try z.add_(gradient).addcmul_(try squares.sqrt().sub(before), weight.detach(), value: -1 / alpha)
        try weight.clearGrad()
      }
      shrunk[name] = groups == nil ? try z.sub(z.clamp(-threshold, threshold)) : try z.clone()
    }
    for (layout, roots) in groups ?? [] {
      guard let norms = try layout.norms({ self.z[$0] }) else { continue }
      let factors = try roots.div(norms.maximum(1e-20)).mul(-threshold).add(1).maximum(0)
      try layout.scale(by: factors) { shrunk[$0] }
    }
    for name in names {
      guard let shrunk = shrunk[name], let squares = squares[name] else { continue }
      try parameters[name]?.copy_(shrunk.mul(-alpha).div(squares.sqrt().add(Self.beta)))
    }
  }
}
