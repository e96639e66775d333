import StudyModel

/// How many optimiser steps a stretch of epochs takes, when an epoch may be shorter than the training split.
package struct TrainingLength: Sendable, Hashable {
  package let batchSize: Int
  package let stepsPerEpoch: Int

  /// Throws `TrainingError(.invalidSettings)` for a batch or an epoch of no samples.
  package init(_ recovery: Recovery, sampleCount: Int) throws {
    guard recovery.batchSize > 0 else {
      throw TrainingError(
        .invalidSettings, "A batch of \(recovery.batchSize) images cannot be trained on.",
        remedy: "Set batch-size to 1 or more.")
    }
    let epoch = recovery.samplesPerEpoch ?? sampleCount
    guard epoch > 0 else {
      throw TrainingError(
        .invalidSettings, "An epoch of \(epoch) samples cannot be trained on.",
        remedy: "Set samples-per-epoch to 1 or more, or leave it out to take all \(sampleCount).")
    }
    batchSize = min(recovery.batchSize, sampleCount)
    // Drop-last: what is left of an epoch after its whole batches is not trained on.
    stepsPerEpoch = max(1, epoch / batchSize)
  }

  /// Steps from the network's first up to `epochs`, rounded to the nearest.
  ///
  /// A rung takes `steps(to: its end) - steps(to: its start)`, so that fractions of an epoch add up over rungs.
  package func steps(to epochs: Double) -> Int { Int((epochs * Double(stepsPerEpoch)).rounded()) }
}
