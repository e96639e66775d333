import CTorchShim

/// How a loss over elements becomes one number, or does not.
package enum LossReduction: Sendable, Hashable {
  case none, mean, sum

  var code: Int32 {
    switch self {
    case .none: Int32(CT_REDUCE_NONE)
    case .mean: Int32(CT_REDUCE_MEAN)
    case .sum: Int32(CT_REDUCE_SUM)
    }
  }
}

extension Tensor {
  /// Of logits `[N, K]` against int64 labels `[N]`, or against class probabilities `[N, K]`.
  package func crossEntropy(
    labels: Tensor, labelSmoothing: Double = 0, reduction: LossReduction = .mean
  ) throws -> Tensor {
    try make("cross-entropy", self, labels) { ct_cross_entropy($0, $1, labelSmoothing, reduction.code, $2) }
  }

  /// Sum over elements of target * (log target - self), where self holds log-probabilities and `target` probabilities.
  package func klDivergence(
    target: Tensor, targetIsLogarithm: Bool = false, reduction: LossReduction
  ) throws -> Tensor {
    try make("KL divergence", self, target) { ct_kl_divergence($0, $1, targetIsLogarithm, reduction.code, $2) }
  }

  package func meanSquaredError(_ target: Tensor, reduction: LossReduction = .mean) throws -> Tensor {
    try make("mean squared error", self, target) { ct_mse_loss($0, $1, reduction.code, $2) }
  }

  /// Hinton and others 2015: T^2 times the KL divergence of softened class probabilities, averaged over the batch.
  ///
  /// Both hold logits `[N, K]`; self is the student, and no gradient goes to the teacher.
  package func distillationLoss(teacher: Tensor, temperature: Double = 1) throws -> Tensor {
    let student = try div(temperature).logSoftmax(-1)
    let target = try teacher.detach().div(temperature).logSoftmax(-1)
    let batch = Double(Swift.max(shape.first ?? 1, 1))
    return try student.klDivergence(target: target, targetIsLogarithm: true, reduction: .sum)
      .mul(temperature * temperature / batch)
  }
}
