import StudyModel
import Support

/// NSGA-II (Deb and others 2002), asynchronous: no generations, each proposal has its parents among the best of what has
/// finished so far.
///
/// A trial is judged within the highest rung that it has finished, against all trials that finished that rung. Selection
/// by binary tournaments under constrained domination, simulated binary crossover (eta 15), polynomial mutation (eta 20),
/// categories crossed uniformly and drawn anew by mutation.
package struct NSGA2Sampler: Sampler {
  package let populationSize: Int
  /// Trials of the first design, before any has parents.
  package let designSize: Int
  private let spec: StudySpec
  private let space: PlanSpace
  private let variation: Variation
  private let design: FirstDesign

  /// 50 parents at most; fewer where the budget of trials is small.
  package init(spec: StudySpec, groups: [GroupSummary]) {
    self.spec = spec
    space = PlanSpace(spec: spec, groups: groups)
    variation = Variation(space: space)
    design = FirstDesign(space: space)
    populationSize = spec.budget.trials.map { min(50, max(8, $0 / 4)) } ?? 50
    designSize = min(populationSize, 2 * space.dimensions + 8)
  }

  package func propose(_ history: SearchHistory, counter: Int) -> PruningPlan? {
    var generator = SeededGenerator(seed: space.seed, stream: "sampler/nsga2/\(counter)")
    let parents = counter < designSize ? [] : population(history)
    var design = design
    if parents.count < 2 { design.tolerance = history.sensitivity.map(FirstDesign.tolerance) ?? [:] }
    let attempts = 256
    return firstNew(history, in: space, attempts: attempts) { attempt in
      // What stays without a new child for long has converged, or the space is small: random points end both.
      if attempt > attempts / 2 { return space.plan(space.randomPoint(using: &generator)) }
      guard parents.count >= 2 else { return space.plan(design.point(counter + attempt, using: &generator)) }
      let mother = tournament(parents, using: &generator)
      let father = tournament(parents, using: &generator)
      return space.plan(variation.child(mother.point, father.point, using: &generator))
    }
  }

  private struct Parent {
    let point: PlanSpace.Point
    let rank: Int
    let rung: Int
    let crowding: Double
    let id: TrialID

    /// Front first; then the higher rung, which is proven by more training; then the emptier neighbourhood.
    func isBetter(than other: Parent) -> Bool {
      if rank != other.rank { return rank < other.rank }
      if rung != other.rung { return rung > other.rung }
      if crowding != other.crowding { return crowding > other.crowding }
      return id < other.id
    }
  }

  /// The best of the history, best first.
  private func population(_ history: SearchHistory) -> [Parent] {
    guard let baseline = history.baseline else { return [] }
    let objectives = ObjectiveSpace(spec: spec, baseline: baseline)
    var parents: [Parent] = []
    var trials: [TrialID: SearchHistory.Trial] = [:]
    for trial in history.trials { trials[trial.id] = trial }
    let topRung = spec.fineTune.rungs.count - 1
    for rung in 0...topRung {
      let ranking = RungRanking(rung: rung, history: history, space: objectives, topRung: topRung)
      for standing in ranking.standings {
        guard let trial = trials[standing.trial], trial.highestRung == rung else { continue }
        parents.append(
          Parent(
            point: space.point(of: trial.plan), rank: standing.rank, rung: rung, crowding: standing.crowding,
            id: trial.id))
      }
    }
    parents.sort { $0.isBetter(than: $1) }
    return Array(parents.prefix(populationSize))
  }

  private func tournament(_ parents: [Parent], using generator: inout SeededGenerator) -> Parent {
    // Parents are sorted, so the better of two is the one of the smaller index.
    let first = generator.integer(below: parents.count)
    let second = generator.integer(below: parents.count)
    return parents[min(first, second)]
  }
}
