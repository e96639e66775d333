/// The part of a spec that says how accuracy is won back.
enum FineTuneReading {
  static func fineTune(_ cursor: SpecCursor?) throws -> FineTuneSpec {
    var spec = FineTuneSpec()
    guard let section = try cursor?.section() else { return spec }
    if let rungs = section["rungs"] { spec.rungs = try readRungs(rungs) }
    spec.promotion = try section["promote"]?.member("promotion", Promotion.third)
    if let optimizer = section["optimizer"] {
      spec.optimizer = try optimizer.choice("optimizer", of: ["sgd"], notBuilt: SpecVocabulary.optimizersNotBuilt)
    }
    try readRecovery(section, into: &spec.recovery)
    if let augmentation = section["augmentation"] {
      spec.recovery.augmentation = try readAugmentation(augmentation)
    }
    return spec
  }

  private static func readRecovery(_ section: SpecSection, into recovery: inout Recovery) throws {
    if let samples = section["samples-per-epoch"] {
      recovery.samplesPerEpoch = try samples.unless("all") {
        try $0.integer("a number of samples from 1, or all", in: 1...1_000_000_000)
      }
    }
    if let rate = section["learning-rate"] {
      recovery.learningRate = try rate.number("a positive number, such as 0.02") { $0 > 0 }
    }
    if let momentum = section["momentum"] {
      recovery.momentum = try momentum.number("a number from 0 to below 1") { $0 >= 0 && $0 < 1 }
    }
    if let decay = section["weight-decay"] {
      recovery.weightDecay = try decay.number("a number from 0, such as 5e-4") { $0 >= 0 }
    }
    if let batch = section["batch-size"] {
      recovery.batchSize = try batch.integer("a batch of 1 to 65536 samples", in: 1...65536)
    }
    if let batches = section["recalibration-batches"] {
      recovery.recalibrationBatches = try batches.integer("a number of batches from 0", in: 0...1_000_000)
    }
  }

  private static func readAugmentation(_ cursor: SpecCursor) throws -> Augmentation {
    let section = try cursor.section()
    var augmentation = Augmentation()
    if let crop = section["crop"] {
      augmentation.cropPadding = try crop.integer("the pixels of padding before a crop, from 0 to 256", in: 0...256)
    }
    if let flip = section["flip"] { augmentation.flips = try flip.boolean() }
    return augmentation
  }

  private static func readRungs(_ cursor: SpecCursor) throws -> [Double] {
    let expected = "cumulative epochs that rise from 0, such as [0, 1, 3]"
    let rungs = try cursor.items().map { try $0.epochs("Write \(expected).") }
    guard rungs.first == 0, zip(rungs, rungs.dropFirst()).allSatisfy({ $0 < $1 }), rungs.count <= 16 else {
      throw cursor.error(
        .outOfRange, "the rungs \(rungs) do not rise from 0 in at most 16 steps", remedy: "Write \(expected).")
    }
    return rungs
  }
}
