/// A cost of weights beside the loss, which has its part in every step of training.
///
/// It is bound to a module's parameters when it is made and may keep state from step to step.
package protocol WeightPenalty: AnyObject {
  /// The cost of the weights as they are.
  func value() throws -> Double

  /// Called after the backward pass, before the optimiser's step: gradients are there and may be added to.
  func joinGradients(learningRate: Double) throws

  /// Called after the optimiser's step.
  func followStep(learningRate: Double) throws
}

extension WeightPenalty {
  package func joinGradients(learningRate: Double) throws {}
  package func followStep(learningRate: Double) throws {}
}

/// By which of the two a penalty acts that has both.
package enum PenaltyStep: Sendable, Hashable {
  /// A subgradient joins the loss's gradient, and with it the momentum. Weights come near zero and seldom reach it.
  case gradient
  /// The proximal operator at the learning rate follows the optimiser's step: exact zeros. Momentum does not see it.
  case proximal
}
