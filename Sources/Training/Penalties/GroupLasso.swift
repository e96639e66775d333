import ChannelGroups
import GraphRuntime
import Tensors

/// The sum over units of sqrt(size) times the Euclidean norm of everything that leaves with the unit, times the
/// strength (Yuan and Lin 2006, equation 2.1; Wen and others 2016 over filters; Fang and others 2023, section 3.3, over
/// coupled layers).
///
/// Rows that make the channel, entries of biases and normalisations, and columns that read it are one vector. A weight
/// between two layers lies in a unit of each, so the groups overlap: the gradient is exact, strength sqrt(size) w /
/// norm for each unit (zero at zero), while the proximal operator of the sum is taken as those of the groups in turn, w
/// max(0, 1 - r strength sqrt(size) / norm), which is exact where no two penalised groups meet.
package final class GroupLasso: WeightPenalty {
  private let parts: [(layout: UnitLayout, roots: Tensor)]
  private let parameters: [String: Tensor]
  private let strength: Double
  private let step: PenaltyStep

  package convenience init(_ groups: [ChannelGroup], in module: GraphModule, strength: Double, step: PenaltyStep) throws
  {
    try self.init(
      groups, parameters: Dictionary(uniqueKeysWithValues: module.parameters.map { ($0.name, $0.tensor) }),
      strength: strength, step: step)
  }

  /// Over parameters by name, which are changed in place.
  package init(_ groups: [ChannelGroup], parameters: [String: Tensor], strength: Double, step: PenaltyStep) throws {
    self.parameters = parameters
    self.strength = strength
    self.step = step
    let device = parameters.values.first?.device ?? .cpu
    parts = try groups.map { group in
      let layout = try UnitLayout(group, device: device, shape: { parameters[$0]?.shape })
      return (layout, try layout.sizeRoots(device: device))
    }
  }

  package func value() throws -> Double {
    var total = 0.0
    for (layout, roots) in parts {
      if let norms = try layout.norms(values) { total += try norms.mul(roots).to(.float64).sum().item() }
    }
    return strength * total
  }

  package func joinGradients(learningRate: Double) throws {
    guard step == .gradient else { return }
    for (layout, roots) in parts {
      guard let norms = try layout.norms(values) else { continue }
      // A unit that is all zeros has only zeros to multiply.
      let factors = try roots.div(norms.maximum(1e-20)).mul(strength)
      try layout.add(values, times: factors, to: { self.parameters[$0]?.grad })
    }
  }

  package func followStep(learningRate: Double) throws {
    guard step == .proximal else { return }
    for (layout, roots) in parts {
      guard let norms = try layout.norms(values) else { continue }
      let factors = try roots.div(norms.maximum(1e-20)).mul(-learningRate * strength).add(1).maximum(0)
      try layout.scale(by: factors, values)
    }
  }

  private func values(_ name: String) throws -> Tensor? { try parameters[name]?.detach() }
}
