/**
 * A log that grows is held against its last segment first. The refusal of 0001 looked through all segments of the file, from the
 * first on, so that each new one cost as much as all before it. It refuses the same as ever: where the segment that begins last does
 * not end the log, as where one that begins earlier covers it, all are looked through.
 */
export const lastSegment = `
DROP TRIGGER files_log_ends_with_segment;
CREATE TRIGGER files_log_ends_with_segment BEFORE UPDATE OF log_bytes ON files
WHEN NEW.log_bytes > OLD.log_bytes
  AND NEW.log_bytes IS NOT (SELECT log_offset + raw_bytes FROM segments
    WHERE session_id = OLD.session_id AND file_id = OLD.id ORDER BY log_offset DESC, id DESC LIMIT 1)
  AND NOT EXISTS (SELECT 1 FROM segments
    WHERE session_id = OLD.session_id AND file_id = OLD.id AND log_offset + raw_bytes = NEW.log_bytes)
BEGIN SELECT RAISE(ABORT, 'refused: the log of a file ends where its last segment does'); END;`;
