import ChannelGroups
import GraphRuntime
import ModelGraph
import Pruning
import Selection
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
  package let device: Device
  let data: StudyData?
  private let cache: ScoreCache?
  private var resident: RecentValues<ScoreKey, [String: [Float]]>
  private var residentModule: GraphModule?
  /// What pruning each group alone costs, for plans that cut the least sensitive first; measured where it is not given.
  package var sensitivityScan: SensitivityScan?
  /// Where scans that are measured are kept, and taken from.
  package var sensitivityCache: SensitivityCache?
  private var scans = RecentValues<PruningPlan, SensitivityScan>(byteLimit: 16 << 20)
  /// At most one for each structured granularity.
  private var residentAnalyses: [Granularity: StructuralAnalysis] = [:]
  /// The latest only: those of a large network are as large as its activations, and each seed has its own.
  private var residentMeans: (key: MeansKey, means: MeanReplacement)?

  /// What the dense network's means depend on.
  private struct MeansKey: Hashable {
    let granularity: Granularity
    let seed: UInt64
  }

  /// Bytes of scores that stay in memory unless said otherwise: those of single weights are as large as the network.
  package static let usualScoreBytes = 512 << 20

  /// Without data only criteria that look at weights alone can be used, and nothing is recalibrated or fine-tuned. Scores of so
  /// many bytes stay in memory, the latest used.
  package init(
    dense: Graph, denseDigest: Digest, data: StudyData?, cache: ScoreCache? = nil, device: Device = .cpu,
    scoreBytes: Int = usualScoreBytes
  ) throws {
    resident = RecentValues(byteLimit: scoreBytes)
    self.dense = dense
    self.denseDigest = denseDigest
    self.data = data
    self.cache = cache
    self.device = device
  }

  /// What can leave of the dense network at a granularity, whatever the layer set; made once for each.
  package func analysis(_ granularity: Granularity) throws -> StructuralAnalysis {
    if let resident = residentAnalyses[granularity] { return resident }
    let analysis = try StructuralAnalysis(dense, granularity: granularity)
    residentAnalyses[granularity] = analysis
    return analysis
  }

  /// Throws `EvaluationError(.badPlan)` for a plan whose parts cannot be together, and `SelectionError(.nothingFound)` when the
  /// dense network has nothing that it may take.
  func check(_ plan: PruningPlan) throws {
    if let conflict = plan.conflict {
      throw EvaluationError(
        .badPlan, "The plan cannot be used: \(conflict.reason).", remedy: conflict.remedy)
    }
    try PrunableParts.check(
      dense, granularity: plan.granularity, layers: plan.layers,
      analysis: plan.granularity.isStructured ? analysis(plan.granularity) : nil)
  }

  /// The dense network ready to run; made once.
  package func denseModule() throws -> GraphModule {
    if let residentModule { return residentModule }
    let module = try GraphModule(dense, device: device)
    residentModule = module
    return module
  }

  /// What the plan leaves of the dense network: smaller tensors, or zeros. All of it leaves without any training,
  /// whatever the schedule; in the plan's order.
  package func cut(
    _ plan: PruningPlan, clock: inout StepClock, progress: @escaping EvaluationProgress = { _, _ in }
  ) throws -> PrunedNetwork {
    let scoring = WorkProgress { try progress(.score, $0) }
    if !plan.removesNothing {
      try check(plan)
      if plan.order != .allAtOnce { return try cutInOrder(plan, clock: &clock, progress: scoring) }
    }
    let scores =
      plan.removesNothing ? [:] : try clock.measure(.score) { try self.scores(for: plan, progress: scoring) }
    let pruning = WorkProgress { try progress(.prune, $0) }
    try pruning.report()
    return try clock.measure(.prune) {
      switch plan.granularity {
      case .channel, .head, .unit, .layer:
        let analysis = try analysis(plan.granularity)
        let all = Dictionary(uniqueKeysWithValues: analysis.groups.map { ($0.name, $0.units.count) })
        if plan.removesNothing {
          return PrunedNetwork(graph: dense, keptUnits: all.mapValues { Array(0..<$0) }, unitCounts: all)
        }
        let module = try denseModule()
        let outcome = try PruningStep.cut(
          plan, dense, analysis: analysis, scores: scores,
          redundancy: redundancy(plan, of: module, analysis: analysis, progress: pruning.part(from: 0, to: 0.4)),
          compensation: compensation(plan, of: module, progress: pruning.part(from: 0.4, to: 0.8)),
          replacement: replacement(plan, of: module, analysis: analysis, progress: pruning.part(from: 0.8, to: 0.9)),
          progress: pruning)
        var pruned = PrunedNetwork(graph: outcome.graph, keptUnits: outcome.keptUnits, unitCounts: all)
        (pruned.reached, pruned.adjusted) = (outcome.reached, outcome.adjusted)
        pruned.redundant = outcome.redundant
        return pruned
      case .element, .nOfM, .block:
        if plan.removesNothing { return PrunedNetwork(graph: dense, masks: [:]) }
        let outcome = try PruningStep.mask(
          plan, dense, scores: scores, compensation: compensation(plan, of: denseModule(), progress: pruning))
        var pruned = PrunedNetwork(graph: outcome.graph, masks: outcome.masks)
        (pruned.reached, pruned.adjusted) = (outcome.reached, outcome.adjusted)
        return pruned
      }
    }
  }

  /// Measures batch-norm statistics anew, as the plan asks; a network that lost nothing keeps its own.
  package func recalibrate(
    _ module: GraphModule, plan: PruningPlan, clock: inout StepClock, progress: WorkProgress = .unwatched
  ) throws {
    guard let data, plan.recovery.recalibrationBatches > 0, !plan.removesNothing, !module.statistics.isEmpty else {
      return
    }
    try clock.measure(.recalibrate) {
      try Recalibration.run(
        module, on: data.batches(.training), batches: plan.recovery.recalibrationBatches,
        batchSize: max(plan.recovery.batchSize, Recalibration.smallestBatch), seed: seed(plan, .recalibrate),
        progress: progress)
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
        !plan.granularity.isStructured
        ? try PruningStep.tensors(of: PruningStep.masks(ofZerosIn: module.exportedGraph(), plan), for: module) : [:]
      try FineTuning.run(
        module, on: data.batches(.training), recovery: plan.recovery, epochs: end - start, from: start,
        seed: seed(plan, .fineTune), masks: masks, progress: { share, _ in try progress(share) })
    }
  }

  private func cutInOrder(
    _ plan: PruningPlan, clock: inout StepClock, progress: WorkProgress
  ) throws -> PrunedNetwork {
    var atOnce = plan
    atOnce.schedule = .oneShot
    let scans = plan.order == .leastSensitive
    let surgery = try ScheduledCut(
      self, plan: atOnce, clock: &clock, progress: progress.part(from: 0, to: scans ? 0.5 : 0))
    var state = surgery.start()
    let cuts = surgery.sequence.cuts
    let cutting = progress.part(from: scans ? 0.5 : 0, to: 1)
    for (number, cut) in cuts.enumerated() {
      let part = cutting.part(number, of: cuts.count)
      state = try surgery.cut(state, cut, clock: &clock, progress: part.part(from: 0, to: 0.8))
      // The next scores are measured on data, and would see the statistics of channels that have left.
      if plan.criterion.needsData, number < cuts.count - 1 {
        let module = try GraphModule(state.graph, device: device)
        try recalibrate(module, plan: plan, clock: &clock, progress: part.part(from: 0.8, to: 1))
        state.graph = try module.exportedGraph()
      }
    }
    return surgery.network(of: state)
  }

  /// The scan that was given, else one by this plan's criterion of what half of each group costs, measured once for all plans
  /// that differ in nothing else.
  func sensitivity(
    for plan: PruningPlan, clock: inout StepClock, progress: WorkProgress = .unwatched
  ) throws -> SensitivityScan {
    if let sensitivityScan { return sensitivityScan }
    let key = SensitivityMeasurement.settings(plan)
    if let scan = scans.value(for: key) { return scan }
    guard let data else {
      throw EvaluationError(
        .badPlan, "The order '\(plan.order.rawValue)' needs data to measure what each group costs.",
        remedy: "Name a dataset with --data, or take another order.")
    }
    let scan = try clock.measure(.score) {
      try SensitivityMeasurement(self, data: data, cache: sensitivityCache).forOrder(key, progress: progress)
    }
    scans.keep(scan, bytes: scan.entries.reduce(0) { $0 + $1.group.utf8.count + 64 }, for: key)
    return scan
  }

  /// Scores of the dense network, from the cache where they are there.
  func scores(for plan: PruningPlan, progress: WorkProgress = .unwatched) throws -> [String: [Float]] {
    if plan.criterion.needsData, data == nil {
      throw EvaluationError(
        .badPlan, "The criterion '\(plan.criterion.rawValue)' needs data.",
        remedy: "Name a dataset with --data, or take one of "
          + "\(Criterion.names { !$0.needsData && $0.judges(plan.granularity) }).")
    }
    let key = ScoreKey(
      network: denseDigest, criterion: plan.criterion, ranking: plan.ranking, granularity: plan.granularity,
      data: data?.digest, seed: plan.seed)
    if let scores = resident.value(for: key) { return scores }
    let groups = plan.granularity.isStructured ? try analysis(plan.granularity).groups : []
    let compute = { try self.computeScores(plan, module: self.denseModule(), groups: groups, progress: progress) }
    let scores = try cache?.scores(for: key, progress: progress, compute: compute) ?? compute()
    let bytes = scores.reduce(0) { $0 + $1.key.utf8.count + $1.value.count * MemoryLayout<Float>.stride + 64 }
    resident.keep(scores, bytes: bytes, for: key)
    return scores
  }

  /// Redundant units are those on the batches that the plan's seed chooses; without data, those that are zero or unread.
  func redundancy(
    _ plan: PruningPlan, of module: GraphModule, analysis: StructuralAnalysis, progress: WorkProgress
  ) throws -> RedundancyRemoval? {
    try PruningStep.redundancy(
      plan, of: module, analysis: analysis, data: data?.batches(.training), seed: seed(plan, .score),
      progress: progress)
  }

  /// Means on the batches that the plan's seed chooses, measured once of the dense network; without data, of what is constant by
  /// its weights.
  func replacement(
    _ plan: PruningPlan, of module: GraphModule, analysis: StructuralAnalysis, progress: WorkProgress
  ) throws -> MeanReplacement? {
    let key = module === residentModule ? MeansKey(granularity: plan.granularity, seed: plan.seed) : nil
    if plan.replacement?.applies(to: plan.granularity, plan.criterion) == true, let key, let residentMeans,
      residentMeans.key == key
    {
      return residentMeans.means
    }
    let measured = try PruningStep.replacement(
      plan, of: module, analysis: analysis, data: data?.batches(.training), seed: seed(plan, .score), progress: progress
    )
    if let key, let measured { residentMeans = (key, measured) }
    return measured
  }

  /// Nil for criteria that leave the other weights alone.
  func compensation(
    _ plan: PruningPlan, of module: GraphModule, progress: WorkProgress
  ) throws -> WeightCompensation? {
    guard plan.criterion.updatesWeights else { return nil }
    return WeightCompensation(
      plan.criterion, module: module, data: try data?.batches(.training), seed: seed(plan, .score), progress: progress)
  }

  /// Scores of the network that the module holds, with its groups: the dense one, or what was left of it.
  func computeScores(
    _ plan: PruningPlan, module: GraphModule, groups: [ChannelGroup], progress: WorkProgress
  ) throws -> [String: [Float]] {
    let source = plan.criterion.needsData ? try data?.batches(.training) : nil
    let seed = seed(plan, .score)
    switch plan.granularity {
    case .channel, .head, .unit, .layer:
      return try ImportanceScoring.channelScores(
        plan.criterion, ranking: plan.ranking, groups: groups, module: module, data: source, seed: seed,
        progress: progress)
    case .element, .nOfM, .block:
      return try ImportanceScoring.elementScores(
        plan.criterion, weights: module.graph.prunableWeights().map(\.weight), module: module, data: source, seed: seed,
        progress: progress)
    }
  }

  func seed(_ plan: PruningPlan, _ step: EvaluationStep) -> UInt64 {
    SeededGenerator.derivedSeed(plan.seed, stream: step.rawValue)
  }
}
