import GRDB

/// The database's layout. Versions are never edited once released; a change is a new version with the steps that lead to it.
enum StudySchema {
  static let version = 1

  private static let steps: [Int: String] = [1: first]

  /// Brings a database to the current version within the caller's transaction; refuses one from the future.
  static func migrate(_ database: Database) throws {
    let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    try check(found)
    for next in stride(from: found + 1, through: version, by: 1) {
      if let step = steps[next] { try database.execute(sql: step) }
    }
    if found < version { try database.execute(sql: "PRAGMA user_version = \(version)") }
  }

  static func check(_ found: Int) throws {
    guard found <= version else {
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
}
