/**
 * The first schema. Opens in SQLite 3.40: STRICT tables, generated columns, partial indexes, upserts.
 *
 * Segments form, per file, an append-only log: `log_offset` names a byte of all that was ever stored of the file, in order
 * of storing. A version of the file is a list of ranges of that log (`extents`; null: the whole log). So nothing has to
 * be replaced when an agent rewrites a file, and what the agent removed is what no extent names.
 */
export const base = `
CREATE TABLE sessions (
  id             INTEGER PRIMARY KEY,
  session_uid    TEXT    NOT NULL UNIQUE,
  agent          TEXT    NOT NULL,
  native_id      TEXT    NOT NULL,
  project        TEXT,
  title          TEXT,
  branch         TEXT,
  parent_uid     TEXT,
  agent_root     TEXT,
  started_at     TEXT,
  ended_at       TEXT,
  ingested_at    TEXT,
  analyzed_at    TEXT,
  digest_at      TEXT,
  evicted_at     TEXT,
  analyze_error  TEXT,
  pinned         INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)),
  raw_generation INTEGER NOT NULL DEFAULT 0,
  covers_from    INTEGER NOT NULL DEFAULT 0,
  raw_bytes      INTEGER NOT NULL DEFAULT 0,
  stored_bytes   INTEGER NOT NULL DEFAULT 0,
  digest_bytes   INTEGER NOT NULL DEFAULT 0,
  file_count     INTEGER NOT NULL DEFAULT 0,
  state TEXT GENERATED ALWAYS AS (CASE WHEN evicted_at IS NOT NULL THEN 'evicted'
                                       WHEN analyzed_at IS NOT NULL THEN 'analyzed' ELSE 'unanalyzed' END) VIRTUAL,
  evict_key TEXT GENERATED ALWAYS AS (coalesce(analyzed_at, ended_at, ingested_at, '')) VIRTUAL,
  end_key   TEXT GENERATED ALWAYS AS (coalesce(ended_at, '')) VIRTUAL,
  age_key   TEXT GENERATED ALWAYS AS (coalesce(ended_at, started_at, ingested_at, '')) VIRTUAL,
  last_key  TEXT GENERATED ALWAYS AS (max(coalesce(analyzed_at, ''), coalesce(ended_at, ''), coalesce(started_at, ''),
                                          coalesce(ingested_at, ''))) VIRTUAL
) STRICT;
CREATE INDEX sessions_native ON sessions (native_id);
CREATE INDEX sessions_by_age ON sessions (age_key, session_uid);
CREATE INDEX evictable_by_order ON sessions (evict_key, end_key, session_uid)
  WHERE analyzed_at IS NOT NULL AND evicted_at IS NULL AND pinned = 0;
CREATE INDEX evictable_by_age ON sessions (age_key)
  WHERE analyzed_at IS NOT NULL AND evicted_at IS NULL AND pinned = 0;
CREATE INDEX unanalyzed_by_order ON sessions (evict_key, end_key, session_uid)
  WHERE analyzed_at IS NULL AND evicted_at IS NULL;
CREATE INDEX live_by_last_time ON sessions (last_key) WHERE evicted_at IS NULL;

CREATE TABLE counters (
  agent TEXT NOT NULL, state TEXT NOT NULL, pinned INTEGER NOT NULL,
  sessions INTEGER NOT NULL DEFAULT 0, raw_bytes INTEGER NOT NULL DEFAULT 0,
  stored_bytes INTEGER NOT NULL DEFAULT 0, digest_bytes INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (agent, state, pinned)
) STRICT, WITHOUT ROWID;

CREATE TABLE files (
  id         INTEGER PRIMARY KEY,
  session_id INTEGER NOT NULL REFERENCES sessions (id),
  role       TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  rel_path   TEXT    NOT NULL,
  encoding   TEXT    NOT NULL,
  raw_bytes  INTEGER NOT NULL DEFAULT 0,
  log_bytes  INTEGER NOT NULL DEFAULT 0,
  extents    TEXT,
  sha256     BLOB CHECK (sha256 IS NULL OR length(sha256) = 32),
  gone       INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1)),
  UNIQUE (session_id, key)
) STRICT;

CREATE TABLE segments (
  id           INTEGER PRIMARY KEY,
  session_id   INTEGER NOT NULL REFERENCES sessions (id),
  file_id      INTEGER NOT NULL REFERENCES files (id),
  log_offset   INTEGER NOT NULL CHECK (log_offset >= 0),
  raw_bytes    INTEGER NOT NULL CHECK (raw_bytes > 0),
  stored_bytes INTEGER NOT NULL CHECK (stored_bytes = length(data)),
  sha256       BLOB    NOT NULL CHECK (length(sha256) = 32),
  data         BLOB    NOT NULL CHECK (length(data) > 0)
) STRICT;
CREATE INDEX segments_by_file ON segments (session_id, file_id, log_offset);

CREATE TABLE tombstones (
  id         INTEGER PRIMARY KEY,
  session_id INTEGER NOT NULL REFERENCES sessions (id),
  generation INTEGER NOT NULL,
  key        TEXT    NOT NULL,
  raw_bytes  INTEGER NOT NULL,
  sha256     BLOB    NOT NULL
) STRICT;
CREATE INDEX tombstones_by_session ON tombstones (session_id, key);

CREATE TABLE digests (
  id          INTEGER PRIMARY KEY,
  session_id  INTEGER NOT NULL REFERENCES sessions (id),
  generation  INTEGER NOT NULL,
  covers_from INTEGER NOT NULL,
  complete    INTEGER NOT NULL CHECK (complete IN (0, 1)),
  version     INTEGER NOT NULL,
  made_at     TEXT    NOT NULL,
  bytes       INTEGER NOT NULL CHECK (bytes = length(CAST(json AS BLOB))),
  json        TEXT    NOT NULL,
  sha256      BLOB    CHECK (sha256 IS NULL OR length(sha256) = 32),
  UNIQUE (session_id, generation)
) STRICT;

CREATE TABLE sweeps (
  sweep_id    TEXT PRIMARY KEY,
  plan_id     TEXT NOT NULL,
  started_at  TEXT NOT NULL,
  finished_at TEXT,
  lost_data   INTEGER NOT NULL DEFAULT 0,
  bytes_freed INTEGER NOT NULL DEFAULT 0,
  report      TEXT
) STRICT;
CREATE INDEX sweeps_by_start ON sweeps (started_at);

CREATE TABLE events (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  at           TEXT    NOT NULL,
  kind         TEXT    NOT NULL,
  session_id   INTEGER NOT NULL REFERENCES sessions (id),
  session_uid  TEXT    NOT NULL,
  generation   INTEGER NOT NULL,
  sweep_id     TEXT,
  raw_bytes    INTEGER NOT NULL DEFAULT 0,
  stored_bytes INTEGER NOT NULL DEFAULT 0,
  reason       TEXT    NOT NULL,
  file_id      INTEGER REFERENCES files (id),
  log_offset   INTEGER,
  segment_id   INTEGER
) STRICT;
CREATE INDEX events_by_session ON events (session_id, generation);
CREATE INDEX events_by_sweep ON events (sweep_id) WHERE sweep_id IS NOT NULL;

CREATE TABLE sources (
  path        TEXT PRIMARY KEY,
  agent       TEXT NOT NULL,
  session_id  INTEGER NOT NULL REFERENCES sessions (id),
  file_id     INTEGER REFERENCES files (id),
  stat        TEXT NOT NULL,
  taken_bytes INTEGER NOT NULL,
  head_sha256 BLOB,
  tail_sha256 BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX sources_by_session ON sources (session_id);

CREATE TABLE scans (
  agent TEXT NOT NULL, root TEXT NOT NULL, scanned_at TEXT NOT NULL,
  sessions INTEGER NOT NULL, raw_bytes INTEGER NOT NULL, sessions_not_stored INTEGER NOT NULL,
  sessions_at_risk INTEGER NOT NULL, at_risk_not_stored INTEGER NOT NULL, deletes_after_days REAL,
  first_deletion_at TEXT,
  PRIMARY KEY (agent, root)
) STRICT, WITHOUT ROWID;
`;
