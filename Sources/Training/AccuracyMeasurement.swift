import GraphRuntime
import StudyModel
import Tensors

/// How often a network is right.
package enum AccuracyMeasurement {
  /// Top-1 accuracy over all samples of the source (or its first `limit`) and their mean cross-entropy in nats, in
  /// evaluation mode.
  ///
  /// Batches of 128 are not only for memory: the activations of larger ones are blocks that the allocator hands back to
  /// the kernel after every operator, and faulting them in again doubled the time of a pass (fashion-cnn at 500).
  package static func run(
    _ module: GraphModule, on source: BatchSource, limit: Int? = nil, batchSize: Int = 128,
    progress: (Double) throws -> Void = { _ in }
  ) throws -> (accuracy: Proportion, loss: Double) {
    precondition(batchSize > 0, "a batch of \(batchSize)")
    try source.check(fits: module.graph)
    var correct = 0
    var loss = 0.0
    var start = 0
    let count = min(source.count, max(limit ?? source.count, 1))
    while start < count {
      let end = min(start + batchSize, count)
      try withInference {
        let (images, labels) = try source.batch(Int64(start)..<Int64(end))
        let logits = try module.scores(images, mode: .evaluation)
        correct += Int(try logits.argmax(1).eq(labels).sum().item())
        loss += try logits.crossEntropy(labels: labels, reduction: .sum).item()
      }
      start = end
      try progress(Double(end) / Double(count))
    }
    return (Proportion(successes: correct, total: count), loss / Double(count))
  }
}
