import Foundation
import GraphRuntime
import ModelGraph
import StudyModel
import Support
import Tensors

/// What a stretch of training did.
package struct TrainingSummary: Sendable, Hashable {
  package var steps: Int
  package var samples: Int
  /// Mean loss over the last tenth of the steps, in nats; NaN when there were none.
  package var loss: Double

  package init(steps: Int, samples: Int, loss: Double) {
    self.steps = steps
    self.samples = samples
    self.loss = loss
  }
}

/// Training by stochastic gradient descent with momentum, from the weights as they are.
package enum FineTuning {
  /// Trains for `epochs` more after `start` (cumulative, fractions allowed), with fresh momentum and a cosine schedule
  /// to zero over exactly these steps.
  ///
  /// The samples continue the order where `start` left it (`SampleOrder`), so a chain of rungs with one seed sees what
  /// one longer run would. The step is PyTorch's `SGD`: weight decay joins the gradient of every parameter, and the
  /// first step's velocity is its gradient. `masks` (weight name to ones and zeros of its shape) hold pruned elements
  /// at zero. Evaluation statistics of batch normalisations move as PyTorch's do. `penalty` has its part in every step.
  ///
  /// With an `optimizer` of the same module its momentum, weight decay, masks and velocities are used, and it can go on
  /// afterwards.
  ///
  /// `progress` gets the share done and the last loss after each step; what it throws ends the training. Throws
  /// `TrainingError(.diverged)` when the loss or a weight is not finite. Equal arguments give equal bits at equal
  /// thread counts.
  @discardableResult
  package static func run(
    _ module: GraphModule, on source: BatchSource, recovery: Recovery, epochs: Double, from start: Double = 0,
    seed: UInt64, masks: [String: Tensor] = [:], optimizer given: MomentumSGD? = nil,
    penalty: (any WeightPenalty)? = nil, precision: TrainingPrecision = .float32,
    progress: (_ share: Double, _ loss: Double) throws -> Void = { _, _ in }
  ) throws -> TrainingSummary {
    try source.check(fits: module.graph)
    try check(recovery, epochs: epochs, start: start)
    let length = try TrainingLength(recovery, sampleCount: source.count)
    let firstStep = length.steps(to: start)
    let steps = length.steps(to: start + epochs) - firstStep
    guard steps > 0 else { return TrainingSummary(steps: 0, samples: 0, loss: .nan) }

    var order = SampleOrder(
      count: source.count, batchSize: length.batchSize, seed: SeededGenerator.derivedSeed(seed, stream: "samples"))
    order.skip(batches: firstStep)
    let generator = try TorchGenerator(
      seed: SeededGenerator.derivedSeed(seed, stream: "augmentation/\(firstStep)"), device: source.device)
    let dropout = try TorchGenerator(
      seed: SeededGenerator.derivedSeed(seed, stream: "dropout/\(firstStep)"), device: module.device)
    let schedule = CosineSchedule(peak: recovery.learningRate, steps: steps)
    let optimizer =
      try given
      ?? MomentumSGD(module, momentum: recovery.momentum, weightDecay: recovery.weightDecay, masks: masks)

    var recent: [Double] = []
    for step in 0..<steps {
      let (images, labels) = try source.batch(order.next(), augmentation: recovery.augmentation, generator: generator)
      let loss = try precision.computing(on: module.device) {
        try module.scores(images, mode: .training, dropout: dropout).crossEntropy(labels: labels)
      }
      try loss.backward()
      let value = try loss.item()
      guard value.isFinite else { throw diverged("The loss is \(value) at step \(step + 1) of \(steps)", recovery) }
      let rate = schedule.rate(at: step)
      try penalty?.joinGradients(learningRate: rate)
      try optimizer.step(learningRate: rate)
      try penalty?.followStep(learningRate: rate)
      if step >= steps - max(1, steps / 10) { recent.append(value) }
      try progress(Double(step + 1) / Double(steps), value)
    }
    for (name, tensor) in module.parameters {
      guard try tensor.detach().sum().item().isFinite else {
        throw diverged("The weight '\(name)' is not finite", recovery)
      }
    }
    return TrainingSummary(
      steps: steps, samples: steps * length.batchSize, loss: recent.reduce(0, +) / Double(recent.count))
  }

  private static func check(_ recovery: Recovery, epochs: Double, start: Double) throws {
    for (name, value, isRight) in [
      ("epochs", epochs, epochs >= 0), ("starting epoch", start, start >= 0),
      ("learning rate", recovery.learningRate, recovery.learningRate >= 0),
      ("momentum", recovery.momentum, (0..<1).contains(recovery.momentum)),
      ("weight decay", recovery.weightDecay, recovery.weightDecay >= 0),
    ] where !value.isFinite || !isRight {
      throw TrainingError(.invalidSettings, "Cannot train with \(name) \(value).", remedy: "Take a number from 0 up.")
    }
  }

  private static func diverged(_ what: String, _ recovery: Recovery) -> TrainingError {
    TrainingError(
      .diverged, "\(what), with learning rate \(recovery.learningRate) and momentum \(recovery.momentum).",
      remedy: "Lower the learning rate (fine-tune.learning-rate, or --learning-rate).")
  }
}
