import ChannelGroups
import GraphRuntime
import ModelGraph
import StudyModel
import Support
import Tensors
import Training

/// The step between selection and the cut for criteria that update the weights that stay (`Criterion.updatesWeights`).
package struct WeightCompensation {
  private let criterion: any CompensatingCriterion
  private let context: ScoringContext

  /// Of the network as `module` holds it. Nil for criteria that leave the other weights alone.
  package init?(
    _ criterion: Criterion, module: GraphModule, data: BatchSource?, seed: UInt64,
    calibration: Calibration = Calibration(), progress: WorkProgress = .unwatched
  ) {
    guard let compensating = ImportanceScoring.implementation(of: criterion) as? any CompensatingCriterion else {
      return nil
    }
    self.criterion = compensating
    context = ScoringContext(module: module, data: data, seed: seed, calibration: calibration, progress: progress)
  }

  /// The network of `graph`, in its shapes, with weights that make up for the elements that leave. Weights that lose
  /// nothing stay bit for bit. Throws `PruningError(.invalidScores)` when an update is not finite.
  package func updated(_ graph: Graph, masks: [String: [Bool]]) throws -> Graph {
    var result = graph
    let losing = masks.filter { $0.value.contains(false) }
    guard !losing.isEmpty else { return graph }
    for (name, tensor) in try criterion.compensated(losing, in: context) {
      try context.progress.report()
      guard let old = graph.weights[name] else { continue }
      let values = try tensor.to(ScalarType(old.elementType))
      guard try values.isFinite().all().item() == 1 else {
        throw PruningError(
          .invalidScores, "The update of '\(name)' by '\(criterion.criterion.rawValue)' is not finite.",
          remedy: "Look for weights that are not finite, or take a criterion that leaves the other weights alone.")
      }
      result.weights[name] = try values.contiguous().tensorData()
    }
    return result
  }

  /// The same for whole units: `keeping` names, for each group, the units that stay.
  package func updated(_ graph: Graph, groups: [ChannelGroup], keeping: [String: [Int]]) throws -> Graph {
    var masks: [String: [Bool]] = [:]
    for group in groups {
      guard let kept = keeping[group.name].map(Set.init), kept.count < group.units.count else { continue }
      try context.progress.report()
      for face in group.faces
      where criterion.countsInUpdate(face) && context.kernels.contains(face.weight) {
        guard let shape = graph.weights[face.weight]?.shape else { continue }
        var mask = masks[face.weight] ?? Array(repeating: true, count: shape.reduce(1, *))
        for entry in face.entries where !kept.contains(entry.unit) {
          for element in face.elements(at: entry.indices, of: shape) { mask[element] = false }
        }
        masks[face.weight] = mask
      }
    }
    return try updated(graph, masks: masks)
  }
}
