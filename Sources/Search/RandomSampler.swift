import StudyModel
import Support

/// Every criterion, granularity and share uniformly at random, each group on its own.
package struct RandomSampler: Sampler {
  private let space: PlanSpace

  package init(spec: StudySpec, groups: [GroupSummary]) {
    space = PlanSpace(spec: spec, groups: groups)
  }

  package func propose(_ history: SearchHistory, counter: Int) -> PruningPlan? {
    var generator = SeededGenerator(seed: space.seed, stream: "sampler/random/\(counter)")
    return firstNew(history) { _ in space.plan(space.randomPoint(using: &generator)) }
  }
}

extension PlanSpace {
  func randomPoint(using generator: inout SeededGenerator) -> Point {
    Point(
      criterion: space.criteria[generator.integer(below: space.criteria.count)],
      granularity: space.granularities[generator.integer(below: space.granularities.count)],
      shares: (0..<dimensions).map { _ in
        range.lowerBound + generator.uniform() * (range.upperBound - range.lowerBound)
      })
  }
}
