import Foundation
import GRDB
import StudyModel
import StudyStore
import Support
import TestSupport
import Testing

@Suite struct StudyStoreTests {
  private let key = EvaluationKey(trial: TrialID(1), rung: 0)

  private func fill(_ store: StudyStore) throws {
    try store.commit(
      [.addTrial(TrialID(1), StoreFixture.plan(1)), .addEvaluation(key), .grantLease(StoreFixture.lease(1, key))],
      elapsed: 2)
  }

  @Test func everyCommitReachesTheDisk() throws {
    let folder = try TemporaryFolder()
    let store = try StudyStore.create(in: StudyFolder(folder.url), header: StoreFixture.header())
    #expect(try store.pragma("journal_mode") == "wal")
    // 2 is FULL: GRDB's own set-up of the write-ahead log would leave 1, NORMAL.
    #expect(try store.pragma("synchronous") == "2")
    #expect(try store.pragma("foreign_keys") == "1")
    #expect(try store.pragma("trusted_schema") == "0")
    #expect(try store.pragma("cell_size_check") == "1")
    #expect(try store.pragma("user_version") == "3")
    try store.close()
    let again = try StudyStore.resume(in: StudyFolder(folder.url))
    #expect(try again.pragma("synchronous") == "2")
  }

  @Test func resumingRaisesTheEpochAndKeepsTheStudy() throws {
    let folder = StudyFolder(try TemporaryFolder().url)
    let keep = try TemporaryFolder()
    let place = StudyFolder(keep.url.appendingPathComponent("deep/er"))
    let header = try StoreFixture.header()
    var store: StudyStore? = try StudyStore.create(in: place, header: header)
    #expect(store?.epoch == 1)
    try fill(try #require(store))
    try store?.close()
    store = nil
    let again = try StudyStore.resume(in: place)
    #expect(again.epoch == 2 && again.header == header)
    #expect(try again.header.spec() == StoreFixture.spec())
    let snapshot = try again.snapshot()
    #expect(snapshot.elapsed == 2 && snapshot.leases[LeaseID(1)]?.ending == .released)
    #expect(try StudyStore.exists(in: place) && !StudyStore.exists(in: folder))
  }

  @Test func whatTheFolderHoldsDecides() throws {
    let folder = try TemporaryFolder()
    let place = StudyFolder(folder.url)
    #expect(code { _ = try StudyStore.resume(in: place) } == .missing)
    // An empty database is what a coordinator leaves that died while it made one.
    try Data().write(to: place.database)
    #expect(try !StudyStore.exists(in: place))
    try StudyStore.create(in: place, header: StoreFixture.header()).close()
    #expect(code { _ = try StudyStore.create(in: place, header: StoreFixture.header()) } == .exists)
    #expect(code { _ = try StudyReader(StudyFolder(folder.file("nowhere"))) } == .missing)
    // What is missing is said: the folder, the study in it, or the bytes of its database.
    func words(_ place: StudyFolder) -> String {
      do { _ = try StudyReader(place) } catch { return "\(error)" }
      return ""
    }
    #expect(words(StudyFolder(folder.file("nowhere"))).hasPrefix("There is no folder"))
    let empty = try TemporaryFolder()
    #expect(words(StudyFolder(empty.url)).contains("holds no study"))
    try Data().write(to: StudyFolder(empty.url).database)
    #expect(words(StudyFolder(empty.url)).contains("its database is empty"))
  }

  @Test func aRefusedResumeChangesNothing() throws {
    let folder = try TemporaryFolder()
    let place = StudyFolder(folder.url)
    try StudyStore.create(in: place, header: StoreFixture.header()).close()
    struct Refusal: Error {}
    #expect(throws: Refusal.self) { try StudyStore.resume(in: place) { _ in throw Refusal() } }
    #expect(try StudyReader(place).snapshot().epoch == 1)
  }

  @Test func oneCoordinatorAtATime() throws {
    let folder = try TemporaryFolder()
    let place = StudyFolder(folder.url)
    let store = try StudyStore.create(in: place, header: StoreFixture.header())
    let error = #expect(throws: StudyStoreError.self) { try StudyStore.resume(in: place) }
    #expect(error?.code == .locked)
    #expect(error?.message.contains("process \(ProcessInfo.processInfo.processIdentifier) on ") == true)
    _ = store.epoch
  }

  @Test func readersSeeARunningStudyAndCannotWrite() throws {
    let folder = try TemporaryFolder()
    let place = StudyFolder(folder.url)
    let store = try StudyStore.create(in: place, header: StoreFixture.header())
    let reader = try StudyReader(place)
    #expect(try reader.records().isEmpty)
    try fill(store)
    try store.commit(
      [
        .endLease(LeaseID(1), .failed),
        .addFailure(key, StoreFixture.attempt(1), StoreFixture.failure),
      ], elapsed: 3)
    let record = try #require(try reader.records().first)
    #expect(record.key == key && record.plan == StoreFixture.plan(1) && record.failure == StoreFixture.failure)
    #expect(try reader.failures(of: key) == [StoreFixture.failure])
    #expect(try reader.history(limit: 2).map(\.kind) == ["failed", "failure"])
    #expect(try reader.snapshot() == store.snapshot())
  }

  @Test func newerLayoutsAndForeignFilesAreRefused() throws {
    let folder = try TemporaryFolder()
    let place = StudyFolder(folder.url)
    try StudyStore.create(in: place, header: StoreFixture.header()).close()
    try DatabaseQueue(path: place.database.path).write { try $0.execute(sql: "PRAGMA user_version = 99") }
    #expect(code { _ = try StudyStore.resume(in: place) } == .newerSchema)
    #expect(code { _ = try StudyReader(place) } == .newerSchema)

    try Data(repeating: 7, count: 20_000).write(to: place.database)
    #expect(code { _ = try StudyStore.resume(in: place) } == .damaged)
    #expect(code { _ = try StudyReader(place) } == .damaged)
  }

  @Test func damagedPagesAreFoundAtTheStart() throws {
    let folder = try TemporaryFolder()
    let place = StudyFolder(folder.url)
    let store = try StudyStore.create(in: place, header: StoreFixture.header())
    for trial in Int64(1)...200 {
      try store.commit([.addTrial(TrialID(trial), StoreFixture.plan(Int(trial)))], elapsed: 1)
    }
    try store.close()
    var bytes = try Data(contentsOf: place.database)
    #expect(bytes.count > 60_000)
    for page in stride(from: 4096 * 8, to: bytes.count - 4096, by: 4096) {
      bytes.replaceSubrange(page..<page + 64, with: Data(repeating: 0xA5, count: 64))
    }
    try bytes.write(to: place.database)
    #expect(code { _ = try StudyStore.resume(in: place) } == .damaged)
  }

  /// The files as they are at any moment are what a killed process leaves. Each copy, with whatever part of the log was
  /// written, must open to the state after some commit, and never to one before the last that had returned.
  @Test func copiesTakenAtAnyMomentHoldAllCommits() throws {
    let folder = try TemporaryFolder()
    let place = StudyFolder(folder.url)
    let store = try StudyStore.create(in: place, header: StoreFixture.header())
    for trial in Int64(1)...30 {
      let key = EvaluationKey(trial: TrialID(trial), rung: 0)
      try store.commit([.addTrial(TrialID(trial), StoreFixture.plan(Int(trial))), .addEvaluation(key)], elapsed: 1)
      try store.commit([.grantLease(StoreFixture.lease(trial, key))], elapsed: 2)
      try store.commit(
        [.addResult(key, lease: LeaseID(trial), worker: "w", bytes: StoreFixture.resultBytes(0.5))], elapsed: 3)
      guard trial % 5 == 0 else { continue }
      let copy = StudyFolder(folder.file("copy-\(trial)"))
      try FileManager.default.createDirectory(at: copy.url, withIntermediateDirectories: true)
      for suffix in ["", "-wal"] {
        try FileManager.default.copyItem(atPath: place.database.path + suffix, toPath: copy.database.path + suffix)
      }
      if trial % 10 == 0 {
        // A transaction that was being written when the power went.
        let log = try FileHandle(forWritingTo: URL(fileURLWithPath: copy.database.path + "-wal"))
        try log.seekToEnd()
        try log.write(contentsOf: Data(repeating: 0x5A, count: 5000))
        try log.close()
      }
      // What people look at after a crash, before anything has cleaned up.
      #expect(try StudyReader(copy).snapshot() == store.snapshot())
      let resumed = try StudyStore.resume(in: copy)
      #expect(resumed.epoch == 2)
      #expect(try resumed.snapshot().evaluations == store.snapshot().evaluations)
    }
  }

  @Test func networkFilesystemsAreRefusedByName() throws {
    let table = """
      22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
      40 22 0:40 / /home rw shared:2 - nfs4 server:/home rw,vers=4.2
      41 40 254:1 / /home/me/local\\040disk rw - xfs /dev/vdb rw
      42 22 0:50 / /mnt/remote rw - fuse.sshfs me@host: rw
      43 22 0:51 / /overlay rw - fuse.fuse-overlayfs x rw
      """
    let types = ["/tmp/x", "/home", "/home/me/out", "/home/me/local disk/out", "/homes", "/mnt/remote/a", "/overlay/b"]
      .map { FilesystemCheck.type(ofFilesystemAt: $0, mounts: table) }
    #expect(types == ["ext4", "nfs4", "nfs4", "xfs", "ext4", "fuse.sshfs", "fuse.fuse-overlayfs"])
    #expect(types.map { FilesystemCheck.isUnsafe($0 ?? "") } == [false, true, true, false, false, true, false])
  }
}

/// The code of the error that `body` throws; messages hold paths.
private func code(_ body: () throws -> Void) -> StudyStoreError.Code? {
  do {
    try body()
    return nil
  } catch {
    return (error as? StudyStoreError)?.code
  }
}
