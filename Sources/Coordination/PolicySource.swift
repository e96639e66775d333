import Search
import StudyModel

/// The search's own policy as a coordinator's source of trials.
package struct PolicySource: TrialSource {
  private let spec: StudySpec
  private let policy: SearchPolicy
  package let scans: [PruningPlan]

  /// `earlierScan` is the scan of a study that began when scans were no evaluations: its decisions stay what they were.
  package init(spec: StudySpec, groups: [GroupSummary], earlierScan: SensitivityScan? = nil) {
    self.spec = spec
    policy = SearchPolicy(spec: spec, groups: groups, earlierScan: earlierScan)
    scans = ScanDesign.plans(spec, groups: groups)
  }

  package var planCount: Int? { policy.planCount }

  package func next(history: [EvaluationRecord], elapsed: Double) -> TrialDecision {
    switch policy.next(history, elapsed: elapsed) {
    case .evaluate(let plan): .evaluate(plan)
    case .promote(let trial, let rung): .promote(trial, toRung: rung)
    case .wait: .wait
    case .finished(let reason): .finished(reason)
    }
  }

  package func front(history: [EvaluationRecord]) -> [EvaluationKey] {
    guard let baseline = history.first(where: { $0.key == .baseline })?.result?.measures else { return [] }
    return StudyFront(history, space: ObjectiveSpace(spec: spec, baseline: baseline)).records.map(\.key)
  }

  package func continuable(history: [EvaluationRecord]) -> [EvaluationKey] {
    policy.continuable(history).map { EvaluationKey(trial: $0.trial, rung: $0.rung) }
  }
}
