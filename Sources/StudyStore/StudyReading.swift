import Foundation
import GRDB
import StudyModel
import Support

/// One pass over a study's tables: what can be used of them, and each row that cannot.
struct StudyReading {
  struct Failure {
    let key: EvaluationKey
    let failure: EvaluationFailure
  }

  /// How the reason of a row begins that is whole itself, and lacks another one.
  static let incomplete = "is not complete:"

  private(set) var trials: [TrialID: PruningPlan] = [:]
  private(set) var evaluations: [StudySnapshot.Evaluation] = []
  private(set) var leases: [LeaseRecord] = []
  private(set) var runs: [RunRecord] = []
  private(set) var events: [HistoryEvent] = []
  /// Oldest first.
  private(set) var failures: [Failure] = []
  var damage: [DamagedRow] = []

  private let database: Database
  /// Keys by the rowid of the evaluation, also of rows that are damaged, as far as they can be read: for messages only.
  private var names: [Int64: EvaluationKey] = [:]
  /// The places in `evaluations` of those that can be used.
  private var index: [Int64: Int] = [:]
  private var keys: Set<EvaluationKey> = []

  init(_ database: Database) { self.database = database }

  mutating func readAll() throws {
    try read("trials") { reading, row in try reading.addTrial(row) }
    try read("evaluations") { reading, row in try reading.addEvaluation(row) }
    try read("results") { reading, row in try reading.addResult(row) }
    try read("failures") { reading, row in try reading.addFailure(row) }
    try read("leases") { reading, row in try reading.addLease(row) }
    if try database.tableExists("runs") { try read("runs") { reading, row in reading.runs.append(try RunRecord(row)) } }
    try read("events") { reading, row in reading.events.append(try HistoryEvent(row)) }
    settle()
  }

  func snapshot(_ study: StoredRow) throws -> StudySnapshot {
    // The highest that was ever used, also by a lease that is not there any more.
    let sequence = try StoredRow.all(of: "sqlite_sequence", in: database).rows
    let used = sequence.first { (try? $0.text("name")) == "leases" }.flatMap { try? $0.integer("seq") } ?? 0
    return try StudySnapshot(
      epoch: study.integer("epoch"), elapsed: study.number("elapsed"), isFinished: study.integer("finished") == 1,
      trials: trials, evaluations: evaluations, leases: leases,
      lastLease: max(leases.map(\.id).max() ?? LeaseID(0), LeaseID(used)), runs: runs)
  }

  // MARK: - Tables

  private mutating func read(_ table: String, _ take: (inout StudyReading, StoredRow) throws -> Void) throws {
    let (rows, fault) = try StoredRow.all(of: table, in: database)
    if let fault { damage.append(DamagedRow(table: table, id: nil, reason: "has pages that cannot be read: \(fault)")) }
    for row in rows {
      if table == "evaluations", let key = try? EvaluationKey(row) { names[row.place.id] = key }
      do {
        try row.check()
        try take(&self, row)
      } catch let fault as StoredRow.Fault {
        name(row, fault.reason)
      } catch let error as UnreadableBytes {
        name(row, "holds bytes that cannot be decoded: \(error.message)")
      }
    }
  }

  private mutating func name(_ row: StoredRow, _ reason: String) {
    var trial: TrialID?
    var rung: Int?
    switch row.place.table {
    case "trials": trial = TrialID(row.place.id)
    case "evaluations", "results", "failures", "leases":
      let owner = row.place.table == "evaluations" ? row.place.id : (try? row.integer("evaluation")) ?? -1
      trial = names[owner]?.trial
      rung = names[owner]?.rung
    default: break
    }
    damage.append(DamagedRow(table: row.place.table, id: row.place.id, trial: trial, rung: rung, reason: reason))
  }

  private mutating func addTrial(_ row: StoredRow) throws {
    let plan = try CanonicalBytes.decode(PruningPlan.self, from: row.bytes("plan"), of: "the plan")
    guard try row.text("identity") == plan.identity().hex else {
      throw StoredRow.Fault("has a plan of another identity than its own")
    }
    trials[TrialID(row.place.id)] = plan
  }

  private mutating func addEvaluation(_ row: StoredRow) throws {
    let key = try EvaluationKey(row)
    guard let plan = trials[key.trial] else { throw StoredRow.Fault("belongs to a trial that cannot be used") }
    guard let status = EvaluationStatus(rawValue: try row.text("status")) else {
      throw StoredRow.Fault("has a status that is none")
    }
    guard keys.insert(key).inserted else { throw StoredRow.Fault("is there twice") }
    index[row.place.id] = evaluations.count
    evaluations.append(
      StudySnapshot.Evaluation(
        record: EvaluationRecord(
          key: key, plan: plan, status: status, attempts: try row.count("attempts"),
          worker: try row.optional("worker", row.text), finishedAt: try row.optional("finished", row.number),
          reason: try row.optional("reason", row.text))))
  }

  private mutating func addResult(_ row: StoredRow) throws {
    let bytes = try row.bytes("bytes")
    guard Digest(of: bytes).hex == (try row.text("digest")) else {
      throw StoredRow.Fault("holds bytes of another SHA-256 than its own")
    }
    let result = try CanonicalBytes.decode(EvaluationResult.self, from: bytes, of: "the result")
    let place = try place(ofOwner: row)
    evaluations[place].record.result = result
    evaluations[place].resultDigest = Digest(of: bytes)
  }

  private mutating func addFailure(_ row: StoredRow) throws {
    let failure = try CanonicalBytes.decode(EvaluationFailure.self, from: row.bytes("bytes"), of: "the failure")
    let place = try place(ofOwner: row)
    evaluations[place].failures.append(try FailedAttempt(row))
    failures.append(Failure(key: evaluations[place].record.key, failure: failure))
    if evaluations[place].record.result == nil { evaluations[place].record.failure = failure }
  }

  private mutating func addLease(_ row: StoredRow) throws {
    let place = try place(ofOwner: row)
    leases.append(try LeaseRecord(row, key: evaluations[place].record.key))
  }

  private func place(ofOwner row: StoredRow) throws -> Int {
    guard let place = index[try row.integer("evaluation")] else {
      throw StoredRow.Fault("belongs to an evaluation that cannot be used")
    }
    return place
  }

  /// Brings rows and the rows that they should have together: what is left of a damaged study must not contradict itself.
  private mutating func settle() {
    let open = Set(leases.filter { $0.ending == nil }.map(\.key))
    for (id, place) in index.sorted(by: { $0.value < $1.value }) {
      let record = evaluations[place].record
      switch record.status {
      case .done where record.result == nil, .leased where !open.contains(record.key):
        evaluations[place].record.status = .pending
        evaluations[place].record.finishedAt = nil
        let named = damage.contains { $0.trial == record.key.trial && ["results", "leases"].contains($0.table) }
        if !named {
          let missing = record.status == .done ? "it is done, and has no result" : "it is leased, and has no lease"
          damage.append(
            DamagedRow(
              table: "evaluations", id: id, trial: record.key.trial, rung: record.key.rung,
              reason: "\(Self.incomplete) \(missing)"))
        }
      case .done, .leased, .pending, .quarantined, .cancelled: break
      }
    }
    let leased = Set(evaluations.filter { $0.record.status == .leased }.map(\.record.key))
    for number in leases.indices where leases[number].ending == nil && !leased.contains(leases[number].key) {
      leases[number].ending = .released
      leases[number].endedAt = leases[number].grantedAt
    }
  }
}

extension EvaluationKey {
  init(_ row: StoredRow) throws {
    guard let purpose = Purpose(rawValue: try row.text("purpose")) else {
      throw StoredRow.Fault("has a purpose that is none")
    }
    self.init(trial: TrialID(try row.integer("trial")), rung: try row.count("rung"), purpose: purpose)
  }
}

extension LeaseRecord {
  init(_ row: StoredRow, key: EvaluationKey) throws {
    let ending = try row.optional("ending", row.text).map { text in
      guard let ending = LeaseEnding(rawValue: text) else { throw StoredRow.Fault("has an ending that is none") }
      return ending
    }
    self.init(
      id: LeaseID(row.place.id), key: key, worker: try row.text("worker"), incarnation: try row.text("incarnation"),
      attempt: try row.count("attempt"), epoch: try row.integer("epoch"), grantedAt: try row.number("granted"),
      ending: ending, endedAt: try row.optional("ended", row.number))
  }
}

extension FailedAttempt {
  init(_ row: StoredRow) throws {
    guard let kind = Kind(rawValue: try row.text("kind")) else { throw StoredRow.Fault("has a kind that is none") }
    self.init(
      lease: LeaseID(try row.integer("lease")), worker: try row.text("worker"), host: try row.text("host"), kind: kind,
      ranAlone: try row.integer("alone") == 1, counts: try row.integer("charged") == 1)
  }
}

extension RunRecord {
  /// What stands in the place of a reason while the search that a run opened again goes on.
  static let reopened = "goes on"

  init(_ row: StoredRow) throws {
    let word = try row.optional("search", row.text)
    let search = try word.flatMap { $0 == Self.reopened ? nil : $0 }.map { text in
      guard let reason = FinishReason(rawValue: text) else { throw StoredRow.Fault("has a reason that is none") }
      return SearchEnding(reason, detail: try row.optional("search_detail", row.text) ?? "")
    }
    let ending = try row.optional("ending", row.text).map { text in
      guard let ending = RunEnding(rawValue: text) else { throw StoredRow.Fault("has an ending that is none") }
      return ending
    }
    self.init(
      epoch: row.place.id, begunAt: try row.number("began"), searchEnding: search,
      reopensSearch: word == Self.reopened, ending: ending, endedAt: try row.optional("ended", row.number),
      detail: try row.optional("detail", row.text) ?? "")
  }
}

extension HistoryEvent {
  init(_ row: StoredRow) throws {
    self.init(
      epoch: try row.integer("epoch"), at: try row.number("at"), kind: try row.text("kind"),
      key: try row.optional("trial", row.integer).map { _ in try EvaluationKey(row) },
      lease: try row.optional("lease", row.integer).map { LeaseID($0) }, worker: try row.optional("worker", row.text),
      detail: try row.text("detail"))
  }
}
