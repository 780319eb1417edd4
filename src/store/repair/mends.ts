/**
 * What a rebuilt store needs so that its rows agree again, where some of them are gone.
 * Promises: runs on the new file only, before its triggers stand; never makes a session look better covered than it is.
 */
import { closest, distance } from 'fastest-levenshtein';
import { UID_FORM } from '../../domain/ids.ts';
import { type FileRole, packingByName } from '../../domain/session.ts';
import type { WritableDb } from '../connection.ts';
import { isNameOf, isNoTime, isNoWord, nameOf, TIMES, unlikeNames, WORDS } from '../verify/books.ts';
import type { RawRow } from './pages.ts';

/** Sessions whose row is gone, by the index of their names or an event of theirs; the others are told by number. */
export function nameLostSessions(db: WritableDb, names: readonly RawRow[]): string[] {
  const uids = new Map<number, string>();
  for (const { session_id, session_uid } of db.all<{ session_id: number; session_uid: string }>(
    'SELECT DISTINCT session_id, session_uid FROM events',
  ))
    if (UID_FORM.test(session_uid)) uids.set(session_id, session_uid);
  for (const { values } of names) {
    const [uid, id] = values;
    if (typeof uid === 'string' && typeof id === 'number' && UID_FORM.test(uid)) uids.set(id, uid);
  }
  const lost: string[] = [];
  const missing = db.all<{ id: number }>(
    `SELECT DISTINCT session_id AS id FROM (SELECT session_id FROM files UNION SELECT session_id FROM segments
       UNION SELECT session_id FROM digests UNION SELECT session_id FROM tombstones)
     WHERE session_id NOT IN (SELECT id FROM sessions)`,
  );
  const wanted = new Set([...missing.map(({ id }) => id), ...uids.keys()]);
  for (const id of wanted) {
    if (db.get('SELECT 1 AS found FROM sessions WHERE id = $id', { id }) !== null) continue;
    const uid = uids.get(id);
    if (uid === undefined || !insertSession(db, id, uid)) lost.push(dropNameless(db, id));
  }
  return lost;
}

/**
 * Of a name, an agent and an id that do not agree, one is damaged. A name that the index has and that they make is right, and so is one
 * where the row's own can be none. Where the row's name begins with no agent that other sessions have, the agent and the id make it; else
 * it makes them.
 */
export function mendNames(db: WritableDb, names: readonly RawRow[]): void {
  const indexed = new Map<number, string>();
  for (const { values } of names) {
    const [uid, id] = values;
    if (typeof uid === 'string' && typeof id === 'number' && UID_FORM.test(uid)) indexed.set(id, uid);
  }
  const agents = new Set(
    db
      .all<{ agent: string }>('SELECT agent FROM sessions GROUP BY agent HAVING count(*) > 1')
      .map((row) => row.agent),
  );
  const isFree = (uid: string) =>
    db.get('SELECT 1 AS found FROM sessions WHERE session_uid = $uid', { uid }) === null;
  for (const row of unlikeNames(db)) {
    const { id, uid, agent } = row;
    const told = indexed.get(id);
    const made = nameOf(row);
    if (told !== undefined && isFree(told) && isNameOf(told, row)) {
      db.run('UPDATE sessions SET session_uid = $told WHERE id = $id', { id, told });
    } else if (told !== undefined && isFree(told) && !UID_FORM.test(uid)) {
      const set = 'session_uid = $told, agent = $agent, native_id = $nativeId';
      db.run(`UPDATE sessions SET ${set} WHERE id = $id`, { id, told, ...partsOf(told) });
    } else if (!agents.has(partsOf(uid).agent) && agents.has(agent) && isFree(made)) {
      db.run('UPDATE sessions SET session_uid = $made WHERE id = $id', { id, made });
    } else if (uid.indexOf(':') > 0) {
      db.run('UPDATE sessions SET agent = $agent, native_id = $nativeId WHERE id = $id', {
        id,
        ...partsOf(uid),
      });
    }
  }
}

function partsOf(uid: string): { agent: string; nativeId: string } {
  const colon = uid.indexOf(':');
  return { agent: uid.slice(0, colon), nativeId: uid.slice(colon + 1) };
}

function insertSession(db: WritableDb, id: number, uid: string): boolean {
  if (db.get('SELECT 1 AS found FROM sessions WHERE session_uid = $uid', { uid }) !== null) return false;
  db.run('INSERT INTO sessions (id, session_uid, agent, native_id) VALUES ($id, $uid, $agent, $nativeId)', {
    id,
    uid,
    ...partsOf(uid),
  });
  return true;
}

/** Rows that belong to nobody by name cannot be told apart from damage; the old file is kept aside and still has them. */
function dropNameless(db: WritableDb, id: number): string {
  const paths = db.all<{ path: string }>('SELECT path FROM sources WHERE session_id = $id', { id });
  const { n } = db.get<{ n: number }>('SELECT count(*) AS n FROM segments WHERE session_id = $id', {
    id,
  }) ?? { n: 0 };
  for (const table of ['versions', 'segments', 'digests', 'tombstones', 'sources', 'events', 'files'])
    db.run(`DELETE FROM ${table} WHERE session_id = $id`, { id });
  const from =
    paths.length === 0 ? '' : `; the next ingest looks at ${paths.map(({ path }) => path).join(', ')}`;
  return `a session that nothing names any more (number ${id}, ${n} segments)${from}`;
}

/**
 * Files whose row is gone while segments of theirs are there. How the present version is made of them is lost with it, so the
 * file has no extent: it gives out nothing and fails loudly, unless the agent's own file proves that the version is all that
 * was stored, in its order. `show --removed` has it in any case.
 */
export function nameLostFiles(db: WritableDb, names: readonly RawRow[]): void {
  const keys = new Map<number, string>();
  for (const { values } of names) {
    const [, key, id] = values;
    if (typeof key === 'string' && typeof id === 'number') keys.set(id, key);
  }
  const missing = db.all<LostFile>(
    `SELECT g.file_id AS id, g.session_id AS sessionId, max(g.log_offset + g.raw_bytes) AS bytes,
       (SELECT substr(path, length(agent_root) + 2) FROM sources o JOIN sessions s ON s.id = o.session_id
        WHERE o.file_id = g.file_id AND substr(path, 1, length(agent_root) + 1) = agent_root || '/' LIMIT 1) AS relPath
     FROM segments g WHERE NOT EXISTS (SELECT 1 FROM files WHERE id = g.file_id) GROUP BY g.file_id`,
  );
  for (const file of missing) insertFile(db, file, keys.get(file.id) ?? `lost-${file.id}`);
}

interface LostFile {
  readonly id: number;
  readonly sessionId: number;
  readonly bytes: number;
  readonly relPath: string | null;
}

function insertFile(db: WritableDb, { id, sessionId, bytes, relPath }: LostFile, key: string): void {
  db.run(
    `INSERT INTO files (id, session_id, role, key, rel_path, encoding, raw_bytes, log_bytes, extents)
     VALUES ($id, $sessionId, $role, $key, $relPath, $encoding, $bytes, $bytes, '[]')`,
    {
      id,
      sessionId,
      role: roleByKey(key),
      key,
      relPath: relPath ?? `lost/${id}`,
      encoding: packingByName(relPath ?? ''),
      bytes,
    },
  );
}

function roleByKey(key: string): FileRole {
  return key === 'main' ? 'main' : 'sidecar';
}

/** Roles and packings that there are not: the word that differs in less than half of its letters, else what the file's key or name tells. */
export function mendWords(db: WritableDb): void {
  const { role: roles, encoding: packings } = WORDS.files;
  const damaged = db.all<{ id: number; key: string; relPath: string; role: string; encoding: string }>(
    `SELECT id, key, rel_path AS relPath, role, encoding FROM files
     WHERE ${isNoWord('role', roles)} OR ${isNoWord('encoding', packings)}`,
  );
  for (const { id, key, relPath, role, encoding } of damaged)
    db.run('UPDATE files SET role = $role, encoding = $encoding WHERE id = $id', {
      id,
      role: wordOf(role, roles, roleByKey(key)),
      encoding: wordOf(encoding, packings, packingByName(relPath)),
    });
}

function wordOf<Word extends string>(text: string, words: readonly Word[], otherwise: Word): Word {
  const near = closest(text, [...words]);
  const word = words.find((one) => one === near);
  return word !== undefined && 2 * distance(text, word) < word.length ? word : otherwise;
}

/** Where a time must stand and nothing else tells it: that of the repair. */
const NOW_SQL = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
/** What stands for a time that is none; of a column that is not here, nothing. */
const TOLD_BY: Readonly<Record<string, string>> = {
  'digests.made_at': NOW_SQL,
  'versions.replaced_at': NOW_SQL,
  'events.at': NOW_SQL,
  'forgotten.at': NOW_SQL,
  'sessions.started_at': toldByDigest("json_extract(json, '$.started_at')"),
  'sessions.ended_at': toldByDigest("json_extract(json, '$.ended_at')"),
  // Of a digest that covers what is stored; without one it must be analyzed again.
  'sessions.analyzed_at': toldByDigest('made_at', 'AND complete = 1 AND generation = raw_generation'),
  'sessions.digest_at': toldByDigest('made_at'),
  'sessions.evicted_at': `coalesce((SELECT at FROM forgotten WHERE id = sessions.id), (SELECT max(at) FROM events
    WHERE session_id = sessions.id AND kind IN ('evicted', 'data_loss') AND file_id IS NULL AND generation = raw_generation))`,
};

function toldByDigest(value: string, which = ''): string {
  return `(SELECT ${value} FROM digests WHERE session_id = sessions.id AND json_valid(json) ${which}
    AND NOT ${isNoTime(value)} ORDER BY generation DESC LIMIT 1)`;
}

/** Those of other tables first: a session's are told by them. */
const TIME_MENDS = Object.entries(TIMES)
  .flatMap(([table, columns]) => columns.map((column) => ({ table, column })))
  .sort((a, b) => Number(a.table === 'sessions') - Number(b.table === 'sessions'))
  .map(({ table, column }) => {
    const value = TOLD_BY[`${table}.${column}`] ?? 'NULL';
    return { sql: `UPDATE ${table} SET ${column} = ${value} WHERE ${isNoTime(column)}`, tells: null };
  });

/** Raw bytes that the session of a row of `files` counts and no file of it has. */
const UNACCOUNTED = `((SELECT raw_bytes FROM sessions WHERE id = files.session_id)
  - (SELECT sum(raw_bytes) FROM files f WHERE f.session_id = files.session_id AND f.gone = 0))`;
const IS_EMPTY = (file: string) => `${file}.gone = 0 AND ${file}.raw_bytes = 0 AND ${file}.log_bytes = 0`;

/** In this order. `tells`: what is said where it changed rows, after their number; null: nothing was lost by it. */
export const MENDS: readonly { readonly sql: string; readonly tells: string | null }[] = [
  ...TIME_MENDS,
  // A segment that names a file of another session has a damaged row.
  {
    sql: `DELETE FROM segments WHERE NOT EXISTS
            (SELECT 1 FROM files WHERE id = segments.file_id AND session_id = segments.session_id)`,
    tells: 'segments whose file is another session’s',
  },
  // A mark of a session or file that is not there would keep what the agent still has from being stored again.
  {
    sql: `DELETE FROM sources WHERE session_id NOT IN (SELECT id FROM sessions)
            OR (file_id IS NOT NULL AND file_id NOT IN (SELECT id FROM files))`,
    tells: null,
  },
  {
    sql: `DELETE FROM tombstones WHERE session_id NOT IN (SELECT id FROM sessions)`,
    tells: 'tombstones of nobody',
  },
  {
    sql: `DELETE FROM digests WHERE session_id NOT IN (SELECT id FROM sessions)`,
    tells: 'digests of nobody',
  },
  {
    sql: `DELETE FROM events WHERE session_id NOT IN (SELECT id FROM sessions)`,
    tells: 'events of nobody',
  },
  {
    sql: `UPDATE events SET session_uid = (SELECT session_uid FROM sessions WHERE id = events.session_id)
            WHERE session_uid IS NOT (SELECT session_uid FROM sessions WHERE id = events.session_id)
              AND session_id IN (SELECT id FROM sessions)`,
    tells: null,
  },
  // Two records of what was evicted that differ: the file's is taken. A wrong one only lets the same content come back.
  {
    sql: `UPDATE tombstones SET (sha256, raw_bytes) = (SELECT sha256, raw_bytes FROM files f
              WHERE f.session_id = tombstones.session_id AND f.key = tombstones.key)
            WHERE EXISTS (SELECT 1 FROM files f JOIN sessions s ON s.id = f.session_id
              WHERE f.session_id = tombstones.session_id AND f.key = tombstones.key AND f.gone = 1 AND f.sha256 IS NOT NULL
                AND s.raw_generation = tombstones.generation
                AND (f.sha256 <> tombstones.sha256 OR f.raw_bytes <> tombstones.raw_bytes))`,
    tells: null,
  },
  {
    sql: `UPDATE files SET log_bytes = (SELECT max(log_offset + raw_bytes) FROM segments WHERE file_id = files.id)
            WHERE log_bytes < (SELECT max(log_offset + raw_bytes) FROM segments WHERE file_id = files.id)`,
    tells: null,
  },
  // One empty file of a live session that had more: its numbers are damaged. What it had is looked for, and recorded as lost where it is not found.
  {
    sql: `UPDATE files SET (raw_bytes, log_bytes, extents) = (SELECT ${UNACCOUNTED}, ${UNACCOUNTED}, NULL)
            WHERE ${IS_EMPTY('files')} AND ${UNACCOUNTED} > 0 AND (SELECT evicted_at IS NULL FROM sessions WHERE id = files.session_id)
              AND (SELECT count(*) FROM files f WHERE f.session_id = files.session_id AND ${IS_EMPTY('f')}) = 1`,
    tells: null,
  },
  // A generation only ever rises; the highest one that anything names is the least that it can be.
  {
    sql: `UPDATE sessions SET raw_generation = max(1, coalesce((SELECT max(generation) FROM digests WHERE session_id = sessions.id), 0),
              coalesce((SELECT max(generation) FROM events WHERE session_id = sessions.id AND kind NOT GLOB 'imported *'), 0))
            WHERE raw_generation < max(coalesce((SELECT max(generation) FROM digests WHERE session_id = sessions.id), 0),
              coalesce((SELECT max(generation) FROM events WHERE session_id = sessions.id AND kind NOT GLOB 'imported *'), 0))
              OR (raw_generation = 0 AND EXISTS (SELECT 1 FROM segments WHERE session_id = sessions.id))
              OR (evicted_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM events WHERE session_id = sessions.id
                    AND kind IN ('evicted', 'data_loss') AND file_id IS NULL AND generation = raw_generation)
                  AND id NOT IN (SELECT id FROM forgotten))`,
    tells: null,
  },
  // A live session whose files are gone: what it was is an event, and what the agent still has can come back.
  {
    sql: `INSERT INTO events (at, kind, session_id, session_uid, generation, raw_bytes, stored_bytes, reason)
            SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'data_loss', id, session_uid, raw_generation, raw_bytes, stored_bytes,
              'damaged: none of its files can be read any more' FROM sessions
            WHERE evicted_at IS NULL AND file_count > 0 AND raw_bytes > 0
              AND NOT EXISTS (SELECT 1 FROM files WHERE session_id = sessions.id)
              AND NOT EXISTS (SELECT 1 FROM segments WHERE session_id = sessions.id)
              AND NOT EXISTS (SELECT 1 FROM events WHERE session_id = sessions.id AND generation = raw_generation
                                AND kind IN ('evicted', 'data_loss') AND file_id IS NULL)`,
    tells: 'sessions of which no raw byte is left',
  },
  {
    sql: `INSERT INTO events (at, kind, session_id, session_uid, generation, raw_bytes, stored_bytes, reason, file_id)
            SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'data_loss', s.id, session_uid, raw_generation,
              max(0, s.raw_bytes - sum(f.raw_bytes)), 0,
              'damaged: ' || (file_count - count(*)) || ' of its files cannot be read any more', min(f.id)
            FROM sessions s JOIN files f ON f.session_id = s.id AND f.gone = 0 WHERE evicted_at IS NULL
            GROUP BY s.id HAVING count(*) < file_count`,
    tells: 'sessions that lost some of their files',
  },
  {
    sql: `INSERT INTO events (at, kind, session_id, session_uid, generation, raw_bytes, stored_bytes, reason, file_id)
            SELECT ${NOW_SQL}, 'data_loss', s.id, session_uid, raw_generation, s.raw_bytes - sum(f.raw_bytes), 0,
              'damaged: no row of its files tells of ' || (s.raw_bytes - sum(f.raw_bytes)) || ' of its bytes any more', min(f.id)
            FROM sessions s JOIN files f ON f.session_id = s.id AND f.gone = 0 WHERE evicted_at IS NULL
            GROUP BY s.id HAVING count(*) = file_count AND s.raw_bytes > sum(f.raw_bytes)`,
    tells: 'sessions with bytes that no row of their files tells of any more',
  },
  // Evicted is what an event of this generation says is evicted and what has no segment; nothing else.
  {
    sql: `UPDATE sessions SET evicted_at = NULL WHERE evicted_at IS NOT NULL AND id NOT IN (SELECT id FROM forgotten) AND (NOT EXISTS
            (SELECT 1 FROM events WHERE session_id = sessions.id AND kind IN ('evicted', 'data_loss') AND file_id IS NULL
               AND generation = raw_generation) OR EXISTS (SELECT 1 FROM segments WHERE session_id = sessions.id))`,
    tells: null,
  },
  {
    sql: `UPDATE sessions SET evicted_at = (SELECT max(at) FROM events WHERE session_id = sessions.id
              AND kind IN ('evicted', 'data_loss') AND file_id IS NULL AND generation = raw_generation)
            WHERE evicted_at IS NULL AND NOT EXISTS (SELECT 1 FROM segments WHERE session_id = sessions.id)`,
    tells: null,
  },
  {
    sql: `UPDATE files SET gone = CASE WHEN (SELECT evicted_at FROM sessions WHERE id = session_id) IS NULL THEN 0 ELSE 1 END
            WHERE (gone = 1 AND EXISTS (SELECT 1 FROM segments WHERE file_id = files.id))
              OR (gone = 0 AND (SELECT evicted_at FROM sessions WHERE id = session_id) IS NOT NULL)`,
    tells: null,
  },
  {
    sql: `UPDATE sessions SET analyzed_at = NULL, analyze_error = NULL WHERE evicted_at IS NULL AND analyzed_at IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM digests WHERE session_id = sessions.id AND generation = raw_generation AND complete = 1)`,
    tells: 'digests; they are made again by the next ingest',
  },
  // Who vouched for a session of which only a stranger's digest is here had nothing to vouch for.
  {
    sql: `UPDATE sessions SET origin = (SELECT origin FROM digests WHERE session_id = sessions.id AND generation = raw_generation)
            WHERE origin IS NULL AND EXISTS (SELECT 1 FROM digests
              WHERE session_id = sessions.id AND generation = raw_generation AND origin IS NOT NULL)`,
    tells: "sessions that count as a stranger's again: only his digest of them is here",
  },
  {
    sql: `UPDATE sessions SET (raw_bytes, file_count) =
              (SELECT coalesce(sum(raw_bytes), 0), count(*) FROM files WHERE session_id = sessions.id)
            WHERE raw_bytes = 0 AND file_count = 0`,
    tells: null,
  },
  // Of what was evicted its size is remembered, though its files are forgotten; of what is live, files say what there is.
  {
    sql: `UPDATE sessions SET file_count = (SELECT count(*) FROM files WHERE session_id = sessions.id)
            WHERE evicted_at IS NOT NULL AND file_count > (SELECT count(*) FROM files WHERE session_id = sessions.id)`,
    tells: null,
  },
  {
    sql: `UPDATE sessions SET (raw_bytes, file_count) =
              (SELECT coalesce(sum(raw_bytes), 0), count(*) FROM files WHERE session_id = sessions.id AND gone = 0)
            WHERE evicted_at IS NULL AND (file_count > (SELECT count(*) FROM files WHERE session_id = sessions.id AND gone = 0)
              OR raw_bytes > (SELECT coalesce(sum(raw_bytes), 0) FROM files WHERE session_id = sessions.id AND gone = 0))`,
    tells: null,
  },
  // A version of a file that is not there, that is evicted, or of more than was ever stored of it names nothing.
  {
    sql: `DELETE FROM versions WHERE NOT EXISTS (SELECT 1 FROM files f WHERE f.id = versions.file_id
            AND f.session_id = versions.session_id AND f.gone = 0) OR json_valid(extents) = 0`,
    tells: 'earlier versions of files; what they had is in `show --removed`',
  },
];
