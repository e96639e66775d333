import GraphRuntime
import Selection
import StudyModel
import Training

/// Measures what pruning each group alone does: one cut at the plan's share, new batch-norm statistics, no training.
enum GroupSensitivity {
  /// The first so many validation samples: enough to rank groups, and the same for every group.
  static let samples = 1000

  /// What of a plan a scan depends on, the rest as usual.
  static func settings(_ plan: PruningPlan) -> PruningPlan {
    var result = plan
    result.schedule = .oneShot
    result.order = .allAtOnce
    result.sparseTraining = nil
    result.measure = .units
    return result
  }

  static func measure(
    _ plan: PruningPlan, _ execution: PlanExecution, clock: inout StepClock
  ) throws -> SensitivityScan {
    guard let data = execution.data else {
      throw EvaluationError(
        .badPlan, "The order '\(LayerOrder.leastSensitive.rawValue)' needs data to measure what each group costs.",
        remedy: "Name a dataset with --data, or take another order.")
    }
    let surgery = try ScheduledCut(execution, plan: plan, clock: &clock)
    var scan = SensitivityScan()
    let layers = LayerAdmission(plan.layers, graph: execution.dense)
    for item in try ScheduledCut.items(of: plan, execution, layers) {
      let cut = Cut(sparsity: plan.sparsity, groups: [item.name])
      let state = try surgery.cut(surgery.start(), cut, clock: &clock)
      let module = try GraphModule(state.graph, device: execution.device)
      try execution.recalibrate(module, plan: plan, clock: &clock)
      let (accuracy, loss) = try clock.measure(.score) {
        try AccuracyMeasurement.run(module, on: data.batches(.validation), limit: samples)
      }
      scan.entries.append(
        SensitivityScan.Entry(group: item.name, ratio: plan.sparsity.limit, accuracy: accuracy.share, loss: loss))
    }
    return scan
  }
}
