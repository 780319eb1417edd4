/**
 * What a bucket may keep alone. In a store that has joined one, an un-analyzed session may go whose bytes are there: a receipt of its
 * present generation stands for them as a digest does elsewhere. Its digest can be made later, of the bytes as they are fetched again;
 * where something was kept of it before it went, that is made whole then.
 *
 * `remote_digests`: what another machine's digest tells of a session that is here too, or that a third machine tells of as well. It
 * stands for nothing that is stored here: it is searched and shown, and goes with whatever that machine says next.
 *
 * `remote_gone`: machines that a person says are gone: what they have left is put elsewhere by this one where something has to go.
 *
 * `bucket_only` finds those that have no digest yet among all that were evicted.
 */
const refuseAnew = (name: string, when: string, condition: string, why: string) => `
DROP TRIGGER ${name};
CREATE TRIGGER ${name} BEFORE ${when} WHEN ${condition}
BEGIN SELECT RAISE(ABORT, 'refused: ${why}'); END;`;

/** The bucket that the store has joined has the bytes of that session as they are. */
const hasReceipt = (session: string) =>
  `(EXISTS (SELECT 1 FROM remote) AND EXISTS (SELECT 1 FROM remote_receipts r WHERE r.session_id = ${session}.id
      AND r.generation = ${session}.raw_generation))`;
/** It has them as they were when they went. */
const isThere = (session: string) =>
  `EXISTS (SELECT 1 FROM remote_records b WHERE b.session_uid = ${session}.session_uid
     AND json_extract(b.bytes, '$.generation') = ${session}.raw_generation)`;
const lastSays = (kind: string) =>
  `EXISTS (SELECT 1 FROM events e JOIN sessions s ON s.id = e.session_id WHERE e.id = (SELECT max(id) FROM events)
     AND e.kind = '${kind}' AND e.session_id = OLD.session_id AND e.generation = s.raw_generation
     AND s.evicted_at IS NOT NULL AND e.raw_bytes = OLD.bytes AND e.stored_bytes = NEW.bytes)`;

const relaxed = [
  refuseAnew(
    'events_evict_covered',
    'INSERT ON events',
    `NEW.kind = 'evicted' AND NOT EXISTS (SELECT 1 FROM sessions s JOIN digests d ON d.session_id = s.id
       WHERE s.id = NEW.session_id AND d.generation = s.raw_generation AND d.complete = 1
         AND ((s.analyzed_at IS NOT NULL AND d.origin IS NULL)
           OR (s.origin IS NOT NULL AND d.origin IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM files WHERE session_id = s.id))))
     AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = NEW.session_id AND s.analyzed_at IS NULL AND ${hasReceipt('s')})`,
    'no digest that was made here covers what is stored, and the bucket does not have it',
  ),
  refuseAnew(
    'digests_remade_from_raw',
    'UPDATE ON digests',
    `NEW.id IS NOT OLD.id OR NEW.session_id IS NOT OLD.session_id OR NEW.generation IS NOT OLD.generation
      OR NEW.covers_from IS NOT OLD.covers_from OR NEW.complete < OLD.complete
      OR NOT (EXISTS (SELECT 1 FROM sessions WHERE id = OLD.session_id AND evicted_at IS NULL
                        AND raw_generation = OLD.generation)
        OR (OLD.complete = 0 AND NEW.complete = 1 AND EXISTS (SELECT 1 FROM sessions s WHERE s.id = OLD.session_id
              AND s.analyzed_at IS NULL AND s.evicted_at IS NOT NULL AND s.raw_generation = OLD.generation AND ${isThere('s')}))
        OR (NEW.bytes < OLD.bytes AND ${lastSays('digest_shrunk')})
        OR (NEW.version >= OLD.version AND ${lastSays('digest_replaced')}))`,
    'a digest is made again only from the bytes it stands for, here or in the bucket, or by an event that says so',
  ),
];

/** How its analysis went stays known of what the bucket keeps: it is fetched again for a reason only. */
const attempts = `
DROP TRIGGER analyses_evicted;
CREATE TRIGGER analyses_evicted AFTER UPDATE OF evicted_at ON sessions
WHEN NEW.evicted_at IS NOT NULL AND OLD.evicted_at IS NULL AND NOT (NEW.analyzed_at IS NULL AND ${hasReceipt('NEW')})
BEGIN DELETE FROM analyses WHERE session_id = NEW.id; END;
CREATE TRIGGER analyses_forgotten AFTER INSERT ON forgotten
BEGIN DELETE FROM analyses WHERE session_id = NEW.id; END;`;

const pending = (row: 'NEW' | 'OLD') =>
  `INSERT INTO search_pending (session_id) SELECT ${row}.session_id
     WHERE NOT EXISTS (SELECT 1 FROM search_pending WHERE session_id = ${row}.session_id);`;
const beside = `
CREATE TABLE remote_digests (
  session_id INTEGER NOT NULL REFERENCES sessions (id),
  machine    TEXT    NOT NULL,
  made_at    TEXT    NOT NULL,
  json       TEXT    NOT NULL,
  PRIMARY KEY (session_id, machine)
) STRICT;
CREATE TABLE remote_gone (machine TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT;
CREATE TRIGGER remote_digests_not_of_the_forgotten BEFORE INSERT ON remote_digests
WHEN EXISTS (SELECT 1 FROM forgotten WHERE id = NEW.session_id)
BEGIN SELECT RAISE(ABORT, 'refused: the session is forgotten'); END;
CREATE TRIGGER remote_digests_forgotten AFTER INSERT ON forgotten
BEGIN DELETE FROM remote_digests WHERE session_id = NEW.id; END;
CREATE TRIGGER remote_digests_search_new AFTER INSERT ON remote_digests BEGIN ${pending('NEW')} END;
CREATE TRIGGER remote_digests_search_changed AFTER UPDATE OF json ON remote_digests BEGIN ${pending('NEW')} END;
CREATE TRIGGER remote_digests_search_gone AFTER DELETE ON remote_digests BEGIN ${pending('OLD')} END;`;

export const bucketOnly = `${relaxed.join('\n')}
${attempts}
${beside}
CREATE INDEX bucket_only ON sessions (id) WHERE evicted_at IS NOT NULL AND analyzed_at IS NULL;`;
