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
  /// evaluations made, each of which read its parent from a file.
  package func network(of plan: PruningPlan, rungs: [Double]) throws -> Graph {
    var clock = StepClock()
    let module = try GraphModule(execution.cut(plan, clock: &clock).graph, device: execution.device)
    try execution.recalibrate(module, plan: plan, clock: &clock)
    for (start, end) in zip(rungs, rungs.dropFirst()) {
      try execution.fineTune(module, plan: plan, from: start, to: end, clock: &clock) { _ in }
    }
    return try Checkpoint.capture(module)
  }
}
