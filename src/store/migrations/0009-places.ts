/**
 * A session's row that never held anything may go: an earlier version made it before it had opened the transcript. And
 * which exclude patterns have ever left a session out, so that one which never did can be named.
 *
 * `empty_sessions` holds such rows as this version met them; it makes none, since a row comes with the first bytes. Only they
 * may go, and only while nothing but the row knows of the session: a byte, a digest, an event, a path or a tombstone keeps it.
 */
const knows = (row: string) =>
  ['files', 'segments', 'digests', 'tombstones', 'events', 'sources']
    .map((table) => `EXISTS (SELECT 1 FROM ${table} WHERE session_id = ${row}.id)`)
    .concat(
      `EXISTS (SELECT 1 FROM forgotten WHERE id = ${row}.id)`,
      `${row}.raw_generation <> 0`,
      `${row}.stored_bytes <> 0`,
      `${row}.evicted_at IS NOT NULL`,
      `${row}.pinned = 1`,
    )
    .join('\n  OR ');

export const places = `
CREATE TABLE empty_sessions (id INTEGER PRIMARY KEY) STRICT;
INSERT INTO empty_sessions SELECT id FROM sessions WHERE NOT (${knows('sessions')});
DROP TRIGGER sessions_no_delete;
CREATE TRIGGER sessions_no_delete BEFORE DELETE ON sessions
WHEN NOT EXISTS (SELECT 1 FROM empty_sessions WHERE id = OLD.id)
  OR ${knows('OLD')}
BEGIN SELECT RAISE(ABORT, 'refused: a session row is kept for good'); END;
CREATE TRIGGER sessions_uncounted AFTER DELETE ON sessions BEGIN
  UPDATE counters SET sessions = sessions - 1, raw_bytes = raw_bytes - OLD.raw_bytes,
    stored_bytes = stored_bytes - OLD.stored_bytes, digest_bytes = digest_bytes - OLD.digest_bytes
    WHERE agent = OLD.agent AND state = OLD.state AND pinned = OLD.pinned;
END;
CREATE TABLE exclude_matches (
  pattern    TEXT PRIMARY KEY,
  matched_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;`;
