/**
 * What a file was before its agent wrote it anew or cut it short: ranges of its log, like the present version's.
 * Promises: a row names bytes that are there, and is never changed; it goes with its session's bytes, or where a fuller and a newer
 * one of the file stay, or where rot has taken it and an event says so. No row lets a segment go, or keeps one.
 */
const refuse = (name: string, when: string, condition: string, why: string) => `
CREATE TRIGGER ${name} BEFORE ${when} WHEN ${condition}
BEGIN SELECT RAISE(ABORT, 'refused: ${why}'); END;`;

const table = `
CREATE TABLE versions (
  id          INTEGER PRIMARY KEY,
  session_id  INTEGER NOT NULL REFERENCES sessions (id),
  file_id     INTEGER NOT NULL REFERENCES files (id),
  number      INTEGER NOT NULL CHECK (number > 0),
  replaced_at TEXT    NOT NULL,
  raw_bytes   INTEGER NOT NULL CHECK (raw_bytes > 0),
  records     INTEGER CHECK (records IS NULL OR records >= 0),
  extents     TEXT    NOT NULL,
  sha256      BLOB CHECK (sha256 IS NULL OR length(sha256) = 32),
  UNIQUE (file_id, number)
) STRICT;
CREATE INDEX versions_by_session ON versions (session_id, file_id, number);`;

const refusals = [
  refuse('versions_no_update', 'UPDATE ON versions', '1', 'what a file was is not changed'),
  refuse(
    'versions_no_replace',
    'INSERT ON versions',
    'EXISTS (SELECT 1 FROM versions WHERE id = NEW.id OR (file_id = NEW.file_id AND number >= NEW.number))',
    'the version exists, or a later one does',
  ),
  refuse(
    'versions_of_what_is_stored',
    'INSERT ON versions',
    `NOT EXISTS (SELECT 1 FROM files f JOIN sessions s ON s.id = f.session_id WHERE f.id = NEW.file_id
         AND s.id = NEW.session_id AND f.gone = 0 AND s.evicted_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM json_each(NEW.extents) r WHERE json_extract(r.value, '$[0]') < 0
           OR json_extract(r.value, '$[1]') <= 0
           OR json_extract(r.value, '$[0]') + json_extract(r.value, '$[1]') > f.log_bytes))
       OR (SELECT sum(json_extract(value, '$[1]')) FROM json_each(NEW.extents)) IS NOT NEW.raw_bytes`,
    'a version names bytes that are stored of a live file',
  ),
  refuse(
    'versions_no_delete',
    'DELETE ON versions',
    `NOT EXISTS (SELECT 1 FROM sessions WHERE id = OLD.session_id AND evicted_at IS NOT NULL)
       AND NOT EXISTS (SELECT 1 FROM forgotten WHERE id = OLD.session_id)
       AND NOT (EXISTS (SELECT 1 FROM versions WHERE file_id = OLD.file_id AND number > OLD.number)
         AND EXISTS (SELECT 1 FROM versions WHERE file_id = OLD.file_id AND number <> OLD.number
                       AND raw_bytes >= OLD.raw_bytes))
       AND NOT EXISTS (SELECT 1 FROM events e WHERE e.id = (SELECT max(id) FROM events) AND e.kind = 'data_loss'
         AND e.session_id = OLD.session_id AND e.file_id = OLD.file_id)`,
    'it is the fullest or the newest version of a live file',
  ),
];

const consequences = `
CREATE TRIGGER versions_evict AFTER UPDATE OF evicted_at ON sessions
WHEN OLD.evicted_at IS NULL AND NEW.evicted_at IS NOT NULL BEGIN
  DELETE FROM versions WHERE session_id = NEW.id;
END;
CREATE TRIGGER versions_forget AFTER INSERT ON forgotten BEGIN
  DELETE FROM versions WHERE session_id = NEW.id;
END;`;

export const versions = [table, ...refusals, consequences].join('\n');
