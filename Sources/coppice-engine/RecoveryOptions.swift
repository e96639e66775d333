import ArgumentParser
import Evaluation
import StudyModel

/// How accuracy is won back after the cut.
struct RecoveryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Epochs of training after pruning. Several rising numbers, such as 0.5,1,3, train in parts, as a search does: up to 0.5 \
      epochs, then up to 1, then up to 3, with a learning rate that falls to zero in each. Left out with --plan NETWORK: the \
      epochs of that network.
      """, valueName: "epochs"))
  var fineTune: NumberList?

  @Option(
    name: [.customLong("learning-rate"), .customLong("lr")],
    help: "The learning rate at the start of training; 0.02 when left out.")
  var learningRate: Double?

  @Option(help: "Samples in a batch; 128 when left out.")
  var batchSize: Int?

  @Option(
    help: ArgumentHelp(
      "Batches on which the statistics of batch normalisation are measured after pruning; 16 when left out.",
      valueName: "count")
  )
  var recalibrationBatches: Int?

  @Option(help: "The seed of every random choice; 0 when left out.")
  var seed: UInt64?

  /// The options of the recipe that stand on the command line; epochs are no part of it.
  var given: [String] {
    [
      learningRate.map { _ in "--learning-rate" }, batchSize.map { _ in "--batch-size" },
      recalibrationBatches.map { _ in "--recalibration-batches" }, seed.map { _ in "--seed" },
    ].compactMap { $0 }
  }

  /// Cumulative epochs of each trained rung: as given, else those of the network that is made again.
  func rungs(from replay: NetworkReplay?) -> [Double] {
    if let fineTune { return fineTune.values == [0] ? [] : fineTune.values }
    return replay?.trainedRungs ?? []
  }

  /// The epochs within which all cuts are made.
  var firstEpochs: Double { fineTune?.values.first ?? 0 }

  var recovery: Recovery {
    let usual = Recovery()
    return Recovery(
      recalibrationBatches: recalibrationBatches ?? usual.recalibrationBatches,
      learningRate: learningRate ?? usual.learningRate, batchSize: batchSize ?? usual.batchSize)
  }

  func validate() throws {
    if let values = fineTune?.values, values != [0] {
      guard values.allSatisfy({ $0 > 0 }), zip(values, values.dropFirst()).allSatisfy({ $0 < $1 }) else {
        throw ValidationError("--fine-tune takes epochs from 0, or several that rise, not \(values).")
      }
    }
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate must be positive, not \(learningRate).")
    }
    if let batchSize, batchSize < 1 { throw ValidationError("--batch-size must be at least 1, not \(batchSize).") }
    if let recalibrationBatches, recalibrationBatches < 0 {
      throw ValidationError("--recalibration-batches must not be negative, but is \(recalibrationBatches).")
    }
  }
}
