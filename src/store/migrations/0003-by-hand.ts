/**
 * What a person may do by hand: forget a session, drop or shrink the digest of an evicted one, take over the history of
 * another store. Each is one event; the event's trigger does it, or nothing does.
 *
 * `forgotten`: the session's row keeps its id and nothing else; no bytes, digest, path or title of it can be stored again.
 * `digest_dropped`, `digest_shrunk`, `digest_replaced`: only of an evicted session, and only by the last event of the log:
 * it names the bytes before (`raw_bytes`) and after (`stored_bytes`), so that an older one never lets another change pass.
 * `digest_added`: one digest of what another store had, beside this one's own; it has a negative generation, by which nothing goes.
 * Events of another store have a kind that begins with `imported `: they tell, and let nothing go.
 */
const refuse = (name: string, when: string, condition: string, why: string) => `
CREATE TRIGGER ${name} BEFORE ${when} WHEN ${condition}
BEGIN SELECT RAISE(ABORT, 'refused: ${why}'); END;`;
/** A refusal of before, with one more way around it. */
const refuseAnew = (name: string, when: string, condition: string, why: string) =>
  `DROP TRIGGER ${name};${refuse(name, when, condition, why)}`;

const isForgotten = (id: string) => `EXISTS (SELECT 1 FROM forgotten WHERE id = ${id})`;
/** The last event of the log says it of this session, as it stands, evicted. */
const lastSays = (kinds: string, id: string, and = '1') =>
  `EXISTS (SELECT 1 FROM events e JOIN sessions s ON s.id = e.session_id WHERE e.id = (SELECT max(id) FROM events)
     AND e.kind IN (${kinds}) AND e.session_id = ${id} AND e.generation = s.raw_generation
     AND s.evicted_at IS NOT NULL AND ${and})`;

/** What a row tells of its session: once it is forgotten, none of it can be written again. */
const TOLD = [
  'project',
  'title',
  'branch',
  'parent_uid',
  'agent_root',
  'analyze_error',
  'started_at',
  'ended_at',
  'ingested_at',
  'analyzed_at',
  'digest_at',
];

const table = `
CREATE TABLE forgotten (
  id          INTEGER PRIMARY KEY REFERENCES sessions (id),
  session_uid TEXT NOT NULL UNIQUE,
  at          TEXT NOT NULL
) STRICT;`;

const forgotten = [
  refuse('forgotten_no_delete', 'DELETE ON forgotten', '1', 'what is forgotten stays forgotten'),
  refuse('forgotten_no_update', 'UPDATE ON forgotten', '1', 'what is forgotten stays forgotten'),
  refuse(
    'forgotten_by_event',
    'INSERT ON forgotten',
    `EXISTS (SELECT 1 FROM forgotten WHERE id = NEW.id OR session_uid = NEW.session_uid)
      OR NOT EXISTS (SELECT 1 FROM events e WHERE e.id = (SELECT max(id) FROM events) AND e.kind = 'forgotten'
        AND e.session_id = NEW.id AND e.session_uid = NEW.session_uid AND e.at = NEW.at)`,
    'only its event forgets a session',
  ),
  refuse(
    'events_forget_once',
    'INSERT ON events',
    `NEW.kind = 'forgotten' AND (${isForgotten('NEW.session_id')} OR NOT EXISTS (SELECT 1 FROM sessions
       WHERE id = NEW.session_id AND session_uid = NEW.session_uid AND raw_generation = NEW.generation))`,
    'the session is forgotten, or it is another one',
  ),
  ...(['files', 'digests', 'tombstones', 'sources'] as const).map((name) =>
    refuse(
      `${name}_not_of_the_forgotten`,
      `INSERT ON ${name}`,
      isForgotten('NEW.session_id'),
      'the session is forgotten',
    ),
  ),
  refuse(
    'sources_not_to_the_forgotten',
    'UPDATE ON sources',
    isForgotten('NEW.session_id'),
    'the session is forgotten',
  ),
  refuse(
    'sessions_stay_forgotten',
    'UPDATE ON sessions',
    `${isForgotten('OLD.id')} AND ((OLD.evicted_at IS NOT NULL AND NEW.evicted_at IS NULL)
      OR NEW.raw_generation <> OLD.raw_generation OR ${TOLD.map((column) => `(NEW.${column} IS NOT NULL AND NEW.${column} IS NOT OLD.${column})`).join(' OR ')})`,
    'the session is forgotten',
  ),
];

const relaxed = [
  refuseAnew(
    'sessions_evicted_by_event',
    'UPDATE OF evicted_at ON sessions',
    `OLD.evicted_at IS NULL AND NEW.evicted_at IS NOT NULL AND (NEW.pinned = 1 OR NEW.raw_generation <> OLD.raw_generation
      OR NOT (${isForgotten('OLD.id')} OR EXISTS (SELECT 1 FROM events WHERE session_id = OLD.id
        AND generation = OLD.raw_generation AND kind IN ('evicted', 'data_loss') AND file_id IS NULL)))`,
    'no event of this generation lets the session go',
  ),
  refuseAnew(
    'sessions_analyzed_once',
    'UPDATE OF analyzed_at ON sessions',
    `OLD.analyzed_at IS NOT NULL AND NEW.analyzed_at IS NOT OLD.analyzed_at
      AND NOT (NEW.analyzed_at IS NULL AND (NEW.raw_generation > OLD.raw_generation OR ${isForgotten('OLD.id')}))`,
    'analyzed_at stays until the session grows',
  ),
  refuseAnew(
    'files_no_delete',
    'DELETE ON files',
    `NOT ${isForgotten('OLD.session_id')}`,
    'a file row is kept for good',
  ),
  refuseAnew(
    'tombstones_no_delete',
    'DELETE ON tombstones',
    `NOT ${isForgotten('OLD.session_id')}`,
    'tombstones are kept for good',
  ),
  refuseAnew(
    'events_no_update',
    'UPDATE ON events',
    `NOT (${isForgotten('OLD.session_id')} AND NEW.id IS OLD.id AND NEW.at IS OLD.at AND NEW.kind IS OLD.kind
      AND NEW.session_id IS OLD.session_id AND NEW.session_uid IS OLD.session_uid AND NEW.generation IS OLD.generation
      AND NEW.sweep_id IS OLD.sweep_id AND NEW.raw_bytes IS OLD.raw_bytes AND NEW.stored_bytes IS OLD.stored_bytes
      AND NEW.log_offset IS OLD.log_offset AND NEW.file_id IS NULL AND NEW.segment_id IS NULL
      AND NEW.reason = 'forgotten')`,
    'the log only grows',
  ),
  // A report's warnings may quote what an analyzer said of a session; all else in it is ids, sizes and times.
  refuseAnew(
    'sweeps_finish_once',
    'UPDATE ON sweeps',
    `NEW.sweep_id IS NOT OLD.sweep_id OR NEW.rowid IS NOT OLD.rowid OR (OLD.report IS NOT NULL AND NOT (
       EXISTS (SELECT 1 FROM forgotten WHERE instr(OLD.report, session_uid) > 0)
       AND NEW.plan_id IS OLD.plan_id AND NEW.started_at IS OLD.started_at AND NEW.finished_at IS OLD.finished_at
       AND NEW.lost_data IS OLD.lost_data AND NEW.bytes_freed IS OLD.bytes_freed
       AND json_remove(NEW.report, '$.warnings') = json_remove(OLD.report, '$.warnings')
       AND json_array_length(NEW.report, '$.warnings') = json_array_length(OLD.report, '$.warnings')))`,
    'a report is final',
  ),
  refuseAnew(
    'tombstones_of_the_evicted',
    'INSERT ON tombstones',
    `NOT EXISTS (SELECT 1 FROM sessions s JOIN files f ON f.session_id = s.id
       WHERE s.id = NEW.session_id AND s.evicted_at IS NOT NULL AND s.raw_generation = NEW.generation
         AND f.key = NEW.key AND f.gone = 0 AND f.raw_bytes = NEW.raw_bytes AND f.sha256 = NEW.sha256)
     AND NOT EXISTS (SELECT 1 FROM events WHERE session_id = NEW.session_id
       AND generation IN (NEW.generation, -1 - NEW.generation) AND kind IN ('imported evicted', 'imported data_loss'))`,
    'a tombstone stands for a file that is just evicted, or that another store has evicted',
  ),
  refuseAnew(
    'segments_no_delete',
    'DELETE ON segments',
    `EXISTS (SELECT 1 FROM sessions WHERE id = OLD.session_id AND evicted_at IS NULL)
      AND NOT ${isForgotten('OLD.session_id')}
      AND NOT EXISTS (SELECT 1 FROM segments c WHERE c.session_id = OLD.session_id AND c.file_id = OLD.file_id
        AND c.log_offset <= OLD.log_offset AND c.raw_bytes > OLD.raw_bytes
        AND c.log_offset + c.raw_bytes >= OLD.log_offset + OLD.raw_bytes)
      AND NOT (EXISTS (SELECT 1 FROM events e JOIN sessions p ON p.id = e.session_id WHERE e.session_id = OLD.session_id
          AND e.generation = p.raw_generation AND e.kind = 'repaired' AND e.segment_id = OLD.id)
        AND EXISTS (SELECT 1 FROM segments c WHERE c.session_id = OLD.session_id AND c.file_id = OLD.file_id
          AND c.log_offset = OLD.log_offset AND c.raw_bytes = OLD.raw_bytes AND c.sha256 = OLD.sha256
          AND c.id > OLD.id AND c.data <> OLD.data))`,
    'the session is not evicted and nothing covers these bytes',
  ),
];

const curation = [
  refuseAnew(
    'digests_no_delete',
    'DELETE ON digests',
    `NOT ${isForgotten('OLD.session_id')} AND NOT ${lastSays("'digest_dropped'", 'OLD.session_id')}
      AND NOT EXISTS (SELECT 1 FROM digests d WHERE d.session_id = OLD.session_id AND d.generation > OLD.generation
        AND d.covers_from <= OLD.covers_from AND d.complete >= OLD.complete)`,
    'no newer digest covers what this one stands for',
  ),
  refuseAnew(
    'digests_remade_from_raw',
    'UPDATE ON digests',
    `NEW.id IS NOT OLD.id OR NEW.session_id IS NOT OLD.session_id OR NEW.generation IS NOT OLD.generation
      OR NEW.covers_from IS NOT OLD.covers_from OR NEW.complete < OLD.complete
      OR NOT (EXISTS (SELECT 1 FROM sessions WHERE id = OLD.session_id AND evicted_at IS NULL
                        AND raw_generation = OLD.generation)
        OR (NEW.bytes < OLD.bytes AND ${lastSays("'digest_shrunk'", 'OLD.session_id', 'e.raw_bytes = OLD.bytes AND e.stored_bytes = NEW.bytes')})
        OR (NEW.version >= OLD.version AND ${lastSays("'digest_replaced'", 'OLD.session_id', 'e.raw_bytes = OLD.bytes AND e.stored_bytes = NEW.bytes')}))`,
    'a digest is made again only from the bytes it stands for, or by an event that says so',
  ),
  refuseAnew(
    'digests_of_the_present',
    'INSERT ON digests',
    `NOT EXISTS (SELECT 1 FROM sessions WHERE id = NEW.session_id AND raw_generation = NEW.generation
         AND NEW.covers_from >= covers_from)
       AND NOT (NEW.generation < 0 AND NEW.covers_from = NEW.generation AND EXISTS (SELECT 1 FROM events e
         WHERE e.id = (SELECT max(id) FROM events) AND e.kind = 'digest_added' AND e.session_id = NEW.session_id
           AND e.stored_bytes = NEW.bytes))`,
    'a digest stands for what is stored now, or for what another store had',
  ),
  refuse(
    'events_curate_the_evicted',
    'INSERT ON events',
    `NEW.kind IN ('digest_dropped', 'digest_shrunk', 'digest_replaced') AND (${isForgotten('NEW.session_id')}
      OR NOT EXISTS (SELECT 1 FROM sessions WHERE id = NEW.session_id AND session_uid = NEW.session_uid
        AND raw_generation = NEW.generation AND evicted_at IS NOT NULL AND (pinned = 0 OR NEW.kind = 'digest_replaced')))`,
    'only the digest of an evicted session that is not pinned is curated',
  ),
];

const consequences = `
CREATE TRIGGER events_forget AFTER INSERT ON events WHEN NEW.kind = 'forgotten' BEGIN
  INSERT INTO forgotten (id, session_uid, at) VALUES (NEW.session_id, NEW.session_uid, NEW.at);
  UPDATE events SET reason = 'forgotten', file_id = NULL, segment_id = NULL
    WHERE session_id = NEW.session_id AND id <> NEW.id;
  DELETE FROM segments WHERE session_id = NEW.session_id;
  DELETE FROM digests WHERE session_id = NEW.session_id;
  DELETE FROM tombstones WHERE session_id = NEW.session_id;
  DELETE FROM sources WHERE session_id = NEW.session_id;
  DELETE FROM files WHERE session_id = NEW.session_id;
  UPDATE sessions SET native_id = substr(session_uid, instr(session_uid, ':') + 1), project = NULL, title = NULL,
    branch = NULL, parent_uid = NULL, agent_root = NULL, started_at = NULL, ended_at = NULL, ingested_at = NULL,
    analyzed_at = NULL, digest_at = NULL, evicted_at = coalesce(evicted_at, NEW.at), analyze_error = NULL, pinned = 0,
    raw_bytes = 0, stored_bytes = 0, digest_bytes = 0, file_count = 0 WHERE id = NEW.session_id;
END;
CREATE TRIGGER events_drop_digest AFTER INSERT ON events WHEN NEW.kind = 'digest_dropped' BEGIN
  DELETE FROM digests WHERE session_id = NEW.session_id;
END;`;

export const byHand = [table, ...relaxed, ...curation, ...forgotten, consequences].join('\n');
