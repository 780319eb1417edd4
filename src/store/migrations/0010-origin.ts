/**
 * Where a session and a digest came from. `origin`: the archive of a stranger; null: this machine, or an archive that a person
 * vouched for.
 *
 * A stranger's digest lets no byte go: only one that was made here, or was vouched for, does. It stands for nothing that is
 * stored, so it is refused beside segments; a session of which only such a digest came is evicted from its first moment, and
 * has no files. An origin is taken away by one event only, `vouched`, the last of the log, and no digest ever changes its own.
 */
const refuse = (name: string, when: string, condition: string, why: string) => `
CREATE TRIGGER ${name} BEFORE ${when} WHEN ${condition}
BEGIN SELECT RAISE(ABORT, 'refused: ${why}'); END;`;
/** A refusal of before, made stricter. */
const refuseAnew = (name: string, when: string, condition: string, why: string) =>
  `DROP TRIGGER ${name};${refuse(name, when, condition, why)}`;

const columns = `
ALTER TABLE sessions ADD COLUMN origin TEXT;
ALTER TABLE digests ADD COLUMN origin TEXT;`;

const stricter = [
  refuseAnew(
    'sessions_analyzed_by_digest',
    'UPDATE OF analyzed_at ON sessions',
    `NEW.analyzed_at IS NOT NULL AND NEW.analyzed_at IS NOT OLD.analyzed_at
      AND NOT EXISTS (SELECT 1 FROM digests WHERE session_id = OLD.id AND generation = NEW.raw_generation
        AND complete = 1 AND origin IS NULL)`,
    'no digest covers what is stored',
  ),
  refuseAnew(
    'events_evict_covered',
    'INSERT ON events',
    `NEW.kind = 'evicted' AND NOT EXISTS (SELECT 1 FROM sessions s JOIN digests d ON d.session_id = s.id
       WHERE s.id = NEW.session_id AND d.generation = s.raw_generation AND d.complete = 1
         AND ((s.analyzed_at IS NOT NULL AND d.origin IS NULL)
           OR (s.origin IS NOT NULL AND d.origin IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM files WHERE session_id = s.id))))`,
    'no digest that was made here covers what is stored',
  ),
  refuseAnew(
    'digests_no_delete',
    'DELETE ON digests',
    `NOT EXISTS (SELECT 1 FROM forgotten WHERE id = OLD.session_id)
      AND NOT EXISTS (SELECT 1 FROM events e JOIN sessions s ON s.id = e.session_id
        WHERE e.id = (SELECT max(id) FROM events) AND e.kind = 'digest_dropped' AND e.session_id = OLD.session_id
          AND e.generation = s.raw_generation AND s.evicted_at IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM digests d WHERE d.session_id = OLD.session_id AND d.generation > OLD.generation
        AND d.covers_from <= OLD.covers_from AND d.complete >= OLD.complete
        AND (d.origin IS NULL OR OLD.origin IS NOT NULL))`,
    'no newer digest covers what this one stands for',
  ),
];

const origins = [
  refuse(
    'digests_keep_origin',
    'UPDATE OF origin ON digests',
    'NEW.origin IS NOT OLD.origin',
    'where a digest came from does not change',
  ),
  refuse(
    'digests_of_strangers',
    'INSERT ON digests',
    `NEW.origin IS NOT NULL AND (EXISTS (SELECT 1 FROM files WHERE session_id = NEW.session_id)
       OR NOT EXISTS (SELECT 1 FROM sessions WHERE id = NEW.session_id AND origin IS NOT NULL))`,
    'a digest of a stranger stands for nothing that is stored here',
  ),
  refuse(
    'sessions_keep_origin',
    'UPDATE OF origin ON sessions',
    `NEW.origin IS NOT OLD.origin AND NOT (NEW.origin IS NULL AND EXISTS (SELECT 1 FROM events e
       WHERE e.id = (SELECT max(id) FROM events) AND e.kind = 'vouched' AND e.session_id = OLD.id
         AND e.generation = NEW.raw_generation))`,
    'where a session came from does not change, unless its event says that it was vouched for',
  ),
];

export const origin = [columns, ...stricter, ...origins].join('\n');
