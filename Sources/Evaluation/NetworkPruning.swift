import ChannelGroups
import GraphRuntime
import ModelFormats
import ModelGraph
import Pruning
import Selection
import StudyModel
import Support
import Training

/// Prunes one network by one plan, outside any study, by the steps of a study's trials.
package struct NetworkPruning {
  /// Its metadata say how it was made and, where there were data, how it is to be fed.
  package let network: Graph
  package let recipe: NetworkRecipe
  /// The dense network in its old shapes, its removed channels masked so that it computes what the cut one computes before
  /// any recovery; nil for elements, and unless asked for.
  package let masked: Graph?
  package let before: NetworkFigures
  package let after: NetworkFigures
  /// How near the cut came to the plan's target; nil where there was none.
  package let reached: TargetGap?
  /// Of the units that left, those that did nothing, where the plan looked for them in one cut.
  package let redundant: RedundantCounts?
  private let dense: Graph
  private let transform: StatisticTransform
  /// Kept and all units of each group, in the network's order.
  package let groups: [(name: String, kept: Int, all: Int)]
  /// Seconds of each step, by its name.
  package let timings: [String: Double]

  /// Scores, cuts, recalibrates, fine-tunes for `epochs` (0: not at all) and measures; without data only cuts. A plan that
  /// trains before its last cut goes through its whole schedule within these epochs.
  ///
  /// `laterRungs` are cumulative epochs that rise from `epochs`: each is trained to with a schedule of its own, as a study's are.
  ///
  /// Throws `EvaluationError(.nearChance)` when there are data and the dense network hardly beats guessing, which
  /// nearly always means another input scaling than it was trained with, unless `allowsNearChance`.
  package init(
    _ graph: Graph, plan: PruningPlan, data: StudyData?, epochs: Double, laterRungs: [Double] = [],
    allowsNearChance: Bool = false,
    batchNormalization policy: BatchNormalizationPolicy = .auto,
    makesMasked: Bool = false, progress: @escaping EvaluationProgress
  ) throws {
    var dense = try data?.checked(graph) ?? graph
    if DenseNetwork.needsNormalizations(dense, policy: policy, criteria: [plan.criterion]) {
      guard let data else {
        throw EvaluationError(
          .badPlan,
          "'\(graph.name)' has no batch normalisation, and one that is inserted needs data for its statistics.",
          remedy: "Name a dataset with --data, or take another criterion.")
      }
      dense = try DenseNetwork.insertingNormalizations(
        dense, data: data, seed: plan.seed, progress: WorkProgress { try progress(.load, $0) })
    }
    var clock = StepClock()
    let denseDigest = try ONNXFile.digest(of: dense)
    let execution = try PlanExecution(
      dense: dense, denseDigest: denseDigest, data: data, device: data?.device ?? .cpu)
    var before = try NetworkFigures(of: dense.foldingInsertedBatchNormalizations())
    if let data {
      try progress(.evaluate, 0)
      let (accuracy, loss) = try AccuracyMeasurement.run(
        execution.denseModule(), on: data.batches(.validation), progress: { try progress(.evaluate, $0) })
      (before.accuracy, before.loss) = (accuracy, loss)
      if accuracy.isNearChance(classes: data.classCount), !allowsNearChance {
        throw EvaluationError(
          .nearChance,
          """
          The network '\(graph.name)' is right on \(Units.percent(accuracy.share)) of \(accuracy.total) validation \
          samples; guessing among \(data.classCount) classes is right on \(Units.percent(1 / Double(data.classCount))).
          """,
          remedy: """
            Give the input scaling that it was trained with (--input-scale, --input-mean, --input-std), or \
            --allow-near-chance to prune it as it is.
            """)
      }
    }
    try progress(.score, 0)
    if !plan.removesNothing { _ = try clock.measure(.load) { try execution.denseModule() } }
    let pruned: PrunedNetwork
    let module: GraphModule
    if plan.trainsBeforeLastCut {
      (module, pruned) = try ScheduledPruning(execution, plan: plan).run(to: epochs, clock: &clock) {
        try progress(.fineTune, $0)
      }
    } else {
      pruned = try execution.cut(plan, clock: &clock, progress: progress)
      module = try GraphModule(pruned.graph, device: execution.device)
      try progress(.recalibrate, 0)
      try execution.recalibrate(
        module, plan: plan, clock: &clock, progress: WorkProgress { try progress(.recalibrate, $0) })
      if epochs > 0 {
        try progress(.fineTune, 0)
        try execution.fineTune(module, plan: plan, from: 0, to: epochs, clock: &clock) { try progress(.fineTune, $0) }
      }
    }
    for (start, end) in zip([epochs] + laterRungs, laterRungs) {
      try execution.fineTune(module, plan: plan, from: start, to: end, clock: &clock) { try progress(.fineTune, $0) }
    }
    let recipe = NetworkRecipe(
      plan: plan, rungs: [0] + (epochs > 0 ? [epochs] : []) + laterRungs,
      insertsNormalizations: !dense.insertedBatchNormalizations.isEmpty,
      dense: data == nil ? denseDigest : try ONNXFile.digest(of: graph),
      kept: try pruned.keptDigest, data: data?.digest, makers: [.current])
    var network = try Checkpoint.capture(
      module, plan: plan, after: plan.trainsBeforeLastCut || (laterRungs.last ?? epochs) > 0 ? .training : .cut
    ).foldingInsertedBatchNormalizations()
    network = try recipe.laid(over: data?.notes.laid(over: network) ?? network)
    var after = try NetworkFigures(of: network)
    if let data {
      try progress(.evaluate, 0)
      let (accuracy, loss) = try AccuracyMeasurement.run(
        module, on: data.batches(.validation), progress: { try progress(.evaluate, $0) })
      (after.accuracy, after.loss) = (accuracy, loss)
    }
    self.network = network
    self.recipe = recipe
    reached = pruned.reached
    redundant = pruned.redundant
    self.dense = dense
    transform = plan.ranking.transform
    if makesMasked, plan.granularity.isStructured {
      var base = pruned.adjusted ?? dense
      // Of several cuts the units leave the masked network at once.
      if pruned.adjusted == nil {
        let analysis = try execution.analysis(plan.granularity)
        base =
          try execution.replacement(plan, of: execution.denseModule(), analysis: analysis, progress: .unwatched)?
          .filled(dense, analysis: analysis, keeping: pruned.keptUnits) ?? dense
      }
      let analysis =
        base.nodes == dense.nodes
        ? try execution.analysis(plan.granularity) : try StructuralAnalysis(base, granularity: plan.granularity)
      masked = try analysis.masked(base, keeping: pruned.keptUnits, narrowsStates: true)
        .foldingInsertedBatchNormalizations()
    } else {
      masked = nil
    }
    self.before = before
    self.after = after
    timings = clock.seconds
    groups = try Self.names(pruned, plan, execution).map { name in
      (name, pruned.counts[name]?[0] ?? 0, pruned.counts[name]?[1] ?? 0)
    }
  }

  /// Each kernel's weights before and after.
  package var distributions: [DistributionChange] {
    DistributionChange.changes(
      from: dense.foldingInsertedBatchNormalizations(), to: network, transform: transform)
  }

  private static func names(
    _ pruned: PrunedNetwork, _ plan: PruningPlan, _ execution: PlanExecution
  ) throws -> [String] {
    let structures = plan.granularity.isStructured ? try execution.analysis(plan.granularity).groups.map(\.name) : []
    let ordered = structures + execution.dense.prunableWeights().map(\.weight)
    return ordered.filter { pruned.counts[$0] != nil }
  }
}
