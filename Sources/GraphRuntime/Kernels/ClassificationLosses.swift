import ModelGraph
import Tensors

extension KernelContext {
  /// Of scores `[N, C, ...]` against labels `[N, ...]`; the logarithms of the softmax are the second output.
  func softmaxCrossEntropyLoss(_ attributes: ClassificationLoss) throws -> KernelBody {
    try expectInputs(2...3)
    return { call in
      let scores = try call.tensor(0)
      let logarithms = try scores.precise.logSoftmax(1)
      let loss = try self.loss(attributes, logarithms, labels: call.tensor(1), weights: call.optional(2))
      return [try loss.to(scores.type), isWanted(1) ? try logarithms.to(scores.type) : nil]
    }
  }

  /// Of log-probabilities `[N, C, ...]` against labels `[N, ...]`.
  func negativeLogLikelihoodLoss(_ attributes: ClassificationLoss) throws -> KernelBody {
    try expectInputs(2...3)
    return { call in
      let given = try call.tensor(0)
      let loss = try self.loss(attributes, given.precise, labels: call.tensor(1), weights: call.optional(2))
      return [try loss.to(given.type)]
    }
  }

  private func loss(
    _ attributes: ClassificationLoss, _ logarithms: Tensor, labels: Tensor, weights: Tensor?
  ) throws -> Tensor {
    let labels = try labels.to(.int64)
    guard logarithms.rank >= 2, labels.shape == [logarithms.shape[0]] + logarithms.shape[2...] else {
      throw failure("has values of shape \(logarithms.shape) for labels of shape \(labels.shape)")
    }
    var safe = labels
    var counted: Tensor?
    if let ignored = attributes.ignoredLabel {
      // An ignored label may lie outside of the classes; the first class stands in for it, at no weight.
      let isIgnored = try labels.eq(Double(ignored))
      safe = try labels.filled(0, where: isIgnored)
      counted = try isIgnored.logicalNot().to(logarithms.type)
    }
    if let weights {
      let own = try weights.to(logarithms.type).takeRows(safe.reshape([-1])).reshape(labels.shape)
      counted = try counted.map { try own * $0 } ?? own
    }
    var losses = try logarithms.gather(1, safe.inserting(axis: 1)).removing(axis: 1).neg()
    if let counted { losses = try losses * counted }
    switch attributes.reduction {
    case .none: return losses
    case .sum: return try losses.sum()
    case .mean: return try counted.map { try losses.sum() / $0.sum() } ?? losses.mean()
    }
  }
}
