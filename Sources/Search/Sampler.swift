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
}

extension Sampler {
  /// The first new plan that `draw` brings within a number of attempts.
  func firstNew(
    _ history: SearchHistory, attempts: Int = 256, _ draw: (Int) -> PruningPlan
  ) -> PruningPlan? {
    let known = history.plans
    for attempt in 0..<attempts {
      let plan = draw(attempt)
      if !known.contains(plan) { return plan }
    }
    return nil
  }
}

extension SamplerKind {
  package func sampler(spec: StudySpec, groups: [GroupSummary]) -> any Sampler {
    switch self {
    case .random: RandomSampler(spec: spec, groups: groups)
    case .nsga2: NSGA2Sampler(spec: spec, groups: groups)
    }
  }
}
