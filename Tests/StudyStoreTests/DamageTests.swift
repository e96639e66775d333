import Foundation
import GRDB
import StudyModel
import StudyStore
import Support
import TestSupport
import Testing

/// What a failing disk, or a hand in the file, does to a study: it is named, and the rest is there.
@Suite struct DamageTests {
  private static let trials: ClosedRange<Int64> = 1...6

  /// A study with rows in every table: six trials, of which the last waits and the fifth failed once; all have been leased.
  struct Fixture {
    let keep: TemporaryFolder
    let folder: StudyFolder
    let whole: StudyContents

    init() throws {
      keep = try TemporaryFolder()
      folder = StudyFolder(keep.url.appendingPathComponent("study"))
      let store = try StudyStore.create(in: folder, header: StoreFixture.header())
      for trial in DamageTests.trials {
        let key = EvaluationKey(trial: TrialID(trial), rung: 0)
        let lease = LeaseID(trial)
        try store.commit([.addTrial(key.trial, StoreFixture.plan(Int(trial))), .addEvaluation(key)], elapsed: 1)
        try store.commit([.grantLease(StoreFixture.lease(trial, key))], elapsed: 2)
        switch trial {
        case 5:
          try store.commit(
            [
              .endLease(lease, .failed),
              .addFailure(key, StoreFixture.attempt(trial, worker: "w", kind: .own), StoreFixture.failure),
            ], elapsed: 3)
        case 6: try store.commit([.endLease(lease, .expired)], elapsed: 3)
        default:
          try store.commit(
            [.addResult(key, lease: lease, worker: "w", bytes: StoreFixture.resultBytes(Double(trial)))], elapsed: 3)
        }
      }
      try store.commit([.endRun(.stopped, detail: "SIGINT")], elapsed: 4)
      try store.close()
      whole = try StudyReader(folder).contents()
    }

    /// A copy of the study whose file `change` has had its way with.
    func copy(_ change: (inout Data) throws -> Void) throws -> StudyFolder {
      let copy = StudyFolder(keep.url.appendingPathComponent(UUID().uuidString))
      try FileManager.default.createDirectory(at: copy.url, withIntermediateDirectories: true)
      var bytes = try Data(contentsOf: folder.database)
      try change(&bytes)
      try bytes.write(to: copy.database)
      return copy
    }

    /// A copy in which a statement was run by somebody who keeps no checksums.
    func copy(after sql: String) throws -> StudyFolder {
      let copy = try copy { _ in }
      let queue = try DatabaseQueue(path: copy.database.path)
      try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA foreign_keys = OFF; \(sql)") }
      try queue.close()
      return copy
    }
  }

  @Test func theFixtureIsWhole() throws {
    let fixture = try Fixture()
    #expect(fixture.whole.damage.isEmpty)
    #expect(fixture.whole.snapshot.records.count == 6)
    #expect(try StudyReader(fixture.folder).snapshot() == fixture.whole.snapshot)
  }

  /// Each of these is a value that could be right: nothing but the checksum tells.
  @Test(arguments: [
    ("trials", 3, "UPDATE trials SET added = 1.5 WHERE number = 3"),
    ("evaluations", 2, "UPDATE evaluations SET attempts = 7 WHERE id = 2"),
    ("evaluations", 4, "UPDATE evaluations SET worker = 'v' WHERE id = 4"),
    ("leases", 1, "UPDATE leases SET attempt = 3 WHERE id = 1"),
    ("failures", 1, "UPDATE failures SET charged = 0 WHERE id = 1"),
    ("results", 2, "UPDATE results SET added = 9 WHERE evaluation = 2"),
    ("events", 7, "UPDATE events SET worker = 'worker-2' WHERE sequence = 7"),
    ("runs", 1, "UPDATE runs SET detail = 'SIGTERM' WHERE epoch = 1"),
    (
      "trials", 2,
      "UPDATE trials SET plan = cast(replace(cast(plan AS TEXT), 'criterion', 'driterion') AS BLOB) WHERE number = 2"
    ),
    (
      "results", 3,
      "UPDATE results SET bytes = cast(replace(cast(bytes AS TEXT), '3', '4') AS BLOB) WHERE evaluation = 3"
    ),
  ]) func aChangedValueIsNamedAndTheRestIsThere(table: String, row: Int, sql: String) throws {
    let fixture = try Fixture()
    let place = try fixture.copy(after: sql)
    let contents = try StudyReader(place).contents()
    #expect(contents.damage.first { $0.id == Int64(row) && $0.table == table } != nil, "\(contents.damage)")
    #expect(contents.damage.allSatisfy { $0.table == table || $0.reason.hasPrefix("belongs to") }, "\(contents.damage)")
    expectPart(contents, of: fixture.whole)
    // Whoever does not ask for a part gets an error with the same words, and the study stays as it is.
    for attempt in [
      { _ = try StudyReader(place).snapshot() }, { _ = try StudyStore.resume(in: place) },
    ] as [() throws -> Void] {
      let error = #expect(throws: StudyStoreError.self) { try attempt() }
      #expect(error?.code == .damaged && error?.exitCode == .badData)
      #expect(error?.message.contains("table '\(table)', row \(row)") == true, "\(error?.message ?? "")")
      #expect(error?.remedy?.contains("--set-aside-damaged") == true)
    }
    #expect(try StudyReader(place).contents().damage == contents.damage)
  }

  @Test func aDamagedStudyRowIsRefused() throws {
    let fixture = try Fixture()
    for sql in ["UPDATE study SET elapsed = 5", "UPDATE study SET spec = cast('{}' AS BLOB)"] {
      let place = try fixture.copy(after: sql)
      for attempt in [
        { _ = try StudyReader(place) }, { _ = try StudyStore.resume(in: place) },
        { _ = try StudyStore.resume(in: place, settingDamageAside: true) },
      ] as [() throws -> Void] {
        let error = #expect(throws: StudyStoreError.self) { try attempt() }
        #expect(error?.code == .damaged && error?.message.contains("row of the study itself") == true)
      }
      #expect(try StudyStore.exists(in: place))
    }
  }

  /// Any bit of the file: what is read is what was stored, or the damage is named and what is there beside it was stored; no
  /// other number, no other error, no crash.
  @Test(arguments: UInt64(1)...4) func noFlippedBitChangesANumberSilently(seed: UInt64) throws {
    let fixture = try Fixture()
    let size = try Data(contentsOf: fixture.folder.database).count
    var generator = SeededGenerator(seed: seed, stream: "flips")
    var (named, refused) = (0, 0)
    for round in 0..<100 {
      let byte = round % 8 == 0 ? generator.integer(below: 100) : generator.integer(below: size)
      let bit = generator.integer(below: 8)
      let place = try fixture.copy { $0[$0.startIndex + byte] ^= 1 << UInt8(bit) }
      let what = "byte \(byte), bit \(bit)"
      do {
        let contents = try StudyReader(place).contents()
        if contents.damage.isEmpty {
          #expect(contents.snapshot == fixture.whole.snapshot && contents.header == fixture.whole.header, "\(what)")
          #expect(contents.history == fixture.whole.history, "\(what)")
        } else {
          named += 1
          expectPart(contents, of: fixture.whole, what)
        }
      } catch let error as StudyStoreError {
        refused += 1
        #expect([.damaged, .newerSchema].contains(error.code), "\(what): \(error)")
      }
      do {
        let store = try StudyStore.resume(in: place)
        #expect(try store.snapshot().evaluations == fixture.whole.snapshot.evaluations, "\(what)")
        try store.close()
      } catch let error as StudyStoreError {
        #expect([.damaged, .newerSchema].contains(error.code), "\(what): \(error)")
        // Setting aside makes a study of which every number was stored, or says that it cannot.
        do {
          let store = try StudyStore.resume(in: place, settingDamageAside: true)
          let left = try store.snapshot()
          for record in left.records where record.result != nil {
            #expect(record == fixture.whole.snapshot.evaluations[record.key]?.record, "\(what)")
          }
          try store.close()
        } catch let error as StudyStoreError {
          #expect([.damaged, .newerSchema].contains(error.code), "\(what): \(error)")
        }
      }
      try FileManager.default.removeItem(at: place.url)
    }
    // Otherwise the flips hit nothing.
    #expect(named > 5 && refused > 1, "named \(named), refused \(refused)")
  }

  @Test func aDamagedResultWaitsAgain() throws {
    let fixture = try Fixture()
    let place = try fixture.copy(
      after: "UPDATE results SET added = 9 WHERE evaluation = 2; UPDATE study SET finished = finished")
    let store = try StudyStore.resume(in: place, settingDamageAside: true)
    let key = EvaluationKey(trial: TrialID(2), rung: 0)
    #expect(store.setAside.map(\.table) == ["results"] && store.setAside[0].trial == TrialID(2))
    let snapshot = try store.snapshot()
    #expect(snapshot.evaluations[key]?.record.status == .pending && snapshot.evaluations[key]?.record.result == nil)
    #expect(snapshot.records.map(\.key) == fixture.whole.snapshot.records.map(\.key))
    // It can be leased and finished again, under a number that no lease had.
    #expect(snapshot.lastLease == LeaseID(6))
    let bytes = try StoreFixture.resultBytes(2)
    try store.commit(
      [
        .grantLease(StoreFixture.lease(7, key, attempt: 2)),
        .addResult(key, lease: LeaseID(7), worker: "w", bytes: bytes),
      ], elapsed: 9)
    #expect(
      try store.snapshot().evaluations[key]?.record.result == fixture.whole.snapshot.evaluations[key]?.record.result)
    try store.close()
    // Nothing is thrown away: the row's values are in a table, and the old file is there.
    let queue = try DatabaseQueue(path: place.database.path)
    let kept = try queue.read { try Row.fetchAll($0, sql: "SELECT part, number, content FROM damaged") }
    #expect(kept.count == 1 && kept[0]["part"] == "results" && kept[0]["number"] == 2)
    let content: Data = kept[0]["content"]
    let values = try JSONDecoder().decode([String: [String: String]].self, from: content)
    #expect(values["bytes"]?["blob"].flatMap { Data(base64Encoded: $0) } == bytes)
    let old = try DatabaseQueue(path: place.damagedDatabase(1).path)
    #expect(try old.read { try Double.fetchOne($0, sql: "SELECT added FROM results WHERE evaluation = 2") } == 9)
  }

  @Test func whatBelongsToADamagedTrialGoesWithIt() throws {
    let fixture = try Fixture()
    let place = try fixture.copy(after: "UPDATE trials SET added = 7 WHERE number = 5")
    let store = try StudyStore.resume(in: place, settingDamageAside: true)
    #expect(Set(store.setAside.map(\.table)) == ["trials", "evaluations", "leases", "failures"])
    let snapshot = try store.snapshot()
    #expect(snapshot.trials.keys.sorted() == [1, 2, 3, 4, 6].map { TrialID($0) })
    #expect(snapshot.records == fixture.whole.snapshot.records.filter { $0.key.trial != TrialID(5) })
  }

  @Test func aDamagedEvaluationBeginsAnewAndADamagedLeaseIsForgotten() throws {
    let fixture = try Fixture()
    let evaluation = try fixture.copy(after: "UPDATE evaluations SET attempts = 9 WHERE id = 3")
    var store = try StudyStore.resume(in: evaluation, settingDamageAside: true)
    var record = try store.snapshot().evaluations[EvaluationKey(trial: TrialID(3), rung: 0)]?.record
    #expect(record?.status == .pending && record?.attempts == 0 && record?.result == nil)
    #expect(try store.snapshot().records.count == 6)
    try store.close()
    // A result names the lease, so its number stays taken.
    let lease = try fixture.copy(after: "UPDATE leases SET worker = 'x' WHERE id IN (3, 6)")
    store = try StudyStore.resume(in: lease, settingDamageAside: true)
    record = try store.snapshot().evaluations[EvaluationKey(trial: TrialID(3), rung: 0)]?.record
    #expect(record == fixture.whole.snapshot.evaluations[EvaluationKey(trial: TrialID(3), rung: 0)]?.record)
    #expect(try store.snapshot().lastLease == LeaseID(6))
    #expect(try store.snapshot().leases.keys.sorted() == [1, 2, 3, 4, 5].map { LeaseID($0) })
  }

  @Test func aDamagedIndexIsMadeAnew() throws {
    let fixture = try Fixture()
    // Bits of the entries of its indexes, found by the text in them, until one hurts no row.
    let place = try fixture.copy { _ in }
    var bytes = try Data(contentsOf: place.database)
    let key = Data("trial".utf8)
    var flipped = false
    var from = bytes.startIndex
    while !flipped, let hit = bytes[from...].range(of: key) {
      let copy = bytes
      if hit.upperBound < bytes.endIndex {
        bytes[hit.upperBound] ^= 2
        try bytes.write(to: place.database)
        if let contents = try? StudyReader(place).contents(), contents.damage.isEmpty,
          (try? StudyStore.resume(in: place)) == nil
        {
          flipped = true
          break
        }
        bytes = copy
      }
      from = hit.upperBound
    }
    #expect(flipped, "no entry of an index was hit")
    let error = #expect(throws: StudyStoreError.self) { try StudyStore.resume(in: place) }
    #expect(error?.code == .damaged)
    let store = try StudyStore.resume(in: place, settingDamageAside: true)
    #expect(try store.snapshot().evaluations == fixture.whole.snapshot.evaluations)
    try store.close()
    try StudyStore.resume(in: place).close()
  }

  /// The coordinator does not cover damage that comes while it runs by the checksum of its next change.
  @Test func aDamagedRowIsNotChanged() throws {
    let fixture = try Fixture()
    let store = try StudyStore.resume(in: fixture.folder)
    try DatabaseQueue(path: fixture.folder.database.path).write {
      try $0.execute(sql: "UPDATE evaluations SET attempts = 9 WHERE trial = 6")
    }
    let key = EvaluationKey(trial: TrialID(6), rung: 0)
    let error = #expect(throws: StudyStoreError.self) {
      try store.commit([.setStatus(key, .quarantined, reason: "a reason")], elapsed: 9)
    }
    #expect(error?.code == .damaged)
    try store.commit(
      [.setStatus(EvaluationKey(trial: TrialID(5), rung: 0), .quarantined, reason: "a reason")], elapsed: 9)
  }

  /// All that is there was stored: every record, lease, event and run of the whole but what waits again.
  private func expectPart(_ part: StudyContents, of whole: StudyContents, _ what: String = "") {
    #expect(part.header == whole.header, "\(what)")
    #expect(part.snapshot.elapsed == whole.snapshot.elapsed && part.snapshot.epoch == whole.snapshot.epoch, "\(what)")
    for (trial, plan) in part.snapshot.trials { #expect(whole.snapshot.trials[trial] == plan, "\(what)") }
    for (key, evaluation) in part.snapshot.evaluations {
      var expected = whole.snapshot.evaluations[key]
      if evaluation.record.result == nil {
        expected?.record.result = nil
        expected?.resultDigest = nil
        if evaluation.record.status == .pending {
          expected?.record.status = .pending
          expected?.record.finishedAt = nil
        }
      }
      if evaluation.record.failure == nil { expected?.record.failure = nil }
      expected?.failures.removeAll { !evaluation.failures.contains($0) }
      #expect(evaluation == expected, "\(what)")
    }
    for (id, lease) in part.snapshot.leases { #expect(lease == whole.snapshot.leases[id], "\(what)") }
    for run in part.snapshot.runs { #expect(whole.snapshot.runs.contains(run), "\(what)") }
    for event in part.history { #expect(whole.history.contains(event), "\(what)") }
  }
}
