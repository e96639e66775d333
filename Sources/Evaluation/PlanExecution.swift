import ChannelGroups
import GraphRuntime
import ModelGraph
import Pruning
import StudyModel
import Support
import Tensors
import Training

/// Turns plans into networks: scores, the cut, recalibration and fine-tuning, each reproducible from the plan alone.
///
/// Random numbers come from the plan's seed, one stream for each step; neither the trial's number nor the worker
/// has a part in them, so a record's plan is enough to make its network again.
package final class PlanExecution {
  package let dense: Graph
  /// The identity of the dense network in the score cache.
  package let denseDigest: Digest
  package let analysis: ChannelAnalysis
  package let device: Device
  private let data: StudyData?
  private let cache: ScoreCache?
  private var resident: [ScoreKey: [String: [Float]]] = [:]
  private var residentModule: GraphModule?

  /// Without data only criteria that look at weights alone can be used, and nothing is recalibrated or fine-tuned.
  package init(
    dense: Graph, denseDigest: Digest, data: StudyData?, cache: ScoreCache? = nil, device: Device = .cpu
  ) throws {
    self.dense = dense
    self.denseDigest = denseDigest
    self.data = data
    self.cache = cache
    self.device = device
    analysis = try ChannelAnalysis(dense)
  }

  /// The dense network ready to run; made once.
  package func denseModule() throws -> GraphModule {
    if let residentModule { return residentModule }
    let module = try GraphModule(dense, device: device)
    residentModule = module
    return module
  }

  /// What the plan leaves of the dense network: smaller tensors, or zeros.
  package func cut(_ plan: PruningPlan, clock: inout StepClock) throws -> PrunedNetwork {
    let scores = plan.removesNothing ? [:] : try clock.measure(.score) { try self.scores(for: plan) }
    return try clock.measure(.prune) {
      switch plan.granularity {
      case .channel:
        let all = Dictionary(uniqueKeysWithValues: analysis.groups.map { ($0.name, $0.units.count) })
        if plan.removesNothing {
          return try PrunedNetwork(graph: dense, keptUnits: all.mapValues { Array(0..<$0) }, unitCounts: all)
        }
        let outcome = try PruningStep.cut(plan, dense, analysis: analysis, scores: scores)
        return try PrunedNetwork(graph: outcome.graph, keptUnits: outcome.keptUnits, unitCounts: all)
      case .element:
        if plan.removesNothing { return PrunedNetwork(graph: dense, masks: [:]) }
        let outcome = try PruningStep.mask(plan, dense, scores: scores)
        return PrunedNetwork(graph: outcome.graph, masks: outcome.masks)
      }
    }
  }

  /// Measures batch-norm statistics anew, as the plan asks; a network that lost nothing keeps its own.
  package func recalibrate(_ module: GraphModule, plan: PruningPlan, clock: inout StepClock) throws {
    guard let data, plan.recovery.recalibrationBatches > 0, !plan.removesNothing, !module.statistics.isEmpty else {
      return
    }
    try clock.measure(.recalibrate) {
      try Recalibration.run(
        module, on: data.batches(.training), batches: plan.recovery.recalibrationBatches,
        batchSize: plan.recovery.batchSize, seed: seed(plan, .recalibrate))
    }
  }

  /// Trains from one rung's cumulative epochs to the next's, with fresh momentum and a schedule of its own; pruned
  /// elements stay zero. The order of samples goes on where the earlier rungs left it.
  package func fineTune(
    _ module: GraphModule, plan: PruningPlan, from start: Double, to end: Double, clock: inout StepClock,
    progress: (Double) throws -> Void
  ) throws {
    guard let data else {
      throw EvaluationError(.badPlan, "Fine-tuning needs data.", remedy: "Name a dataset with --data.")
    }
    guard start >= 0, end > start, end.isFinite else {
      throw EvaluationError(
        .badPlan, "A rung would fine-tune from epoch \(start) to \(end).", remedy: "The rungs' epochs must rise.")
    }
    try clock.measure(.fineTune) {
      // A checkpoint's zeros are its masks.
      let masks =
        plan.granularity == .element
        ? try PruningStep.tensors(of: PruningStep.masks(ofZerosIn: module.exportedGraph(), plan), for: module) : [:]
      try FineTuning.run(
        module, on: data.batches(.training), recovery: plan.recovery, epochs: end - start, from: start,
        seed: seed(plan, .fineTune), masks: masks, progress: { share, _ in try progress(share) })
    }
  }

  private func scores(for plan: PruningPlan) throws -> [String: [Float]] {
    if plan.criterion.needsData, data == nil {
      throw EvaluationError(
        .badPlan, "The criterion '\(plan.criterion.rawValue)' needs data.",
        remedy: "Name a dataset with --data, or take l1, l2, fpgm, bn-scale or random.")
    }
    let key = ScoreKey(
      network: denseDigest, criterion: plan.criterion, granularity: plan.granularity, data: data?.digest,
      seed: plan.seed)
    if let scores = resident[key] { return scores }
    let compute = { try self.computeScores(plan) }
    let scores = try cache?.scores(for: key, compute: compute) ?? compute()
    resident[key] = scores
    return scores
  }

  private func computeScores(_ plan: PruningPlan) throws -> [String: [Float]] {
    let source = plan.criterion.needsData ? try data?.batches(.training) : nil
    let seed = seed(plan, .score)
    switch plan.granularity {
    case .channel:
      return try ImportanceScoring.channelScores(
        plan.criterion, groups: analysis.groups, module: denseModule(), data: source, seed: seed)
    case .element:
      return try ImportanceScoring.elementScores(
        plan.criterion, weights: dense.prunableWeights().map(\.weight), module: denseModule(), data: source, seed: seed)
    }
  }

  private func seed(_ plan: PruningPlan, _ step: EvaluationStep) -> UInt64 {
    SeededGenerator.derivedSeed(plan.seed, stream: step.rawValue)
  }
}
