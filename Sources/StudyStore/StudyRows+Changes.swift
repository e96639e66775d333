import Foundation
import GRDB
import StudyModel
import Support

/// How changes are written. Each statement carries its condition, and one that changes no row ends the transaction: the
/// stored state is never trusted to be what the coordinator believes.
extension StudyRows {
  static func insert(_ header: StudyHeader, into database: Database) throws {
    try database.execute(
      sql: """
        INSERT INTO study (id, run_id, identity, spec, context, created, epoch, elapsed, finished, parts)
        VALUES (1, ?, ?, ?, ?, ?, 0, 0, 0, ?)
        """,
      arguments: [
        header.runID.uuidString, header.identity.hex, header.specBytes, header.contextBytes, wallClock(),
        try header.parts.map { try CanonicalBytes.encode($0) },
      ])
  }

  /// Puts another header in the place of the study's; its run id stays.
  static func replace(_ header: StudyHeader, in database: Database) throws {
    try update(
      "UPDATE study SET identity = ?, spec = ?, context = ?, parts = ? WHERE run_id = ?",
      [
        header.identity.hex, header.specBytes, header.contextBytes,
        try header.parts.map { try CanonicalBytes.encode($0) }, header.runID.uuidString,
      ], in: database)
  }

  static func apply(_ changes: [StudyChange], elapsed: Double, to database: Database) throws {
    for change in changes { try apply(change, at: elapsed, to: database) }
    try database.execute(sql: "UPDATE study SET elapsed = ?", arguments: [elapsed])
    let epoch = try Int64.fetchOne(database, sql: "SELECT epoch FROM study") ?? 0
    let wall = wallClock()
    for change in changes {
      let event = HistoryEvent(change, epoch: epoch, at: elapsed)
      try database.execute(
        sql: """
          INSERT INTO events (epoch, at, wall, kind, trial, rung, purpose, lease, worker, detail)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          epoch, elapsed, wall, event.kind, event.key?.trial.value, event.key?.rung, event.key?.purpose.rawValue,
          event.lease?.value, event.worker, event.detail,
        ])
    }
  }

  private static func apply(_ change: StudyChange, at: Double, to database: Database) throws {
    switch change {
    case .beginEpoch:
      try database.execute(sql: "UPDATE study SET epoch = epoch + 1")
      try database.execute(
        sql: "INSERT INTO runs (epoch, began, wall) SELECT epoch, ?, ? FROM study", arguments: [at, wallClock()])
      try database.execute(sql: "UPDATE evaluations SET status = 'pending' WHERE status = 'leased'")
      try database.execute(
        sql: "UPDATE leases SET ending = 'released', ended = ? WHERE ending IS NULL", arguments: [at])
    case .addTrial(let trial, let plan):
      try database.execute(
        sql: "INSERT INTO trials (number, identity, plan, added) VALUES (?, ?, ?, ?)",
        arguments: [trial.value, try plan.identity().hex, try plan.canonicalBytes(), at])
    case .addEvaluation(let key):
      try database.execute(
        sql: "INSERT INTO evaluations (trial, rung, purpose, status, added) VALUES (?, ?, ?, 'pending', ?)",
        arguments: [key.trial.value, key.rung, key.purpose.rawValue, at])
    case .grantLease(let lease):
      try grant(lease, in: database)
    case .endLease(let id, let ending):
      try end(id, ending, at: at, in: database)
    case .reinstateLease(let id):
      try reinstate(id, in: database)
    case .addResult(let key, let lease, let worker, let bytes):
      try addResult(key, lease: lease, worker: worker, bytes: bytes, at: at, in: database)
    case .addFailure(let key, let attempt, let failure):
      let row = try checkedRow(of: attempt.lease, key: key, in: database)
      try insert(attempt, failure, of: row, at: at, into: database)
    case .excuseFailures(let key, let worker):
      let row = try row(of: key, in: database)
      let isOpen = try Bool.fetchOne(
        database, sql: "SELECT status != 'done' FROM evaluations WHERE id = ?", arguments: [row])
      guard isOpen == true else { throw conflict("\(key) is done") }
      try excuse(failuresOf: row, worker: worker, in: database)
    case .setStatus(let key, let status, let reason):
      guard status != .leased, status != .done else { throw conflict("\(status.rawValue) is not set so") }
      try update(
        "UPDATE evaluations SET status = ?, reason = ?, finished = ? WHERE id = ? AND status NOT IN ('done', 'leased')",
        [status.rawValue, reason, status == .pending ? nil : at, try row(of: key, in: database)], in: database)
    case .retry(let key):
      let row = try row(of: key, in: database)
      try update(
        """
        UPDATE evaluations SET status = 'pending', reason = NULL, finished = NULL
        WHERE id = ? AND status = 'quarantined'
        """, [row], in: database)
      try excuse(failuresOf: row, worker: nil, in: database)
      try database.execute(sql: "UPDATE study SET finished = 0")
    case .note:
      break
    case .finish:
      try database.execute(sql: "UPDATE study SET finished = 1")
    case .endSearch(let ending):
      try update(
        """
        UPDATE runs SET search = ?, search_detail = ?
        WHERE epoch = (SELECT epoch FROM study) AND (search IS NULL OR search = ?)
        """, [ending.reason.rawValue, ending.detail, RunRecord.reopened], in: database)
    case .reopenSearch:
      try update(
        """
        UPDATE runs SET search = ?1
        WHERE epoch = (SELECT epoch FROM study) AND (search IS NULL OR search = ?1)
        """, [RunRecord.reopened], in: database)
      try database.execute(sql: "UPDATE study SET finished = 0")
    case .endRun(let ending, let detail):
      try update(
        "UPDATE runs SET ending = ?, detail = ?, ended = ? WHERE epoch = (SELECT epoch FROM study) AND ending IS NULL",
        [ending.rawValue, detail, at], in: database)
    }
  }

  private static func grant(_ lease: LeaseRecord, in database: Database) throws {
    // AUTOINCREMENT guards ids that it chooses; ours must be above the highest that it ever saw.
    let last = try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'leases'") ?? 0
    guard lease.id.value > last, lease.ending == nil else { throw conflict("lease \(lease.id) was used") }
    let evaluation = try row(of: lease.key, in: database)
    try update(
      "UPDATE evaluations SET status = 'leased', attempts = ?, worker = ? WHERE id = ? AND status = 'pending'",
      [lease.attempt, lease.worker, evaluation], in: database)
    try database.execute(
      sql: """
        INSERT INTO leases (id, evaluation, worker, incarnation, attempt, epoch, granted)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        lease.id.value, evaluation, lease.worker, lease.incarnation, lease.attempt, lease.epoch, lease.grantedAt,
      ])
  }

  private static func end(_ id: LeaseID, _ ending: LeaseEnding, at: Double, in database: Database) throws {
    try update(
      "UPDATE leases SET ending = ?, ended = ? WHERE id = ? AND ending IS NULL", [ending.rawValue, at, id.value],
      in: database)
    try update(
      """
      UPDATE evaluations SET status = 'pending'
      WHERE status = 'leased' AND id = (SELECT evaluation FROM leases WHERE id = ?)
      """, [id.value], in: database)
  }

  private static func reinstate(_ id: LeaseID, in database: Database) throws {
    try update(
      "UPDATE leases SET ending = NULL, ended = NULL WHERE id = ? AND ending IS NOT NULL", [id.value], in: database)
    try update(
      """
      UPDATE evaluations SET status = 'leased', worker = (SELECT worker FROM leases WHERE id = ?1)
      WHERE status = 'pending' AND id = (SELECT evaluation FROM leases WHERE id = ?1)
      """, [id.value], in: database)
  }

  private static func addResult(
    _ key: EvaluationKey, lease: LeaseID, worker: String, bytes: Data, at: Double, in database: Database
  ) throws {
    _ = try CanonicalBytes.decode(EvaluationResult.self, from: bytes, of: "the result of \(key)")
    let row = try checkedRow(of: lease, key: key, in: database)
    try database.execute(
      sql: """
        UPDATE leases SET ended = ?, ending = CASE WHEN id = ? THEN 'completed' ELSE 'superseded' END
        WHERE evaluation = ? AND ending IS NULL
        """, arguments: [at, lease.value, row])
    try update(
      """
      UPDATE evaluations SET status = 'done', reason = NULL, worker = ?, finished = ? WHERE id = ? AND status != 'done'
      """, [worker, at, row], in: database)
    try database.execute(
      sql: "INSERT INTO results (evaluation, lease, bytes, digest, added) VALUES (?, ?, ?, ?, ?)",
      arguments: [row, lease.value, bytes, Digest(of: bytes).hex, at])
  }

  private static func insert(
    _ attempt: FailedAttempt, _ failure: EvaluationFailure, of row: Int64, at: Double, into database: Database
  ) throws {
    try database.execute(
      sql: """
        INSERT INTO failures (evaluation, lease, worker, host, kind, alone, bytes, charged, added)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        row, attempt.lease.value, attempt.worker, attempt.host, attempt.kind.rawValue, attempt.ranAlone,
        try CanonicalBytes.encode(failure), attempt.counts, at,
      ])
    try update(
      """
      UPDATE evaluations SET worker = CASE WHEN status = 'leased' THEN worker ELSE ? END
      WHERE id = ? AND status != 'done'
      """, [attempt.worker, row], in: database)
  }

  private static func excuse(failuresOf row: Int64, worker: String?, in database: Database) throws {
    try database.execute(
      sql: "UPDATE failures SET charged = 0 WHERE evaluation = ?1 AND (?2 IS NULL OR worker = ?2)",
      arguments: [row, worker])
  }

  private static func row(of key: EvaluationKey, in database: Database) throws -> Int64 {
    let row = try Int64.fetchOne(
      database, sql: "SELECT id FROM evaluations WHERE trial = ? AND rung = ? AND purpose = ?",
      arguments: [key.trial.value, key.rung, key.purpose.rawValue])
    guard let row else { throw conflict("evaluation \(key) does not exist") }
    return row
  }

  private static func checkedRow(of lease: LeaseID, key: EvaluationKey, in database: Database) throws -> Int64 {
    let row = try row(of: key, in: database)
    let found = try Int64.fetchOne(
      database, sql: "SELECT evaluation FROM leases WHERE id = ?", arguments: [lease.value])
    guard found == row else { throw conflict("lease \(lease) is not of \(key)") }
    return row
  }

  private static func update(_ sql: String, _ arguments: StatementArguments, in database: Database) throws {
    try database.execute(sql: sql, arguments: arguments)
    guard database.changesCount == 1 else { throw conflict("'\(sql)' changed \(database.changesCount) rows") }
  }

  private static func conflict(_ what: String) -> StudyStoreError {
    StudyStoreError(.conflict, "The study's state does not allow the change: \(what).")
  }

  private static func wallClock() -> String { Date().formatted(.iso8601) }
}
