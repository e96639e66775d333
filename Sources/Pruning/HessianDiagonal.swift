import Support
import Tensors

/// The diagonal of the loss's Hessian over some weights, the mean over calibration batches.
///
/// Up to `exactLimit` weights it is exact: one product with each unit vector. Beyond that it is Hutchinson's estimate
/// (Bekas and others 2007): the mean of v (H v) over `vectors` vectors v of random signs a batch, whose error falls
/// with the root of their number and which is exact where the Hessian of the weights is diagonal. The sum over some
/// weights is, in the same way, the trace of their block. Cost: so many backward passes through the gradient's graph
/// for each batch.
enum HessianDiagonal {
  static let exactLimit = 256
  static let vectors = 4

  /// By weight, float64.
  static func mean(
    over weights: [String], in context: ScoringContext, stream: String, exactLimit: Int = Self.exactLimit
  ) throws -> [String: Tensor] {
    let totals = try weights.map { try context.tensor($0).to(.float64).mul(0) }
    let isExact = totals.reduce(0) { $0 + $1.elementCount } <= exactLimit
    var batches = 0
    try HessianProducts.forEachBatch(of: weights, in: context) { gradients, product in
      if isExact {
        try addExact(gradients, product, to: totals, progress: context.progress)
      } else {
        for vector in 0..<vectors {
          var generator = context.generator("\(stream)/\(batches)/\(vector)")
          let signs = try gradients.map { gradient in
            let values = (0..<gradient.elementCount).map { _ in Float(generator.next() >> 63 == 0 ? -1 : 1) }
            return try Tensor(floats: values, shape: gradient.shape, device: gradient.device)
          }
          try context.progress.report()
          for (place, curvature) in try product(signs).enumerated() {
            try totals[place].add_(signs[place].mul(curvature).to(.float64), alpha: 1 / Double(vectors))
          }
        }
      }
      batches += 1
    }
    for total in totals { try total.mul_(1 / Double(max(batches, 1))) }
    return Dictionary(uniqueKeysWithValues: zip(weights, totals))
  }

  private static func addExact(
    _ gradients: [Tensor], _ product: ([Tensor]) throws -> [Tensor], to totals: [Tensor], progress: WorkProgress
  ) throws {
    for place in gradients.indices {
      let count = gradients[place].elementCount
      var diagonal = [Double](repeating: 0, count: count)
      for element in 0..<count {
        try progress.report()
        var unit = [Float](repeating: 0, count: count)
        unit[element] = 1
        let vectors = try gradients.enumerated().map { other, gradient in
          other == place
            ? try Tensor(floats: unit, shape: gradient.shape, device: gradient.device) : try gradient.mul(0)
        }
        diagonal[element] = Double(try product(vectors)[place].floats[element])
      }
      try totals[place].add_(
        Tensor(doubles: diagonal, shape: totals[place].shape, device: totals[place].device))
    }
  }
}
