import Reporting
import Search
import StudyModel

/// The plans that a sweep will run, known before it begins.
extension StudyPreparation {
  /// Throws `CommandError` for a product that nobody can wait for; empty for a sampler that draws its plans.
  static func sweep(of spec: StudySpec, groups: [GroupSummary]) throws -> [PruningPlan] {
    guard spec.sampler.isSweep else { return [] }
    let space = PlanSpace(spec: spec, groups: groups)
    if spec.sampler == .grid, let points = space.gridPoints, points > PlanSpace.largestGrid {
      let many = points == .max ? "more plans than can be counted" : "\(points) plans"
      let isByGroup = spec.space.scope == .perGroup
      throw CommandError(
        .malformedSpec,
        "The grid has \(many), and at most \(PlanSpace.largestGrid) are run"
          + (isByGroup ? ": with scope per-group each of \(space.dimensions) groups takes every share." : "."),
        remedy: isByGroup
          ? "Write scope: local for the same share in every group, or sampler: nsga2."
          : "Shorten the lists of the space, or write sampler: random with a budget.")
    }
    return SweepSampler(spec: spec, groups: groups).plans
  }

  /// For `--dry-run`, each line a comment of YAML; empty where there is no sweep.
  var sweepText: String {
    guard spec.sampler.isSweep else { return "" }
    let last = spec.fineTune.rungs.count - 1
    let end =
      switch spec.promotion {
      case .all: "each goes on to the last rung (rung \(last))"
      case .third: "the better third of each rung goes on to the next"
      }
    let title = "\n# The \(spec.sampler.rawValue) has \(sweep.count) \(sweep.count == 1 ? "plan" : "plans"); \(end):\n"
    return title + PlanTable.lines(sweep).map { "#   \($0)" }.joined(separator: "\n")
  }

  /// The spec as the display counts trials: a sweep has no more than its plans.
  var shownSpec: StudySpec {
    var shown = spec
    if spec.sampler.isSweep { shown.budget.trials = min(spec.budget.trials ?? .max, sweep.count) }
    return shown
  }
}
