/// How accuracy is won back after the cut.
package struct Recovery: Hashable, Sendable, Codable {
  /// Batches over which batch-norm statistics are measured anew before evaluation, of `batchSize` images but never fewer than
  /// 128; 0 leaves them.
  package var recalibrationBatches: Int
  package var learningRate: Double
  package var momentum: Double
  package var weightDecay: Double
  package var batchSize: Int
  /// Training samples that make one epoch; nil takes all.
  package var samplesPerEpoch: Int?
  package var augmentation: Augmentation

  package init(
    recalibrationBatches: Int = 16, learningRate: Double = 0.02, momentum: Double = 0.9, weightDecay: Double = 5e-4,
    batchSize: Int = 128, samplesPerEpoch: Int? = nil, augmentation: Augmentation = Augmentation()
  ) {
    self.recalibrationBatches = recalibrationBatches
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.batchSize = batchSize
    self.samplesPerEpoch = samplesPerEpoch
    self.augmentation = augmentation
  }
}

/// Random changes to training images.
package struct Augmentation: Hashable, Sendable, Codable {
  /// Zero pixels padded on every side before a random crop to the old size; 0 does not crop.
  package var cropPadding: Int
  /// Mirrors every second image, by chance.
  package var flips: Bool

  package init(cropPadding: Int = 0, flips: Bool = false) {
    self.cropPadding = cropPadding
    self.flips = flips
  }
}
