import GraphRuntime
import ModelGraph
import StudyModel

/// A network taken out of training, as it is written to disk and continued from.
package enum Checkpoint {
  /// The key of a graph's metadata under which its plan's canonical JSON travels.
  package static let planKey = PruningPlan.metadataKey

  /// The network with its present weights and statistics, and the plan that made it.
  ///
  /// Throws `TrainingError(.diverged)` when a weight is not finite, so that no such network is kept.
  package static func capture(_ module: GraphModule, plan: PruningPlan? = nil) throws -> Graph {
    var graph = try module.exportedGraph()
    for name in graph.weights.keys.sorted() {
      if let data = graph.weights[name], data.elementType == .float32, !data.floats.allSatisfy(\.isFinite) {
        throw TrainingError(
          .diverged, "The weight '\(name)' of \(graph.name) is not finite.", remedy: "Lower fine-tune.learning-rate.")
      }
    }
    if let plan { graph.metadata[PruningPlan.metadataKey] = String(decoding: try plan.canonicalBytes(), as: UTF8.self) }
    return graph
  }
}
