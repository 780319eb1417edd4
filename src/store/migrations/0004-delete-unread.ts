/**
 * A segment goes without being read. The refusal of 0003 named `OLD.data`, so that SQLite read and held the bytes of every
 * segment before its trigger was asked, 25 pages of a session of 100 KiB. They matter only where a repair has said that the
 * segment is damaged: there, and only there, the row, which still stands, is looked up by its number.
 */
export const deleteUnread = `
DROP TRIGGER segments_no_delete;
CREATE TRIGGER segments_no_delete BEFORE DELETE ON segments
WHEN EXISTS (SELECT 1 FROM sessions WHERE id = OLD.session_id AND evicted_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM forgotten WHERE id = OLD.session_id)
  AND NOT EXISTS (SELECT 1 FROM segments c WHERE c.session_id = OLD.session_id AND c.file_id = OLD.file_id
    AND c.log_offset <= OLD.log_offset AND c.raw_bytes > OLD.raw_bytes
    AND c.log_offset + c.raw_bytes >= OLD.log_offset + OLD.raw_bytes)
  AND NOT (EXISTS (SELECT 1 FROM events e JOIN sessions p ON p.id = e.session_id WHERE e.session_id = OLD.session_id
      AND e.generation = p.raw_generation AND e.kind = 'repaired' AND e.segment_id = OLD.id)
    AND EXISTS (SELECT 1 FROM segments o JOIN segments c ON c.session_id = o.session_id AND c.file_id = o.file_id
      AND c.log_offset = o.log_offset AND c.raw_bytes = o.raw_bytes AND c.sha256 = o.sha256 AND c.id > o.id
      AND c.data <> o.data WHERE o.id = OLD.id AND o.session_id = OLD.session_id))
BEGIN SELECT RAISE(ABORT, 'refused: the session is not evicted and nothing covers these bytes'); END;`;
