import Search
import StudyModel
import Support
import Testing

/// Sweeps: the whole product of a space's lists in a fixed order, a list of plans, and shares from a list for every sampler.
@Suite struct SweepTests {
  static let space = SearchSpace(criteria: [.l1, .l2, .taylor], scope: .local).withShares([0.3, 0.7, 0.5])

  static func spec(
    _ sampler: SamplerKind = .grid, space: SearchSpace = space, plans: [SearchSpace]? = nil, budget: Budget = Budget(),
    constraints: [String] = [], promotion: Promotion? = nil
  ) throws -> StudySpec {
    var spec = StudyFixture.spec(
      space: space, sampler: sampler, constraints: try constraints.map { try ConstraintGrammar.parse($0) },
      budget: budget)
    spec.plans = plans
    spec.fineTune.promotion = promotion
    return spec
  }

  static let listed = [(Criterion.taylor, 0.5), (.l1, 0.3), (.l2, 0.9)].map { criterion, share in
    SearchSpace(criteria: [criterion], scope: .global).withShares([share])
  }

  @Test func theGridIsTheWholeProductInTheOrderOfTheSpec() throws {
    let sampler = SweepSampler(spec: try Self.spec(), groups: StudyFixture.groups)
    #expect(sampler.planCount == 9)
    let expected = [Criterion.l1, .l2, .taylor].flatMap { criterion in [0.3, 0.7, 0.5].map { (criterion, $0) } }
    #expect(sampler.plans.map(\.criterion) == expected.map(\.0))
    #expect(sampler.plans.map(\.sparsity) == expected.map { .uniform($0.1) })
    #expect(sampler.plans.allSatisfy { $0.scope == .local && $0.seed == 7 })
    // Its plans are the ones that the same choices alone give, so that nothing new is in their identity.
    let alone = PlanSpace(
      spec: try Self.spec(space: SearchSpace(criteria: [.l2], scope: .local).withShares([0.7])),
      groups: StudyFixture.groups)
    #expect(alone.plan(PlanSpace.Point(categories: Array(repeating: 0, count: 10), shares: [0.7])) == sampler.plans[4])
  }

  /// What comes first to every sampler: the same question gives the same answer, and nothing is proposed twice.
  @Test func theGridConforms() throws {
    let shares = (1...20).map { Double($0) / 25 }
    try checkSampler(.grid, space: SearchSpace(scope: .local).withShares(shares))
    try checkSampler(
      .grid,
      space: SearchSpace(criteria: [.l1, .l2, .fpgm], granularities: [.channel, .element], scope: .global)
        .withShares(shares))
  }

  @Test(arguments: StudyFixture.drawing) func sharesOfAListConform(kind: SamplerKind) throws {
    // Neither of thousandths only nor evenly spaced.
    let shares = [0.1, 0.12345, 0.5, 0.9]
    let space = SearchSpace(scope: .perGroup).withShares(shares)
    try checkSampler(kind, space: space)
    let sampler = kind.sampler(spec: try Self.spec(kind, space: space), groups: StudyFixture.groups)
    var seen = Set<Double>()
    for counter in 0..<40 {
      guard case .perGroup(let own)? = sampler.propose(SearchHistory([]), counter: counter)?.sparsity else { continue }
      seen.formUnion(own.values)
    }
    #expect(seen == Set(shares))
  }

  /// Draws alone would miss some of the last plans, and call the space exhausted too early.
  @Test(arguments: SamplerKind.allCases.filter { $0 != .list }) func aFiniteSpaceIsExhaustedToItsLastPlan(
    kind: SamplerKind
  ) throws {
    let shares = (0..<120).map { Double($0) / 125 }
    let space = SearchSpace(criteria: [.l1, .l2, .taylor], scope: .local).withShares(shares)
    let sampler = kind.sampler(spec: try Self.spec(kind, space: space), groups: StudyFixture.groups)
    var records = [StudyFixture.baseline]
    while let plan = sampler.propose(SearchHistory(records), counter: records.count - 1) {
      records.append(StudyFixture.record(Int64(records.count), rung: 0, plan: plan, status: .quarantined))
      try #require(records.count <= 361)
    }
    #expect(records.count == 361)
  }

  @Test func aShareForEachGroupIsPartOfTheProduct() throws {
    let space = SearchSpace(criteria: [.l1], scope: .perGroup).withShares([0.2, 0.6])
    let plans = SweepSampler(spec: try Self.spec(space: space), groups: StudyFixture.groups).plans
    #expect(plans.count == 8)
    #expect(plans.first?.sparsity == .perGroup(["conv1": 0.2, "conv2": 0.2, "conv3": 0.2]))
    #expect(plans.dropFirst().first?.sparsity == .perGroup(["conv1": 0.2, "conv2": 0.2, "conv3": 0.6]))
    let many = (0..<27).map { GroupSummary(name: "layer\($0)", units: 8) }
    let large = PlanSpace(spec: try Self.spec(space: space.withShares([0.1, 0.2, 0.3])), groups: many)
    #expect(large.gridPoints == 7_625_597_484_987 && large.gridPlans == nil)
    let larger = PlanSpace(
      spec: try Self.spec(space: space), groups: (0..<80).map { GroupSummary(name: "l\($0)", units: 8) })
    #expect(larger.gridPoints == .max && larger.gridPlans == nil)
    #expect(PlanSpace(spec: StudyFixture.spec(), groups: StudyFixture.groups).gridPoints == nil)
  }

  /// A pattern has a share of its own, and a criterion that cannot judge gives way: equal plans are one.
  @Test func equalPlansOfAGridAreOne() throws {
    let patterns = SearchSpace(criteria: [.l1, .l2], granularities: [.nOfM(kept: 2, of: 4)], scope: .local)
    #expect(SweepSampler(spec: try Self.spec(space: patterns), groups: []).plans.count == 2)
    #expect(SweepSampler(spec: try Self.spec(space: patterns.withShares([0.2, 0.4])), groups: []).plans.count == 2)
    let mixed = SearchSpace(criteria: [.l1, .fpgm], granularities: [.channel, .element], scope: .local)
      .withShares([0.5])
    #expect(SweepSampler(spec: try Self.spec(space: mixed), groups: []).plans.count == 3)
  }

  @Test func listedPlansComeInTheirOrder() throws {
    let spec = try Self.spec(.list, space: SearchSpace(scope: .local), plans: Self.listed)
    let plans = SweepSampler(spec: spec, groups: StudyFixture.groups).plans
    #expect(plans.map(\.criterion) == [.taylor, .l1, .l2])
    #expect(plans.map(\.sparsity) == [.uniform(0.5), .uniform(0.3), .uniform(0.9)])
    #expect(plans.allSatisfy { $0.scope == .global && $0.recovery == spec.fineTune.recovery })
    var low = Self.listed[1]
    low.removals = [.low]
    let twice = try Self.spec(.list, plans: Self.listed + [low])
    #expect(SweepSampler(spec: twice, groups: []).planCount == 3, "low is what L1 removes anyway")
  }

  @Test(arguments: [SamplerKind.grid, .list], [1, 2, 5]) func everyPlanIsRunToTheLastRung(
    kind: SamplerKind, workers: Int
  ) throws {
    let spec = try Self.spec(kind, plans: kind == .list ? Self.listed : nil)
    let search = SimulatedSearch(spec, workers: workers)
    #expect(search.reason == .plansAreDone)
    let count = kind == .list ? 3 : 9
    for rung in 0...2 {
      #expect(search.finished(rung).count == count)
      #expect(Set(search.finished(rung).map(\.plan)).count == count)
    }
    // The outline first.
    let lastOfRungZero = search.finished(0).compactMap(\.finishedAt).max() ?? 0
    let firstOfTop = search.finished(2).compactMap(\.finishedAt).min() ?? 0
    #expect(lastOfRungZero < firstOfTop)
  }

  @Test func theBudgetAndPromotionOfASweepAreItsUsers() throws {
    let five = SimulatedSearch(try Self.spec(budget: Budget(trials: 5)))
    #expect(five.reason == .trialsAreDone && five.finished(2).count == 5)
    let thirds = SimulatedSearch(try Self.spec(promotion: .third))
    #expect(thirds.reason == .plansAreDone && thirds.finished(0).count == 9)
    #expect((3..<9).contains(thirds.finished(1).count) && !thirds.finished(2).isEmpty)
    let all = SimulatedSearch(StudyFixture.spec(budget: Budget(trials: 12)))
    #expect(all.finished(2).count < 12)
    var spec = StudyFixture.spec(budget: Budget(trials: 12))
    spec.fineTune.promotion = .all
    let drawn = SimulatedSearch(spec)
    #expect(drawn.finished(2).count == 12 && drawn.reason == .trialsAreDone)
    let short = SimulatedSearch(try Self.spec(budget: Budget(seconds: 30)))
    #expect(short.reason == .timeIsUp && !short.finished(2).isEmpty)
  }

  /// Training cannot make a network smaller: what has too many parameters is not trained in vain.
  @Test func whatNoTrainingCanHealStaysBelow() throws {
    let search = SimulatedSearch(try Self.spec(constraints: ["parameters <= 0.3 baseline"]))
    #expect(search.reason == .plansAreDone && search.finished(0).count == 9)
    // (1 - 0.3)^2 is 0.49; (1 - 0.5)^2 and (1 - 0.7)^2 are below.
    #expect(search.finished(2).count == 6)
    #expect(!search.finished(2).contains { $0.plan.sparsity == .uniform(0.3) })
  }

  @Test func failedPlansOfASweepAreNotRunAgain() throws {
    let search = SimulatedSearch(try Self.spec()) { $0.value == 4 }
    #expect(search.reason == .plansAreDone && search.finished(2).count == 8)
  }
}
