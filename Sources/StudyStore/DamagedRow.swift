import StudyModel

/// A row of a study's database that cannot be used, because its bytes are not those that were stored, or because it belongs to
/// such a row.
package struct DamagedRow: Hashable, Sendable {
  /// `DamagedRow.file` for what SQLite's own check found.
  package let table: String
  /// Its rowid; nil for what is not one row: a page of the table, or of the file.
  package let id: Int64?
  /// Whose row it is, where another row says so.
  package let trial: TrialID?
  package let rung: Int?
  /// In words that go on from "it ...".
  package let reason: String

  package static let file = "study.sqlite"

  package init(table: String, id: Int64?, trial: TrialID? = nil, rung: Int? = nil, reason: String) {
    self.table = table
    self.id = id
    self.trial = trial
    self.rung = rung
    self.reason = reason
  }
}

extension DamagedRow: CustomStringConvertible {
  package var description: String {
    let owner = trial.map { trial in " (trial \(trial)" + (rung.map { ", rung \($0)" } ?? "") + ")" } ?? ""
    if table == Self.file { return "the file '\(table)': it \(reason)" }
    guard let id else { return "table '\(table)'\(owner): it \(reason)" }
    return "table '\(table)', row \(id)\(owner): it \(reason)"
  }
}

extension [DamagedRow] {
  /// One line each, at most `limit` of them and how many there are more.
  package func lines(limit: Int = 20) -> [String] {
    prefix(limit).map(\.description) + (count > limit ? ["and \(count - limit) more"] : [])
  }
}
