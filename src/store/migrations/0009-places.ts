/**
 * A session's row that never held anything may go: an earlier version made it before it had opened the transcript. And
 * which exclude patterns have ever left a session out, so that one which never did can be named.
 *
 * Nothing else than the row may know of the session: a byte, a digest, an event, a path or a tombstone keeps it for good.
 */
export const places = `
DROP TRIGGER sessions_no_delete;
CREATE TRIGGER sessions_no_delete BEFORE DELETE ON sessions
WHEN OLD.raw_generation <> 0 OR OLD.stored_bytes <> 0 OR OLD.evicted_at IS NOT NULL OR OLD.pinned = 1
  OR EXISTS (SELECT 1 FROM files WHERE session_id = OLD.id)
  OR EXISTS (SELECT 1 FROM segments WHERE session_id = OLD.id)
  OR EXISTS (SELECT 1 FROM digests WHERE session_id = OLD.id)
  OR EXISTS (SELECT 1 FROM tombstones WHERE session_id = OLD.id)
  OR EXISTS (SELECT 1 FROM events WHERE session_id = OLD.id)
  OR EXISTS (SELECT 1 FROM sources WHERE session_id = OLD.id)
  OR EXISTS (SELECT 1 FROM forgotten WHERE id = OLD.id)
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
