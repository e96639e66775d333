import GraphRuntime
import ModelGraph
import StudyModel

/// A network taken out of training, as it is written to disk and continued from.
package enum Checkpoint {
  /// The key of a graph's metadata under which its plan's canonical JSON travels.
  package static let planKey = PruningPlan.metadataKey

  /// What was last done with a network, which decides what helps where its weights are not finite.
  package enum Step: Sendable {
    /// Units or weights were taken out, and batch normalisations perhaps measured again; nothing was trained.
    case cut
    case training
  }

  /// The network with its present weights and statistics, and the plan that made it.
  ///
  /// Throws `TrainingError(.diverged)` when a weight or a statistic is not finite, so that no such network is kept. Constants may be:
  /// masks and limits are infinite on purpose.
  package static func capture(
    _ module: GraphModule, plan: PruningPlan? = nil, after step: Step = .training
  ) throws -> Graph {
    var graph = try module.exportedGraph()
    let roles = graph.weightRoles()
    for name in graph.weights.keys.sorted() {
      guard let role = roles[name], role != .constant, let data = graph.weights[name], data.elementType == .float32,
        let value = data.floats.first(where: { !$0.isFinite })
      else { continue }
      let what = role == .statistic ? "statistic" : "weight"
      throw TrainingError(
        .diverged, "The \(what) '\(name)' of '\(graph.name)' is not finite: it holds \(value).",
        remedy: remedy(for: role, after: step))
    }
    if let plan { graph.metadata[PruningPlan.metadataKey] = String(decoding: try plan.canonicalBytes(), as: UTF8.self) }
    return graph
  }

  private static func remedy(for role: WeightRole, after step: Step) -> String {
    switch (step, role) {
    case (.training, _): "Lower the learning rate (fine-tune.learning-rate, or --learning-rate)."
    case (.cut, .statistic):
      "Check the input scaling: what the network computes of these data is too large, or the file's own statistics are not finite."
    case (.cut, _):
      "The network came with it: take a network whose weights are finite, from before its training failed."
    }
  }
}
