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
}
