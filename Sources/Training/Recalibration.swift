import GraphRuntime
import Support
import Tensors

/// New batch-normalisation statistics for a network whose channels have changed, without any gradient.
package enum Recalibration {
  /// Variances within smaller batches say too little of the whole, so a plan that trains on fewer images recalibrates on these.
  package static let smallestBatch = 128

  /// Replaces every running mean and variance by its average over `batches` training batches (each weighs the same; the
  /// variance is the unbiased one), as PyTorch does with `momentum=None` after `reset_running_stats()`; EagleEye (Li and
  /// others 2020, section 3.3) calls this adaptive batch normalisation.
  ///
  /// The images are not augmented and no dropout acts, since none do in evaluation, where the statistics are used: behind a
  /// dropout the variance would be that of values that are never seen there. Layers see each other's batch statistics while
  /// they are measured. A network without batch normalisations, or no batches, changes nothing.
  package static func run(
    _ module: GraphModule, on source: BatchSource, batches: Int, batchSize: Int, seed: UInt64,
    progress: WorkProgress = .unwatched
  ) throws {
    guard batches > 0, !module.statistics.isEmpty else { return }
    guard batchSize > 0 else {
      throw TrainingError(
        .invalidSettings, "Statistics cannot be measured on batches of \(batchSize) images.",
        remedy: "Set batch-size to 1 or more.")
    }
    try source.check(fits: module.graph)
    var order = SampleOrder(
      count: source.count, batchSize: batchSize, seed: SeededGenerator.derivedSeed(seed, stream: "recalibration"))
    let previous = module.momentumOverride
    defer { module.momentumOverride = previous }
    try withoutGradients {
      for batch in 0..<batches {
        // The cumulative average: the first batch replaces what was there.
        module.momentumOverride = 1 / Double(batch + 1)
        _ = try module.forward(try source.batch(order.next()).images, mode: .statistics)
        try progress.report(Double(batch + 1) / Double(batches))
      }
    }
  }
}
