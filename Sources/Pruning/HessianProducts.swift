import Tensors

/// Products of the loss's Hessian with vectors, by differentiating the gradient once more (Pearlmutter 1994).
struct HessianProducts {
  /// For each calibration batch, calls `body` with the gradients of `weights` and a function from vectors (one tensor for each
  /// weight) to Hessian times vector; all are float32 on the module's device. The Hessian of a rectifier's kink counts as zero.
  static func forEachBatch(
    of weights: [String], in context: ScoringContext,
    _ body: (_ gradients: [Tensor], _ product: ([Tensor]) throws -> [Tensor]) throws -> Void
  ) throws {
    guard !weights.isEmpty else { return }
    let parameters = weights.compactMap { context.module.tensor(named: $0) }
    try withoutFusedAttention {
      try context.forEachLoss { loss in
        let gradients = try Tensor.gradients(
          of: [loss], withRespectTo: parameters, retainsGraph: true, createsGraph: true
        ).enumerated().map { position, gradient in try gradient ?? parameters[position].detach().mul(0) }
        try body(gradients.map { try $0.detach() }) { vectors in
          // Gradients that do not depend on the weights (a linear network's) have no derivative.
          let pairs = zip(gradients, vectors).filter { $0.0.requiresGrad }
          guard !pairs.isEmpty else { return try parameters.map { try $0.detach().mul(0) } }
          return try Tensor.gradients(
            of: pairs.map(\.0), withRespectTo: parameters, gradients: pairs.map(\.1), retainsGraph: true
          ).enumerated().map { position, product in try product?.detach() ?? parameters[position].detach().mul(0) }
        }
      }
    }
  }
}
