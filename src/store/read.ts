/**
 * Every question about sessions, files, digests and history.
 * Promises: what is asked often (usage, counts, the next victim) comes from counters and partial indexes; test/store
 * asserts the query plans.
 */
import { fail } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { SessionRow, SessionState } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import { LOSSLESS_PASSES } from '../policy/passes.ts';
import type { ReadableDb } from './connection.ts';
import { untoldNamed } from './remote/state.ts';
import {
  type FileColumns,
  NAMED,
  NAMED_ID,
  SESSION_COLUMNS,
  type SessionColumns,
  type StoredFile,
  toFile,
  toSession,
} from './rows.ts';

export interface SessionFilter {
  readonly agent?: string;
  /** A part of the project's path. */
  readonly project?: string;
  readonly state?: SessionState;
  /** Ended (else started, else ingested) at or after. */
  readonly since?: string;
  readonly pinned?: boolean;
  readonly sort?: SessionSort;
  readonly limit?: number;
}

/** How `list` may be sorted; newest or largest first. */
export const SESSION_SORTS = {
  ended: 'age_key DESC, session_uid DESC',
  started: 'started_at DESC, session_uid DESC',
  ingested: 'ingested_at DESC, session_uid DESC',
  analyzed: 'analyzed_at DESC, session_uid DESC',
  size: 'raw_bytes DESC, session_uid DESC',
  stored: 'stored_bytes DESC, session_uid DESC',
  project: 'project, age_key DESC, session_uid DESC',
  eviction: 'evict_key, end_key, session_uid',
} as const;
export type SessionSort = keyof typeof SESSION_SORTS;

export function findSession(db: ReadableDb, uid: SessionUid): SessionRow | null {
  const row = db.get<SessionColumns>(`SELECT ${SESSION_COLUMNS} FROM sessions WHERE ${NAMED}`, {
    uid,
  });
  return row === null ? null : toSession(row);
}

/** The internal number of a session; throws where there is none. */
export function sessionIdOf(db: ReadableDb, uid: SessionUid): number {
  const row = db.get<{ id: number }>(`SELECT id FROM sessions WHERE ${NAMED}`, { uid });
  if (row === null) throw fail('not_found', `no session ${uid}`, 'See `session-memory list`.');
  return row.id;
}

/** The session that `text` names: a uid, the agent's own id, or a unique prefix of either. */
export function resolveSession(db: ReadableDb, text: string): SessionRow {
  // A full name asks one index only: where the other one is damaged, the session can still be had.
  const byUid = findSession(db, text as SessionUid);
  if (byUid !== null) return byUid;
  const hits = db.all<SessionColumns>(
    `SELECT ${SESSION_COLUMNS} FROM sessions WHERE id IN (${STARTING_WITH})
       AND (instr(+session_uid, $text) = 1 OR instr(+session_uid, ':' || $text) > 0 OR instr(+native_id, $text) = 1) LIMIT 6`,
    { text },
  );
  const named = hits.filter((row) => row.session_uid === text || row.session_uid.endsWith(`:${text}`));
  // A stranger's session may have come under the id first: the id names this machine's own.
  const own = hits.filter((row) => row.native_id === text && row.origin === null);
  const exact = named.every((row) => row.origin !== null) && own.length > 0 ? own : named;
  const [only, second] = exact.length === 1 ? exact : hits;
  if (only === undefined || text === '') {
    refuseLost(db, text);
    const [untold] = untoldNamed(db, text);
    if (untold !== undefined)
      throw fail(
        'not_found',
        `${untold} lies in the bucket, and no machine has made a digest of it`,
        '`session-memory show UID --raw` and `restore UID` fetch it.',
      );
    throw fail(
      'not_found',
      `no session ${text || '""'}`,
      'See `session-memory list`; evicted sessions are listed too.',
    );
  }
  if (second !== undefined) {
    const names = hits
      .slice(0, 5)
      .map((row) => row.session_uid)
      .join(', ');
    throw fail(
      'usage',
      `${text} names more than one session: ${names}${hits.length > 5 ? ', …' : ''}`,
      'Give more of the id.',
    );
  }
  return toSession(only);
}

/** Sessions whose uid begins with a text, or the part of it behind the agent, or the agent's own id. Each is asked of an index. */
const STARTING_WITH = `SELECT id FROM sessions WHERE session_uid >= $text AND session_uid < $text || char(1114111)
  UNION SELECT id FROM sessions WHERE native_id >= $text AND native_id < $text || char(1114111)
  UNION SELECT s.id FROM (SELECT DISTINCT agent FROM counters) a CROSS JOIN sessions s
    ON s.session_uid >= a.agent || ':' || $text AND s.session_uid < a.agent || ':' || $text || char(1114111)`;

/** Fails where the session is there and only the index of names does not lead to it. */
function refuseLost(db: ReadableDb, text: string): void {
  const there = db.get(
    'SELECT 1 AS found FROM sessions NOT INDEXED WHERE session_uid = $text OR native_id = $text LIMIT 1',
    { text },
  );
  if (there === null) return;
  throw fail(
    'corrupt',
    `the session ${text} is there, but the index of names, which is damaged, does not lead to it`,
    'Run `session-memory verify --repair`: it makes the index anew, and loses nothing.',
  );
}

/** Sessions whose name, or whose agent's id, begins so; at most `limit`, the newest first. */
export function sessionsStarting(db: ReadableDb, prefix: string, limit: number): SessionRow[] {
  return db
    .all<SessionColumns>(
      `SELECT ${SESSION_COLUMNS} FROM sessions WHERE id IN (${STARTING_WITH}) ORDER BY ended_at DESC LIMIT $limit`,
      { text: prefix, limit },
    )
    .map(toSession);
}

export function listSessions(db: ReadableDb, filter: SessionFilter = {}): SessionRow[] {
  return [...eachSession(db, filter)];
}

/** The same one at a time: there may be a million. */
export function* eachSession(db: ReadableDb, filter: SessionFilter = {}): Generator<SessionRow> {
  const where: string[] = [];
  if (filter.agent !== undefined) where.push('agent = $agent');
  if (filter.project !== undefined) where.push("instr(lower(coalesce(project, '')), lower($project)) > 0");
  if (filter.state !== undefined) where.push('state = $state');
  if (filter.since !== undefined) where.push('age_key >= $since');
  if (filter.pinned !== undefined) where.push('pinned = $pinned');
  const sql = `SELECT ${SESSION_COLUMNS} FROM sessions ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
    ORDER BY ${SESSION_SORTS[filter.sort ?? 'ended']} LIMIT $limit`;
  const named = {
    ...(filter.agent === undefined ? {} : { agent: filter.agent }),
    ...(filter.project === undefined ? {} : { project: filter.project }),
    ...(filter.state === undefined ? {} : { state: filter.state }),
    ...(filter.since === undefined ? {} : { since: filter.since }),
    ...(filter.pinned === undefined ? {} : { pinned: filter.pinned ? 1 : 0 }),
  };
  for (const row of db.each<SessionColumns>(sql, { ...named, limit: filter.limit ?? -1 }))
    yield toSession(row);
}

/** How that failure begins. */
export const MISSING_FILES = 'the list of files of';

/**
 * A session's files: live ones, and what the tombstones of the last eviction say of the others. Fails where fewer are found than
 * were counted: behind a damaged index or page a session must not look as if it had none.
 */
export function filesOf(db: ReadableDb, uid: SessionUid): StoredFile[] {
  // Files and their count are of one moment: another process may store the session between two looks.
  const { files, problem } = db.snapshot(() => {
    const found = db
      .all<FileColumns>(
        `SELECT f.id, f.role, f.key, f.rel_path, f.encoding, f.raw_bytes, f.log_bytes, f.extents, f.sha256, f.gone,
           coalesce(sum(s.stored_bytes), 0) AS stored_bytes, count(s.id) AS segment_count
         FROM files f LEFT JOIN segments s ON s.session_id = f.session_id AND s.file_id = f.id
         WHERE f.session_id = ${NAMED_ID}
         GROUP BY f.id ORDER BY f.role <> 'main', f.key`,
        { uid },
      )
      .map(toFile);
    return { files: found, problem: missingFiles(db, uid, found) };
  });
  if (problem === null) return files;
  throw fail(
    'corrupt',
    `${MISSING_FILES} ${uid} is damaged: ${problem}`,
    'Run `session-memory verify` for the whole list, and `session-memory verify --repair` to save what can be saved.',
  );
}

/** What is wrong where fewer files were found of a session than were counted; null: nothing. */
function missingFiles(db: ReadableDb, uid: SessionUid, files: readonly StoredFile[]): string | null {
  const session = db.get<{ counted: number; evicted: number }>(
    `SELECT file_count AS counted, evicted_at IS NOT NULL AS evicted FROM sessions WHERE ${NAMED}`,
    { uid },
  );
  if (session === null) return null;
  // One that comes back has the rows of its files one by one, and is evicted until the first of its bytes.
  const found = session.evicted === 1 ? files.length : files.filter(({ gone }) => !gone).length;
  if (found >= session.counted) return null;
  return `${found} of ${session.counted} can be found`;
}

export interface StoredDigest {
  readonly generation: number;
  readonly complete: boolean;
  readonly madeAt: string;
  readonly bytes: number;
  readonly json: string;
}

/** A session's digests, newest first: more than one where it came back changed after an eviction. */
export function digestsOf(db: ReadableDb, uid: SessionUid): StoredDigest[] {
  return db
    .all<{ generation: number; complete: number; made_at: string; bytes: number; json: string }>(
      `SELECT generation, complete, made_at, bytes, json FROM digests
       WHERE session_id = ${NAMED_ID} ORDER BY generation DESC`,
      { uid },
    )
    .map((row) => ({ ...row, complete: row.complete === 1, madeAt: row.made_at }));
}

/** Live sessions whose digest was made by an analyzer before `version`, and all of those agents, in order of eviction. */
export function sessionsDigestedBefore(
  db: ReadableDb,
  version: number,
  agents: readonly string[] = [],
): SessionUid[] {
  return db
    .all<{ session_uid: SessionUid }>(
      `SELECT s.session_uid FROM sessions s JOIN digests d ON d.session_id = s.id AND d.generation = s.raw_generation
       WHERE s.evicted_at IS NULL AND s.analyzed_at IS NOT NULL
         AND (d.version < $version OR s.agent IN (SELECT value FROM json_each($agents)))
       ORDER BY s.evict_key, s.end_key, s.session_uid`,
      { version, agents: JSON.stringify(agents) },
    )
    .map((row) => row.session_uid);
}

/** Live sessions in whose transcripts a time counts at `horizon` that did not when they were read. */
export function sessionsToldLater(
  db: ReadableDb,
  horizon: Iso,
): { readonly uid: SessionUid; readonly laterAt: Iso }[] {
  return db.all(
    `SELECT session_uid AS uid, later_at AS laterAt FROM sessions
     WHERE later_at IS NOT NULL AND evicted_at IS NULL AND later_at <= $horizon ORDER BY later_at`,
    { horizon },
  );
}

export interface SourceRow {
  readonly path: string;
  readonly fileId: number | null;
  /** It is a file beside the transcript. */
  readonly isBeside: 0 | 1;
}

/** Where on this machine a session's files were last seen, its transcript first. */
export function sourcesOf(db: ReadableDb, uid: SessionUid): SourceRow[] {
  return db.all(
    `SELECT path, file_id AS fileId, coalesce(role, 'main') <> 'main' AS isBeside
     FROM sources o LEFT JOIN files f ON f.id = o.file_id
     WHERE o.session_id = ${NAMED_ID} ORDER BY isBeside, path`,
    { uid },
  );
}

/** The session and the file of it that a path was last seen to be; null where it is no file of one. */
export function sessionOfPath(
  db: ReadableDb,
  path: string,
): { readonly uid: SessionUid; readonly fileId: number } | null {
  return db.get(
    `SELECT session_uid AS uid, file_id AS fileId FROM sources o JOIN sessions s ON s.id = o.session_id
     WHERE path = $path AND file_id IS NOT NULL`,
    { path },
  );
}

export interface EventRow {
  readonly at: Iso;
  readonly kind: string;
  readonly session_uid: SessionUid;
  readonly generation: number;
  readonly sweep_id: string | null;
  readonly raw_bytes: number;
  readonly stored_bytes: number;
  readonly reason: string;
}

/** Events, newest first. */
export function listEvents(
  db: ReadableDb,
  filter: { readonly sweepId?: string; readonly uid?: SessionUid; readonly limit?: number } = {},
): EventRow[] {
  const where = [
    ...(filter.sweepId === undefined ? [] : ['sweep_id = $sweepId']),
    ...(filter.uid === undefined ? [] : [`session_id = ${NAMED_ID}`]),
  ];
  return db.all(
    `SELECT at, kind, session_uid, generation, sweep_id, raw_bytes, stored_bytes, reason FROM events
     ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY id DESC LIMIT $limit`,
    {
      ...(filter.sweepId === undefined ? {} : { sweepId: filter.sweepId }),
      ...(filter.uid === undefined ? {} : { uid: filter.uid }),
      limit: filter.limit ?? -1,
    },
  );
}

export interface SweepRow {
  readonly sweep_id: string;
  readonly plan_id: string;
  readonly started_at: Iso;
  /** Null where the sweep was killed before its report. */
  readonly finished_at: Iso | null;
  readonly lost_data: boolean;
  readonly bytes_freed: number;
  /** JSON of the report, null as above. */
  readonly report: string | null;
}

/** Every list of a report that tells of something done, decided or amiss is empty. */
const DID_NOTHING = `coalesce(json_valid(report), 0) = 1 AND bytes_freed = 0 AND lost_data = 0
  AND coalesce(json_extract(report, '$.over_hard_cap'), 0) = 0 AND coalesce(json_extract(report, '$.interrupted'), 0) = 0
  AND ${[
    ...LOSSLESS_PASSES.map(({ name }) => `${name}_evicted`),
    'overflow_analyzed',
    'overflow_data_loss',
    'declined',
    'skipped',
  ]
    .map((list) => `coalesce(json_array_length(report, '$.${list}'), 0) = 0`)
    .join(' AND ')}`;

/** Sweeps, newest first. `emptyToo`: those that found nothing to do as well. */
export function listSweeps(db: ReadableDb, limit = -1, emptyToo = true): SweepRow[] {
  return db
    .all<Omit<SweepRow, 'lost_data'> & { lost_data: number }>(
      `SELECT sweep_id, plan_id, started_at, finished_at, lost_data, bytes_freed, report FROM sweeps
       ${emptyToo ? '' : `WHERE NOT (${DID_NOTHING})`} ORDER BY started_at DESC, sweep_id DESC LIMIT $limit`,
      { limit },
    )
    .map((row) => ({ ...row, lost_data: row.lost_data === 1 }));
}

/** One sweep by its id or a unique prefix. */
export function findSweep(db: ReadableDb, prefix: string): SweepRow | null {
  const hits = listSweeps(db).filter((row) => row.sweep_id.startsWith(prefix));
  return hits.length === 1 ? (hits[0] ?? null) : null;
}

/** A number that changes with every commit of another connection; reading it costs microseconds. */
export function dataVersion(db: ReadableDb): number {
  return db.get<{ data_version: number }>('PRAGMA data_version')?.data_version ?? 0;
}
