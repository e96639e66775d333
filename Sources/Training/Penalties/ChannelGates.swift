import ChannelGroups
import GraphRuntime
import ModelGraph
import Tensors

/// A gate in [0, 1] on each channel, learned with the weights under an L1 penalty, strength * sum of gates; all start
/// open.
///
/// A gate multiplies what its channel's layers put out, and so the weights of their `OutputGate`: those of a batch normalisation
/// right behind the layer, else kernel and bias. The network holds the products, and needs no node more: by the chain
/// rule the loss falls along a gate by sum(gradient * weight) / gate, the gate moves by the learning rate against that
/// and the penalty, is held in [0, 1], and the weights follow in proportion. A gate that has reached zero stays there,
/// with all its weights. Since gates are never negative the subgradient and the proximal operator are the same step.
package final class ChannelGates: WeightPenalty {
  private final class Part {
    let layout: UnitLayout
    var gates: Tensor
    var change: Tensor?

    init(_ layout: UnitLayout, gates: Tensor) {
      self.layout = layout
      self.gates = gates
    }
  }

  private let parts: [(group: String, part: Part)]
  private let parameters: [String: Tensor]
  private let strength: Double

  package init(_ groups: [ChannelGroup], in module: GraphModule, strength: Double) throws {
    let parameters = Dictionary(uniqueKeysWithValues: module.parameters.map { ($0.name, $0.tensor) })
    self.parameters = parameters
    self.strength = strength
    let gated = Set(module.graph.outputGates().filter(\.scalesOutput).flatMap(\.weights))
    parts = try groups.map { group in
      let layout = try UnitLayout(
        group, device: module.device, shape: { parameters[$0]?.shape },
        including: { $0.isOutput && gated.contains($0.weight) })
      return (group.name, Part(layout, gates: try Tensor.ones([group.units.count], device: module.device)))
    }
  }

  /// For each group the gates of its units.
  package func gates() throws -> [String: [Float]] {
    var result: [String: [Float]] = [:]
    for (group, part) in parts { result[group] = try part.gates.floats }
    return result
  }

  package func value() throws -> Double {
    strength * (try parts.reduce(0) { try $0 + $1.part.gates.to(.float64).sum().item() })
  }

  package func joinGradients(learningRate: Double) throws {
    for (_, part) in parts {
      let products = try part.layout.sums { name in
        guard let weight = self.parameters[name], let gradient = weight.grad else { return nil }
        return try weight.detach().mul(gradient)
      }
      guard let products else { continue }
      let old = part.gates
      let floor = try old.maximum(1e-6)
      let moved = try old.sub(products.div(floor).add(strength).mul(learningRate)).clamp(0, 1)
      part.gates = try moved.mul(old.gt(0).to(.float32))
      part.change = try part.gates.div(floor)
    }
  }

  package func followStep(learningRate: Double) throws {
    for (_, part) in parts {
      guard let change = part.change else { continue }
      try part.layout.scale(by: change) { try self.parameters[$0]?.detach() }
    }
  }
}
