import GraphRuntime
import ModelFormats
import ModelGraph
import Selection
import StudyModel
import Support
import Training

/// Measures what pruning one group alone does: each ratio is one cut, new batch-norm statistics and no training, as rung 0 of
/// a trial is.
package struct SensitivityMeasurement {
  package static let usualRatios = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
  /// The first so many validation samples judge where a scan only puts groups in an order.
  private static let orderSamples = 1000

  private let execution: PlanExecution
  private let data: StudyData
  private let cache: SensitivityCache?

  package init(_ execution: PlanExecution, data: StudyData, cache: SensitivityCache? = nil) {
    self.execution = execution
    self.data = data
    self.cache = cache
  }

  /// Of one network outside any study, made ready as `coppice prune` does.
  package init(
    _ graph: Graph, plan: PruningPlan, data: StudyData, batchNormalization policy: BatchNormalizationPolicy = .auto,
    cache: SensitivityCache? = nil
  ) throws {
    var dense = try data.checked(graph)
    if DenseNetwork.needsNormalizations(dense, policy: policy, criteria: [plan.criterion]) {
      dense = try DenseNetwork.insertingNormalizations(dense, data: data, seed: plan.seed)
    }
    self.init(
      try PlanExecution(dense: dense, denseDigest: Digest(of: ONNXFile.encode(dense)), data: data, device: data.device),
      data: data, cache: cache)
  }

  /// Every group that `plan`'s layer set admits, in the network's order, at every ratio; on the first `samples` validation
  /// samples, all for nil. Of the plan its sparsity, scope and schedule do not matter.
  ///
  /// A group that constraints keep larger than asked is measured as it can be cut. Throws `EvaluationError(.badPlan)` for
  /// granularities whose share nobody chooses.
  package func run(
    _ plan: PruningPlan, ratios: [Double] = usualRatios, samples: Int? = nil,
    progress: @escaping (Double) throws -> Void
  ) throws -> SensitivityScan {
    guard !plan.granularity.isNOfM else {
      throw EvaluationError(
        .badPlan,
        "'\(plan.granularity.rawValue)' removes the same share of every layer, so there are no ratios to scan.",
        remedy: "Take the granularity channel or element.")
    }
    return try scan(plan, ratios, samples, WorkProgress(progress))
  }

  /// What half of each group costs (of N:M, what its pattern does): enough to put groups in an order, and the same for plans of
  /// every sparsity, so that a search measures it once.
  func forOrder(_ plan: PruningPlan, progress: WorkProgress) throws -> SensitivityScan {
    try scan(plan, [SensitivityScan.orderRatio], Self.orderSamples, progress)
  }

  /// One group of the scan that `forOrder` makes, which finds it in the cache from then on. Throws `EvaluationError(.badPlan)`
  /// for a name that is none of what the plan may take.
  func forOrder(
    _ plan: PruningPlan, group: String, clock: inout StepClock, progress: @escaping EvaluationProgress
  ) throws -> SingleCut {
    let settings = Self.settings(plan)
    let surgery = try ScheduledCut(
      execution, plan: settings, clock: &clock, progress: WorkProgress { try progress(.score, $0) })
    guard surgery.items.contains(where: { $0.name == group }) else {
      throw EvaluationError(
        .badPlan, "The scan is to cut '\(group)', which is nothing that can be pruned.",
        remedy: "These can be: \(surgery.items.map(\.name).joined(separator: ", ")).")
    }
    let ratio = SensitivityScan.orderRatio
    let single = try cut(
      group, ratio, of: surgery, samples: Self.orderSamples, clock: &clock, progress: progress)
    try cache?.store(
      SensitivityScan(entries: [single.entry]), for: key(settings, group, [ratio], Self.orderSamples))
    return single
  }

  /// A network without a share of one group, measured.
  struct SingleCut {
    let network: Graph
    let accuracy: Proportion
    let entry: SensitivityScan.Entry
  }

  private func scan(
    _ plan: PruningPlan, _ ratios: [Double], _ samples: Int?, _ progress: WorkProgress
  ) throws -> SensitivityScan {
    let settings = Self.settings(plan)
    var clock = StepClock()
    let surgery = try ScheduledCut(execution, plan: settings, clock: &clock, progress: progress)
    let groups = surgery.items.map(\.name)
    var scan = SensitivityScan()
    for (number, group) in groups.enumerated() {
      func measure() throws -> SensitivityScan {
        var part = SensitivityScan()
        for (index, ratio) in ratios.enumerated() {
          let turn = progress.part(number * ratios.count + index, of: groups.count * ratios.count)
          let single = try cut(group, ratio, of: surgery, samples: samples, clock: &clock) { step, fraction in
            try turn.report(step.overallShare(fraction, fineTunes: false))
          }
          part.entries.append(single.entry)
          try turn.report(1)
        }
        return part
      }
      let key = key(settings, group, ratios, samples)
      scan.entries += try (cache?.scan(for: key, compute: measure) ?? measure()).entries
    }
    return scan
  }

  private func key(_ settings: PruningPlan, _ group: String, _ ratios: [Double], _ samples: Int?) -> SensitivityKey {
    SensitivityKey(
      network: execution.denseDigest, data: data.digest, plan: settings, group: group, ratios: ratios, samples: samples)
  }

  private func cut(
    _ group: String, _ ratio: Double, of surgery: ScheduledCut, samples: Int?, clock: inout StepClock,
    progress: @escaping EvaluationProgress
  ) throws -> SingleCut {
    try progress(.score, 0)
    let network = try surgery.cut(
      surgery.start(), Cut(sparsity: .uniform(ratio), groups: [group]), clock: &clock,
      progress: WorkProgress { try progress(.score, $0) }
    ).graph
    try progress(.recalibrate, 0)
    let module = try GraphModule(network, device: execution.device)
    try execution.recalibrate(
      module, plan: surgery.plan, clock: &clock, progress: WorkProgress { try progress(.recalibrate, $0) })
    try progress(.evaluate, 0)
    let (accuracy, loss) = try clock.measure(.evaluate) {
      try AccuracyMeasurement.run(module, on: data.batches(.validation), limit: samples) { try progress(.evaluate, $0) }
    }
    // A network that overflows is as bad as can be, and a scan must be a number everywhere.
    let cost = loss.isFinite ? loss : Double.greatestFiniteMagnitude
    return SingleCut(
      network: network, accuracy: accuracy,
      entry: .init(group: group, ratio: ratio, accuracy: accuracy.share, loss: cost))
  }

  /// What of a plan a scan depends on; the rest as usual, so that equal scans have equal keys.
  static func settings(_ plan: PruningPlan) -> PruningPlan {
    PruningPlan(
      criterion: plan.criterion, ranking: plan.ranking, granularity: plan.granularity, scope: .perGroup,
      sparsity: .uniform(SensitivityScan.orderRatio), layers: plan.layers, replacement: plan.replacement,
      roundTo: plan.roundTo,
      minimumKept: plan.minimumKept,
      recovery: Recovery(
        recalibrationBatches: plan.recovery.recalibrationBatches, batchSize: plan.recovery.batchSize), seed: plan.seed)
  }
}
