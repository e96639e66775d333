import Foundation
import StudyModel
import StudyStore
import Support
import TestSupport
import Testing

/// What every journal must do, run over all of them.
@Suite struct JournalConformanceTests {
  enum Kind: String, CaseIterable, Sendable { case memory, sqlite }

  struct Fixture {
    let journal: any StudyJournal
    let folder: TemporaryFolder

    init(_ kind: Kind) throws {
      folder = try TemporaryFolder()
      switch kind {
      case .memory:
        journal = InMemoryJournal()
        try journal.commit([.beginEpoch], elapsed: 0)
      case .sqlite: journal = try StudyStore.create(in: StudyFolder(folder.url), header: StoreFixture.header())
      }
    }
  }

  private static let key = EvaluationKey(trial: TrialID(1), rung: 0)
  private static let trial = StudyChange.addTrial(TrialID(1), StoreFixture.plan(1))

  private static func grant(_ id: Int64, _ key: EvaluationKey = key, attempt: Int = 1) -> StudyChange {
    .grantLease(StoreFixture.lease(id, key, attempt: attempt))
  }

  @Test(arguments: Kind.allCases)
  func anEvaluationGoesFromWaitingToDone(kind: Kind) throws {
    let journal = try Fixture(kind).journal
    try journal.commit([Self.trial, .addEvaluation(Self.key)], elapsed: 1)
    #expect(try journal.snapshot().evaluations[Self.key]?.record.status == .pending)
    try journal.commit([Self.grant(1)], elapsed: 2)
    #expect(try journal.snapshot().evaluations[Self.key]?.openLease == LeaseID(1))
    let bytes = try StoreFixture.resultBytes(0.5)
    try journal.commit(
      [.addResult(Self.key, lease: LeaseID(1), worker: "w", bytes: bytes), .finish], elapsed: 3.5)
    let snapshot = try journal.snapshot()
    let evaluation = try #require(snapshot.evaluations[Self.key])
    #expect(evaluation.record.status == .done && evaluation.record.finishedAt == 3.5)
    #expect(try evaluation.record.result == CanonicalBytes.decode(EvaluationResult.self, from: bytes))
    #expect(evaluation.resultDigest == Digest(of: bytes))
    #expect(snapshot.leases[LeaseID(1)]?.ending == .completed)
    #expect(snapshot.isFinished && snapshot.elapsed == 3.5 && snapshot.lastLease == LeaseID(1))
    #expect(try journal.history().map(\.kind) == ["epoch", "trial", "evaluation", "granted", "accepted", "finished"])
  }

  @Test(arguments: Kind.allCases)
  func aNewEpochReleasesAllLeases(kind: Kind) throws {
    let journal = try Fixture(kind).journal
    try journal.commit([Self.trial, .addEvaluation(Self.key), Self.grant(1)], elapsed: 1)
    try journal.commit([.beginEpoch], elapsed: 2)
    let snapshot = try journal.snapshot()
    #expect(snapshot.epoch == 2)
    #expect(snapshot.leases[LeaseID(1)]?.ending == .released)
    #expect(snapshot.evaluations[Self.key]?.record.status == .pending)
    try journal.commit([.reinstateLease(LeaseID(1))], elapsed: 3)
    #expect(try journal.snapshot().evaluations[Self.key]?.openLease == LeaseID(1))
    #expect(try journal.snapshot().leases[LeaseID(1)]?.endedAt == nil)
  }

  @Test(arguments: Kind.allCases)
  func eachRunHasAnEndingOfItsOwn(kind: Kind) throws {
    let journal = try Fixture(kind).journal
    try journal.commit([.endSearch(SearchEnding(.trialsAreDone, detail: "d"))], elapsed: 4)
    try journal.commit([.endRun(.stopped, detail: "SIGTERM")], elapsed: 5)
    try journal.commit([.beginEpoch], elapsed: 6)
    #expect(
      try journal.snapshot().runs == [
        RunRecord(
          epoch: 1, begunAt: 0, searchEnding: SearchEnding(.trialsAreDone, detail: "d"), ending: .stopped, endedAt: 5,
          detail: "SIGTERM"),
        RunRecord(epoch: 2, begunAt: 6),
      ])
    #expect(try journal.snapshot().searchEnding?.reason == .trialsAreDone)
    #expect(try journal.snapshot().endingWords(isRunning: false).contains("noted no end"))
    try journal.commit([.endRun(.failed, detail: "No.")], elapsed: 7)
    #expect(throws: StudyStoreError.self) { try journal.commit([.endRun(.finished, detail: "")], elapsed: 8) }
    #expect(try journal.snapshot().runs.last?.ending == .failed)
    #expect(try journal.history().map(\.kind) == ["epoch", "search ended", "run ended", "epoch", "run ended"])
  }

  /// Until it ends again a search that goes on has no ending, also for whoever opens the study next.
  @Test(arguments: Kind.allCases)
  func aSearchThatHadEndedGoesOn(kind: Kind) throws {
    let journal = try Fixture(kind).journal
    try journal.commit([.endSearch(SearchEnding(.trialsAreDone)), .finish, .endRun(.finished, detail: "")], elapsed: 4)
    #expect(try journal.snapshot().isFinished && !journal.snapshot().isSearchReopened)
    try journal.commit([.beginEpoch, .reopenSearch(detail: "3 trials")], elapsed: 5)
    for _ in 0..<2 {
      let snapshot = try journal.snapshot()
      #expect(!snapshot.isFinished && snapshot.isSearchReopened && snapshot.searchEnding == nil)
      #expect(snapshot.runs.first?.searchEnding?.reason == .trialsAreDone)
      #expect(!snapshot.endingWords(isRunning: false).contains("The search ended"))
      try journal.commit([.endRun(.stopped, detail: ""), .beginEpoch], elapsed: 6)
    }
    try journal.commit([.reopenSearch(detail: ""), .endSearch(SearchEnding(.timeIsUp, detail: "d"))], elapsed: 7)
    #expect(try journal.snapshot().searchEnding == SearchEnding(.timeIsUp, detail: "d"))
    #expect(try !journal.snapshot().isSearchReopened)
    #expect(throws: StudyStoreError.self) { try journal.commit([.reopenSearch(detail: "")], elapsed: 8) }
    #expect(try journal.history().count { $0.kind == HistoryEvent.reopened } == 2)
  }

  /// Each of these contradicts the state that the setting makes; and the last change of its transaction is refused, so that
  /// the first must be undone.
  @Test(
    arguments: Kind.allCases,
    [
      [StudyChange.addTrial(TrialID(2), StoreFixture.plan(1))],
      [.addTrial(TrialID(1), StoreFixture.plan(3))],
      [.addEvaluation(key)],
      [.addEvaluation(EvaluationKey(trial: TrialID(8), rung: 0))],
      [grant(2)],
      [.endLease(LeaseID(1), .expired), grant(1)],
      [.endLease(LeaseID(1), .expired), .endLease(LeaseID(1), .expired)],
      [.endLease(LeaseID(9), .expired)],
      [.reinstateLease(LeaseID(1))],
      [.setStatus(key, .quarantined)],
      [.setStatus(key, .done)],
      [.excuseFailures(done, worker: nil)],
      [.retry(key)],
      [.retry(done)],
      [.setStatus(done, .pending)],
      [.addResult(done, lease: LeaseID(2), worker: "w", bytes: Data("{}".utf8))],
      [.addResult(key, lease: LeaseID(2), worker: "w", bytes: Data())],
      [.addFailure(key, StoreFixture.attempt(2), StoreFixture.failure)],
      [.addFailure(done, StoreFixture.attempt(2), StoreFixture.failure)],
    ])
  func contradictionsAreRefusedWhole(kind: Kind, changes: [StudyChange]) throws {
    let journal = try Fixture(kind).journal
    try journal.commit(
      [
        Self.trial, .addEvaluation(Self.key), Self.grant(1), .addTrial(TrialID(5), StoreFixture.plan(5)),
        .addEvaluation(Self.done), Self.grant(2, Self.done),
        .addResult(Self.done, lease: LeaseID(2), worker: "w", bytes: try StoreFixture.resultBytes(0.3)),
      ], elapsed: 1)
    let before = try journal.snapshot()
    let history = try journal.history()
    #expect(throws: (any Error).self) {
      try journal.commit(
        [.note(kind: "first"), .addFailure(Self.key, StoreFixture.attempt(1), StoreFixture.failure)] + changes,
        elapsed: 2)
    }
    #expect(try journal.snapshot() == before)
    #expect(try journal.history() == history)
  }

  @Test(arguments: Kind.allCases)
  func failedAttemptsAreKeptAndExcused(kind: Kind) throws {
    let journal = try Fixture(kind).journal
    try journal.commit([Self.trial, .addEvaluation(Self.key)], elapsed: 1)
    let kinds: [FailedAttempt.Kind] = [.own, .loss, .suspicion]
    for (index, kind) in kinds.enumerated() {
      let id = Int64(index + 1)
      var attempt = StoreFixture.attempt(id, worker: "w\(index)", kind: kind)
      attempt.ranAlone = kind == .suspicion
      try journal.commit(
        [
          Self.grant(id, attempt: index + 1), .endLease(LeaseID(id), .failed),
          .addFailure(Self.key, attempt, StoreFixture.failure),
        ], elapsed: 2)
    }
    try journal.commit([.excuseFailures(Self.key, worker: "w0")], elapsed: 3)
    var evaluation = try #require(try journal.snapshot().evaluations[Self.key])
    #expect(evaluation.failures.map(\.kind) == kinds)
    #expect(evaluation.failures.map(\.counts) == [false, true, true])
    #expect(evaluation.failures.map(\.ranAlone) == [false, false, true])
    #expect(evaluation.failures.map(\.worker) == ["w0", "w1", "w2"] && evaluation.failures[2].host == "host")

    try journal.commit([.setStatus(Self.key, .quarantined, reason: "three times"), .finish], elapsed: 4)
    #expect(try journal.snapshot().evaluations[Self.key]?.record.reason == "three times")
    try journal.commit([.retry(Self.key)], elapsed: 5)
    evaluation = try #require(try journal.snapshot().evaluations[Self.key])
    #expect(evaluation.record.status == .pending && evaluation.record.reason == nil)
    #expect(evaluation.failures.count == 3 && evaluation.failures.allSatisfy { !$0.counts })
    #expect(try !journal.snapshot().isFinished)
    #expect(try journal.history().last?.kind == "retried")
  }

  /// What is learned late of an old attempt leaves the evaluation with whom it is.
  @Test(arguments: Kind.allCases)
  func aFailureNotedLateLeavesTheOpenLeaseAlone(kind: Kind) throws {
    let journal = try Fixture(kind).journal
    try journal.commit(
      [
        Self.trial, .addEvaluation(Self.key), Self.grant(1), .endLease(LeaseID(1), .expired), Self.grant(2, attempt: 2),
      ],
      elapsed: 1)
    let late = StoreFixture.attempt(1, worker: "gone", kind: .suspicion)
    try journal.commit([.addFailure(Self.key, late, StoreFixture.failure)], elapsed: 2)
    let evaluation = try #require(try journal.snapshot().evaluations[Self.key])
    #expect(evaluation.record.worker == "worker-1" && evaluation.openLease == LeaseID(2))
    #expect(evaluation.failures == [late])
  }

  private static let done = EvaluationKey(trial: TrialID(5), rung: 0)

  /// Random changes, most of them refused: all journals accept the same ones and end in the same state as the pure value.
  @Test(arguments: UInt64(1)...6)
  func allJournalsAgreeOnRandomChanges(seed: UInt64) throws {
    let fixtures = try Kind.allCases.map { try Fixture($0) }
    var generator = SeededGenerator(seed: seed, stream: "changes")
    var accepted = 0
    for step in 0..<200 {
      let newest = try fixtures[0].journal.snapshot().lastLease.value + 1
      let changes = try (0...generator.integer(below: 2)).map { _ in
        try StoreFixture.randomChange(newest: newest, using: &generator)
      }
      let outcomes = fixtures.map { fixture in
        (try? fixture.journal.commit(changes, elapsed: Double(step))) != nil
      }
      #expect(Set(outcomes).count == 1, "seed \(seed), step \(step): \(changes)")
      if outcomes[0] { accepted += 1 }
    }
    let snapshots = try fixtures.map { try $0.journal.snapshot() }
    #expect(snapshots[0] == snapshots[1], "seed \(seed)")
    let histories = try fixtures.map { try $0.journal.history() }
    #expect(histories[0] == histories[1], "seed \(seed)")
    #expect(accepted > 20)
  }
}
