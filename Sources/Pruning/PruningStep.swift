import ChannelGroups
import GraphRuntime
import ModelGraph
import Selection
import StudyModel
import Tensors
import Training

/// What a plan made of a network.
package struct PruningOutcome: Sendable, Equatable {
  /// Really smaller for channels; of the old shapes, with zeros, for elements.
  package var graph: Graph
  /// For each group, the units that stay, ascending; empty for elements.
  package var keptUnits: [String: [Int]]
  /// For each masked weight, whether each element stays (row-major); empty for channels.
  package var masks: [String: [Bool]]

  package init(graph: Graph, keptUnits: [String: [Int]] = [:], masks: [String: [Bool]] = [:]) {
    self.graph = graph
    self.keptUnits = keptUnits
    self.masks = masks
  }
}

/// From a plan and a network to the pruned network, without any training.
package enum PruningStep {
  /// Scores the module's network by the plan's criterion, selects, and cuts. `data` is needed where the criterion needs it.
  package static func apply(
    _ plan: PruningPlan, to module: GraphModule, data: BatchSource?, calibration: Calibration = Calibration()
  ) throws -> PruningOutcome {
    let graph = try module.exportedGraph()
    if plan.removesNothing { return PruningOutcome(graph: graph, keptUnits: try allUnits(plan, graph)) }
    switch plan.granularity {
    case .channel:
      let analysis = try analysis(of: graph, plan)
      let scores = try ImportanceScoring.channelScores(
        plan.criterion, groups: analysis.groups, module: module, data: data, seed: plan.seed, calibration: calibration)
      return try cut(plan, graph, analysis: analysis, scores: scores)
    case .element:
      let weights = graph.prunableWeights(including: plan.layers.contains)
      let scores = try ImportanceScoring.elementScores(
        plan.criterion, weights: weights.map(\.weight), module: module, data: data, seed: plan.seed,
        calibration: calibration)
      return try mask(plan, graph, scores: scores)
    }
  }

  /// The channels that may leave under the plan's layer set.
  package static func analysis(of graph: Graph, _ plan: PruningPlan) throws -> ChannelAnalysis {
    try ChannelAnalysis(graph, excluding: { !plan.layers.contains($0) })
  }

  /// Cuts channels by scores that are already there (from a cache, say), by group name.
  package static func cut(
    _ plan: PruningPlan, _ graph: Graph, analysis: ChannelAnalysis, scores: GroupScores
  ) throws -> PruningOutcome {
    let kept = try PlanSelection.keptUnits(groups: analysis.groups, scores: scores, plan: plan)
    return PruningOutcome(graph: try analysis.compacted(graph, keeping: kept), keptUnits: kept)
  }

  /// Zeroes elements by scores that are already there, by weight name.
  package static func mask(_ plan: PruningPlan, _ graph: Graph, scores: [String: [Float]]) throws -> PruningOutcome {
    let masks = try PlanSelection.elementMasks(
      weights: graph.prunableWeights(including: plan.layers.contains), scores: scores, plan: plan)
    var result = graph
    for (name, mask) in masks {
      guard let weight = graph.weights[name] else { continue }
      result.weights[name] = TensorData(
        shape: weight.shape, floats: zip(weight.floats, mask).map { value, stays in stays ? value : 0 })
    }
    return PruningOutcome(graph: result, masks: masks)
  }

  /// The masks of a network that was element-pruned under `plan` before: what is zero stays zero.
  package static func masks(ofZerosIn graph: Graph, _ plan: PruningPlan) -> [String: [Bool]] {
    guard plan.granularity == .element else { return [:] }
    var masks: [String: [Bool]] = [:]
    for weight in graph.prunableWeights(including: plan.layers.contains) {
      masks[weight.weight] = graph.weights[weight.weight]?.floats.map { $0 != 0 }
    }
    return masks
  }

  /// Masks as `FineTuning` takes them: ones and zeros of the weights' shapes.
  package static func tensors(of masks: [String: [Bool]], for module: GraphModule) throws -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (name, mask) in masks {
      guard let shape = module.graph.weights[name]?.shape else { continue }
      result[name] = try Tensor(floats: mask.map { $0 ? 1 : 0 }, shape: shape, device: module.device)
    }
    return result
  }

  private static func allUnits(_ plan: PruningPlan, _ graph: Graph) throws -> [String: [Int]] {
    guard plan.granularity == .channel else { return [:] }
    let groups = try analysis(of: graph, plan).groups
    return Dictionary(uniqueKeysWithValues: groups.map { ($0.name, Array($0.units.indices)) })
  }
}
