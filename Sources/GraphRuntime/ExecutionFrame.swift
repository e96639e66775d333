import ModelGraph
import Tensors

/// How batch normalisation and dropout behave.
package enum ExecutionMode: Sendable, Hashable {
  /// Batch statistics, which move the running ones; dropout drops.
  case training
  /// Batch statistics, which move the running ones, and all else as in evaluation: how statistics are measured anew.
  case statistics
  /// Running statistics; dropout is the identity.
  case evaluation

  /// True when batch normalisation takes the batch's statistics and moves the running ones.
  var usesBatchStatistics: Bool { self != .evaluation }
}

/// One run of a network: the values that are alive, and what the kernels need besides.
struct ExecutionFrame {
  let weights: [Tensor]
  let mode: ExecutionMode
  let dropout: TorchGenerator?
  let momentumOverride: Double?
  /// By slot; nil before a value is made and after its last use.
  var values: [Tensor?]

  func tensor(_ reference: Int) -> Tensor? {
    if reference < 0 { return nil }
    return reference < weights.count ? weights[reference] : values[reference - weights.count]
  }

  /// The results of a step, by output, `overwriting` its argument where the plan allows that.
  func run(_ step: ExecutionPlan.Step, overwriting: Bool) throws -> [Tensor?] {
    try step.body(
      KernelCall(
        arguments: step.arguments.map(tensor), mode: mode, dropout: dropout, momentumOverride: momentumOverride,
        overwrites: overwriting && step.overwrites, constantIntegers: step.constantIntegers))
  }
}
