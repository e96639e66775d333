import Foundation
import GRDB
import StudyModel
import Support

/// A study's database for reading only, also while a coordinator writes it; each call sees one consistent state.
package final class StudyReader: Sendable {
  package let folder: StudyFolder
  package let header: StudyHeader
  private let queue: DatabaseQueue

  /// Throws `missing` when the folder holds no study.
  package init(_ folder: StudyFolder) throws {
    guard folder.holdsDatabase else { throw Self.missing(folder) }
    self.folder = folder
    (queue, header) = try StudyStore.translatingErrors(at: folder.database) {
      var configuration = Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(5)
      configuration.prepareDatabase { try $0.execute(sql: "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF") }
      let queue = try DatabaseQueue(path: folder.database.path, configuration: configuration)
      let header = try queue.read { database in
        try StudySchema.check(try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0)
        return try StudyRows.header(database)
      }
      guard let header else { throw Self.missing(folder) }
      return (queue, header)
    }
  }

  package func snapshot() throws -> StudySnapshot {
    try StudyStore.translatingErrors(at: folder.database) { try queue.read(StudyRows.snapshot) }
  }

  /// All evaluations in the order in which they were added.
  package func records() throws -> [EvaluationRecord] { try snapshot().records }

  /// The history, oldest first; `limit` keeps only the newest.
  package func history(limit: Int? = nil) throws -> [HistoryEvent] {
    try StudyStore.translatingErrors(at: folder.database) { try queue.read { try StudyRows.history($0, limit: limit) } }
  }

  /// Every failed attempt of an evaluation, oldest first.
  package func failures(of key: EvaluationKey) throws -> [EvaluationFailure] {
    try StudyStore.translatingErrors(at: folder.database) { try queue.read { try StudyRows.failures($0, of: key) } }
  }

  private static func missing(_ folder: StudyFolder) -> StudyStoreError {
    StudyStoreError(
      .missing, "The folder '\(folder.url.path)' holds no study.",
      remedy: "Check the path; a study's folder has a file study.sqlite.")
  }
}
