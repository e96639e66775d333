import GraphRuntime
import ModelGraph
import StudyModel
import Support
import Tensors
import Training

/// Makes a network ready for pruning: batch normalisations that its exporter folded are inserted again where asked for.
package enum DenseNetwork {
  private static let batches = 16
  private static let batchSize = 64

  /// True when `policy` asks for normalisations that the network does not have, or one of `criteria` cannot do without.
  package static func needsNormalizations(
    _ graph: Graph, policy: BatchNormalizationPolicy, criteria: [Criterion]
  ) -> Bool {
    switch policy {
    case .keep: false
    case .insert: !graph.convolutionsWithoutBatchNormalization.isEmpty
    case .auto: criteria.contains(.batchNormScale) && graph.looksFolded
    }
  }

  /// The network with a batch normalisation after each convolution that can have one, its statistics those of the
  /// convolution's outputs over training batches, its scale and shift such that it changes nothing yet.
  ///
  /// They give recalibration, scale-based criteria and stable fine-tuning to any file, and are folded again at export.
  package static func insertingNormalizations(
    _ graph: Graph, data: StudyData, seed: UInt64, progress: WorkProgress = .unwatched
  ) throws -> Graph {
    let convolutions = graph.convolutionsWithoutBatchNormalization
    let statistics = try ChannelStatistics.measure(
      GraphModule(graph, device: data.device), of: Set(convolutions.map(\.name)), on: data.batches(.training),
      batches: batches, batchSize: batchSize, seed: seed, progress: progress)
    var result = graph.insertingBatchNormalizations()
    var measured: [String: (mean: [Double], variance: [Double])] = [:]
    for convolution in convolutions { measured[convolution.outputs[0]] = statistics[convolution.name] }
    for node in result.nodes {
      guard case .batchNormalization = node.op, let output = node.outputs.first, let entry = measured[output] else {
        continue
      }
      result.weights[node.inputs[3]] = TensorData(shape: [entry.mean.count], floats: entry.mean.map { Float($0) })
      result.weights[node.inputs[4]] = TensorData(
        shape: [entry.variance.count], floats: entry.variance.map { Float($0) })
    }
    return result.makingInsertedNormalizationsIdentities()
  }
}
