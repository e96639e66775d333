import StudyModel

/// Plans that are all known before the search, in their order: the whole product of a space's lists, or the list of a spec.
package struct SweepSampler: Sampler {
  package let plans: [PruningPlan]

  package init(spec: StudySpec, groups: [GroupSummary]) {
    switch spec.sampler {
    case .list:
      let listed = (spec.plans ?? []).flatMap { space -> [PruningPlan] in
        var alone = spec
        alone.space = space
        return PlanSpace(spec: alone, groups: groups).gridPlans ?? []
      }
      // Two that are written differently may be one plan.
      var seen: Set<PruningPlan> = []
      plans = listed.filter { seen.insert($0).inserted }
    case .grid, .random, .nsga2:
      plans = PlanSpace(spec: spec, groups: groups).gridPlans ?? []
    }
  }

  package var planCount: Int? { plans.count }

  package func propose(_ history: SearchHistory, counter: Int) -> PruningPlan? {
    let known = history.plans
    return plans.first { !known.contains($0) }
  }
}
