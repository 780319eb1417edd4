/**
 * How the last analysis of a session went: what decides when a failed one is tried again, and what was made with which analyzer.
 * Promises: a failure is remembered until an analysis of the session works, or its bytes go for good.
 */
import type { SessionUid } from '../domain/ids.ts';
import { type Attempt, type Circumstances, causeOf, dueAt, isUnchanged } from '../domain/retry.ts';
import type { Iso } from '../domain/time.ts';
import type { ReadableDb, WritableDb } from './connection.ts';
import { BUCKET_ONLY } from './remote/receipts.ts';
import { NAMED, NAMED_ID } from './rows.ts';

interface AnalysisColumns {
  generation: number;
  failures: number;
  tried_at: Iso;
  analyzer: string;
  program: string;
}

const toAttempt = ({ tried_at, ...row }: AnalysisColumns): Attempt => ({ ...row, triedAt: tried_at });

export function lastAttempt(db: ReadableDb, uid: SessionUid): Attempt | null {
  const row = db.get<AnalysisColumns>(
    `SELECT generation, failures, tried_at, analyzer, program FROM analyses WHERE session_id = ${NAMED_ID}`,
    { uid },
  );
  return row === null ? null : toAttempt(row);
}

/** Remembers why an analysis failed, and how often it has by now as things are. */
export function noteFailure(
  db: WritableDb,
  uid: SessionUid,
  why: string,
  present: Circumstances,
  now: Iso,
): void {
  db.writeTransaction(() => {
    const row = db.get<{ id: number }>(
      `SELECT s.id AS id FROM sessions s WHERE ${NAMED} AND raw_generation = $generation
         AND ((evicted_at IS NULL AND analyzed_at IS NULL) OR (${BUCKET_ONLY}))`,
      { uid, generation: present.generation },
    );
    if (row === null) return;
    const last = lastAttempt(db, uid);
    const failures = last !== null && isUnchanged(last, present) ? last.failures + 1 : 1;
    db.run('UPDATE sessions SET analyze_error = $why WHERE id = $id', { id: row.id, why });
    put(db, row.id, { ...present, failures, triedAt: now });
  });
}

/** Remembers which analyzer a digest was made with; where none has a part in it, nothing needs to be. */
export function noteSuccess(db: WritableDb, uid: SessionUid, present: Circumstances, now: Iso): void {
  const last = lastAttempt(db, uid);
  if (present.analyzer === '' && (last === null || last.failures === 0)) return;
  const row = db.get<{ id: number }>(`SELECT id FROM sessions WHERE ${NAMED}`, { uid });
  if (row === null) return;
  if (present.analyzer === '') db.run('DELETE FROM analyses WHERE session_id = $id', { id: row.id });
  else put(db, row.id, { ...present, failures: 0, triedAt: now });
}

function put(db: WritableDb, id: number, attempt: Attempt): void {
  db.run(
    `INSERT INTO analyses (session_id, generation, failures, tried_at, analyzer, program)
     VALUES ($id, $generation, $failures, $triedAt, $analyzer, $program)
     ON CONFLICT (session_id) DO UPDATE SET generation = excluded.generation, failures = excluded.failures,
       tried_at = excluded.tried_at, analyzer = excluded.analyzer, program = excluded.program`,
    { id, ...attempt },
  );
}

/** Live analyzed sessions whose digest was not made with this analyzer, in order of eviction. */
export function sessionsMadeWithout(db: ReadableDb, analyzer: string): SessionUid[] {
  return db
    .all<{ uid: SessionUid }>(
      `SELECT s.session_uid AS uid FROM sessions s LEFT JOIN analyses a ON a.session_id = s.id
       WHERE s.evicted_at IS NULL AND s.analyzed_at IS NOT NULL AND a.analyzer IS NOT $analyzer
       ORDER BY s.evict_key, s.end_key, s.session_uid`,
      { analyzer },
    )
    .map(({ uid }) => uid);
}

/** Sessions without a digest whose analysis failed for one cause. */
export interface FailedGroup {
  /** Why, in the words of the one that was tried last. */
  readonly reason: string;
  readonly sessions: number;
  /** One of them, to look at. */
  readonly example: SessionUid;
  /** When `maintain` tries the first of them again; null: at its next run. */
  readonly nextTryAt: Iso | null;
}

/** Sessions whose analysis failed, by cause; the most frequent first. Only they are read. */
export function failedAnalyses(
  db: ReadableDb,
  present: Pick<Circumstances, 'analyzer' | 'program'>,
): FailedGroup[] {
  // CROSS JOIN: the few that failed come first. Left to itself SQLite looks at each live session.
  const rows = db.all<AnalysisColumns & { uid: SessionUid; why: string; raw_generation: number }>(
    `SELECT s.session_uid AS uid, s.analyze_error AS why, s.raw_generation, a.generation, a.failures, a.tried_at,
       a.analyzer, a.program
     FROM analyses a CROSS JOIN sessions s ON s.id = a.session_id
     WHERE a.failures > 0 AND s.analyzed_at IS NULL AND s.evicted_at IS NULL AND s.analyze_error IS NOT NULL
     ORDER BY a.tried_at DESC, a.session_id`,
  );
  const groups = Map.groupBy(rows, ({ why }) => causeOf(why));
  return [...groups.values()]
    .map((group): FailedGroup => {
      const tries = group.map((row) => {
        const attempt = toAttempt(row);
        const isSame = isUnchanged(attempt, { ...present, generation: row.raw_generation });
        return isSame && attempt.triedAt !== '' ? dueAt(attempt) : null;
      });
      const [latest] = group;
      if (latest === undefined) throw new Error('a group has a member');
      return {
        reason: latest.why,
        sessions: group.length,
        example: latest.uid,
        nextTryAt: tries.includes(null) ? null : (tries.sort()[0] ?? null),
      };
    })
    .sort((a, b) => b.sessions - a.sessions || (a.reason < b.reason ? -1 : 1));
}
