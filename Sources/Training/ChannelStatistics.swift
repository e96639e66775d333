import GraphRuntime
import ModelGraph
import Support
import Tensors

/// Means and variances of what chosen nodes put out, channel by channel, over training batches.
package enum ChannelStatistics {
  /// For each node its output's mean and unbiased variance over axis 1 of `[N, C, ...]`, in double precision; the network
  /// runs in evaluation mode and is not changed. Images are not augmented.
  package static func measure(
    _ module: GraphModule, of nodes: Set<String>, on source: BatchSource, batches: Int, batchSize: Int, seed: UInt64,
    progress: WorkProgress = .unwatched
  ) throws -> [String: (mean: [Double], variance: [Double])] {
    try source.check(fits: module.graph)
    var order = SampleOrder(
      count: source.count, batchSize: max(batchSize, 1), seed: SeededGenerator.derivedSeed(seed, stream: "statistics"))
    var sums: [String: (count: Double, sum: [Double], squares: [Double])] = [:]
    try withInference {
      for batch in 0..<max(batches, 1) {
        _ = try module.forward(try source.batch(order.next()).images, mode: .evaluation) { node, values in
          try progress.report()
          guard nodes.contains(node.name), let output = node.outputs.first, let x = values[output], x.rank >= 2 else {
            return
          }
          let axes = (0..<x.rank).filter { $0 != 1 }
          let wide = try x.to(.float64)
          let (sum, squares) = (try wide.sum(axes).doubles, try wide.square().sum(axes).doubles)
          let count = Double(x.elementCount / max(x.shape[1], 1))
          guard let before = sums[node.name] else {
            sums[node.name] = (count, sum, squares)
            return
          }
          sums[node.name] = (
            before.count + count, zip(before.sum, sum).map { $0 + $1 }, zip(before.squares, squares).map { $0 + $1 }
          )
        }
        try progress.report(Double(batch + 1) / Double(max(batches, 1)))
      }
    }
    return sums.mapValues { count, sum, squares in
      let mean = sum.map { $0 / count }
      let variance = zip(mean, squares).map { mean, square in
        max(square - count * mean * mean, 0) / max(count - 1, 1)
      }
      return (mean, variance)
    }
  }
}
