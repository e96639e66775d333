import Foundation
import GRDB
import StudyModel
import StudyStore
import Support
import TestSupport
import Testing

/// Studies that older versions wrote: their layout as it was released, with rows as that version wrote them.
@Suite struct MigrationTests {
  private let keep: TemporaryFolder
  private let folder: StudyFolder

  init() throws {
    keep = try TemporaryFolder()
    folder = StudyFolder(keep.url)
  }

  /// Trials 1 to 4 at rung 0. 1: an own failure, an expired lease and a dead worker, all charged. 2: given up after two charges.
  /// 3: charged twice, of which a breaker took one back. 4: preempted, not charged, then done.
  private func makeVersion1() throws {
    let header = try StoreFixture.header()
    let queue = try DatabaseQueue(path: folder.database.path)
    try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
    try queue.write { database in
      try database.execute(sql: FirstLayout.tables)
      try database.execute(sql: "PRAGMA user_version = 1")
      try database.execute(
        sql: "INSERT INTO study VALUES (1, ?, ?, ?, ?, '2026-01-01T00:00:00Z', 1, 9.5, 0)",
        arguments: [header.runID.uuidString, header.identity.hex, header.specBytes, header.contextBytes])
      let statuses = ["pending", "quarantined", "pending", "done"]
      let counts = [(3, 0), (2, 2), (1, 1), (0, 0)]
      for number in 1...4 {
        let plan = StoreFixture.plan(number)
        try database.execute(
          sql: "INSERT INTO trials VALUES (?, ?, ?, 0)",
          arguments: [number, try plan.identity().hex, try plan.canonicalBytes()])
        try database.execute(
          sql: """
            INSERT INTO evaluations (trial, rung, purpose, status, attempts, charges, strikes, worker, added)
            VALUES (?, 0, 'trial', ?, 3, ?, ?, 'worker-1', 0)
            """,
          arguments: [number, statuses[number - 1], counts[number - 1].0, counts[number - 1].1])
      }
      let failures: [(evaluation: Int, ending: String, isCharged: Bool)] = [
        (1, "failed", true), (1, "expired", true), (1, "lost", true), (2, "failed", true), (2, "failed", true),
        (3, "failed", true), (3, "failed", true), (4, "failed", false),
      ]
      let bytes = try CanonicalBytes.encode(StoreFixture.failure)
      for failure in failures {
        try database.execute(
          sql: """
            INSERT INTO leases (evaluation, worker, incarnation, attempt, epoch, granted, ended, ending)
            VALUES (?, 'worker-1', 'ab', 1, 1, 1, 2, ?)
            """, arguments: [failure.evaluation, failure.ending])
        let lease = database.lastInsertedRowID
        try database.execute(
          sql: """
            INSERT INTO failures (evaluation, lease, worker, bytes, charged, added)
            VALUES (?, ?, 'worker-1', ?, ?, 2)
            """, arguments: [failure.evaluation, lease, bytes, failure.isCharged])
      }
      let result = try StoreFixture.resultBytes(0.5)
      try database.execute(
        sql: "INSERT INTO results VALUES (4, 8, ?, ?, 3)", arguments: [result, Digest(of: result).hex])
    }
    try queue.close()
  }

  private func check(_ snapshot: StudySnapshot) throws {
    func evaluation(_ number: Int64) throws -> StudySnapshot.Evaluation {
      try #require(snapshot.evaluations[EvaluationKey(trial: TrialID(number), rung: 0)])
    }
    #expect(try evaluation(1).failures.map(\.kind) == [.own, .loss, .suspicion])
    #expect(try evaluation(1).failures.allSatisfy { $0.counts && $0.host.isEmpty && $0.worker == "worker-1" })
    #expect(try evaluation(2).record.status == .quarantined)
    #expect(try evaluation(2).record.reason == "an older version of Coppice gave it up")
    #expect(try evaluation(2).failures.map(\.counts) == [true, true])
    #expect(try evaluation(3).failures.map(\.counts) == [false, true])
    #expect(try evaluation(4).failures.map(\.kind) == [.loss])
    #expect(try evaluation(4).record.status == .done && evaluation(4).record.result?.measures.loss == 0.5)
    #expect(snapshot.elapsed == 9.5 && snapshot.lastLease == LeaseID(8))
    #expect(try evaluation(1).record.failure == StoreFixture.failure)
  }

  @Test func versionOneIsBroughtForward() throws {
    try makeVersion1()
    let store = try StudyStore.resume(in: folder)
    #expect(try store.pragma("user_version") == "3")
    #expect(try store.pragma("integrity_check") == "ok")
    try check(store.snapshot())
    // It is as good as a new one.
    let key = EvaluationKey(trial: TrialID(2), rung: 0)
    try store.commit([.retry(key), .grantLease(StoreFixture.lease(9, key))], elapsed: 10)
    #expect(try store.snapshot().evaluations[key]?.openLease == LeaseID(9))
  }

  /// `front` and `report` show a study of an older version without changing it.
  @Test func versionOneIsReadAsItLies() throws {
    try makeVersion1()
    try check(StudyReader(folder).snapshot())
    let queue = try DatabaseQueue(path: folder.database.path)
    let version = try queue.read { try Int.fetchOne($0, sql: "PRAGMA user_version") }
    #expect(version == 1)
  }
}
