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
  package let place: StudyPlace

  /// What resuming set aside, because it could not be used.
  package let setAside: [DamagedRow]

  private let lock: StudyLock
  private let queue: DatabaseQueue

  /// Makes the study that `header` describes, or throws `exists` when the folder holds one.
  package static func create(in folder: StudyFolder, header: StudyHeader) throws -> StudyStore {
    try Folders.make(at: folder.url)
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
  ///
  /// A study of which rows are damaged is refused with their names; with `settingDamageAside` it is written anew from
  /// those that are whole (`StudySalvage`) and goes on.
  package static func resume(
    in folder: StudyFolder, settingDamageAside: Bool = false, checking check: (StudyHeader) throws -> Void = { _ in }
  ) throws -> StudyStore {
    guard folder.holdsDatabase else { throw missing(folder) }
    return try StudyStore(folder, settingDamageAside: settingDamageAside) { database in
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
    } catch let error as StudyStoreError where error.code == .damaged || error.code == .newerSchema {
      // Whoever opens it is told what is wrong.
      return true
    }
  }

  private init(
    _ folder: StudyFolder, settingDamageAside: Bool = false, prepare: (Database) throws -> StudyHeader
  ) throws {
    try FilesystemCheck.check(folder.url)
    self.folder = folder
    lock = try StudyLock(folder.lock)
    setAside = settingDamageAside ? try StudySalvage.run(folder, checking: prepare) : []
    (queue, header, epoch) = try Self.translatingErrors(at: folder.database) {
      let queue = try DatabaseQueue(path: folder.database.path, configuration: Self.configuration)
      try queue.writeWithoutTransaction { try Self.makeSafe($0, path: folder.database.path) }
      let (header, epoch) = try queue.write { database in
        try StudySchema.migrate(database)
        try Self.checkWhole(database, in: folder)
        try RowChecksum.install(in: database)
        let header = try prepare(database)
        let elapsed = try Double.fetchOne(database, sql: "SELECT elapsed FROM study") ?? 0
        try StudyRows.apply([.beginEpoch], elapsed: elapsed, to: database)
        return (header, try Int64.fetchOne(database, sql: "SELECT epoch FROM study") ?? 0)
      }
      return (queue, header, epoch)
    }
    place = try StudyPlace(folder)
    try DurableFile.syncFolder(folder.url.path)
  }

  package func commit(_ changes: [StudyChange], elapsed: Double) throws {
    try Self.translatingErrors(at: folder.database) {
      try queue.write { try StudyRows.apply(changes, elapsed: elapsed, to: $0) }
    }
  }

  /// Throws `damaged` when a row cannot be used.
  package func snapshot() throws -> StudySnapshot { try whole().snapshot }

  package func history() throws -> [HistoryEvent] { try whole().history }

  private func whole() throws -> StudyContents {
    let contents = try Self.translatingErrors(at: folder.database) {
      try queue.read { try StudyRows.contents($0, checking: nil) }
    }
    guard let contents else { throw Self.missing(folder) }
    guard contents.damage.isEmpty else { throw Self.damaged(contents.damage, in: folder) }
    return contents
  }

  /// Puts another spec, context or identity in the place of the study's, which the caller has found to be the same study.
  package func replaceHeader(_ header: StudyHeader) throws {
    try Self.translatingErrors(at: folder.database) { try queue.write { try StudyRows.replace(header, in: $0) } }
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

  /// Throws `damaged`, with every row that cannot be used and what SQLite's own check says of the file and its indexes.
  private static func checkWhole(_ database: Database, in folder: StudyFolder) throws {
    guard let contents = try StudyRows.contents(database, checking: .full), !contents.damage.isEmpty else { return }
    throw damaged(contents.damage, in: folder)
  }

  static func damaged(_ damage: [DamagedRow], in folder: StudyFolder) -> StudyStoreError {
    StudyStoreError(
      .damaged,
      "The study's database '\(folder.database.path)' is damaged:\n"
        + damage.lines().map { "  \($0)" }.joined(separator: "\n") + "\n",
      remedy: "Restore the folder from a copy; or go on with --resume --set-aside-damaged, which keeps what is whole "
        + "and evaluates again what can be. The front and the report of the rest can be seen now.")
  }

  private static func missing(_ folder: StudyFolder) -> StudyStoreError {
    StudyStoreError(noStudyIn: folder)
  }

  static func translatingErrors<Value>(at url: URL, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as StoredRow.Fault {
      throw StudyStoreError(
        .damaged, "The database '\(url.path)' is damaged: a row \(error.reason).",
        remedy: "Restore the folder from a copy.")
    } catch let error as DatabaseError {
      // What SQLite cannot make sense of (ERROR) or thinks too large is damage too: our statements fit the layout, which is
      // checked before them. A constraint by trigger is a row whose checksum is wrong.
      let isDamage =
        [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_TOOBIG, .SQLITE_FORMAT].contains(error.resultCode)
        || [.SQLITE_CONSTRAINT_TRIGGER, .SQLITE_IOERR_SHORT_READ].contains(error.extendedResultCode)
        // A flipped bit in the file's header can forbid writing.
        || error.resultCode == .SQLITE_READONLY && access(url.path, W_OK) == 0
      let isConflict = error.resultCode == .SQLITE_CONSTRAINT
      throw StudyStoreError(
        isDamage ? .damaged : isConflict ? .conflict : .failed,
        "The database '\(url.path)' failed: \(error.message ?? "no message") (SQLite \(error.extendedResultCode.rawValue)).",
        remedy: isDamage
          ? "Restore the folder from a copy." : "Check the free space and the permissions of its disk, then --resume.")
    }
  }
}
