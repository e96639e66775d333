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
    guard folder.holdsDatabase, access(folder.database.path, R_OK) == 0 else { throw Self.missing(folder) }
    self.folder = folder
    (queue, header) = try StudyStore.translatingErrors(at: folder.database) {
      var configuration = Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(5)
      configuration.prepareDatabase { try $0.execute(sql: "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF") }
      let queue = try DatabaseQueue(path: folder.database.path, configuration: configuration)
      let (version, header) = try queue.read { database in
        try StudySchema.checkLayout(database)
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        return (version, try StudyRows.header(database))
      }
      guard let header else { throw Self.missing(folder) }
      return (version < StudySchema.version ? try Self.broughtForward(queue) : queue, header)
    }
  }

  /// A copy in memory of what an older version wrote, in today's layout: reading changes no file.
  static func broughtForward(_ old: DatabaseQueue) throws -> DatabaseQueue {
    let copy = try DatabaseQueue()
    try old.backup(to: copy)
    try copy.write { try StudySchema.migrate($0) }
    return copy
  }

  /// What can be used of the study and what cannot.
  package func contents() throws -> StudyContents {
    let contents = try StudyStore.translatingErrors(at: folder.database) {
      try queue.read { try StudyRows.contents($0) }
    }
    guard let contents else { throw Self.missing(folder) }
    return contents
  }

  /// True when a coordinator has the study open.
  package var isRunning: Bool { StudyLock.isHeld(folder.lock) }

  /// The state, or `damaged` when a row cannot be used.
  package func snapshot() throws -> StudySnapshot { try whole().snapshot }

  /// All evaluations in the order in which they were added.
  package func records() throws -> [EvaluationRecord] { try snapshot().records }

  /// The history, oldest first; `limit` keeps only the newest.
  package func history(limit: Int? = nil) throws -> [HistoryEvent] {
    let events = try whole().history
    return limit.map { events.suffix($0) } ?? events
  }

  private func whole() throws -> StudyContents {
    let contents = try contents()
    guard contents.damage.isEmpty else { throw StudyStore.damaged(contents.damage, in: folder) }
    return contents
  }

  /// Why the coordinator that runs gives out no work, as it noted; nil when it does, or none runs.
  package func pause() throws -> String? {
    guard isRunning else { return nil }
    return try StudyStore.translatingErrors(at: folder.database) {
      try queue.read { database in
        let row = try Row.fetchOne(
          database,
          sql: """
            SELECT kind, detail FROM events WHERE kind IN ('paused', 'unpaused', 'epoch', 'finished')
            ORDER BY sequence DESC LIMIT 1
            """)
        guard let row else { return nil }
        let kind: DatabaseValue = row["kind"], detail: DatabaseValue = row["detail"]
        guard String.fromDatabaseValue(kind) == "paused" else { return nil }
        return String.fromDatabaseValue(detail)
      }
    }
  }

  /// Every failed attempt of an evaluation, oldest first.
  package func failures(of key: EvaluationKey) throws -> [EvaluationFailure] {
    try StudyStore.translatingErrors(at: folder.database) { try queue.read { try StudyRows.failures($0, of: key) } }
  }

  private static func missing(_ folder: StudyFolder) -> StudyStoreError {
    StudyStoreError(noStudyIn: folder)
  }
}
