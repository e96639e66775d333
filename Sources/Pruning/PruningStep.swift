import ChannelGroups
import GraphRuntime
import ModelGraph
import Selection
import StudyModel
import Support
import Tensors
import Training

/// From a plan and a network to the pruned network, without any training.
package enum PruningStep {
  /// Scores the module's network by the plan's criterion, selects, and cuts. `data` is needed where the criterion needs it.
  package static func apply(
    _ plan: PruningPlan, to module: GraphModule, data: BatchSource?, calibration: Calibration = Calibration()
  ) throws -> PruningOutcome {
    let graph = try module.exportedGraph()
    if plan.removesNothing { return PruningOutcome(graph: graph, keptUnits: try allUnits(plan, graph)) }
    let compensation = WeightCompensation(
      plan.criterion, module: module, data: data, seed: plan.seed, calibration: calibration)
    switch plan.granularity {
    case .channel, .head, .unit, .layer:
      let analysis = try analysis(of: graph, plan)
      let scores = try ImportanceScoring.channelScores(
        plan.criterion, ranking: plan.ranking, groups: analysis.groups, module: module, data: data, seed: plan.seed,
        calibration: calibration)
      let redundancy = try redundancy(
        plan, of: module, analysis: analysis, data: data, seed: plan.seed, calibration: calibration)
      let replacement = try replacement(
        plan, of: module, analysis: analysis, data: data, seed: plan.seed, calibration: calibration)
      return try cut(
        plan, graph, analysis: analysis, scores: scores, redundancy: redundancy, compensation: compensation,
        replacement: replacement)
    case .element, .nOfM, .block:
      let weights = graph.prunableWeights(including: LayerAdmission(plan.layers, graph: graph).contains)
      let scores = try ImportanceScoring.elementScores(
        plan.criterion, weights: weights.map(\.weight), module: module, data: data, seed: plan.seed,
        calibration: calibration)
      return try mask(plan, graph, scores: scores, compensation: compensation)
    }
  }

  /// What may leave under the plan's granularity and layer set.
  package static func analysis(of graph: Graph, _ plan: PruningPlan) throws -> StructuralAnalysis {
    let layers = LayerAdmission(plan.layers, graph: graph)
    return try StructuralAnalysis(graph, granularity: plan.granularity, excluding: { !layers.contains($0) })
  }

  /// The network's redundant units, of the groups that the plan may cut, with what becomes of their constants; nil for a
  /// plan that does not ask, and for whole layers. Without data those count that are zero or unread.
  package static func redundancy(
    _ plan: PruningPlan, of module: GraphModule, analysis: StructuralAnalysis, data: BatchSource?, seed: UInt64,
    calibration: Calibration = Calibration(), progress: WorkProgress = .unwatched
  ) throws -> RedundancyRemoval? {
    guard plan.removesRedundant, case .channels(let analysis) = analysis else { return nil }
    let graph = try module.exportedGraph()
    let layers = LayerAdmission(plan.layers, graph: graph)
    let units = try RedundantUnits(
      module, analysis: analysis, data: data, seed: seed, calibration: calibration, progress: progress
    ) { $0.layers.allSatisfy(layers.contains) }
    return RedundancyRemoval(units, analysis: analysis, graph: graph)
  }

  /// The means that readers of channels get in their place; nil for a plan that does not ask, for whole layers, and for criteria
  /// whose update of the other weights makes up for the means already.
  package static func replacement(
    _ plan: PruningPlan, of module: GraphModule, analysis: StructuralAnalysis, data: BatchSource?, seed: UInt64,
    calibration: Calibration = Calibration(), progress: WorkProgress = .unwatched
  ) throws -> MeanReplacement? {
    guard plan.replacement?.applies(to: plan.granularity, plan.criterion) == true,
      case .channels(let analysis) = analysis
    else { return nil }
    return try MeanReplacement(
      module, analysis: analysis, data: data, seed: seed, calibration: calibration, progress: progress)
  }

  /// Cuts by scores that are already there (from a cache, say), by group name; with `names` only groups of these names, as
  /// if the network had no others.
  ///
  /// With `redundancy` its units leave before all others and count towards the sparsity; all that constraints let go leave,
  /// whatever the sparsity. `compensation` changes the weights that stay before the cut, `replacement` the biases of
  /// those that read what leaves.
  package static func cut(
    _ plan: PruningPlan, _ graph: Graph, analysis: StructuralAnalysis, scores: GroupScores,
    only names: Set<String>? = nil,
    redundancy: RedundancyRemoval? = nil, compensation: WeightCompensation? = nil,
    replacement: MeanReplacement? = nil, progress: WorkProgress = .unwatched
  ) throws -> PruningOutcome {
    let structures =
      plan.ranking.normalization == .isomorphic ? StructureClasses.structures(of: analysis.groups, in: graph) : [:]
    let ranked = redundancy?.leavingFirst(scores, plan) ?? (scores: scores, plan: plan)
    try progress.report()
    let selection = try PlanSelection.outcome(
      groups: analysis.groups.filter { names?.contains($0.name) ?? true }, scores: ranked.scores, plan: ranked.plan,
      layers: LayerAdmission(plan.layers, graph: graph), structures: structures
    ) {
      try progress.report()
      return try analysis.measure(keeping: $0)
    }
    try progress.report()
    var kept = redundancy?.removing(from: selection.kept, plan) ?? selection.kept
    for group in analysis.groups where kept[group.name] == nil { kept[group.name] = Array(group.units.indices) }
    let folded = redundancy?.graph
    // A layer leaves whole: nothing of its reader's kernel is left to make up for it.
    let groups = analysis.groups.filter { !$0.holdsBranches }
    var adjusted = try compensation?.updated(folded ?? graph, groups: groups, keeping: kept) ?? folded
    // Folding may have given layers biases of their own, which an analysis has to know.
    var cutting = try folded.map { try StructuralAnalysis($0, granularity: plan.granularity) } ?? analysis
    try progress.report()
    if let filled = try replacement?.filled(adjusted ?? graph, analysis: cutting, keeping: kept) {
      if filled.nodes != (adjusted ?? graph).nodes {
        cutting = try StructuralAnalysis(filled, granularity: plan.granularity)
      }
      adjusted = filled
    }
    return PruningOutcome(
      graph: try cutting.compacted(adjusted ?? graph, keeping: kept), keptUnits: kept, reached: selection.reached,
      adjusted: adjusted, redundant: redundancy?.counts(without: kept))
  }

  /// Zeroes elements, blocks or N of M by the elements' scores that are already there, by weight name; `compensation`
  /// changes the weights that stay first.
  package static func mask(
    _ plan: PruningPlan, _ graph: Graph, scores: [String: [Float]], compensation: WeightCompensation? = nil
  ) throws -> PruningOutcome {
    let layers = LayerAdmission(plan.layers, graph: graph)
    let weights = graph.prunableWeights(including: layers.contains)
    let outcome = try PlanSelection.maskOutcome(
      weights: weights, scores: scores, plan: plan, layers: layers,
      structures: plan.ranking.normalization == .isomorphic
        ? StructureClasses.structures(of: weights, in: graph) : [:],
      parameters: plan.measure == .parameters ? NonzeroParameters(of: graph, weights: weights) : nil)
    let adjusted = try compensation?.updated(graph, masks: outcome.masks)
    var result = adjusted ?? graph
    for (name, mask) in outcome.masks {
      guard let weight = result.weights[name] else { continue }
      result.weights[name] = TensorData(
        shape: weight.shape, floats: zip(weight.floats, mask).map { value, stays in stays ? value : 0 })
    }
    return PruningOutcome(graph: result, masks: outcome.masks, reached: outcome.reached, adjusted: adjusted)
  }

  /// The masks of a network whose weights became zeros under `plan` before: what is zero stays zero.
  package static func masks(ofZerosIn graph: Graph, _ plan: PruningPlan) -> [String: [Bool]] {
    guard !plan.granularity.isStructured else { return [:] }
    var masks: [String: [Bool]] = [:]
    for weight in graph.prunableWeights(including: LayerAdmission(plan.layers, graph: graph).contains) {
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
    guard plan.granularity.isStructured else { return [:] }
    let groups = try analysis(of: graph, plan).groups
    return Dictionary(uniqueKeysWithValues: groups.map { ($0.name, Array($0.units.indices)) })
  }
}
