import StudyModel
import Support

/// Proposes the next plan.
///
/// A sampler is a pure function: of its spec and groups, the history (with what waits and runs) and the number of trials
/// so far, whatever the order in which results came. It never proposes a plan that the history holds.
package protocol Sampler: Sendable {
  /// A plan of the space, new to the history; nil when none can be found, the space being exhausted.
  ///
  /// `counter` is the number of trials created so far; it names the random stream.
  func propose(_ history: SearchHistory, counter: Int) -> PruningPlan?
  /// How many plans there are in all; nil where they cannot be counted.
  var planCount: Int? { get }
}

extension Sampler {
  package var planCount: Int? { nil }

  /// The first new plan that `draw` brings within a number of attempts; then the first that is left of a space whose plans can
  /// be counted, so that such a space is called exhausted only when it is.
  func firstNew(
    _ history: SearchHistory, in space: PlanSpace, attempts: Int = 256, _ draw: (Int) -> PruningPlan
  ) -> PruningPlan? {
    let known = history.plans
    for attempt in 0..<attempts {
      let plan = draw(attempt)
      if !known.contains(plan) { return plan }
    }
    return space.gridPlans?.first { !known.contains($0) }
  }
}

extension SamplerKind {
  package func sampler(spec: StudySpec, groups: [GroupSummary]) -> any Sampler {
    switch self {
    case .random: RandomSampler(spec: spec, groups: groups)
    case .nsga2: NSGA2Sampler(spec: spec, groups: groups)
    case .grid, .list: SweepSampler(spec: spec, groups: groups)
    }
  }
}
