import Foundation
import GRDB
import StudyModel
import Support

/// A study's database, opened by the one coordinator that writes it: SQLite with a write-ahead log, flushed to the disk with
/// every commit, on one connection.
package final class StudyStore: StudyJournal {
  package let folder: StudyFolder
  package let header: StudyHeader
  /// This coordinator's number among those that ever opened the study, from 1.
  package let epoch: Int64

  private let lock: StudyLock
  private let queue: DatabaseQueue

  /// Makes the study that `header` describes, or throws `exists` when the folder holds one.
  package static func create(in folder: StudyFolder, header: StudyHeader) throws -> StudyStore {
    try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
    return try StudyStore(folder) { database in
      guard try StudyRows.header(database) == nil else {
        throw StudyStoreError(
          .exists, "The folder '\(folder.url.path)' holds a study already.",
          remedy: "Go on with it by --resume, or choose another folder with --output.")
      }
      try StudyRows.insert(header, into: database)
      return header
    }
  }

  /// Opens the study in the folder, or throws `missing`. The epoch rises, earlier coordinators' leases are released, and
  /// both are on the disk when this returns. `check` may refuse what it finds, before anything changes.
  package static func resume(
    in folder: StudyFolder, checking check: (StudyHeader) throws -> Void = { _ in }
  ) throws -> StudyStore {
    guard folder.holdsDatabase else { throw missing(folder) }
    return try StudyStore(folder) { database in
      guard let header = try StudyRows.header(database) else { throw missing(folder) }
      try check(header)
      return header
    }
  }

  /// True when the folder holds a study, as against nothing or the empty file of a coordinator that died at once.
  package static func exists(in folder: StudyFolder) throws -> Bool {
    guard folder.holdsDatabase else { return false }
    do {
      _ = try StudyReader(folder)
      return true
    } catch let error as StudyStoreError where error.code == .missing {
      return false
    }
  }

  private init(_ folder: StudyFolder, prepare: (Database) throws -> StudyHeader) throws {
    try FilesystemCheck.check(folder.url)
    self.folder = folder
    lock = try StudyLock(folder.lock)
    (queue, header, epoch) = try Self.translatingErrors(at: folder.database) {
      let queue = try DatabaseQueue(path: folder.database.path, configuration: Self.configuration)
      try queue.writeWithoutTransaction { try Self.makeSafe($0, path: folder.database.path) }
      let (header, epoch) = try queue.write { database in
        try StudySchema.migrate(database)
        let header = try prepare(database)
        let elapsed = try Double.fetchOne(database, sql: "SELECT elapsed FROM study") ?? 0
        try StudyRows.apply([.beginEpoch], elapsed: elapsed, to: database)
        return (header, try Int64.fetchOne(database, sql: "SELECT epoch FROM study") ?? 0)
      }
      return (queue, header, epoch)
    }
    try DurableFile.syncFolder(folder.url.path)
  }

  package func commit(_ changes: [StudyChange], elapsed: Double) throws {
    try Self.translatingErrors(at: folder.database) {
      try queue.write { try StudyRows.apply(changes, elapsed: elapsed, to: $0) }
    }
  }

  package func snapshot() throws -> StudySnapshot {
    try Self.translatingErrors(at: folder.database) { try queue.read(StudyRows.snapshot) }
  }

  package func history() throws -> [HistoryEvent] {
    try Self.translatingErrors(at: folder.database) { try queue.read { try StudyRows.history($0) } }
  }

  /// Closes the database and lets the study go. Without it the same happens when the process ends.
  package func close() throws {
    try queue.close()
    lock.release()
  }

  /// One value of a PRAGMA on the writing connection, for checks.
  package func pragma(_ name: String) throws -> String? {
    try queue.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA \(name)") }
  }

  /// GRDB begins every writing transaction as IMMEDIATE: none can fail in its middle because of another writer.
  private static var configuration: Configuration {
    var configuration = Configuration()
    configuration.label = "study"
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(5)
    return configuration
  }

  /// The settings that durability rests on. GRDB's own way to a write-ahead log lowers `synchronous` to NORMAL, with which
  /// the last commits may be lost with the power: so the log is switched on here.
  private static func makeSafe(_ database: Database, path: String) throws {
    let check = try String.fetchAll(database, sql: "PRAGMA quick_check(3)")
    guard check == ["ok"] else {
      throw StudyStoreError(
        .damaged, "The database '\(path)' is damaged: \(check.joined(separator: "; ")).",
        remedy: "Restore the folder from a copy; do not delete the files beside the database.")
    }
    try StudySchema.check(try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0)
    let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
    guard mode == "wal" else {
      throw StudyStoreError(
        .unsafeFilesystem, "The database '\(path)' cannot keep a write-ahead log (journal mode \(mode ?? "none")).",
        remedy: "Choose a folder on a local disk with --output.")
    }
    try database.execute(
      sql: """
        PRAGMA synchronous = FULL;
        PRAGMA trusted_schema = OFF;
        PRAGMA cell_size_check = ON;
        """)
  }

  private static func missing(_ folder: StudyFolder) -> StudyStoreError {
    StudyStoreError(
      .missing, "The folder '\(folder.url.path)' holds no study.",
      remedy: "Check the path; a study's folder has a file study.sqlite.")
  }

  static func translatingErrors<Value>(at url: URL, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as DatabaseError {
      let isDamage = [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
      let isConflict = error.resultCode == .SQLITE_CONSTRAINT
      throw StudyStoreError(
        isDamage ? .damaged : isConflict ? .conflict : .failed,
        "The database '\(url.path)' failed: \(error.message ?? "no message") (SQLite \(error.extendedResultCode.rawValue)).",
        remedy: isDamage
          ? "Restore the folder from a copy." : "Check the free space and the permissions of its disk, then --resume.")
    }
  }
}
