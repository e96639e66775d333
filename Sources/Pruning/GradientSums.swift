import Tensors

/// Runs over the gradients of the calibration data, batch by batch or sample by sample, adding up something of each weight.
struct GradientSums {
  /// Of what each gradient is.
  enum Unit {
    /// The mean loss of a batch.
    case batch
    /// The loss of one sample.
    case sample
  }

  /// For each weight the sum over batches or samples, in float64; weights that the loss does not depend on have zeros.
  private(set) var totals: [String: Tensor] = [:]
  /// How many batches or samples there were.
  private(set) var count = 0

  /// `part` makes one batch's or sample's tensor of a weight's gradient and its present values, each in float64.
  init(
    _ weights: [String], of unit: Unit = .batch, in context: ScoringContext,
    _ part: (_ gradient: Tensor, _ weight: Tensor) throws -> Tensor
  ) throws {
    var totals: [String: Tensor] = [:]
    var count = 0
    func add() throws {
      count += 1
      for weight in weights {
        let values = try context.tensor(weight).to(.float64)
        let gradient = try context.module.tensor(named: weight)?.grad?.detach().to(.float64) ?? values.mul(0)
        let product = try part(gradient, values)
        if let total = totals[weight] { try total.add_(product) } else { totals[weight] = product }
      }
    }
    switch unit {
    case .batch: try context.forEachGradient(add)
    case .sample: try context.forEachSampleGradient(add)
    }
    self.totals = totals
    self.count = count
  }
}
