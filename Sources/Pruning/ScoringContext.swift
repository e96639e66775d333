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
  /// How the numbers of those follow that are held as integers.
  private let quantizations: [String: WeightQuantization]
  private let data: BatchSource?
  private let calibration: Calibration
  private let seed: UInt64
  /// Told of every batch, every layer's values and every weight that is looked at; what else is long reports by itself.
  package let progress: WorkProgress

  package init(
    module: GraphModule, data: BatchSource?, seed: UInt64, calibration: Calibration = Calibration(),
    progress: WorkProgress = .unwatched
  ) {
    self.module = module
    self.progress = progress
    self.data = data
    self.calibration = calibration
    self.seed = seed
    let found = module.graph.kernelWeights()
    kernels = Set(found.keys)
    quantizations = found.compactMapValues { $0 }
  }

  /// The same for one of `count` pieces of work, which reports its share of the whole.
  package func part(_ index: Int, of count: Int) -> ScoringContext {
    ScoringContext(self, progress: progress.part(index, of: count))
  }

  private init(_ other: ScoringContext, progress: WorkProgress) {
    module = other.module
    kernels = other.kernels
    quantizations = other.quantizations
    data = other.data
    calibration = other.calibration
    seed = other.seed
    self.progress = progress
  }

  /// A generator for one named use; the plan's seed decides.
  package func generator(_ stream: String) -> SeededGenerator { SeededGenerator(seed: seed, stream: stream) }

  /// The present values of a weight, off the gradient's tape; for integers the numbers that they stand for.
  package func tensor(_ weight: String) throws -> Tensor {
    try progress.report()
    if let numbers = try quantizations[weight]?.numbers(of: weight, in: module.graph) {
      return try Tensor(numbers, device: module.device)
    }
    guard let tensor = module.tensor(named: weight) else {
      throw PruningError(
        .unsupportedCriterion, "The network has no weight '\(weight)'.", remedy: "Analyse the network that is scored.")
    }
    return try tensor.detach()
  }

  /// Runs `body` after the backward pass of each calibration batch, with that batch's gradients in the module's
  /// parameters.
  package func forEachGradient(_ body: () throws -> Void) throws {
    try forEachLoss { loss in
      try loss.backward()
      try body()
    }
  }

  /// The same with the gradients of the loss of each single sample of the batches, of which the empirical Fisher information is
  /// made: in a batch's mean gradient the samples' cancel, and its square is near zero at a minimum whatever the curvature.
  /// Costs a backward pass for each sample.
  package func forEachSampleGradient(_ body: () throws -> Void) throws {
    try checkGradients()
    try forEachBatch { images, labels in
      for sample in 0..<images.shape[0] {
        try module.zeroGradients()
        try module.scores(images.slice(0, sample, sample + 1), mode: .evaluation)
          .crossEntropy(labels: labels.slice(0, sample, sample + 1)).backward()
        try body()
        try progress.report()
      }
    }
    try module.zeroGradients()
  }

  /// Runs `body` with the loss of each calibration batch, the module's gradients empty.
  ///
  /// The loss is the mean cross-entropy, in evaluation mode: in training mode a batch normalisation makes the loss
  /// indifferent to the scale of the filter before it, and the gradient along the filter would be zero. No
  /// augmentation.
  package func forEachLoss(_ body: (Tensor) throws -> Void) throws {
    try checkGradients()
    try forEachBatch { images, labels in
      try module.zeroGradients()
      try body(try module.scores(images, mode: .evaluation).crossEntropy(labels: labels))
    }
    try module.zeroGradients()
  }

  private func checkGradients() throws {
    // Data that are missing are the nearer fault.
    guard data == nil || !module.parameters.isEmpty else {
      throw PruningError(
        .unsupportedCriterion,
        "The network '\(module.graph.name)' has no weights with gradients: they are integers or frozen.",
        remedy: "Take a criterion that reads weights, such as l1, or the network from before its quantisation.")
    }
  }

  /// Runs the network over each calibration batch, in evaluation mode and without gradients.
  ///
  /// `observe` gets each value of `values` when it is made, the network's input among them, with the number of samples
  /// in the batch. Tensors that are kept beyond the call cost memory.
  package func forEachForward(
    observing values: Set<String>, _ observe: (_ value: String, _ tensor: Tensor, _ samples: Int) throws -> Void
  ) throws {
    let input = module.graph.inputs.first?.name ?? ""
    try withoutActuallyEscaping(observe) { observe in
      try forEachBatch { images, _ in
        try withInference {
          let samples = images.shape[0]
          if values.contains(input) { try observe(input, images, samples) }
          _ = try module.forward(images, mode: .evaluation) { node, tensors in
            try progress.report()
            for name in node.outputs where values.contains(name) {
              if let tensor = tensors[name] { try observe(name, tensor, samples) }
            }
          }
        }
      }
    }
  }

  /// Runs `body` with the images `[B, C, H, W]` and labels `[B]` of each calibration batch, or of the first `count`
  /// batches of the order that the calibration batches begin.
  package func forEachBatch(_ count: Int? = nil, _ body: (_ images: Tensor, _ labels: Tensor) throws -> Void) throws {
    guard let data else {
      throw PruningError(
        .missingData, "Scores from gradients and activations need training data.",
        remedy: "Name the data, or take another criterion.")
    }
    try data.check(fits: module.graph)
    var order = SampleOrder(
      count: data.count, batchSize: calibration.batchSize,
      seed: SeededGenerator.derivedSeed(seed, stream: "calibration"))
    let count = count ?? calibration.batches
    for number in 0..<count {
      let (images, labels) = try data.batch(order.next())
      try body(images, labels)
      try progress.report(Double(number + 1) / Double(count))
    }
  }

  /// How many calibration batches there are.
  package var batchCount: Int { calibration.batches }

  /// Samples that the calibration's order is drawn from.
  package var sampleCount: Int { data?.count ?? 0 }
}
