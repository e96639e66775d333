import GRDB

/// The database's layout. Versions are never edited once released; a change is a new version with the steps that lead to it.
///
/// Each row has its checksum (`RowChecksum`): a table has a column for it, and one that a step adds to a table may be NULL and
/// begins so.
enum StudySchema {
  static let version = 3

  private static let steps: [Int: String] = [1: first, 2: second, 3: third]

  /// Brings a database to the current version within the caller's transaction; refuses one from the future, and one whose
  /// layout is not that of the version that it names. Rows that are damaged stay so.
  static func migrate(_ database: Database) throws {
    let found = try foundVersion(database)
    try checkLayout(database)
    guard found < version else { return }
    var damaged: Set<StoredRow.Place> = []
    for table in try RowChecksum.tables(in: database) {
      for row in try StoredRow.all(of: table, in: database).rows where (try? row.check()) == nil {
        damaged.insert(row.place)
      }
    }
    for next in stride(from: found + 1, through: version, by: 1) {
      if let step = steps[next] { try database.execute(sql: step) }
    }
    try database.execute(sql: "PRAGMA user_version = \(version)")
    try RowChecksum.seal(database, except: damaged)
  }

  /// Throws `damaged` when the tables and indexes are not those of the version that the file names: a flipped bit in their
  /// description would have rows read as something else.
  static func checkLayout(_ database: Database) throws {
    let found = try foundVersion(database)
    let actual = try layout(database)
    if found == 0, actual.isEmpty { return }
    let expected = try DatabaseQueue().write { fresh in
      for next in stride(from: 1, through: found, by: 1) {
        if let step = steps[next] { try fresh.execute(sql: step) }
      }
      return try layout(fresh)
    }
    guard let difference = actual.symmetricDifference(expected).min() else { return }
    throw StudyStoreError(
      .damaged,
      "The study's database says that it has layout \(found), which it has not (see '\(difference.prefix(60))').",
      remedy: "The file is damaged, or no study's. Restore the folder from a copy.")
  }

  private static func foundVersion(_ database: Database) throws -> Int {
    let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    try check(found)
    return found
  }

  private static func layout(_ database: Database) throws -> Set<String> {
    let parts = try StoredRow.all(of: "sqlite_master", in: database).rows
    return Set(
      try parts.compactMap { part in
        guard let name = try? part.text("name"), !name.hasPrefix("sqlite_stat") else { return nil }
        let text = try part.optional("sql", part.text) ?? ""
        // Spaces are as the version of SQLite that made the table likes them.
        return "\(name): " + text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      })
  }

  static func check(_ found: Int) throws {
    guard (0...version).contains(found) else {
      throw StudyStoreError(
        .newerSchema, "The study's database has layout \(found); this Coppice knows layouts up to \(version).",
        remedy: "Open it with the Coppice that wrote it, or a newer one.")
    }
  }

  /// Times are seconds since the search began, but `wall`, which is for people. One lease of an evaluation is open at a time;
  /// lease ids are never used twice (AUTOINCREMENT); a result is one per evaluation.
  private static let first = """
    CREATE TABLE study (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      run_id TEXT NOT NULL,
      identity TEXT NOT NULL,
      spec BLOB NOT NULL,
      context BLOB NOT NULL,
      created TEXT NOT NULL,
      epoch INTEGER NOT NULL,
      elapsed REAL NOT NULL,
      finished INTEGER NOT NULL CHECK (finished IN (0, 1))
    ) STRICT;
    CREATE TABLE trials (
      number INTEGER PRIMARY KEY,
      identity TEXT NOT NULL UNIQUE,
      plan BLOB NOT NULL,
      added REAL NOT NULL
    ) STRICT;
    CREATE TABLE evaluations (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      trial INTEGER NOT NULL REFERENCES trials (number),
      rung INTEGER NOT NULL,
      purpose TEXT NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('pending', 'leased', 'done', 'quarantined', 'cancelled')),
      attempts INTEGER NOT NULL DEFAULT 0,
      charges INTEGER NOT NULL DEFAULT 0,
      strikes INTEGER NOT NULL DEFAULT 0,
      worker TEXT,
      added REAL NOT NULL,
      finished REAL,
      UNIQUE (trial, rung, purpose)
    ) STRICT;
    CREATE TABLE leases (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      evaluation INTEGER NOT NULL REFERENCES evaluations (id),
      worker TEXT NOT NULL,
      incarnation TEXT NOT NULL,
      attempt INTEGER NOT NULL,
      epoch INTEGER NOT NULL,
      granted REAL NOT NULL,
      ended REAL,
      ending TEXT,
      CHECK ((ended IS NULL) = (ending IS NULL))
    ) STRICT;
    CREATE UNIQUE INDEX one_open_lease ON leases (evaluation) WHERE ending IS NULL;
    CREATE TABLE results (
      evaluation INTEGER PRIMARY KEY REFERENCES evaluations (id),
      lease INTEGER NOT NULL REFERENCES leases (id),
      bytes BLOB NOT NULL,
      digest TEXT NOT NULL,
      added REAL NOT NULL
    ) STRICT;
    CREATE TABLE failures (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      evaluation INTEGER NOT NULL REFERENCES evaluations (id),
      lease INTEGER NOT NULL REFERENCES leases (id),
      worker TEXT NOT NULL,
      bytes BLOB NOT NULL,
      charged INTEGER NOT NULL CHECK (charged IN (0, 1)),
      added REAL NOT NULL
    ) STRICT;
    CREATE INDEX failures_by_evaluation ON failures (evaluation, id);
    CREATE TABLE events (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT,
      epoch INTEGER NOT NULL,
      at REAL NOT NULL,
      wall TEXT NOT NULL,
      kind TEXT NOT NULL,
      trial INTEGER,
      rung INTEGER,
      purpose TEXT,
      lease INTEGER,
      worker TEXT,
      detail TEXT NOT NULL
    ) STRICT;
    """

  /// What the rule for failures needs stands in each failure; counts that were kept beside them would say the same twice.
  ///
  /// Studies of version 1 ran on one host, whose name they did not keep. `charged` becomes "counts": of the charges that had been
  /// taken back, the oldest failures count no longer.
  private static let second = """
    ALTER TABLE failures ADD COLUMN host TEXT NOT NULL DEFAULT '';
    ALTER TABLE failures ADD COLUMN kind TEXT NOT NULL DEFAULT 'own' CHECK (kind IN ('own', 'suspicion', 'loss'));
    ALTER TABLE failures ADD COLUMN alone INTEGER NOT NULL DEFAULT 0 CHECK (alone IN (0, 1));
    UPDATE failures SET kind = 'loss' WHERE charged = 0;
    UPDATE failures SET kind = CASE (SELECT ending FROM leases WHERE leases.id = failures.lease)
      WHEN 'expired' THEN 'loss' WHEN 'lost' THEN 'suspicion' ELSE kind END;
    UPDATE failures SET charged = 0 WHERE
      (SELECT count(*) FROM failures AS newer
        WHERE newer.evaluation = failures.evaluation AND newer.id >= failures.id AND newer.charged = 1)
      > (SELECT charges FROM evaluations WHERE evaluations.id = failures.evaluation);
    ALTER TABLE evaluations ADD COLUMN reason TEXT;
    UPDATE evaluations SET reason = 'an older version of Coppice gave it up'
      WHERE status = 'quarantined';
    ALTER TABLE evaluations DROP COLUMN charges;
    ALTER TABLE evaluations DROP COLUMN strikes;
    """

  /// What makes a study, how each run began and ended, what was set aside, and a checksum for each row. The epoch is the number
  /// of a run; `search` is why the search ended, where it did so in that run.
  private static let third = """
    ALTER TABLE study ADD COLUMN parts BLOB;
    CREATE TABLE runs (
      epoch INTEGER PRIMARY KEY,
      began REAL NOT NULL,
      wall TEXT NOT NULL,
      search TEXT,
      search_detail TEXT,
      ended REAL,
      ending TEXT,
      detail TEXT,
      checksum INTEGER NOT NULL DEFAULT 0,
      CHECK ((ended IS NULL) = (ending IS NULL))
    ) STRICT;
    CREATE TABLE damaged (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      part TEXT NOT NULL,
      number INTEGER NOT NULL,
      reason TEXT NOT NULL,
      content BLOB NOT NULL,
      wall TEXT NOT NULL,
      checksum INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    ALTER TABLE study ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE trials ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE evaluations ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE leases ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE results ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE failures ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE events ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    """
}
