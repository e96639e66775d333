import StudyModel
import Support

/// Every choice and share uniformly at random, each group on its own.
package struct RandomSampler: Sampler {
  private let space: PlanSpace

  package init(spec: StudySpec, groups: [GroupSummary]) {
    space = PlanSpace(spec: spec, groups: groups)
  }

  package func propose(_ history: SearchHistory, counter: Int) -> PruningPlan? {
    var generator = SeededGenerator(seed: space.seed, stream: "sampler/random/\(counter)")
    return firstNew(history, in: space) { _ in space.plan(space.randomPoint(using: &generator)) }
  }
}
