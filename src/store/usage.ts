/**
 * Usage, counts and the census that the policy plans on.
 * Promises: no total is made by reading sessions; victims are walked by index, a page at a time, in the policy's order.
 */
import type { SessionCard } from '../domain/session.ts';
import { addMs, DAY_MS, horizon, type Iso } from '../domain/time.ts';
import { type Census, censusOf } from '../policy/census.ts';
import type { ReadableDb } from './connection.ts';
import { SESSION_COLUMNS, type SessionColumns, toSession } from './rows.ts';

export interface CounterRow {
  readonly agent: string;
  readonly state: 'analyzed' | 'unanalyzed' | 'evicted';
  readonly pinned: number;
  readonly sessions: number;
  readonly raw_bytes: number;
  readonly stored_bytes: number;
  readonly digest_bytes: number;
}

export const COUNTERS_SQL = 'SELECT * FROM counters WHERE sessions > 0 ORDER BY agent, state, pinned';

/** Sessions and bytes by agent, state and pin. A handful of rows, whatever the number of sessions. */
export function counters(db: ReadableDb): CounterRow[] {
  return db.all<CounterRow>(COUNTERS_SQL);
}

export interface Usage {
  /** Stored bytes of live sessions. */
  readonly tier1Bytes: number;
  /** The same as the agents wrote them. */
  readonly rawBytes: number;
  readonly pinnedBytes: number;
  /** Bytes of digests, of evicted sessions too. */
  readonly tier2Bytes: number;
}

export function usage(db: ReadableDb): Usage {
  const total = { tier1Bytes: 0, rawBytes: 0, pinnedBytes: 0, tier2Bytes: 0 };
  for (const row of counters(db)) {
    total.tier2Bytes += row.digest_bytes;
    if (row.state === 'evicted') continue;
    total.tier1Bytes += row.stored_bytes;
    total.rawBytes += row.raw_bytes;
    if (row.pinned === 1) total.pinnedBytes += row.stored_bytes;
  }
  return total;
}

const PAGE = 256;

const EVICTABLE = 'analyzed_at IS NOT NULL AND evicted_at IS NULL AND pinned = 0';
const UNANALYZED = 'analyzed_at IS NULL AND evicted_at IS NULL';

/** The queries behind the census; test/store asserts that each is answered by its index. */
export const CENSUS_SQL = {
  evictable: pageSql(EVICTABLE),
  unanalyzed: pageSql(UNANALYZED),
  olderThan: `SELECT ${SESSION_COLUMNS} FROM sessions WHERE ${EVICTABLE} AND age_key < $cutoff AND age_key > ''
    ORDER BY evict_key, end_key, session_uid`,
  beyondHorizon: `SELECT 1 AS found FROM sessions WHERE evicted_at IS NULL AND last_key > $horizon LIMIT 1`,
} as const;

function pageSql(condition: string): string {
  return `SELECT ${SESSION_COLUMNS}, evict_key, end_key FROM sessions
    WHERE ${condition} AND (evict_key, end_key, session_uid) > ($evictKey, $endKey, $uid)
    ORDER BY evict_key, end_key, session_uid LIMIT ${PAGE}`;
}

/** The store as the policy sees it at `now`. */
export function census(db: ReadableDb, now: Iso): Census {
  const { tier1Bytes, pinnedBytes, tier2Bytes } = usage(db);
  // Times are plausible when stored. Only after the clock has stepped back can one lie too far ahead; then the keys in
  // the indexes are not the policy's, and all live sessions are sorted here instead.
  if (db.get(CENSUS_SQL.beyondHorizon, { horizon: horizon(now) }) !== null) {
    const cards = db
      .all<SessionColumns>(`SELECT ${SESSION_COLUMNS} FROM sessions WHERE evicted_at IS NULL`)
      .map(toSession);
    return censusOf(cards, tier2Bytes, now);
  }
  return {
    usageBytes: tier1Bytes,
    pinnedBytes,
    distilledBytes: tier2Bytes,
    evictable: () => walk(db, CENSUS_SQL.evictable),
    evictableOlderThan: (ageDaysMax) =>
      db
        .all<SessionColumns>(CENSUS_SQL.olderThan, { cutoff: addMs(now, -Math.floor(ageDaysMax * DAY_MS)) })
        .map(toSession),
    unanalyzed: () => walk(db, CENSUS_SQL.unanalyzed),
  };
}

function* walk(db: ReadableDb, sql: string): Generator<SessionCard> {
  let after = { evictKey: '', endKey: '', uid: '' };
  for (;;) {
    const page = db.all<SessionColumns & { evict_key: string; end_key: string }>(sql, after);
    for (const row of page) yield toSession(row);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = { evictKey: last.evict_key, endKey: last.end_key, uid: last.session_uid };
  }
}
