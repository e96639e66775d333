/// The tables of a study as released in layout 1; to stay as they are, whatever the schema becomes.
enum FirstLayout {
  static let tables = """
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
