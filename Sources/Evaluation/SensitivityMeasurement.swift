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
  /// What is cut of each group, and the first so many validation samples, where a scan only puts groups in an order.
  private static let (orderRatio, orderSamples) = (0.5, 1000)

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
    _ plan: PruningPlan, ratios: [Double] = usualRatios, samples: Int? = nil, progress: (Double) throws -> Void
  ) throws -> SensitivityScan {
    guard !plan.granularity.isNOfM else {
      throw EvaluationError(
        .badPlan,
        "'\(plan.granularity.rawValue)' removes the same share of every layer, so there are no ratios to scan.",
        remedy: "Take the granularity channel or element.")
    }
    return try scan(plan, ratios, samples, progress)
  }

  /// What half of each group costs (of N:M, what its pattern does): enough to put groups in an order, and the same for plans of
  /// every sparsity, so that a search measures it once.
  func forOrder(_ plan: PruningPlan, progress: (Double) throws -> Void) throws -> SensitivityScan {
    try scan(plan, [Self.orderRatio], Self.orderSamples, progress)
  }

  private func scan(
    _ plan: PruningPlan, _ ratios: [Double], _ samples: Int?, _ progress: (Double) throws -> Void
  ) throws -> SensitivityScan {
    let settings = Self.settings(plan)
    let key = SensitivityKey(
      network: execution.denseDigest, data: data.digest, plan: settings, ratios: ratios, samples: samples)
    guard let cache else { return try measure(settings, ratios, samples, progress) }
    return try cache.scan(for: key) { try measure(settings, ratios, samples, progress) }
  }

  private func measure(
    _ plan: PruningPlan, _ ratios: [Double], _ samples: Int?, _ progress: (Double) throws -> Void
  ) throws -> SensitivityScan {
    var clock = StepClock()
    let surgery = try ScheduledCut(execution, plan: plan, clock: &clock)
    let groups = surgery.items.map(\.name)
    let count = Double(groups.count * ratios.count)
    var scan = SensitivityScan(entries: [])
    for group in groups {
      for ratio in ratios {
        let cut = Cut(sparsity: .uniform(ratio), groups: [group])
        let (accuracy, loss) = try score(
          surgery.cut(surgery.start(), cut, clock: &clock).graph, plan, samples: samples, clock: &clock)
        scan.entries.append(.init(group: group, ratio: ratio, accuracy: accuracy, loss: loss))
        try progress(Double(scan.entries.count) / count)
      }
    }
    return scan
  }

  private func score(
    _ network: Graph, _ plan: PruningPlan, samples: Int?, clock: inout StepClock
  ) throws -> (accuracy: Double, loss: Double) {
    let module = try GraphModule(network, device: execution.device)
    try execution.recalibrate(module, plan: plan, clock: &clock)
    let (accuracy, loss) = try AccuracyMeasurement.run(module, on: data.batches(.validation), limit: samples)
    // A network that overflows is as bad as can be, and a scan must be a number everywhere.
    return (accuracy.share, loss.isFinite ? loss : Double.greatestFiniteMagnitude)
  }

  /// What of a plan a scan depends on; the rest as usual, so that equal scans have equal keys.
  static func settings(_ plan: PruningPlan) -> PruningPlan {
    PruningPlan(
      criterion: plan.criterion, ranking: plan.ranking, granularity: plan.granularity, scope: .perGroup,
      sparsity: .uniform(orderRatio), layers: plan.layers, roundTo: plan.roundTo, minimumKept: plan.minimumKept,
      recovery: Recovery(
        recalibrationBatches: plan.recovery.recalibrationBatches, batchSize: plan.recovery.batchSize), seed: plan.seed)
  }
}
