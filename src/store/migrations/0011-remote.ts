/**
 * What is known of a bucket of one's own (src/remote/). Nothing in here is the only place of anything that was stored: where these rows
 * are lost, all is looked up or uploaded again.
 *
 * `remote`: which bucket, and who this machine is in it. `head`: the ETag of its own head; null: not known, or to be written.
 * `remote_pending`: a commit that is about to be written, and what is noted once it is there.
 * `remote_machines`: `read`: how many commits of each were read. `remote_records`: where each machine has put a session, newest state
 * first; `bytes` is the newest one that had bytes. `remote_pieces`: where this machine's own pieces lie. `remote_marks`: the state of each
 * session that was uploaded last. `remote_receipts`: the bytes of that generation, in those versions of its files, are in the bucket and
 * were read back.
 * `remote_mirrors`: sessions that are here only as another machine tells of them, as long as the generation is that one.
 * `remote_unnamed`: packs that nothing names, since when. `remote_tainted`: packs that hold something of what was forgotten.
 *
 * A store that has joined a bucket lets raw bytes go only once they are there: an eviction that would drop any is refused without a
 * receipt of what it drops. A recorded loss is what it always was.
 */
export const remote = `
CREATE TABLE remote (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  bucket    TEXT NOT NULL,
  machine   TEXT NOT NULL,
  next      INTEGER NOT NULL,
  head      TEXT,
  synced_at TEXT
) STRICT;
CREATE TABLE remote_pending (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  number INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  json   TEXT NOT NULL
) STRICT;
CREATE TABLE remote_machines (
  machine TEXT PRIMARY KEY,
  name    TEXT NOT NULL,
  read    INTEGER NOT NULL,
  head    TEXT
) STRICT;
CREATE TABLE remote_records (
  session_uid TEXT NOT NULL,
  machine     TEXT NOT NULL,
  number      INTEGER NOT NULL,
  generation  INTEGER NOT NULL,
  records     TEXT NOT NULL,
  bytes       TEXT,
  PRIMARY KEY (session_uid, machine)
) STRICT;
CREATE TABLE remote_pieces (
  session_uid TEXT NOT NULL,
  sha256      BLOB NOT NULL,
  raw_bytes   INTEGER NOT NULL,
  pack        TEXT NOT NULL,
  place       INTEGER NOT NULL,
  PRIMARY KEY (session_uid, sha256)
) STRICT;
CREATE TABLE remote_marks (
  session_uid TEXT PRIMARY KEY,
  mark        TEXT NOT NULL
) STRICT;
CREATE TABLE remote_receipts (
  session_id INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL,
  files      TEXT NOT NULL,
  at         TEXT NOT NULL
) STRICT;
CREATE TABLE remote_mirrors (
  session_id INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL,
  machine    TEXT NOT NULL
) STRICT;
CREATE TABLE remote_unnamed (
  pack  TEXT PRIMARY KEY,
  since TEXT NOT NULL
) STRICT;
CREATE TABLE remote_tainted (pack TEXT PRIMARY KEY) STRICT;
CREATE TRIGGER events_evict_to_bucket BEFORE INSERT ON events
WHEN NEW.kind = 'evicted' AND EXISTS (SELECT 1 FROM remote)
  AND EXISTS (SELECT 1 FROM segments WHERE session_id = NEW.session_id)
  AND NOT EXISTS (SELECT 1 FROM remote_receipts r JOIN sessions s ON s.id = r.session_id
    WHERE r.session_id = NEW.session_id AND r.generation = s.raw_generation)
BEGIN SELECT RAISE(ABORT, 'refused: its bytes are not in the bucket yet'); END;`;
