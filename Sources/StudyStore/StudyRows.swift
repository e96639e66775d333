import Foundation
import GRDB
import StudyModel
import Support

/// Values from rows: how a study's state is read from its tables. Each row is checked before anything of it is believed, tables
/// are read without their indexes, and what cannot be used is named beside the rest.
enum StudyRows {
  /// Nil when the database holds no study. Throws `damaged` when the study's own row cannot be used: without it nothing can.
  static func header(_ database: Database) throws -> StudyHeader? {
    guard let row = try study(database) else { return nil }
    return try StudyHeader(row)
  }

  /// SQLite's own checks of a file: of pages, values and constraints; and of all that and the indexes.
  enum FileCheck: String { case quick = "quick_check", full = "integrity_check" }

  /// Everything, with what a check of the file says.
  static func contents(_ database: Database, checking check: FileCheck? = .quick) throws -> StudyContents? {
    guard let study = try study(database) else { return nil }
    var reading = StudyReading(database)
    try reading.readAll()
    if let check { reading.damage += try fileDamage(database, check, beside: reading.damage) }
    do {
      return StudyContents(
        header: try StudyHeader(study), snapshot: try reading.snapshot(study), history: reading.events,
        damage: reading.damage)
    } catch let fault as StoredRow.Fault {
      throw unusable(fault)
    }
  }

  /// Every failed attempt of an evaluation, oldest first; a row that cannot be used is left out.
  static func failures(_ database: Database, of key: EvaluationKey) throws -> [EvaluationFailure] {
    var reading = StudyReading(database)
    try reading.readAll()
    return reading.failures.filter { $0.key == key }.map(\.failure)
  }

  /// What SQLite's check says; where rows are named already, what it says of values is left out.
  private static func fileDamage(
    _ database: Database, _ check: FileCheck, beside known: [DamagedRow]
  ) throws -> [DamagedRow] {
    let messages: [String]
    do {
      messages = try String.fetchAll(database, sql: "PRAGMA \(check.rawValue)(20)").filter { $0 != "ok" }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
      messages = [error.message ?? "the database disk image is malformed"]
    }
    let ofRows = ["CHECK constraint failed in ", "NULL value in ", "non-", "row "]
    return messages.filter { message in known.isEmpty || !ofRows.contains { message.hasPrefix($0) } }
      .map { DamagedRow(table: DamagedRow.file, id: nil, reason: "is not as SQLite left it: \($0)") }
  }

  /// The one row of `study`, checked.
  private static func study(_ database: Database) throws -> StoredRow? {
    guard try database.tableExists("study") else { return nil }
    let (rows, fault) = try StoredRow.all(of: "study", in: database)
    if let fault, rows.isEmpty { throw unusable(StoredRow.Fault("cannot be read: \(fault)")) }
    guard let row = rows.first else {
      // A study is made with its row and its first event in one transaction.
      if try StoredRow.all(of: "events", in: database).rows.isEmpty { return nil }
      throw unusable(StoredRow.Fault("is not there"))
    }
    do {
      try row.check()
    } catch let fault as StoredRow.Fault {
      throw unusable(fault)
    }
    return row
  }

  private static func unusable(_ fault: StoredRow.Fault) -> StudyStoreError {
    StudyStoreError(
      .damaged, "The row of the study itself is damaged: it \(fault.reason).",
      remedy: "Nothing of the study can be trusted without it. Restore the folder from a copy.")
  }
}

extension StudyHeader {
  init(_ row: StoredRow) throws {
    do {
      guard let runID = UUID(uuidString: try row.text("run_id")), let identity = Digest(hex: try row.text("identity"))
      else { throw StoredRow.Fault("has no run id or identity") }
      self.init(
        runID: runID, identity: identity, specBytes: try row.bytes("spec"), contextBytes: try row.bytes("context"),
        parts: try row.optional("parts", row.bytes).map {
          try CanonicalBytes.decode(StudyIdentity.self, from: $0, of: "the study's identity in its database")
        })
    } catch let fault as StoredRow.Fault {
      throw StudyStoreError(
        .damaged, "The row of the study itself is damaged: it \(fault.reason).",
        remedy: "Nothing of the study can be trusted without it. Restore the folder from a copy.")
    }
  }
}
