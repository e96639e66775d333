import Foundation
import GRDB
import StudyModel
import Support

/// Writes a damaged study anew from the rows that are whole. The rest goes, with the bytes that are left of it, into the table
/// `damaged`, and the file as it was stays beside the new one: nothing is thrown away.
///
/// What lost its result waits again; what lost its evaluation gets a new one; a lease that a result names and that is gone is
/// replaced by one of the same number. The study's own row cannot be replaced: without it this is refused.
enum StudySalvage {
  /// The tables in the order in which their rows refer to each other; what a later layout adds comes after them.
  private static let order = ["study", "trials", "evaluations", "leases", "results", "failures", "events", "runs"]

  /// To be called by the holder of the study's lock, before it opens the database. Returns what was set aside; a study without
  /// damage is left alone, and so is one that `check` refuses.
  static func run(_ folder: StudyFolder, checking check: (Database) throws -> StudyHeader) throws -> [DamagedRow] {
    try StudyStore.translatingErrors(at: folder.database) {
      let old = try DatabaseQueue(path: folder.database.path)
      var configuration = Configuration()
      configuration.foreignKeysEnabled = false
      let path = folder.url.appendingPathComponent(".study.\(UUID().uuidString).partial").path
      defer { for suffix in ["", "-journal"] { unlink(path + suffix) } }
      let version = try old.read { try Int.fetchOne($0, sql: "PRAGMA user_version") ?? 0 }
      let source = version < StudySchema.version ? try StudyReader.broughtForward(old) : old
      let damage = try source.read { database in
        try StudySchema.checkLayout(database)
        _ = try check(database)
        guard let damage = try StudyRows.contents(database, checking: .full)?.damage else { return [DamagedRow]() }
        guard !damage.isEmpty else { return [] }
        let new = try DatabaseQueue(path: path, configuration: configuration)
        try new.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        try new.write { try fill($0, from: database, without: damage) }
        try new.close()
        return damage
      }
      guard !damage.isEmpty else { return [] }
      // The log must be gone before another file gets the database's name: SQLite would write it into that one.
      let mode = try old.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA journal_mode = DELETE") }
      try old.close()
      guard mode == "delete" else {
        throw StudyStoreError(
          .failed, "The damaged rows of '\(folder.database.path)' cannot be set aside while another process reads it.",
          remedy: "End what reads it, then try again.")
      }
      try exchange(folder, with: path)
      return damage
    }
  }

  /// The old file keeps a name of its own in every moment in which the new one has taken its place.
  private static func exchange(_ folder: StudyFolder, with path: String) throws {
    var number = 1
    while link(folder.database.path, folder.damagedDatabase(number).path) != 0 {
      guard errno == EEXIST, number < 10_000 else {
        throw FileFault(operation: "keep as", path: folder.damagedDatabase(number).path, errorNumber: errno)
      }
      number += 1
    }
    guard rename(path, folder.database.path) == 0 else {
      throw FileFault(operation: "rename to", path: folder.database.path, errorNumber: errno)
    }
    try DurableFile.syncFolder(folder.url.path)
  }

  // MARK: - Filling the new database

  private static func fill(_ new: Database, from old: Database, without damage: [DamagedRow]) throws {
    try StudySchema.migrate(new)
    try RowChecksum.install(in: new)
    let all = try String.fetchAll(old, sql: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      .filter { !$0.hasPrefix("sqlite_") }
    let reasons = Dictionary(
      damage.compactMap { row in row.id.map { (StoredRow.Place(table: row.table, id: $0), row.reason) } },
      uniquingKeysWith: { first, _ in first })
    for table in order.filter(all.contains) + all.filter({ !order.contains($0) }) {
      for row in try StoredRow.all(of: table, in: old).rows {
        // An evaluation that is named for what it lacks is whole itself: it is mended below.
        if let reason = reasons[row.place], (try? row.check()) == nil || !isMended(row, reason: reason) {
          try keep(row, reason: reason, in: new)
        } else {
          try insert(row, into: new)
        }
      }
    }
    try copySequences(from: old, to: new, above: damage)
    try mend(new)
    try new.execute(
      sql: """
        INSERT INTO events (epoch, at, wall, kind, detail)
        SELECT epoch, elapsed, ?, 'damage set aside', ? FROM study
        """, arguments: [Date().formatted(.iso8601), damage.lines(limit: 5).joined(separator: "; ")])
    let check = try String.fetchAll(new, sql: "PRAGMA foreign_key_check")
    guard check.isEmpty, let contents = try StudyRows.contents(new), contents.damage.isEmpty else {
      throw StudyStoreError(
        .damaged, "What is whole of the study does not make a study without the rest.",
        remedy: "Restore the folder from a copy.")
    }
  }

  private static func isMended(_ row: StoredRow, reason: String) -> Bool {
    row.place.table == "evaluations" && reason.hasPrefix(StudyReading.incomplete)
  }

  private static func insert(_ row: StoredRow, into database: Database) throws {
    let known = Set(try database.columns(in: row.place.table).map(\.name))
    let columns = row.values.keys.filter { known.contains($0) && $0 != RowChecksum.column }.sorted()
    try database.execute(
      sql: """
        INSERT INTO \(row.place.table) (\(columns.joined(separator: ", ")))
        VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
        """, arguments: StatementArguments(columns.map { row.values[$0] ?? .null }))
  }

  /// The row as JSON: for each column its type and value, bytes in base 64.
  private static func keep(_ row: StoredRow, reason: String, in database: Database) throws {
    let content = row.values.mapValues { value in
      switch value.storage {
      case .null: ["null": ""]
      case .int64(let number): ["integer": "\(number)"]
      case .double(let number): ["real": "\(number)"]
      case .string(let text): ["text": text]
      case .blob(let bytes): ["blob": bytes.base64EncodedString()]
      }
    }
    try database.execute(
      sql: "INSERT INTO damaged (part, number, reason, content, wall) VALUES (?, ?, ?, ?, ?)",
      arguments: [
        row.place.table, row.place.id, reason, try CanonicalBytes.encode(content), Date().formatted(.iso8601),
      ])
  }

  /// Numbers that were used are not used again, also where their rows are gone.
  private static func copySequences(from old: Database, to new: Database, above damage: [DamagedRow]) throws {
    for row in try StoredRow.all(of: "sqlite_sequence", in: old).rows {
      guard let table = try? row.text("name"), let last = try? row.integer("seq") else { continue }
      try raise(table, to: last, in: new)
    }
    for row in damage { if let id = row.id { try raise(row.table, to: id, in: new) } }
  }

  private static func raise(_ table: String, to last: Int64, in database: Database) throws {
    // A number beyond these is damage itself.
    guard ["leases", "evaluations", "failures", "events"].contains(table), (1..<1 << 40).contains(last) else { return }
    try database.execute(
      sql: """
        INSERT INTO sqlite_sequence (name, seq) SELECT ?1, 0
        WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1);
        """, arguments: [table])
    try database.execute(
      sql: "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", arguments: [last, table])
  }

  /// Gives the rows that are left what they need of each other.
  private static func mend(_ database: Database) throws {
    // A lease is named by what came of it.
    try database.execute(
      sql: """
        INSERT INTO leases (id, evaluation, worker, incarnation, attempt, epoch, granted, ended, ending)
        SELECT lease, evaluation, 'unknown', '', 1, 0, added, added, 'lost' FROM
          (SELECT lease, evaluation, added FROM results UNION SELECT lease, evaluation, added FROM failures)
        WHERE lease NOT IN (SELECT id FROM leases) GROUP BY lease;
        UPDATE evaluations SET status = 'pending', finished = NULL
          WHERE status = 'done' AND id NOT IN (SELECT evaluation FROM results);
        UPDATE evaluations SET status = 'pending'
          WHERE status = 'leased' AND id NOT IN (SELECT evaluation FROM leases WHERE ending IS NULL);
        UPDATE leases SET ended = granted, ending = 'released' WHERE ending IS NULL
          AND evaluation NOT IN (SELECT id FROM evaluations WHERE status = 'leased');
        """)
    // Every trial has its rungs up to its highest; trial 0 is the baseline.
    let trials = try Row.fetchAll(
      database,
      sql: """
        SELECT number, coalesce((SELECT max(rung) FROM evaluations WHERE trial = number AND purpose = 'trial'), 0) AS top
        FROM trials
        """)
    for row in trials {
      let (trial, top): (Int64, Int64) = (row["number"], row["top"])
      let purpose: EvaluationKey.Purpose = trial == EvaluationKey.baseline.trial.value ? .baseline : .trial
      for rung in 0...max(0, top) {
        try database.execute(
          sql: """
            INSERT INTO evaluations (trial, rung, purpose, status, added)
            SELECT ?1, ?2, ?3, 'pending', elapsed FROM study
            WHERE NOT EXISTS (SELECT 1 FROM evaluations WHERE trial = ?1 AND rung = ?2 AND purpose = ?3)
            """, arguments: [trial, rung, purpose.rawValue])
      }
    }
    try database.execute(
      sql: """
        UPDATE study SET finished = 0
        WHERE finished = 1 AND EXISTS (SELECT 1 FROM evaluations WHERE status IN ('pending', 'leased'))
        """)
  }
}
