import GraphRuntime
import ModelGraph
import StudyModel
import Training

/// Makes a trial's network again from its plan and the dense network, without its checkpoints.
package struct PlanReplay {
  private let execution: PlanExecution

  package init(_ execution: PlanExecution) {
    self.execution = execution
  }

  /// The network after the last of `rungs` (cumulative epochs, the first 0); the same weights bit for bit as a chain of
  /// evaluations made, each of which read its parent from a file. A plan that trains before its last cut starts from
  /// the dense network in the first trained rung, as there.
  package func network(of plan: PruningPlan, rungs: [Double]) throws -> Graph {
    var clock = StepClock()
    let first = rungs.count > 1 ? rungs[1] : 0
    let module: GraphModule
    if plan.trainsBeforeLastCut, first > 0 {
      module = try ScheduledPruning(execution, plan: plan).run(to: first, clock: &clock, progress: { _ in }).module
    } else {
      module = try GraphModule(execution.cut(plan, clock: &clock).graph, device: execution.device)
      try execution.recalibrate(module, plan: plan, clock: &clock)
      if first > 0 { try execution.fineTune(module, plan: plan, from: 0, to: first, clock: &clock) { _ in } }
    }
    for (start, end) in zip(rungs, rungs.dropFirst()).dropFirst() {
      try execution.fineTune(module, plan: plan, from: start, to: end, clock: &clock) { _ in }
    }
    return try Checkpoint.capture(module, after: (rungs.last ?? 0) > 0 ? .training : .cut)
  }
}
