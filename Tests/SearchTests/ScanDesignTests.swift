import Search
import StudyModel
import Testing

/// What is scanned before a search, and how what was found reaches the first plans.
@Suite struct ScanDesignTests {
  private static func spec(_ change: (inout SearchSpace) -> Void = { _ in }) -> StudySpec {
    var space = SearchSpace()
    space.scope = .perGroup
    change(&space)
    var spec = StudyFixture.spec(space: space)
    spec.usesSensitivity = true
    return spec
  }

  private static func group(_ plan: PruningPlan) -> String? {
    guard case .perGroup(let shares) = plan.sparsity, shares.count == 1, shares.values.first == 0.5 else { return nil }
    return shares.keys.first
  }

  @Test func everyGroupOfEveryGranularityIsCutByHalfAlone() {
    let groups = [
      GroupSummary(name: "conv2", units: 8, granularity: .channel),
      GroupSummary(name: "conv1", units: 8, granularity: .channel),
      GroupSummary(name: "conv2", units: 99, granularity: .element),
      GroupSummary(name: "fc", units: 99, granularity: .element),
    ]
    let spec = Self.spec {
      $0.granularities = [.channel, .nOfM(kept: 2, of: 4), .element]
      $0.layers.exclude = ["head"]
      $0.roundTo = 8
    }
    let plans = ScanDesign.plans(spec, groups: groups)
    #expect(plans.map(Self.group) == ["conv2", "conv1", "conv2", "fc"])
    #expect(plans.map(\.granularity) == [.channel, .channel, .element, .element])
    #expect(plans.allSatisfy { $0.seed == spec.seed && $0.layers.exclude == ["head"] && $0.roundTo == 8 })
    #expect(plans.allSatisfy { $0.conflict == nil })
    var without = spec
    without.usesSensitivity = false
    #expect(ScanDesign.plans(without, groups: groups).isEmpty)
  }

  /// Data and chance have no part in the order of the groups.
  @Test(arguments: [
    ([Criterion.random, .taylor, .l2, .l1], Criterion.l2), ([.random, .taylor], .l1),
  ])
  func scansRankByWeightsAlone(criteria: [Criterion], chosen: Criterion) {
    let spec = Self.spec { $0.choices = criteria.map { CriterionChoice($0) } }
    let plans = ScanDesign.plans(spec, groups: StudyFixture.groups)
    #expect(plans.count == 3 && plans.allSatisfy { $0.criterion == chosen })
  }

  private static func record(_ number: Int, _ entry: SensitivityScan.Entry?) -> EvaluationRecord {
    EvaluationRecord(
      key: .scan(number), plan: .dense(seed: 7), status: entry == nil ? .quarantined : .done, attempts: 1,
      result: entry.map { EvaluationResult(measures: StudyFixture.dense, checkpoint: nil, scan: $0) })
  }

  @Test func policiesTakeTheScanFromTheRecords() {
    let entries = [("conv1", 0.2), ("conv2", 0.6), ("conv3", 0.9)].map {
      SensitivityScan.Entry(group: $0, ratio: 0.5, accuracy: $1, loss: 1 - $1)
    }
    let records = [StudyFixture.baseline] + entries.enumerated().map { Self.record($0, $1) }
    #expect(SearchHistory(records.reversed()).sensitivity?.entries == entries, "in the scan's order")
    // It is no trial, and beats one that was made before there were such records.
    #expect(SearchHistory(records).trials.isEmpty)
    #expect(SearchHistory(records, earlierScan: SensitivityScan()).sensitivity?.entries == entries)
    #expect(SearchHistory([StudyFixture.baseline], earlierScan: SensitivityScan(entries: entries)).sensitivity != nil)
    let spec = Self.spec()
    let policy = SearchPolicy(spec: spec, groups: StudyFixture.groups)
    let earlier = SearchPolicy(
      spec: spec, groups: StudyFixture.groups, earlierScan: SensitivityScan(entries: entries))
    let decision = policy.next(records, elapsed: 0)
    #expect(decision == earlier.next([StudyFixture.baseline], elapsed: 0))
    #expect(decision != policy.next([StudyFixture.baseline], elapsed: 0), "the scan changes the first plan")
    // What was given up is left out, and the search goes on.
    let some = [StudyFixture.baseline, Self.record(0, entries[0]), Self.record(1, nil), Self.record(2, entries[2])]
    #expect(SearchHistory(some).sensitivity?.entries == [entries[0], entries[2]])
    guard case .evaluate = policy.next(some, elapsed: 0) else { Issue.record("waits for a scan"); return }
  }
}
