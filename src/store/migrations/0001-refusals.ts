/**
 * The refusals: what the database itself does not let happen, whatever stands above it.
 *
 * An eviction is ONE statement: inserting its event. The event's trigger sets `evicted_at`, whose trigger keeps the
 * tombstones and drops the segments. A segment can go only while its session is evicted, or where one larger segment
 * covers its bytes, or where a repair has put one of the same place, length and hash after it, and an event says which
 * one was damaged (SQLite cannot look into zstd: the event is what a bug would not write by mistake). `evicted_at` can be set only by an event of the present `raw_generation`; and such an event is
 * refused unless a complete digest of that generation exists, or it is a data loss and says so. A data loss that names a
 * file is what rot took of it: it lets nothing go.
 *
 * BEFORE INSERT triggers refuse an id or key that exists: with `recursive_triggers` off, INSERT OR REPLACE deletes the
 * old row without firing DELETE triggers.
 */
const refuse = (name: string, when: string, condition: string, why: string) => `
CREATE TRIGGER ${name} BEFORE ${when} WHEN ${condition}
BEGIN SELECT RAISE(ABORT, 'refused: ${why}'); END;`;

const sessions = [
  refuse('sessions_no_delete', 'DELETE ON sessions', '1', 'a session row is kept for good'),
  refuse(
    'sessions_no_replace',
    'INSERT ON sessions',
    'EXISTS (SELECT 1 FROM sessions WHERE id = NEW.id OR session_uid = NEW.session_uid)',
    'the session exists',
  ),
  refuse(
    'sessions_start_live',
    'INSERT ON sessions',
    'NEW.evicted_at IS NOT NULL OR NEW.analyzed_at IS NOT NULL OR NEW.raw_generation <> 0 OR NEW.stored_bytes <> 0',
    'a session starts with nothing stored',
  ),
  refuse(
    'sessions_keep_identity',
    'UPDATE ON sessions',
    'NEW.id IS NOT OLD.id OR NEW.session_uid IS NOT OLD.session_uid OR NEW.agent IS NOT OLD.agent',
    'a session keeps its identity',
  ),
  refuse(
    'sessions_generation_rises',
    'UPDATE OF raw_generation ON sessions',
    `NEW.raw_generation <> OLD.raw_generation AND (NEW.raw_generation <> OLD.raw_generation + 1
      OR NEW.analyzed_at IS NOT NULL OR NEW.evicted_at IS NOT NULL)`,
    'raw_generation only rises, by one, and leaves the session live and un-analyzed',
  ),
  refuse(
    'sessions_covers_less',
    'UPDATE OF covers_from ON sessions',
    'NEW.covers_from < OLD.covers_from OR NEW.covers_from > OLD.raw_generation + 1',
    'covers_from only rises: what it once left out is gone',
  ),
  refuse(
    'sessions_evicted_by_event',
    'UPDATE OF evicted_at ON sessions',
    `OLD.evicted_at IS NULL AND NEW.evicted_at IS NOT NULL AND (NEW.pinned = 1 OR NEW.raw_generation <> OLD.raw_generation
      OR NOT EXISTS (SELECT 1 FROM events WHERE session_id = OLD.id AND generation = OLD.raw_generation
                      AND kind IN ('evicted', 'data_loss') AND file_id IS NULL))`,
    'no event of this generation lets the session go',
  ),
  refuse(
    'sessions_eviction_stays',
    'UPDATE OF evicted_at ON sessions',
    `OLD.evicted_at IS NOT NULL AND NEW.evicted_at IS NOT OLD.evicted_at
      AND NOT (NEW.evicted_at IS NULL AND NEW.raw_generation = OLD.raw_generation + 1
        AND NEW.stored_bytes = (SELECT coalesce(sum(stored_bytes), 0) FROM segments WHERE session_id = OLD.id)
        AND EXISTS (SELECT 1 FROM events WHERE session_id = OLD.id AND generation = OLD.raw_generation
                      AND kind = 'returned'))`,
    'an evicted session comes back only by an event that says so, with what is stored of it',
  ),
  refuse(
    'sessions_analyzed_by_digest',
    'UPDATE OF analyzed_at ON sessions',
    `NEW.analyzed_at IS NOT NULL AND NEW.analyzed_at IS NOT OLD.analyzed_at
      AND NOT EXISTS (SELECT 1 FROM digests WHERE session_id = OLD.id AND generation = NEW.raw_generation AND complete = 1)`,
    'no digest covers what is stored',
  ),
  refuse(
    'sessions_analyzed_once',
    'UPDATE OF analyzed_at ON sessions',
    `OLD.analyzed_at IS NOT NULL AND NEW.analyzed_at IS NOT OLD.analyzed_at
      AND NOT (NEW.analyzed_at IS NULL AND NEW.raw_generation > OLD.raw_generation)`,
    'analyzed_at stays until the session grows',
  ),
];

/** Whether `segment` stands for the same bytes as NEW or OLD, `other`. */
const sameBytes = (segment: string, other: string) =>
  `${segment}.session_id = ${other}.session_id AND ${segment}.file_id = ${other}.file_id AND ${segment}.log_offset = ${other}.log_offset
   AND ${segment}.raw_bytes = ${other}.raw_bytes AND ${segment}.sha256 = ${other}.sha256`;
/** A repair has said of the segment with this id, as the session stands now, that it is damaged. */
const saidDamaged = (segment: string) =>
  `EXISTS (SELECT 1 FROM events e JOIN sessions p ON p.id = e.session_id WHERE e.session_id = ${segment}.session_id
     AND e.generation = p.raw_generation AND e.kind = 'repaired' AND e.segment_id = ${segment}.id)`;

const segments = [
  refuse('segments_no_update', 'UPDATE ON segments', '1', 'segments are never changed'),
  refuse(
    'segments_no_replace',
    'INSERT ON segments',
    'EXISTS (SELECT 1 FROM segments WHERE id = NEW.id)',
    'the segment exists',
  ),
  refuse(
    'segments_no_gap',
    'INSERT ON segments',
    `NOT EXISTS (SELECT 1 FROM files f WHERE f.id = NEW.file_id AND f.session_id = NEW.session_id AND f.gone = 0
       AND (NEW.log_offset = f.log_bytes
         OR (NEW.log_offset + NEW.raw_bytes > f.log_bytes
           AND EXISTS (SELECT 1 FROM segments s WHERE s.session_id = NEW.session_id AND s.file_id = NEW.file_id
                         AND s.log_offset = NEW.log_offset))
         OR (NEW.log_offset + NEW.raw_bytes <= f.log_bytes AND NOT EXISTS (SELECT 1 FROM segments s
           WHERE s.session_id = NEW.session_id AND s.file_id = NEW.file_id
             AND s.log_offset < NEW.log_offset + NEW.raw_bytes AND s.log_offset + s.raw_bytes > NEW.log_offset))
         OR EXISTS (SELECT 1 FROM segments s WHERE ${sameBytes('s', 'NEW')} AND s.data <> NEW.data
                      AND ${saidDamaged('s')})))`,
    'a segment goes to the end of its file or into a gap, covers the last ones, or stands in for one said to be damaged',
  ),
  refuse(
    'segments_no_delete',
    'DELETE ON segments',
    `EXISTS (SELECT 1 FROM sessions WHERE id = OLD.session_id AND evicted_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM segments c WHERE c.session_id = OLD.session_id AND c.file_id = OLD.file_id
        AND c.log_offset <= OLD.log_offset AND c.raw_bytes > OLD.raw_bytes
        AND c.log_offset + c.raw_bytes >= OLD.log_offset + OLD.raw_bytes)
      AND NOT (${saidDamaged('OLD')} AND EXISTS (SELECT 1 FROM segments c WHERE ${sameBytes('c', 'OLD')}
        AND c.id > OLD.id AND c.data <> OLD.data))`,
    'the session is not evicted and nothing covers these bytes',
  ),
];

const files = [
  refuse('files_no_delete', 'DELETE ON files', '1', 'a file row is kept for good'),
  refuse(
    'files_no_replace',
    'INSERT ON files',
    'EXISTS (SELECT 1 FROM files WHERE id = NEW.id OR (session_id = NEW.session_id AND key = NEW.key))',
    'the file exists',
  ),
  refuse(
    'files_keep_identity',
    'UPDATE ON files',
    'NEW.id IS NOT OLD.id OR NEW.session_id IS NOT OLD.session_id OR NEW.key IS NOT OLD.key',
    'a file keeps its identity',
  ),
  refuse(
    'files_log_grows',
    'UPDATE OF log_bytes ON files',
    `NEW.log_bytes < OLD.log_bytes AND (OLD.gone = 0 OR EXISTS (SELECT 1 FROM segments
       WHERE session_id = OLD.session_id AND file_id = OLD.id))`,
    'the log of a file only grows while it has segments',
  ),
  refuse(
    'files_log_ends_with_segment',
    'UPDATE OF log_bytes ON files',
    `NEW.log_bytes > OLD.log_bytes AND NOT EXISTS (SELECT 1 FROM segments
       WHERE session_id = OLD.session_id AND file_id = OLD.id AND log_offset + raw_bytes = NEW.log_bytes)`,
    'the log of a file ends where its last segment does',
  ),
  refuse(
    'files_return_empty',
    'UPDATE OF gone ON files',
    'NEW.gone = 0 AND OLD.gone = 1 AND (NEW.log_bytes <> 0 OR NEW.raw_bytes <> 0 OR NEW.sha256 IS NOT NULL)',
    'an evicted file comes back with nothing stored',
  ),
  refuse(
    'files_gone_with_session',
    'UPDATE OF gone ON files',
    'NEW.gone = 1 AND OLD.gone = 0 AND EXISTS (SELECT 1 FROM sessions WHERE id = OLD.session_id AND evicted_at IS NULL)',
    'a file goes with its session',
  ),
];

const digests = [
  refuse(
    'digests_no_replace',
    'INSERT ON digests',
    'EXISTS (SELECT 1 FROM digests WHERE id = NEW.id OR (session_id = NEW.session_id AND generation = NEW.generation))',
    'the digest exists',
  ),
  refuse(
    'digests_of_the_present',
    'INSERT ON digests',
    `NOT EXISTS (SELECT 1 FROM sessions WHERE id = NEW.session_id AND raw_generation = NEW.generation
       AND NEW.covers_from >= covers_from)`,
    'a digest stands for what is stored now',
  ),
  refuse(
    'digests_no_delete',
    'DELETE ON digests',
    `NOT EXISTS (SELECT 1 FROM digests d WHERE d.session_id = OLD.session_id AND d.generation > OLD.generation
       AND d.covers_from <= OLD.covers_from AND d.complete >= OLD.complete)`,
    'no newer digest covers what this one stands for',
  ),
  refuse(
    'digests_remade_from_raw',
    'UPDATE ON digests',
    `NEW.id IS NOT OLD.id OR NEW.session_id IS NOT OLD.session_id OR NEW.generation IS NOT OLD.generation
      OR NEW.covers_from IS NOT OLD.covers_from OR NEW.complete < OLD.complete
      OR NOT EXISTS (SELECT 1 FROM sessions WHERE id = OLD.session_id AND evicted_at IS NULL
                       AND raw_generation = OLD.generation)`,
    'a digest is made again only from the bytes it stands for',
  ),
];

const events = [
  refuse('events_no_delete', 'DELETE ON events', '1', 'the log only grows'),
  refuse('events_no_update', 'UPDATE ON events', '1', 'the log only grows'),
  refuse(
    'events_no_replace',
    'INSERT ON events',
    'EXISTS (SELECT 1 FROM events WHERE id = NEW.id)',
    'the event exists',
  ),
  refuse(
    'events_let_go',
    'INSERT ON events',
    `NEW.kind IN ('evicted', 'data_loss') AND NEW.file_id IS NULL AND NOT EXISTS (SELECT 1 FROM sessions
       WHERE id = NEW.session_id AND session_uid = NEW.session_uid AND evicted_at IS NULL AND pinned = 0
         AND raw_generation = NEW.generation)`,
    'the session is pinned, evicted or not of this generation',
  ),
  refuse(
    'events_evict_covered',
    'INSERT ON events',
    `NEW.kind = 'evicted' AND NOT EXISTS (SELECT 1 FROM sessions s JOIN digests d ON d.session_id = s.id
       WHERE s.id = NEW.session_id AND s.analyzed_at IS NOT NULL AND d.generation = s.raw_generation AND d.complete = 1)`,
    'no digest covers what is stored',
  ),
  // Not left to NOT NULL of the tombstone: INSERT OR IGNORE and OR FAIL hand their way with conflicts down to triggers.
  refuse(
    'events_know_content',
    'INSERT ON events',
    `NEW.kind IN ('evicted', 'data_loss') AND NEW.file_id IS NULL AND EXISTS (SELECT 1 FROM files
       WHERE session_id = NEW.session_id AND gone = 0 AND sha256 IS NULL)`,
    'a file has no hash for its tombstone',
  ),
  // Whoever says that one is damaged says it of one that is there, once, as the session stands; nothing else is repaired.
  refuse(
    'events_repair_what_is_there',
    'INSERT ON events',
    `NEW.kind = 'repaired' AND NOT EXISTS (SELECT 1 FROM segments s JOIN sessions p ON p.id = s.session_id
       WHERE s.id = NEW.segment_id AND s.session_id = NEW.session_id AND s.file_id = NEW.file_id
         AND s.log_offset = NEW.log_offset AND p.session_uid = NEW.session_uid AND p.evicted_at IS NULL
         AND p.raw_generation = NEW.generation)`,
    'a repair names a segment of a live session as it stands',
  ),
  refuse(
    'events_about_a_file',
    'INSERT ON events',
    `(NEW.file_id IS NOT NULL OR NEW.segment_id IS NOT NULL OR NEW.log_offset IS NOT NULL)
      AND (NEW.kind NOT IN ('repaired', 'data_loss') OR NOT EXISTS (SELECT 1 FROM files f JOIN sessions p
        ON p.id = f.session_id WHERE f.id = NEW.file_id AND p.id = NEW.session_id AND p.session_uid = NEW.session_uid))`,
    'only what rot took or a repair gave back is told of one file, and the file is of that session',
  ),
];

const others = [
  refuse('sweeps_no_delete', 'DELETE ON sweeps', '1', 'sweeps are kept for good'),
  refuse(
    'sweeps_no_replace',
    'INSERT ON sweeps',
    'EXISTS (SELECT 1 FROM sweeps WHERE sweep_id = NEW.sweep_id OR rowid = NEW.rowid)',
    'the sweep exists',
  ),
  refuse(
    'sweeps_finish_once',
    'UPDATE ON sweeps',
    'OLD.report IS NOT NULL OR NEW.sweep_id IS NOT OLD.sweep_id OR NEW.rowid IS NOT OLD.rowid',
    'a report is final',
  ),
  refuse('tombstones_no_delete', 'DELETE ON tombstones', '1', 'tombstones are kept for good'),
  refuse('tombstones_no_update', 'UPDATE ON tombstones', '1', 'tombstones are kept for good'),
  refuse(
    'tombstones_no_replace',
    'INSERT ON tombstones',
    'EXISTS (SELECT 1 FROM tombstones WHERE id = NEW.id)',
    'the tombstone exists',
  ),
  refuse(
    'tombstones_of_the_evicted',
    'INSERT ON tombstones',
    `NOT EXISTS (SELECT 1 FROM sessions s JOIN files f ON f.session_id = s.id
       WHERE s.id = NEW.session_id AND s.evicted_at IS NOT NULL AND s.raw_generation = NEW.generation
         AND f.key = NEW.key AND f.gone = 0 AND f.raw_bytes = NEW.raw_bytes AND f.sha256 = NEW.sha256)`,
    'a tombstone stands for a file that is just evicted',
  ),
];

/** What follows from a change: counts, coverage, the steps of an eviction. */
const consequences = `
CREATE TRIGGER segments_counted AFTER INSERT ON segments
WHEN NOT EXISTS (SELECT 1 FROM segments s WHERE ${sameBytes('s', 'NEW')} AND s.id <> NEW.id) BEGIN
  UPDATE files SET log_bytes = max(log_bytes, NEW.log_offset + NEW.raw_bytes) WHERE id = NEW.file_id;
  UPDATE sessions SET raw_generation = raw_generation + 1, evicted_at = NULL, analyzed_at = NULL, analyze_error = NULL,
    stored_bytes = CASE WHEN evicted_at IS NULL THEN stored_bytes ELSE 0 END + NEW.stored_bytes
    WHERE id = NEW.session_id;
END;
CREATE TRIGGER segments_stand_in AFTER INSERT ON segments
WHEN EXISTS (SELECT 1 FROM segments s WHERE ${sameBytes('s', 'NEW')} AND s.id <> NEW.id) BEGIN
  UPDATE sessions SET stored_bytes = stored_bytes + NEW.stored_bytes WHERE id = NEW.session_id;
END;
CREATE TRIGGER segments_uncounted AFTER DELETE ON segments BEGIN
  UPDATE sessions SET stored_bytes = stored_bytes - OLD.stored_bytes WHERE id = OLD.session_id AND evicted_at IS NULL;
END;
CREATE TRIGGER events_evict AFTER INSERT ON events
WHEN NEW.kind IN ('evicted', 'data_loss') AND NEW.file_id IS NULL BEGIN
  UPDATE sessions SET evicted_at = NEW.at WHERE id = NEW.session_id;
END;
CREATE TRIGGER sessions_evict AFTER UPDATE OF evicted_at ON sessions
WHEN OLD.evicted_at IS NULL AND NEW.evicted_at IS NOT NULL BEGIN
  INSERT INTO tombstones (session_id, generation, key, raw_bytes, sha256)
    SELECT session_id, NEW.raw_generation, key, raw_bytes, sha256 FROM files WHERE session_id = NEW.id AND gone = 0;
  UPDATE files SET gone = 1 WHERE session_id = NEW.id AND gone = 0;
  DELETE FROM segments WHERE session_id = NEW.id;
END;
CREATE TRIGGER digests_counted AFTER INSERT ON digests BEGIN
  UPDATE sessions SET digest_bytes = digest_bytes + NEW.bytes WHERE id = NEW.session_id;
END;
CREATE TRIGGER digests_recounted AFTER UPDATE ON digests BEGIN
  UPDATE sessions SET digest_bytes = digest_bytes - OLD.bytes + NEW.bytes WHERE id = NEW.session_id;
END;
CREATE TRIGGER digests_uncounted AFTER DELETE ON digests BEGIN
  UPDATE sessions SET digest_bytes = digest_bytes - OLD.bytes WHERE id = OLD.session_id;
END;
CREATE TRIGGER sessions_counted AFTER INSERT ON sessions BEGIN
  INSERT INTO counters VALUES (NEW.agent, NEW.state, NEW.pinned, 1, NEW.raw_bytes, NEW.stored_bytes, NEW.digest_bytes)
    ON CONFLICT (agent, state, pinned) DO UPDATE SET sessions = sessions + 1, raw_bytes = raw_bytes + excluded.raw_bytes,
      stored_bytes = stored_bytes + excluded.stored_bytes, digest_bytes = digest_bytes + excluded.digest_bytes;
END;
CREATE TRIGGER sessions_recounted AFTER UPDATE ON sessions
WHEN NEW.evicted_at IS NOT OLD.evicted_at OR NEW.analyzed_at IS NOT OLD.analyzed_at OR NEW.pinned IS NOT OLD.pinned
  OR NEW.raw_bytes IS NOT OLD.raw_bytes OR NEW.stored_bytes IS NOT OLD.stored_bytes
  OR NEW.digest_bytes IS NOT OLD.digest_bytes BEGIN
  UPDATE counters SET sessions = sessions - 1, raw_bytes = raw_bytes - OLD.raw_bytes,
    stored_bytes = stored_bytes - OLD.stored_bytes, digest_bytes = digest_bytes - OLD.digest_bytes
    WHERE agent = OLD.agent AND state = OLD.state AND pinned = OLD.pinned;
  INSERT INTO counters VALUES (NEW.agent, NEW.state, NEW.pinned, 1, NEW.raw_bytes, NEW.stored_bytes, NEW.digest_bytes)
    ON CONFLICT (agent, state, pinned) DO UPDATE SET sessions = sessions + 1, raw_bytes = raw_bytes + excluded.raw_bytes,
      stored_bytes = stored_bytes + excluded.stored_bytes, digest_bytes = digest_bytes + excluded.digest_bytes;
END;`;

export const refusals = [
  ...sessions,
  ...segments,
  ...files,
  ...digests,
  ...events,
  ...others,
  consequences,
].join('\n');
