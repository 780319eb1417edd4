/** Types of records that no reader knew, as the newest digests of all sessions count them. Reads every digest: only when asked for. */
import type { ReadableDb } from './connection.ts';

export interface UnknownRecords {
  readonly agent: string;
  /** As the agent wrote it; escape it before it is shown. */
  readonly type: string;
  readonly records: number;
  readonly sessions: number;
}

/** More names than anyone reads. */
const TYPES_MAX = 100;

/** The most frequent first. Damaged text of a digest counts as none. */
export function unknownRecords(db: ReadableDb): UnknownRecords[] {
  return db.all<UnknownRecords>(
    `SELECT s.agent AS agent, u.key AS type, sum(u.value) AS records, count(DISTINCT s.id) AS sessions
     FROM digests d JOIN sessions s ON s.id = d.session_id,
       json_each(CASE WHEN json_valid(d.json) THEN d.json ELSE '{}' END, '$.records.unknown') u
     WHERE d.generation = (SELECT max(generation) FROM digests WHERE session_id = s.id)
     GROUP BY s.agent, u.key ORDER BY records DESC, s.agent, u.key LIMIT $max`,
    { max: TYPES_MAX },
  );
}
