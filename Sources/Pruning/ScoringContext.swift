import ChannelGroups
import GraphRuntime
import ModelGraph
import StudyModel
import Support
import Tensors
import Training

/// How many training samples data-driven criteria look at, and in what batches.
package struct Calibration: Sendable, Hashable {
  package var batches: Int
  package var batchSize: Int

  package init(batches: Int = 16, batchSize: Int = 32) {
    self.batches = batches
    self.batchSize = batchSize
  }
}

/// What a criterion may look at: the network with its weights, and, where it asks for them, training batches.
package struct ScoringContext {
  package let module: GraphModule
  /// Weights of convolutions and matrix products, by name.
  package let kernels: Set<String>
  private let data: BatchSource?
  private let calibration: Calibration
  private let seed: UInt64

  package init(module: GraphModule, data: BatchSource?, seed: UInt64, calibration: Calibration = Calibration()) {
    self.module = module
    self.data = data
    self.calibration = calibration
    self.seed = seed
    kernels = Set(module.graph.prunableWeights().map(\.weight))
  }

  /// A generator for one named use; the plan's seed decides.
  package func generator(_ stream: String) -> SeededGenerator { SeededGenerator(seed: seed, stream: stream) }

  /// The present values of a weight, off the gradient's tape.
  package func tensor(_ weight: String) throws -> Tensor {
    guard let tensor = module.tensor(named: weight) else {
      throw PruningError(
        .unsupportedCriterion, "The network has no weight '\(weight)'.", remedy: "Analyse the network that is scored.")
    }
    return try tensor.detach()
  }

  /// Runs `body` after the backward pass of each calibration batch, with that batch's gradients in the module's parameters.
  package func forEachGradient(_ body: () throws -> Void) throws {
    try forEachLoss { loss in
      try loss.backward()
      try body()
    }
  }

  /// Runs `body` with the loss of each calibration batch, the module's gradients empty.
  ///
  /// The loss is the mean cross-entropy, in evaluation mode: in training mode a batch normalisation makes the loss
  /// indifferent to the scale of the filter before it, and the gradient along the filter would be zero. No augmentation.
  package func forEachLoss(_ body: (Tensor) throws -> Void) throws {
    guard let data else {
      throw PruningError(
        .missingData, "Scores from gradients need training data.", remedy: "Name the data, or take another criterion.")
    }
    try data.check(fits: module.graph)
    var order = SampleOrder(
      count: data.count, batchSize: calibration.batchSize,
      seed: SeededGenerator.derivedSeed(seed, stream: "calibration"))
    for _ in 0..<calibration.batches {
      let (images, labels) = try data.batch(order.next())
      try module.zeroGradients()
      try body(try module.scores(images, mode: .evaluation).crossEntropy(labels: labels))
    }
    try module.zeroGradients()
  }
}
