import Search
import StudyModel
import Support
import Testing

/// Spaces with every list of the format: what is drawn is valid, survives the way to a point and back, and covers the lists.
@Suite struct PlanSpaceTests {
  static func manyChoices() -> SearchSpace {
    var space = SearchSpace(
      criteria: [.l1, .fpgm, .skewness, .random], granularities: [.channel, .element, .block(rows: 4, columns: 1)],
      scope: .global, minimumSparsity: 0.1, maximumSparsity: 0.9,
      removals: [nil, .high, .low], aggregations: [nil, .sum], normalizations: [.mean, .lamp, Normalization.none],
      transforms: [.none, .log], schedules: [.oneShot, Schedule(.agp, steps: 4, epochsPerStep: 0.25)],
      orders: [.allAtOnce, .bottomUp, .topDown], sparseTrainings: [nil, SparseTraining(.groupLasso, epochs: 0.25)],
      removesRedundant: true)
    space.choices.append(CriterionChoice(.l1, removal: .high, normalization: .max))
    return space
  }

  static let groups = [
    GroupSummary(name: "conv1", units: 8, granularity: .channel),
    GroupSummary(name: "conv2", units: 16, granularity: .channel),
    GroupSummary(name: "conv2", units: 1152, granularity: .element),
    GroupSummary(name: "fc", units: 160, granularity: .element),
  ]

  @Test(arguments: StudyFixture.drawing) func conforms(kind: SamplerKind) throws {
    try checkSampler(kind, space: Self.manyChoices())
  }

  @Test(arguments: StudyFixture.drawing) func thresholdsConform(kind: SamplerKind) throws {
    let thresholds = (0..<100).map { Double($0) / 50 }
    try checkSampler(kind, space: SearchSpace(criteria: [.l1, .l2], scope: .local, thresholds: thresholds))
  }

  @Test(arguments: StudyFixture.drawing) func groupsOfSeveralGranularitiesConform(kind: SamplerKind) throws {
    let space = SearchSpace(criteria: [.fpgm, .l1, .l2], granularities: [.channel, .element], scope: .perGroup)
    try checkSampler(kind, space: space, groups: Self.groups)
    let spec = StudyFixture.spec(space: space, sampler: kind, budget: Budget())
    let sampler = kind.sampler(spec: spec, groups: Self.groups)
    var seen = Set<Granularity>()
    for counter in 0..<40 {
      let plan = try #require(sampler.propose(SearchHistory([StudyFixture.baseline]), counter: counter))
      seen.insert(plan.granularity)
      guard case .perGroup(let shares) = plan.sparsity else { return #expect(Bool(false), "\(plan.sparsity)") }
      #expect(shares.keys.sorted() == (plan.granularity == .channel ? ["conv1", "conv2"] : ["conv2", "fc"]))
      #expect(plan.criterion.judges(plan.granularity), "\(plan.criterion) cannot judge \(plan.granularity)")
    }
    #expect(seen == [.channel, .element])
  }

  @Test(arguments: StudyFixture.drawing) func plansOfManyChoicesAreValidAndCanonical(kind: SamplerKind) throws {
    let spec = StudyFixture.spec(space: Self.manyChoices(), sampler: kind, budget: Budget())
    let sampler = kind.sampler(spec: spec, groups: StudyFixture.groups)
    var plans: [PruningPlan] = []
    for counter in 0..<60 {
      // Without results only the design and random points are drawn.
      let plan = try #require(sampler.propose(SearchHistory([StudyFixture.baseline]), counter: counter))
      plans.append(plan)
      #expect(plan.criterion.judges(plan.granularity))
      #expect(plan.ranking.removal != plan.criterion.usualRemoval)
      #expect(plan.criterion != .random || plan.ranking.removal == nil)
      #expect(plan.criterion.isMoment || plan.ranking.transform == .none)
      #expect(plan.granularity.isStructured || plan.ranking.aggregation == nil)
      #expect(plan.removesRedundant == plan.granularity.isStructured)
      #expect((plan.replacement == .mean) == plan.granularity.isStructured)
      #expect(plan.conflict == nil)
    }
    #expect(Set(plans.map(\.order)) == [.allAtOnce, .bottomUp, .topDown])
    #expect(Set(plans.map(\.schedule.kind)) == [.oneShot, .agp])
    #expect(Set(plans.map { $0.sparseTraining?.penalty }) == [nil, .groupLasso])
    #expect(Set(plans.compactMap(\.ranking.normalization)) == [.mean, .lamp, Normalization.none, .max])
    #expect(Set(plans.map(\.granularity)).count == 3)
  }

  /// A pattern says itself how much leaves; the other granularities of its space have shares.
  @Test(arguments: StudyFixture.drawing) func patternsHaveAShareOfTheirOwn(kind: SamplerKind) throws {
    let space = SearchSpace(
      criteria: [.l1, .l2], granularities: [.element, .nOfM(kept: 2, of: 4)], scope: .global, minimumSparsity: 0.6,
      orders: LayerOrder.allCases)
    try checkSampler(kind, space: space)
    let sampler = kind.sampler(
      spec: StudyFixture.spec(space: space, sampler: kind, budget: Budget()), groups: StudyFixture.groups)
    let plans = (0..<40).compactMap { sampler.propose(SearchHistory([StudyFixture.baseline]), counter: $0) }
    #expect(plans.allSatisfy { $0.conflict == nil })
    let patterns = plans.filter { $0.granularity == .nOfM(kept: 2, of: 4) }
    #expect(!patterns.isEmpty && patterns.allSatisfy { $0.sparsity == .uniform(0.5) })
  }

  @Test(arguments: StudyFixture.drawing) func plansHaveTheSpacesShareOfLayers(kind: SamplerKind) throws {
    let space = SearchSpace(criteria: [.l1, .l2], scope: .layersThenWeights, layerShare: 0.25)
    try checkSampler(kind, space: space)
    let sampler = kind.sampler(spec: StudyFixture.spec(space: space, sampler: kind), groups: StudyFixture.groups)
    let plan = try #require(sampler.propose(SearchHistory([StudyFixture.baseline]), counter: 0))
    #expect(plan.layerShare == 0.25 && plan.scope == .layersThenWeights)
  }

  @Test(arguments: StudyFixture.drawing) func rowsHaveOneShare(kind: SamplerKind) throws {
    let space = SearchSpace(criteria: [.wanda, .l1], granularities: [.element], scope: .row)
    try checkSampler(kind, space: space)
    let sampler = kind.sampler(spec: StudyFixture.spec(space: space, sampler: kind), groups: StudyFixture.groups)
    let plan = try #require(sampler.propose(SearchHistory([StudyFixture.baseline]), counter: 0))
    guard case .uniform = plan.sparsity else { return #expect(Bool(false), "\(plan.sparsity)") }
    #expect(plan.scope == .row && plan.conflict == nil)
  }

  /// The first plans go through a list as evenly as their number allows, and no two lists in step.
  @Test func firstDesignCoversEveryList() throws {
    let space = SearchSpace(
      criteria: [.l1], scope: .perGroup, schedules: [.oneShot, Schedule(.iterative, steps: 2)],
      orders: LayerOrder.allCases)
    let spec = StudyFixture.spec(space: space, budget: Budget())
    let sampler = NSGA2Sampler(spec: spec, groups: StudyFixture.groups)
    let plans = (0..<12).compactMap { sampler.propose(SearchHistory([]), counter: $0) }
    for order in LayerOrder.allCases { #expect(plans.count { $0.order == order } == 2) }
    #expect(plans.count { $0.schedule.kind == .oneShot } == 6)
    let pairs = Set(plans.map { "\($0.order) \($0.schedule.kind)" })
    #expect(pairs.count > 6)
  }

  /// The draws of the format's first version, written out: a space without the newer lists has the plans that it had then.
  @Test func olderSpacesKeepTheirPlans() throws {
    let space = SearchSpace(
      criteria: [.l1, .taylor, .fpgm], scope: .perGroup, minimumSparsity: 0.1, replacement: nil)
    let spec = StudyFixture.spec(space: space, sampler: .random)
    let sampler = RandomSampler(spec: spec, groups: StudyFixture.groups)
    for counter in 0..<20 {
      var generator = SeededGenerator(seed: spec.seed, stream: "sampler/random/\(counter)")
      let criterion = space.criteria[generator.integer(below: 3)]
      _ = generator.integer(below: 1)
      var shares: [String: Double] = [:]
      for name in ["conv1", "conv2", "conv3"] {
        shares[name] = min(max(((0.1 + generator.uniform() * (0.95 - 0.1)) * 1000).rounded() / 1000, 0.1), 0.95)
      }
      let expected = PruningPlan(
        criterion: criterion, scope: .perGroup, sparsity: .perGroup(shares), recovery: spec.fineTune.recovery, seed: 7)
      #expect(sampler.propose(SearchHistory([]), counter: counter) == expected)
    }
  }

  @Test func childrenOfOlderSpacesKeepTheirDraws() throws {
    let spec = StudyFixture.spec(
      space: SearchSpace(criteria: [.l1, .l2, .taylor], scope: .global, minimumSparsity: 0.1), sampler: .random)
    let plans = PlanSpace(spec: spec, groups: StudyFixture.groups)
    let variation = Variation(space: plans)
    func point(_ criterion: Criterion, _ share: Double) -> PlanSpace.Point {
      plans.point(of: PruningPlan(criterion: criterion, scope: .global, sparsity: .uniform(share), seed: 7))
    }
    let (mother, father) = (point(.l1, 0.3), point(.taylor, 0.6))
    for seed in 0..<40 as Range<UInt64> {
      var (generator, twin) = (SeededGenerator(seed: seed), SeededGenerator(seed: seed))
      let child = variation.child(mother, father, using: &generator)
      var (share, criterion) = (0.3, 0)
      if twin.uniform() < 0.9 {
        let (chance, draw) = (twin.uniform(), twin.uniform())
        if chance < 0.5 { share = variation.crossed(0.3, 0.6, draw) }
        if twin.uniform() < 0.5 { criterion = 2 }
        _ = twin.uniform()
      }
      let (chance, draw) = (twin.uniform(), twin.uniform())
      if chance < 1 { share = variation.mutated(share, draw) }
      let fresh = twin.integer(below: 3)
      _ = twin.integer(below: 1)
      _ = twin.uniform()
      if twin.uniform() < 1 / 3.0 { criterion = fresh }
      _ = twin.uniform()
      #expect(child.shares == [share] && child[.criterion] == criterion)
      #expect(generator.next() == twin.next(), "the same numbers were drawn")
    }
  }

  @Test func aPlanOutsideIsNotContained() {
    let spec = StudyFixture.spec(space: Self.manyChoices())
    let space = PlanSpace(spec: spec, groups: StudyFixture.groups)
    var plan = PruningPlan(
      criterion: .l1, ranking: Ranking(normalization: .mean), scope: .global, sparsity: .uniform(0.5),
      removesRedundant: true, replacement: .mean, recovery: spec.fineTune.recovery, seed: spec.seed)
    #expect(space.contains(plan))
    let changes: [(inout PruningPlan) -> Void] = [
      { $0.criterion = .wanda }, { $0.ranking.removal = .outlying }, { $0.ranking.normalization = .isomorphic },
      { $0.sparsity = .uniform(0.95) }, { $0.sparsity = .threshold(0.1) }, { $0.order = .shallowOnly },
      { $0.schedule = Schedule(.agp, steps: 5, epochsPerStep: 0.25) }, { $0.removesRedundant = false },
      { $0.replacement = nil },
      { $0.sparseTraining = SparseTraining(.l1) }, { $0.measure = .macs }, { $0.layers.first = 2 },
    ]
    for change in changes {
      let good = plan
      change(&plan)
      #expect(!space.contains(plan), "\(plan)")
      plan = good
    }
  }
}

@Suite struct SensitivityDesignTests {
  /// Nothing can be taken from conv1, much from conv3; conv2 lies between.
  static let scan = SensitivityScan(
    entries: [("conv1", 0.2), ("conv2", 0.6), ("conv3", 0.9)].flatMap { group, accuracy in
      [0.25, 0.75].map { ratio in
        SensitivityScan.Entry(group: group, ratio: ratio, accuracy: accuracy - ratio / 10, loss: 1 / accuracy)
      }
    })

  private func shares(_ sensitivity: SensitivityScan?, seed: UInt64 = 7) -> [[Double]] {
    let spec = StudyFixture.spec(budget: Budget(), seed: seed)
    let sampler = NSGA2Sampler(spec: spec, groups: StudyFixture.groups)
    let history = SearchHistory([], earlierScan: sensitivity)
    return (0..<sampler.designSize).compactMap { counter in
      guard case .perGroup(let shares)? = sampler.propose(history, counter: counter)?.sparsity else {
        return nil
      }
      return ["conv1", "conv2", "conv3"].compactMap { shares[$0] }
    }
  }

  @Test func sensitiveGroupsLoseLess() {
    let shares = shares(Self.scan)
    #expect(shares.count == 14)
    for plan in shares { #expect(plan[0] <= plan[2]) }
    let means = (0..<3).map { group in shares.reduce(0) { $0 + $1[group] } / Double(shares.count) }
    #expect(means[0] < means[1] && means[1] < means[2])
    #expect(self.shares(Self.scan) == shares, "the same plans for the same seed")
    #expect(self.shares(Self.scan, seed: 8) != shares)
    // Without a scan no group is preferred.
    #expect(self.shares(nil).contains { $0[0] > $0[2] })
  }

  /// A loss that is not finite, equal accuracies and groups that the study does not have break nothing.
  @Test func oddScansAreTaken() {
    let scan = SensitivityScan(entries: [
      .init(group: "conv3", ratio: 0.5, accuracy: 0.5, loss: 2),
      .init(group: "conv1", ratio: 0.5, accuracy: 0.5, loss: .infinity),
      .init(group: "other", ratio: 0.5, accuracy: 0.1, loss: .nan),
    ])
    let shares = shares(scan)
    #expect(shares.count == 14 && shares.allSatisfy { $0.allSatisfy((0...0.95).contains) })
    #expect(
      shares.reduce(0) { $0 + $1[0] } < shares.reduce(0) { $0 + $1[2] }, "the loss decides between equal accuracies")
    #expect(self.shares(SensitivityScan(entries: [])).count == 14)
  }
}
