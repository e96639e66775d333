import ModelGraph
import StudyModel
import Support

extension EvaluationRunner {
  /// One group of the study's scan, cut alone. The measures are those of the network without it, on the scan's samples; nothing
  /// is kept of it but the figures.
  func runScan(
    _ assignment: Assignment, clock: inout StepClock, progress: @escaping EvaluationProgress
  ) throws -> EvaluationResult {
    guard case .perGroup(let shares) = assignment.plan.sparsity, shares.count == 1, let group = shares.keys.first else {
      throw EvaluationError(
        .badPlan, "The scan's evaluation \(assignment.key.rung) cuts \(assignment.plan.sparsity), not one group alone.")
    }
    let single = try SensitivityMeasurement(execution, data: data, cache: execution.sensitivityCache)
      .forOrder(assignment.plan, group: group, clock: &clock, progress: progress)
    let figures = try NetworkFigures(of: single.network.foldingInsertedBatchNormalizations())
    return EvaluationResult(
      measures: measures(figures, single.accuracy, single.entry.loss, latency: nil), checkpoint: nil,
      timings: clock.seconds, scan: single.entry)
  }
}
