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
        INSERT INTO study (id, run_id, identity, spec, context, created, epoch, elapsed, finished)
        VALUES (1, ?, ?, ?, ?, ?, 0, 0, 0)
        """,
      arguments: [
        header.runID.uuidString, header.identity.hex, header.specBytes, header.contextBytes, wallClock(),
      ])
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
    case .addFailure(let key, let lease, let worker, let failure, let isCharged):
      let row = try checkedRow(of: lease, key: key, in: database)
      try database.execute(
        sql: "INSERT INTO failures (evaluation, lease, worker, bytes, charged, added) VALUES (?, ?, ?, ?, ?, ?)",
        arguments: [row, lease.value, worker, try CanonicalBytes.encode(failure), isCharged, at])
      try update(
        "UPDATE evaluations SET worker = ? WHERE id = ? AND status != 'done'", [worker, row], in: database)
    case .setCharges(let key, let charges, let strikes):
      try update(
        "UPDATE evaluations SET charges = ?, strikes = ? WHERE id = ? AND status != 'done'",
        [charges, strikes, try row(of: key, in: database)], in: database)
    case .setStatus(let key, let status):
      guard status != .leased, status != .done else { throw conflict("\(status.rawValue) is not set so") }
      try update(
        "UPDATE evaluations SET status = ?, finished = ? WHERE id = ? AND status NOT IN ('done', 'leased')",
        [status.rawValue, status == .pending ? nil : at, try row(of: key, in: database)], in: database)
    case .note:
      break
    case .finish:
      try database.execute(sql: "UPDATE study SET finished = 1")
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
    _ = try CanonicalBytes.decode(EvaluationResult.self, from: bytes)
    let row = try checkedRow(of: lease, key: key, in: database)
    try database.execute(
      sql: """
        UPDATE leases SET ended = ?, ending = CASE WHEN id = ? THEN 'completed' ELSE 'superseded' END
        WHERE evaluation = ? AND ending IS NULL
        """, arguments: [at, lease.value, row])
    try update(
      "UPDATE evaluations SET status = 'done', worker = ?, finished = ? WHERE id = ? AND status != 'done'",
      [worker, at, row], in: database)
    try database.execute(
      sql: "INSERT INTO results (evaluation, lease, bytes, digest, added) VALUES (?, ?, ?, ?, ?)",
      arguments: [row, lease.value, bytes, Digest(of: bytes).hex, at])
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
