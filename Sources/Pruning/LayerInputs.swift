import GraphRuntime
import ModelGraph
import Tensors

/// What a layer's kernel reads over all calibration batches, as the Hessian of the error of the layer's outputs.
struct LayerInputs {
  /// Added to the diagonal: this share of its mean, the paper's 1%.
  static let damping = 0.01

  let view: KernelMatrix
  /// The sum over positions and mean over samples of x x^T, `[groups, columns, columns]` in float64, damped.
  let hessian: Tensor

  /// By weight; weights that some layer reads in a way without columns (`KernelMatrix`) are left out.
  ///
  /// One forward pass. For a layer with d columns and P positions it takes P d^2 products a sample, and memory for
  /// d^2 numbers; products are in the network's precision, sums over batches in float64.
  static func measured(
    _ weights: [String], in context: ScoringContext, damping: Double = Self.damping
  ) throws -> [String: LayerInputs] {
    let wanted = Set(weights)
    let graph = context.module.graph
    var views: [String: KernelMatrix] = [:]
    var others = Set<String>()
    for node in graph.nodes {
      for name in Set(node.inputs) where wanted.contains(name) {
        let shape = graph.weights[name]?.shape ?? []
        if let view = KernelMatrix(name, of: node, shape: shape), views[name] ?? view == view {
          views[name] = view
        } else {
          others.insert(name)
        }
      }
    }
    views = views.filter { !others.contains($0.key) }
    var sums: [String: Tensor] = [:]
    var samples = 0
    guard let input = graph.inputs.first, !views.isEmpty else { return [:] }
    try context.forEachBatch { images, _ in
      samples += images.shape[0]
      try withoutGradients {
        _ = try context.module.forward([input.name: images], mode: .evaluation) { node, values in
          try context.progress.report()
          guard node.inputs.count > 1, let view = views[node.inputs[1]], let x = values[node.inputs[0]] else { return }
          let kernel = graph.weights[node.inputs[1]]?.shape ?? []
          let columns = try view.inputs(x, of: node, kernel: kernel)
          let product = try columns.matmul(columns.transpose(1, 2)).to(.float64)
          if let sum = sums[node.inputs[1]] { try sum.add_(product) } else { sums[node.inputs[1]] = product }
        }
      }
    }
    var result: [String: LayerInputs] = [:]
    for (name, sum) in sums {
      guard let view = views[name] else { continue }
      try context.progress.report()
      try sum.mul_(1 / Double(max(samples, 1)))
      let mean = try SymmetricMatrix.diagonal(sum).mean([1]).mul(damping).maximum(1e-12).reshape([view.groups, 1, 1])
      let identity = try SymmetricMatrix.identity(view.columns, device: sum.device)
      result[name] = LayerInputs(view: view, hessian: try sum.add(identity.mul(mean)))
    }
    return result
  }
}
