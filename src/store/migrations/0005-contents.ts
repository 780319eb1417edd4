/**
 * What a file version says, beside what bytes it has: some agents write their transcripts anew without saying anything else. The
 * row is a fact about bytes, named by their SHA-256, so that a tombstone of them leads to it; it lets nothing go.
 */
export const contents = `
CREATE TABLE contents (
  sha256  BLOB    PRIMARY KEY CHECK (length(sha256) = 32),
  records INTEGER NOT NULL CHECK (records >= 0),
  content BLOB    NOT NULL CHECK (length(content) = 32)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER contents_forget BEFORE INSERT ON events WHEN NEW.kind = 'forgotten' BEGIN
  DELETE FROM contents WHERE sha256 IN (SELECT sha256 FROM files WHERE session_id = NEW.session_id
    UNION ALL SELECT sha256 FROM tombstones WHERE session_id = NEW.session_id);
END;`;
