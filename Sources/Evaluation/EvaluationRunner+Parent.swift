import ArtifactStore
import Foundation
import GraphRuntime
import ModelFormats
import ModelGraph
import StudyModel
import Training

/// Where an evaluation starts: at its parent's checkpoint or, where that is gone, at the dense network once more.
extension EvaluationRunner {
  struct ParentNetwork {
    let graph: Graph
    /// The bytes of its checkpoint, where they had to be made again.
    var remade: Data?
  }

  /// The parent's network; nil when the assignment starts from
  /// the dense network. Throws `checkpointGone` when the checkpoint cannot be read.
  func parentNetwork(
    _ assignment: Assignment, clock: inout StepClock, progress: @escaping EvaluationProgress
  ) throws -> ParentNetwork? {
    if let digest = assignment.parentCheckpoint {
      try progress(.load, 0)
      return try clock.measure(.load) {
        do {
          return ParentNetwork(graph: try checkpoint(artifacts.read(digest)))
        } catch let error as ArtifactError {
          throw EvaluationError(.checkpointGone, error.message, remedy: "It is made again from its plan.")
        }
      }
    }
    guard let rungs = assignment.rebuildRungs else { return nil }
    let remade = try clock.measure(.rebuild) { try rebuilt(assignment, rungs: rungs, progress: progress) }
    return ParentNetwork(graph: try checkpoint(remade), remade: remade)
  }

  /// The bytes of the checkpoint after the last of `rungs`, made by the very steps of the evaluations that made it first, each of
  /// which read its parent from a file; so they are the same bytes wherever those evaluations can be repeated.
  private func rebuilt(_ assignment: Assignment, rungs: [Double], progress: @escaping EvaluationProgress) throws -> Data
  {
    guard rungs.first == 0, rungs.last == assignment.fromEpochs else {
      throw EvaluationError(
        .badPlan,
        "The parent of trial \(assignment.key.trial), rung \(assignment.key.rung), ends at epoch \(assignment.fromEpochs) and "
          + "cannot be made again by rungs at \(rungs).")
    }
    var (bytes, start) = (Data(), 0.0)
    for (rung, end) in rungs.enumerated() {
      var (step, clock) = (assignment, StepClock())
      (step.key.rung, step.key.purpose) = (rung, .trial)
      (step.fromEpochs, step.toEpochs) = (start, end)
      let remaking: EvaluationProgress = { part, fraction in
        let share = part == .fineTune ? fraction : 0
        try progress(.rebuild, (Double(rung) + share) / Double(rungs.count))
      }
      let made = try makeModule(
        for: step, parent: rung > 0 ? checkpoint(bytes) : nil, clock: &clock, progress: remaking)
      if rung == 0 { try recalibrate(made, clock: &clock, progress: remaking) }
      bytes = try ONNXFile.encode(
        noted(Checkpoint.capture(made.module, after: end > 0 ? .training : .cut), made.metadata))
      start = end
    }
    return bytes
  }

  private func checkpoint(_ bytes: Data) throws -> Graph {
    try data.checked(ONNXFile.decode(bytes, externalDataFolder: nil))
  }
}
