import ChannelGroups
import Selection
import Tensors

/// Runs over the calibration batches' gradients, adding up something of each weight.
struct GradientSums {
  /// For each weight the sum over batches, in float64; weights that the loss does not depend on have zeros.
  private(set) var totals: [String: Tensor] = [:]
  private(set) var batches = 0

  /// `part` makes one batch's tensor of a weight's gradient and its present values, each in float64.
  init(
    _ weights: [String], in context: ScoringContext, _ part: (_ gradient: Tensor, _ weight: Tensor) throws -> Tensor
  ) throws {
    var totals: [String: Tensor] = [:]
    var batches = 0
    try context.forEachGradient {
      batches += 1
      for weight in weights {
        let values = try context.tensor(weight).to(.float64)
        let gradient = try context.module.tensor(named: weight)?.grad?.detach().to(.float64) ?? values.mul(0)
        let product = try part(gradient, values)
        if let total = totals[weight] { try total.add_(product) } else { totals[weight] = product }
      }
    }
    self.totals = totals
    self.batches = batches
  }

  /// For each group, and each kernel that has a part in it, one sum per unit over what the kernel holds of `value`, tensors
  /// by weight.
  static func layerSums(
    _ groups: [ChannelGroup], _ value: [String: Tensor], in context: ScoringContext
  ) throws -> [String: [LayerScores]] {
    var scores: [String: [LayerScores]] = [:]
    for group in groups {
      scores[group.name] = try UnitSums(group, weights: { value[$0] != nil }).layers { weight in
        guard let tensor = value[weight] else { return try context.tensor(weight).mul(0) }
        return tensor
      }
    }
    return scores
  }

  /// The kernels of floats that the groups' units are made of, each once, sorted.
  static func kernels(of groups: [ChannelGroup], in context: ScoringContext) -> [String] {
    let read = groups.flatMap { $0.faces.filter(\.isOutput).map(\.weight) }
    let weights = context.module.graph.weights
    return Set(read).intersection(context.kernels).filter { weights[$0]?.elementType.isFloatingPoint == true }.sorted()
  }
}
