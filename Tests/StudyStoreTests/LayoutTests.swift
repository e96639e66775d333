import Foundation
import GRDB
import StudyModel
import StudyStore
import Support
import TestSupport
import Testing

/// Studies that an earlier Coppice made.
@Suite struct LayoutTests {
  private let key = EvaluationKey(trial: TrialID(1), rung: 0)

  /// A study of layout 1 with one result and one open lease.
  private func makeFirst(in place: StudyFolder, identity: Digest) throws {
    let header = try StoreFixture.header()
    let bytes = try StoreFixture.resultBytes(0.5)
    let queue = try DatabaseQueue(path: place.database.path)
    try queue.write { database in
      try database.execute(sql: FirstLayout.tables + "PRAGMA user_version = 1;")
      try database.execute(
        sql: "INSERT INTO study VALUES (1, ?, ?, ?, ?, '2026-01-01T00:00:00Z', 1, 3, 0)",
        arguments: [header.runID.uuidString, identity.hex, header.specBytes, header.contextBytes])
      for trial in 1...2 {
        let plan = StoreFixture.plan(trial)
        try database.execute(
          sql: "INSERT INTO trials VALUES (?, ?, ?, 1)",
          arguments: [trial, try plan.identity().hex, try plan.canonicalBytes()])
      }
      try database.execute(
        sql: """
          INSERT INTO evaluations VALUES (1, 1, 0, 'trial', 'done', 1, 0, 0, 'w', 1, 2);
          INSERT INTO evaluations VALUES (2, 2, 0, 'trial', 'leased', 1, 0, 0, 'w', 1, NULL);
          INSERT INTO leases VALUES (1, 1, 'w', 'i', 1, 1, 1, 2, 'completed');
          INSERT INTO leases VALUES (2, 2, 'w', 'i', 1, 1, 2, NULL, NULL);
          INSERT INTO events VALUES (1, 1, 1, 'wall', 'epoch', NULL, NULL, NULL, NULL, NULL, '');
          """)
      try database.execute(
        sql: "INSERT INTO results VALUES (1, 1, ?, ?, 2)", arguments: [bytes, Digest(of: bytes).hex])
    }
    try queue.close()
  }

  @Test func aStudyOfLayoutOneIsShownAndGoesOn() throws {
    let keep = try TemporaryFolder()
    let place = StudyFolder(keep.url)
    try makeFirst(in: place, identity: try StoreFixture.identity().earlierDigest())
    // Looking changes nothing.
    let before = try StudyReader(place).contents()
    #expect(before.damage.isEmpty && before.header.parts == nil && before.snapshot.runs.isEmpty)
    #expect(before.snapshot.records.map(\.status) == [.done, .leased])
    #expect(before.snapshot.endingWords(isRunning: false) == "How its last run ended was not recorded.")
    let store = try StudyStore.resume(in: place)
    #expect(try store.pragma("user_version") == "3")
    let after = try store.snapshot()
    #expect(after.records.map(\.status) == [.done, .pending])
    #expect(after.records[0] == before.snapshot.records[0])
    #expect(after.runs == [RunRecord(epoch: 2, begunAt: 3)])
    try store.close()
    // Its old rows have checksums from now on.
    try DatabaseQueue(path: place.database.path).write {
      try $0.execute(sql: "UPDATE leases SET attempt = 2 WHERE id = 1")
    }
    #expect(try StudyReader(place).contents().damage.map(\.table) == ["leases"])
  }

  /// Where there are no checksums yet, the digests that there were tell of damage, before and after the layout is brought forward.
  @Test(arguments: [
    "UPDATE results SET bytes = cast(replace(cast(bytes AS TEXT), '0.5', '0.4') AS BLOB)",
    "UPDATE trials SET plan = cast(replace(cast(plan AS TEXT), '0.1', '0.2') AS BLOB) WHERE number = 1",
    "UPDATE evaluations SET purpose = 'trias' WHERE id = 1",
  ]) func damageOfLayoutOneIsNamed(sql: String) throws {
    let keep = try TemporaryFolder()
    let place = StudyFolder(keep.url)
    try makeFirst(in: place, identity: try StoreFixture.identity().earlierDigest())
    try DatabaseQueue(path: place.database.path).write { try $0.execute(sql: sql) }
    #expect(try !StudyReader(place).contents().damage.isEmpty)
    #expect(throws: StudyStoreError.self) { try StudyStore.resume(in: place) }
    let store = try StudyStore.resume(in: place, settingDamageAside: true)
    #expect(!store.setAside.isEmpty)
    #expect(try store.snapshot().records.allSatisfy { $0.result == nil })
  }

  /// A version that is not the file's own would have its rows read without their checksums.
  @Test(arguments: [0, 1, 2]) func aWrongVersionIsDamage(version: Int) throws {
    let keep = try TemporaryFolder()
    let place = StudyFolder(keep.url)
    try StudyStore.create(in: place, header: StoreFixture.header()).close()
    try DatabaseQueue(path: place.database.path).write { try $0.execute(sql: "PRAGMA user_version = \(version)") }
    for attempt in [
      { _ = try StudyReader(place) }, { _ = try StudyStore.resume(in: place) },
    ] as [() throws -> Void] {
      let error = #expect(throws: StudyStoreError.self) { try attempt() }
      #expect(error?.code == .damaged, "\(String(describing: error))")
    }
  }

  /// The identity that version 0.1.0 computed for these values, as a golden.
  @Test func theEarlierIdentityIsWhatItWas() throws {
    struct Identity: Encodable {
      let network: Digest
      let data: Digest?
      let split: SplitSpec
      let version: String
      let seed: UInt64
    }
    let now = StoreFixture.identity()
    let then = try CanonicalBytes.digest(
      of: Identity(network: now.network, data: now.training, split: now.split, version: "0.1.0", seed: now.seed))
    #expect(try now.earlierDigest() == then)
    #expect(try StoreFixture.identity(test: "another").earlierDigest() == then)
    #expect(try StoreFixture.identity(test: "another").digest() != now.digest())
    #expect(now.differences(to: StoreFixture.identity(test: "another")).count == 1)
  }

  @Test func aSpecThatCannotBeReadIsSaidInWords() throws {
    let header = StudyHeader(
      runID: UUID(), identity: Digest(of: Data()), specBytes: Data("{\"study\":7}".utf8), contextBytes: Data("[".utf8))
    for attempt in [{ _ = try header.spec() }, { _ = try header.context() }] as [() throws -> Void] {
      let error = #expect(throws: UnreadableBytes.self) { try attempt() }
      #expect(error?.exitCode == .badData && error?.message.contains("cannot be read") == true)
      #expect(error?.message.contains("DecodingError") == false)
    }
  }
}
