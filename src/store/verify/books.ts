/**
 * The database against itself: its pages, its indexes, what its rows say of each other.
 * Promises: changes nothing; each check stands alone, so that one which SQLite cannot run hides no other; a row that is hit is
 * told by its session where it can be found.
 */
import { messageOf } from '../../domain/errors.ts';
import { type AgentId, type SessionUid, sessionUid } from '../../domain/ids.ts';
import { FILE_PACKINGS, FILE_ROLES } from '../../domain/session.ts';
import type { ReadableDb } from '../connection.ts';
import { sha256 } from '../segments.ts';
import { type DigestText, isDigestWhole } from '../whole-digest.ts';
import type { Cure, Diagnosis } from './findings.ts';

/** More would be more of the same. */
const PROBLEMS_MAX = 100;

/** SQLite's own check of pages, trees, indexes, types and constraints. */
export function databaseFindings(db: ReadableDb): Diagnosis[] {
  try {
    return db
      .all<{ integrity_check: string }>(`PRAGMA integrity_check(${PROBLEMS_MAX})`)
      .flatMap((row) => row.integrity_check.split('\n'))
      .filter((problem) => problem !== 'ok' && problem !== '' && !problem.startsWith('*** in database'))
      .map((problem) => {
        if (/ FTS5 table (?:main\.)?search\b/.test(problem)) return storeFinding(problem, 'search');
        const index = indexProblem(problem);
        const uid = index === null ? null : sessionOfRow(db, index);
        return { ...storeFinding(problem, index === null ? 'rebuild' : 'index'), session_uid: uid };
      });
  } catch (thrown) {
    return [storeFinding(messageOf(thrown), 'rebuild')];
  }
}

interface IndexProblem {
  readonly index: string;
  readonly rowNo: number | null;
}

/** What a new index mends, told by SQLite's words for it; null for anything else. */
function indexProblem(problem: string): IndexProblem | null {
  const row = /^row (\d+) missing from index (\S+)$/.exec(problem);
  if (row !== null) return { rowNo: Number(row[1]), index: row[2] ?? '' };
  const whole = /^(?:wrong # of entries in index|non-unique entry in index) (\S+)$/.exec(problem);
  if (whole !== null) return { rowNo: null, index: whole[1] ?? '' };
  return null;
}

/** Of a row that an index does not agree with, the session. */
function sessionOfRow(db: ReadableDb, { index, rowNo }: IndexProblem): string | null {
  try {
    const table = db.get<{ tbl_name: string }>('SELECT tbl_name FROM sqlite_schema WHERE name = $index', {
      index,
    });
    if (table === null || rowNo === null) return null;
    const column = HOLDERS[table.tbl_name];
    if (column === undefined) return null;
    // SQLite counts the rows that it has passed; it does not say the rowid.
    const sql = `SELECT session_uid AS uid FROM sessions NOT INDEXED WHERE id =
      (SELECT ${column} FROM ${table.tbl_name} NOT INDEXED ORDER BY rowid LIMIT 1 OFFSET $rowsBefore)`;
    return db.get<{ uid: string }>(sql, { rowsBefore: rowNo - 1 })?.uid ?? null;
  } catch {
    // The row cannot be read either; that is found and told on its own.
    return null;
  }
}

/** Tables with rows of sessions, and the column that says whose. */
const HOLDERS: Readonly<Record<string, string>> = {
  sessions: 'id',
  files: 'session_id',
  segments: 'session_id',
  digests: 'session_id',
  tombstones: 'session_id',
  events: 'session_id',
  versions: 'session_id',
};

/** Columns that hold a time, of a session or of what is told of one. */
export const TIMES: Readonly<Record<string, readonly string[]>> = {
  sessions: ['started_at', 'ended_at', 'ingested_at', 'analyzed_at', 'digest_at', 'evicted_at', 'later_at'],
  digests: ['made_at'],
  versions: ['replaced_at'],
  events: ['at'],
  forgotten: ['at'],
};
const TIME_FORM = '####-##-##T##:##:##.###Z'.replaceAll('#', '[0-9]');

/** Whether a column holds what is no time: one byte of a page that is another one, or zeros, and every order by it is wrong. */
export function isNoTime(column: string): string {
  return `(${column} IS NOT NULL AND (${column} NOT GLOB '${TIME_FORM}' OR octet_length(${column}) <> 24))`;
}

/** The sessions of a table's rows of which a time is none. */
function timeRule(table: string, columns: readonly string[]): string {
  const isOne = columns.map((column) => isNoTime(`t.${column}`)).join(' OR ');
  const id = HOLDERS[table] ?? 'id';
  return `SELECT coalesce(s.session_uid, 'session number ' || t.${id}) AS uid
    FROM ${table} t LEFT JOIN sessions s ON s.id = t.${id} WHERE ${isOne} GROUP BY t.${id}`;
}

/** Columns that hold one of a few words; nothing else in the store says which. */
export const WORDS = {
  files: { role: FILE_ROLES, encoding: FILE_PACKINGS },
} as const satisfies Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Whether a column holds none of its words: by one wrong letter a session's transcript is not found. */
export function isNoWord(column: string, words: readonly string[]): string {
  return `${column} NOT IN (${words.map((word) => `'${word}'`).join(', ')})`;
}

/** Each rule of the books: rows that break it, what is said of them, and what mends it. */
const RULES: readonly { readonly sql: string; readonly problem: string; readonly cure: Cure }[] = [
  {
    sql: `SELECT session_uid AS uid FROM sessions s WHERE stored_bytes <> CASE WHEN evicted_at IS NOT NULL THEN stored_bytes
            ELSE (SELECT coalesce(sum(stored_bytes), 0) FROM segments WHERE session_id = s.id) END`,
    problem: 'its stored bytes are not the sum of its segments',
    cure: 'books',
  },
  {
    sql: `SELECT session_uid AS uid FROM sessions s WHERE digest_bytes <>
            (SELECT coalesce(sum(bytes), 0) FROM digests WHERE session_id = s.id)`,
    problem: 'the bytes of its digests are not their sum',
    cure: 'books',
  },
  {
    sql: `SELECT session_uid AS uid FROM sessions s WHERE evicted_at IS NOT NULL AND NOT EXISTS
            (SELECT 1 FROM events WHERE session_id = s.id AND kind IN ('evicted', 'data_loss') AND file_id IS NULL
               AND generation = s.raw_generation) AND NOT EXISTS (SELECT 1 FROM forgotten WHERE id = s.id)`,
    problem: 'it was evicted without an event',
    cure: 'rebuild',
  },
  {
    sql: `SELECT session_uid AS uid FROM sessions s WHERE evicted_at IS NULL AND EXISTS
            (SELECT 1 FROM events WHERE session_id = s.id AND kind IN ('evicted', 'data_loss') AND file_id IS NULL
               AND generation = s.raw_generation)`,
    problem: 'an event says that it was evicted, and it does not',
    cure: 'rebuild',
  },
  {
    sql: `SELECT session_uid AS uid FROM sessions s WHERE analyzed_at IS NOT NULL AND evicted_at IS NULL AND NOT EXISTS
            (SELECT 1 FROM digests WHERE session_id = s.id AND generation = s.raw_generation AND complete = 1)`,
    problem: 'it counts as analyzed without a digest of what is stored',
    cure: 'digest',
  },
  {
    sql: `SELECT session_uid AS uid FROM sessions s WHERE origin IS NULL AND EXISTS
            (SELECT 1 FROM digests WHERE session_id = s.id AND generation = s.raw_generation AND origin IS NOT NULL)`,
    problem: "a stranger's digest stands for it, and it does not count as a stranger's",
    cure: 'rebuild',
  },
  {
    sql: `SELECT e.session_uid AS uid FROM events e LEFT JOIN sessions s ON s.id = e.session_id
            WHERE s.session_uid IS NOT e.session_uid`,
    problem: 'an event of it names another session',
    cure: 'rebuild',
  },
  {
    sql: `SELECT session_uid AS uid FROM sessions s JOIN tombstones t ON t.session_id = s.id
            JOIN files f ON f.session_id = s.id AND f.key = t.key
            WHERE f.gone = 1 AND s.evicted_at IS NOT NULL AND t.generation = s.raw_generation
              AND (t.sha256 IS NOT f.sha256 OR t.raw_bytes <> f.raw_bytes)`,
    problem: 'a tombstone of it and its file do not agree',
    cure: 'rebuild',
  },
  ...Object.entries(TIMES).map(([table, columns]) => ({
    sql: timeRule(table, columns),
    problem: `a time of its ${table === 'sessions' ? 'row' : table} is none`,
    cure: 'rebuild' as const,
  })),
  ...Object.entries(WORDS).flatMap(([table, columns]) =>
    Object.entries(columns).map(([column, words]) => ({
      sql: `SELECT coalesce(s.session_uid, 'session number ' || t.session_id) AS uid
        FROM ${table} t LEFT JOIN sessions s ON s.id = t.session_id WHERE ${isNoWord(`t.${column}`, words)} GROUP BY t.session_id`,
      problem: `one of its ${table} has no ${column} that there is`,
      cure: 'rebuild' as const,
    })),
  ),
  ...(['files', 'segments', 'digests', 'tombstones'] as const).map((table) => ({
    sql: `SELECT 'session number ' || t.session_id AS uid FROM ${table} t LEFT JOIN sessions s ON s.id = t.session_id
            WHERE s.id IS NULL GROUP BY t.session_id`,
    problem: `it has ${table} and is not there itself`,
    cure: 'rebuild' as const,
  })),
  {
    sql: `SELECT s.session_uid AS uid FROM forgotten x JOIN sessions s ON s.id = x.id WHERE s.evicted_at IS NULL
            OR coalesce(s.project, s.title, s.branch, s.agent_root, s.analyze_error) IS NOT NULL
            OR EXISTS (SELECT 1 FROM files WHERE session_id = s.id) OR EXISTS (SELECT 1 FROM segments WHERE session_id = s.id)
            OR EXISTS (SELECT 1 FROM digests WHERE session_id = s.id) OR EXISTS (SELECT 1 FROM sources WHERE session_id = s.id)`,
    problem: 'it was forgotten, and something of it is here',
    cure: 'rebuild',
  },
  {
    sql: `SELECT session_uid AS uid FROM segments g JOIN sessions s ON s.id = g.session_id
            LEFT JOIN files f ON f.id = g.file_id AND f.session_id = g.session_id WHERE f.id IS NULL GROUP BY s.id`,
    problem: 'it has segments of a file that is not there',
    cure: 'rebuild',
  },
  {
    sql: `SELECT session_uid AS uid FROM sessions s WHERE evicted_at IS NULL AND stored_bytes > 0 AND NOT EXISTS
            (SELECT 1 FROM files WHERE session_id = s.id AND gone = 0)`,
    problem: 'its files are not there',
    cure: 'rebuild',
  },
];

/** What the books say against what the rows say. */
export function bookFindings(db: ReadableDb): Diagnosis[] {
  const findings = RULES.flatMap(({ sql, problem, cure }) => {
    try {
      return db
        .all<{ uid: string }>(sql)
        .map(({ uid }) => ({ ...storeFinding(problem, cure), session_uid: uid }));
    } catch (thrown) {
      return [storeFinding(`${problem}: this could not be looked at: ${messageOf(thrown)}`, 'rebuild')];
    }
  });
  return [...findings, ...nameFindings(db), ...digestFindings(db), ...counterFindings(db)];
}

/** Names against what they are made of. */
function nameFindings(db: ReadableDb): Diagnosis[] {
  try {
    return unlikeNames(db).map(({ uid }) => ({
      ...storeFinding('its agent and its id do not make its name', 'rebuild'),
      session_uid: uid,
    }));
  } catch (thrown) {
    return [storeFinding(`the names cannot be looked at: ${messageOf(thrown)}`, 'rebuild')];
  }
}

export interface NameRow {
  readonly id: number;
  readonly uid: string;
  readonly agent: AgentId;
  readonly nativeId: string;
}

/** The name that the agent and its id make; an id that is no plain one stands in it as a hash. */
export function nameOf({ agent, nativeId }: Pick<NameRow, 'agent' | 'nativeId'>): SessionUid {
  return sessionUid(agent, nativeId, (text) => Buffer.from(sha256(Buffer.from(text))).toString('hex'));
}

/** Sessions whose name is not made of their agent and id, in either of the two ways it may be. */
export function unlikeNames(db: ReadableDb): NameRow[] {
  return db
    .all<NameRow>(
      `SELECT id, session_uid AS uid, agent, native_id AS nativeId FROM sessions NOT INDEXED
       WHERE session_uid <> agent || ':' || native_id`,
    )
    .filter((row) => !isNameOf(row.uid, row));
}

/** Whether an agent and an id make the name, in either way. */
export function isNameOf(uid: string, row: Pick<NameRow, 'agent' | 'nativeId'>): boolean {
  const name = nameOf(row);
  return uid === name || (uid.startsWith(name) && DIVERGED.test(uid.slice(name.length)));
}

/** What `divergedUid` adds; 0.1.0 named what differed from a twin with two marks. */
const DIVERGED = /^(?:\.[0-9a-f]{8}){1,2}$/;

/** Digests against their hash. One that waits for a newer one, or is recorded as lost, is no finding. */
function digestFindings(db: ReadableDb): Diagnosis[] {
  const findings: Diagnosis[] = [];
  let id = 0;
  try {
    // One at a time: all of them together may be a GiB.
    for (;;) {
      const row = db.get<CheckedDigest>(
        `SELECT d.id, session_uid AS uid, json, sha256, (s.evicted_at IS NULL AND d.generation < s.raw_generation
             AND d.covers_from >= s.covers_from) OR EXISTS (SELECT 1 FROM events e WHERE e.session_id = s.id
             AND e.kind = 'data_loss' AND e.file_id IS NOT NULL AND e.log_offset IS NULL AND e.generation >= d.generation) AS settled
         FROM digests d JOIN sessions s ON s.id = d.session_id WHERE d.id > $id ORDER BY d.id LIMIT 1`,
        { id },
      );
      if (row === null) return findings;
      id = row.id;
      if (row.settled === 1 || isDigestWhole(row)) continue;
      findings.push({ ...storeFinding('a digest of it is damaged', 'digest'), session_uid: row.uid });
    }
  } catch (thrown) {
    return [...findings, storeFinding(`the digests cannot be read: ${messageOf(thrown)}`, 'rebuild')];
  }
}

interface CheckedDigest extends DigestText {
  readonly id: number;
  readonly uid: string;
  readonly settled: number;
}

function counterFindings(db: ReadableDb): Diagnosis[] {
  const sums = `SELECT agent, state, pinned, count(*), sum(raw_bytes), sum(stored_bytes), sum(digest_bytes)
    FROM sessions GROUP BY agent, state, pinned`;
  const counters =
    'SELECT agent, state, pinned, sessions, raw_bytes, stored_bytes, digest_bytes FROM counters WHERE sessions <> 0';
  try {
    const differs =
      db.get(
        `SELECT 1 AS found WHERE EXISTS (${sums} EXCEPT ${counters}) OR EXISTS (${counters} EXCEPT ${sums})`,
      ) !== null;
    return differs ? [storeFinding('the counters are not the sums of the sessions', 'books')] : [];
  } catch (thrown) {
    return [storeFinding(`the counters cannot be read: ${messageOf(thrown)}`, 'rebuild')];
  }
}

function storeFinding(problem: string, cure: Cure): Diagnosis {
  return { session_uid: null, file: null, problem, cure, place: null };
}
