import ChannelGroups
import StudyModel
import Tensors

/// Movement (Sanh and others 2020, "Movement pruning"): minus the sum over training steps of rate x gradient x
/// weight, which is high for weights that training moves away from zero and low, or negative, for those that it moves
/// towards it.
///
/// The steps are plain gradient descent at a rate of 0.01 over all parameters of a copy (`TrainingProbe`), without
/// the masks that the paper lays on the weights meanwhile. Where training diverges at that rate it starts again at half
/// of it, at most ten times. A channel's score is the sum over its filters (as in
/// Lagunas and others 2021 for blocks). Cost: one backward pass for each step.
package struct MovementImportance: ElementCriterion {
  package let criterion = Criterion.movement
  package static let rate = 0.01

  package init() {}

  package func values(of weights: [String], in context: ScoringContext) throws -> [String: Tensor] {
    var rate = Self.rate
    for _ in 0..<10 {
      let totals = try movement(of: weights, rate: rate, in: context)
      if try totals.allSatisfy({ try $0.isFinite().all().item() == 1 }) {
        return Dictionary(uniqueKeysWithValues: zip(weights, totals))
      }
      rate /= 2
    }
    throw PruningError(
      .invalidScores,
      "Training '\(context.module.graph.name)' for its weights' movement diverges at a rate of \(rate).",
      remedy: "Look at the input's scaling, or take a criterion that does not train.")
  }

  private func movement(of weights: [String], rate: Double, in context: ScoringContext) throws -> [Tensor] {
    let probe = try TrainingProbe(context)
    let totals = try weights.map { try context.tensor($0).to(.float64).mul(0) }
    let parameters = probe.module.parameters.map(\.tensor)
    try probe.run { differentiate in
      try differentiate()
      for (weight, total) in zip(weights, totals) {
        guard let value = try probe.module.tensor(named: weight)?.detach().to(.float64) else { continue }
        try total.addcmul_(probe.gradient(weight), value, value: -rate)
      }
      try Tensor.sgdStep(parameters: parameters, velocities: [], learningRate: rate)
    }
    return totals
  }
}
