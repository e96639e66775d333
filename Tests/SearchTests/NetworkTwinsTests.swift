import Foundation
import Search
import StudyModel
import Support
import Testing

@Suite struct NetworkTwinsTests {
  static func network(_ name: String) -> Digest { Digest(of: Data(name.utf8)) }

  /// A finished evaluation at rung 0 whose cut left the network of this name.
  static func record(_ trial: Int64, _ name: String?, accuracy: Double = 0.9) -> EvaluationRecord {
    var record = StudyFixture.record(
      trial, rung: 0, measures: StudyFixture.measures(accuracy: accuracy, parameters: 0.5))
    record.result?.network = name.map(network)
    return record
  }

  private func originals(_ records: [EvaluationRecord]) -> [Int64: Int64] {
    let twins = NetworkTwins(records)
    return (1...9).reduce(into: [:]) { found, trial in
      found[trial] = twins.original(of: TrialID(trial))?.value
    }
  }

  @Test func theSmallestNumberStandsForEqualNetworks() {
    let records = [
      Self.record(1, "a"), Self.record(2, "b"), Self.record(3, "a"), Self.record(4, "a"), Self.record(5, "c"),
    ]
    #expect(originals(records) == [3: 1, 4: 1])
    #expect(originals(records.reversed()) == [3: 1, 4: 1])
    #expect(NetworkTwins(records).count == 2)
  }

  @Test func networksWithoutANameAreTheirOwn() {
    #expect(originals([Self.record(1, nil), Self.record(2, nil), StudyFixture.baseline]) == [:])
  }

  /// Two that ran at the same time: the later one was promoted before the earlier one's network was known.
  @Test(arguments: [EvaluationStatus.pending, .leased, .done, .quarantined])
  func whoeverWentFurthestStandsForAll(status: EvaluationStatus) {
    let promoted = StudyFixture.record(3, rung: 1, status: status)
    #expect(originals([Self.record(1, "a"), Self.record(3, "a"), promoted, Self.record(4, "a")]) == [1: 3, 4: 3])
  }

  @Test func equalNetworksAreRankedPromotedAndOnTheFrontOnce() throws {
    let spec = StudyFixture.spec(objectives: [.accuracy, .parameters])
    let space = ObjectiveSpace(spec: spec, baseline: StudyFixture.dense)
    // Five of six trials share the best network: of two networks none is a better third yet.
    var records = [StudyFixture.baseline] + (1...5).map { Self.record($0, "a") } + [Self.record(6, "b", accuracy: 0.5)]
    var history = SearchHistory(records)
    let ranking = RungRanking(rung: 0, history: history, space: space, topRung: 2)
    #expect(ranking.standings.map(\.trial) == [TrialID(1), TrialID(6)])
    let ladder = RungLadder(rungs: 3)
    #expect(ladder.promotion(history, space: space, quota: .third) == nil)
    #expect(StudyFront(records, space: space).records.map(\.key.trial) == [TrialID(1)])
    // With a third network there is, and when it has gone on nobody else of its kind follows.
    records.append(Self.record(7, "c", accuracy: 0.4))
    history = SearchHistory(records)
    #expect(ladder.promotion(history, space: space, quota: .third).map { $0 == (TrialID(1), 1) } == true)
    records.append(StudyFixture.record(1, rung: 1, status: .leased))
    for quota in [RungLadder.Quota.third, .thirdRoundedUp, .front] {
      #expect(ladder.promotion(SearchHistory(records), space: space, quota: quota) == nil)
    }
  }

  /// Plans whose shares round to the same tenths come to the same network in this world.
  @Test(arguments: StudyFixture.drawing)
  func noNetworkIsTrainedTwiceInASearchAndEachTrialCounts(sampler: SamplerKind) {
    func network(_ plan: PruningPlan) -> Digest? {
      guard case .perGroup(let shares) = plan.sparsity else { return nil }
      return Self.network(shares.sorted { $0.key < $1.key }.map { "\($0.key) \(($0.value * 2).rounded())" }.joined())
    }
    let search = SimulatedSearch(
      StudyFixture.spec(sampler: sampler, budget: Budget(trials: 60)), workers: 1, network: network)
    #expect(search.reason == .trialsAreDone)
    #expect(search.finished(0).count == 60)
    let networks = Set(search.finished(0).compactMap(\.result?.network))
    #expect(networks.count < 30)
    for rung in 1...2 {
      let trained = search.finished(rung).map { network($0.plan) }
      #expect(!trained.isEmpty && Set(trained).count == trained.count, "rung \(rung)")
    }
    #expect(search.finished(1).count >= networks.count / 3)
  }
}
