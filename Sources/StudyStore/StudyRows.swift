import Foundation
import GRDB
import StudyModel
import Support

/// Values from rows: how a study's state is read from its tables.
enum StudyRows {
  static func header(_ database: Database) throws -> StudyHeader? {
    guard try database.tableExists("study"), let row = try Row.fetchOne(database, sql: "SELECT * FROM study")
    else { return nil }
    guard let runID = UUID(uuidString: row["run_id"]), let identity = Digest(hex: row["identity"]) else {
      throw damaged("the study's row")
    }
    return StudyHeader(runID: runID, identity: identity, specBytes: row["spec"], contextBytes: row["context"])
  }

  static func snapshot(_ database: Database) throws -> StudySnapshot {
    guard let study = try Row.fetchOne(database, sql: "SELECT epoch, elapsed, finished FROM study") else {
      throw damaged("the study's row")
    }
    var trials: [TrialID: PruningPlan] = [:]
    for row in try Row.fetchAll(database, sql: "SELECT number, plan FROM trials") {
      trials[TrialID(row["number"])] = try CanonicalBytes.decode(PruningPlan.self, from: row["plan"])
    }
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT evaluations.*, results.bytes AS result, results.digest,
          (SELECT bytes FROM failures WHERE evaluation = evaluations.id ORDER BY id DESC LIMIT 1) AS failure
        FROM evaluations LEFT JOIN results ON results.evaluation = evaluations.id ORDER BY evaluations.id
        """)
    return try StudySnapshot(
      epoch: study["epoch"], elapsed: study["elapsed"], isFinished: study["finished"], trials: trials,
      evaluations: rows.map { try evaluation($0, trials: trials) },
      leases: Row.fetchAll(
        database,
        sql: """
          SELECT leases.*, trial, rung, purpose FROM leases JOIN evaluations ON evaluations.id = leases.evaluation
          """
      ).map(lease),
      lastLease: LeaseID(Int64.fetchOne(database, sql: "SELECT max(id) FROM leases") ?? 0))
  }

  static func history(_ database: Database, limit: Int? = nil) throws -> [HistoryEvent] {
    let rows = try Row.fetchAll(
      database, sql: "SELECT * FROM events ORDER BY sequence DESC LIMIT ?", arguments: [limit ?? -1])
    return try rows.reversed().map { row in
      HistoryEvent(
        epoch: row["epoch"], at: row["at"], kind: row["kind"],
        key: row["trial"] == nil ? nil : try key(row),
        lease: (row["lease"] as Int64?).map { LeaseID($0) }, worker: row["worker"], detail: row["detail"])
    }
  }

  static func failures(_ database: Database, of key: EvaluationKey) throws -> [EvaluationFailure] {
    try Data.fetchAll(
      database,
      sql: """
        SELECT bytes FROM failures JOIN evaluations ON evaluations.id = evaluation
        WHERE trial = ? AND rung = ? AND purpose = ? ORDER BY failures.id
        """, arguments: [key.trial.value, key.rung, key.purpose.rawValue]
    ).map { try CanonicalBytes.decode(EvaluationFailure.self, from: $0) }
  }

  private static func evaluation(_ row: Row, trials: [TrialID: PruningPlan]) throws -> StudySnapshot.Evaluation {
    let key = try key(row)
    guard let plan = trials[key.trial], let status = EvaluationStatus(rawValue: row["status"]) else {
      throw damaged("evaluation \(key)")
    }
    let result = try (row["result"] as Data?).map { try CanonicalBytes.decode(EvaluationResult.self, from: $0) }
    let failure = try (row["failure"] as Data?).map { try CanonicalBytes.decode(EvaluationFailure.self, from: $0) }
    return StudySnapshot.Evaluation(
      record: EvaluationRecord(
        key: key, plan: plan, status: status, attempts: row["attempts"], result: result,
        failure: result == nil ? failure : nil, worker: row["worker"], finishedAt: row["finished"]),
      charges: row["charges"], strikes: row["strikes"],
      resultDigest: (row["digest"] as String?).flatMap { Digest(hex: $0) })
  }

  private static func lease(_ row: Row) throws -> LeaseRecord {
    LeaseRecord(
      id: LeaseID(row["id"]), key: try key(row), worker: row["worker"], incarnation: row["incarnation"],
      attempt: row["attempt"], epoch: row["epoch"], grantedAt: row["granted"],
      ending: (row["ending"] as String?).flatMap { LeaseEnding(rawValue: $0) }, endedAt: row["ended"])
  }

  private static func key(_ row: Row) throws -> EvaluationKey {
    guard let purpose = EvaluationKey.Purpose(rawValue: row["purpose"]) else {
      throw damaged("an evaluation's purpose")
    }
    return EvaluationKey(trial: TrialID(row["trial"]), rung: row["rung"], purpose: purpose)
  }

  private static func damaged(_ what: String) -> StudyStoreError {
    StudyStoreError(
      .damaged, "The study's database holds something that cannot be read: \(what).",
      remedy: "Restore the folder from a copy.")
  }
}
