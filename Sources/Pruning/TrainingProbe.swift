import GraphRuntime
import Tensors

/// Training that a criterion watches, on a copy of the network; the network itself is left as it is.
///
/// It takes four steps for every calibration batch, on the batches of the calibration's order: first the calibration
/// batches themselves, then those that follow them. The loss is the context's, mean cross-entropy in evaluation mode,
/// so running statistics stay and no dropout acts.
struct TrainingProbe {
  static let stepsPerBatch = 4

  /// The copy.
  let module: GraphModule
  let steps: Int
  private let context: ScoringContext

  init(_ context: ScoringContext) throws {
    self.context = context
    module = try GraphModule(
      context.module.exportedGraph(), device: context.module.device, memoryFormat: context.module.memoryFormat)
    steps = Self.stepsPerBatch * context.batchCount
  }

  /// Calls `body` for each step with a function that computes that step's loss with the copy's present weights and
  /// leaves its gradients in the copy's parameters.
  func run(_ body: (_ differentiate: () throws -> Void) throws -> Void) throws {
    try context.forEachBatch(steps) { images, labels in
      try body {
        try module.zeroGradients()
        try module.scores(images, mode: .evaluation).crossEntropy(labels: labels).backward()
      }
    }
  }

  /// The gradient of one of the copy's weights after a step, in float64; zeros where the loss does not depend on it.
  func gradient(_ weight: String) throws -> Tensor {
    if let gradient = module.tensor(named: weight)?.grad { return try gradient.detach().to(.float64) }
    return try context.tensor(weight).to(.float64).mul(0)
  }
}
