import Search
import StudyModel
import Support
import Testing

/// What every sampler must keep, over several spaces and a growing history.
func checkSampler(_ kind: SamplerKind, space: SearchSpace, groups: [GroupSummary] = StudyFixture.groups) throws {
  let spec = StudyFixture.spec(space: space, sampler: kind, budget: Budget())
  let plans = PlanSpace(spec: spec, groups: groups)
  let sampler = kind.sampler(spec: spec, groups: groups)
  let twin = kind.sampler(spec: spec, groups: groups.reversed())
  var generator = SeededGenerator(seed: 1, stream: "conformance")
  var records = [StudyFixture.baseline]
  var identities = Set<Digest>()
  for counter in 0..<80 {
    let plan = try #require(sampler.propose(SearchHistory(records), counter: counter))
    #expect(plans.contains(plan))
    #expect(plan.recovery == spec.fineTune.recovery, "all candidates are fine-tuned alike")
    #expect(plans.plan(plans.point(of: plan)) == plan, "a plan survives the way to a point and back")
    #expect(try identities.insert(plan.identity()).inserted, "no plan is proposed twice")
    // The same question, the records in another order, the groups in another order: the same answer.
    let shuffled = records.shuffled(using: &generator)
    #expect(sampler.propose(SearchHistory(shuffled), counter: counter) == plan)
    #expect(twin.propose(SearchHistory(shuffled), counter: counter) == plan)
    let trial = Int64(counter + 1)
    switch counter % 7 {
    case 3: records.append(StudyFixture.record(trial, rung: 0, plan: plan, status: .leased))
    case 5: records.append(StudyFixture.record(trial, rung: 0, plan: plan, status: .quarantined))
    default:
      for rung in 0...(counter % 3) {
        records.append(
          StudyFixture.record(trial, rung: rung, plan: plan, measures: StudyFixture.outcome(plan, rung: rung)))
      }
    }
  }
  let other = kind.sampler(spec: StudyFixture.spec(space: space, sampler: kind, seed: 8), groups: groups)
  let first = sampler.propose(SearchHistory([]), counter: 0)
  #expect(first != nil && other.propose(SearchHistory([]), counter: 0) != first, "the seed counts")
}

@Suite struct SamplerTests {
  static let spaces: [SearchSpace] = [
    SearchSpace(),
    SearchSpace(criteria: [.l1], scope: .global, minimumSparsity: 0.1, maximumSparsity: 0.95),
    SearchSpace(criteria: [.l1, .taylor], granularities: [.channel, .element], scope: .local),
    SearchSpace(scope: .perGroup, minimumSparsity: 0.12345, maximumSparsity: 0.54321, roundTo: 8),
  ]

  @Test(arguments: StudyFixture.drawing, spaces)
  func conforms(kind: SamplerKind, space: SearchSpace) throws { try checkSampler(kind, space: space) }

  @Test(arguments: StudyFixture.drawing)
  func findsEveryPlanOfASmallSpaceAndThenNone(kind: SamplerKind) throws {
    let space = SearchSpace(criteria: [.l1, .l2], scope: .local, minimumSparsity: 0.5, maximumSparsity: 0.504)
    let sampler = kind.sampler(spec: StudyFixture.spec(space: space, sampler: kind), groups: StudyFixture.groups)
    var records = [StudyFixture.baseline]
    while let plan = sampler.propose(SearchHistory(records), counter: records.count - 1) {
      records.append(
        StudyFixture.record(Int64(records.count), rung: 0, plan: plan, measures: StudyFixture.outcome(plan, rung: 0)))
      try #require(records.count <= 11)
    }
    #expect(records.count == 11)
  }

  @Test func firstDesignCoversSparsityAndCriteria() {
    let spec = StudyFixture.spec(space: SearchSpace(scope: .global), budget: Budget())
    let sampler = NSGA2Sampler(spec: spec, groups: StudyFixture.groups)
    let plans = (0..<sampler.designSize).compactMap { sampler.propose(SearchHistory([]), counter: $0) }
    #expect(plans.count == 10)
    let shares: [Double] = plans.compactMap { plan in
      guard case .uniform(let share) = plan.sparsity else { return nil }
      return share
    }.sorted()
    #expect(shares.count == 10)
    let gaps = zip([0] + shares, shares + [0.95]).map { $1 - $0 }
    #expect(gaps.max()! < 0.95 / 4)
    #expect(Set(plans.map(\.criterion)) == Set(Criterion.usual))
  }

  @Test func smallBudgetsHaveSmallPopulations() {
    let sizes = [nil, 400, 100, 12].map { trials in
      NSGA2Sampler(spec: StudyFixture.spec(budget: Budget(trials: trials)), groups: StudyFixture.groups).populationSize
    }
    #expect(sizes == [50, 50, 25, 8])
  }

  /// Over several seeds NSGA-II must find more volume than random search within the same number of trials.
  @Test func learnsFromHistory() {
    func volume(_ kind: SamplerKind, seed: UInt64) -> Double {
      let spec = StudyFixture.spec(rungs: [0], sampler: kind, budget: Budget(trials: 150), seed: seed)
      let sampler = kind.sampler(spec: spec, groups: StudyFixture.groups)
      var records = [StudyFixture.baseline]
      for counter in 0..<150 {
        guard let plan = sampler.propose(SearchHistory(records), counter: counter) else { break }
        records.append(
          StudyFixture.record(
            Int64(counter + 1), rung: 0, plan: plan, measures: StudyFixture.outcome(plan, rung: 2)))
      }
      return HypervolumeCurve(
        records, space: ObjectiveSpace(spec: spec, baseline: StudyFixture.dense), reference: [0.5, 1.1, 1.1]
      ).final
    }
    let seeds = Array(0..<5 as Range<UInt64>)
    let (evolved, random) = (seeds.map { volume(.nsga2, seed: $0) }, seeds.map { volume(.random, seed: $0) })
    print("hypervolume nsga2 \(evolved) random \(random)")
    #expect(evolved.reduce(0, +) > random.reduce(0, +) * 1.01)
  }
}

@Suite struct VariationTests {
  static let plans = PlanSpace(
    spec: StudyFixture.spec(space: SearchSpace(minimumSparsity: 0.2, maximumSparsity: 0.8)),
    groups: StudyFixture.groups)

  @Test func childrenStayInRangeAndMirror() {
    let variation = Variation(space: Self.plans)
    var generator = SeededGenerator(seed: 4)
    for _ in 0..<2000 {
      let (mother, father) = (0.2 + 0.6 * generator.uniform(), 0.2 + 0.6 * generator.uniform())
      let draw = generator.uniform()
      let child = variation.crossed(mother, father, draw)
      #expect((0.2...0.8).contains(child))
      // The range is symmetric about 0.5, and so must the operators be.
      #expect(abs(variation.crossed(1 - mother, 1 - father, draw) - (1 - child)) < 1e-9)
      let mutant = variation.mutated(mother, draw)
      #expect((0.2...0.8).contains(mutant))
      #expect(abs(variation.mutated(1 - mother, 1 - draw) - (1 - mutant)) < 1e-9)
      #expect(variation.crossed(mother, mother, draw) == mother)
    }
    #expect(abs(variation.mutated(0.4, 0.5) - 0.4) < 1e-12)
  }
}
