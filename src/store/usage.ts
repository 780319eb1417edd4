/**
 * Usage, counts and the census that the policy plans on.
 * Promises: no total is made by reading sessions; victims are walked by index, a page at a time, in the policy's order.
 */
import type { SessionCard } from '../domain/session.ts';
import { addMs, DAY_MS, EARLIEST, horizon, type Iso, isDisproved } from '../domain/time.ts';
import { type CardSum, type Census, censusOf, withOnlySafe } from '../policy/census.ts';
import type { ReadableDb } from './connection.ts';
import { hasBucket, isInBucket } from './remote/receipts.ts';
import { CARD_COLUMNS, type CardColumns, toCards } from './rows.ts';

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

/** Live sessions that a wrong clock has left in another place than the policy's, each kind found by an index. */
export const WRONG_CLOCK = {
  beyondHorizon: 'evicted_at IS NULL AND last_key > $horizon',
  /** What was told under a clock that was behind, and is not told again yet. */
  toldLater: 'later_at IS NOT NULL AND evicted_at IS NULL AND later_at <= $horizon',
  evictableTooEarly: `${EVICTABLE} AND ${tooEarly('evict_key')}`,
  unanalyzedTooEarly: `${UNANALYZED} AND ${tooEarly('evict_key')}`,
  agedTooEarly: `${EVICTABLE} AND ${tooEarly('age_key')}`,
} as const;

/** The queries behind the census; test/store asserts that each is answered by its index. */
export const CENSUS_SQL = {
  evictable: pageSql(EVICTABLE),
  unanalyzed: pageSql(UNANALYZED),
  olderThan: `SELECT ${CARD_COLUMNS} ${olderSql()}`,
  /** The name of each as `namedCards` of the policy writes it: a uid has no letter that JSON escapes. */
  sumOlderThan: `SELECT count(*) AS sessions, coalesce(sum(stored_bytes), 0) AS storedBytes,
      json_group_array(json_array(session_uid, raw_generation, stored_bytes)) AS named
    FROM (SELECT session_uid, raw_generation, stored_bytes ${olderSql()})`,
  sumBetween: `SELECT count(*) AS sessions, coalesce(sum(stored_bytes), 0) AS storedBytes
    FROM sessions WHERE ${EVICTABLE} AND age_key >= $from AND age_key < $to`,
  ...asked(),
} as const;

/** Whether there is one, for each of them. */
function asked(): Readonly<Record<keyof typeof WRONG_CLOCK, string>> {
  const sql = (where: string) => `SELECT 1 AS found FROM sessions WHERE ${where} LIMIT 1`;
  const { beyondHorizon, toldLater, evictableTooEarly, unanalyzedTooEarly, agedTooEarly } = WRONG_CLOCK;
  return {
    beyondHorizon: sql(beyondHorizon),
    toldLater: sql(toldLater),
    evictableTooEarly: sql(evictableTooEarly),
    unanalyzedTooEarly: sql(unanalyzedTooEarly),
    agedTooEarly: sql(agedTooEarly),
  };
}

/** A time that counts as absent for being too early. */
function tooEarly(key: string): string {
  return `${key} > '' AND ${key} < '${EARLIEST}'`;
}

function olderSql(): string {
  return `FROM sessions WHERE ${EVICTABLE} AND age_key < $cutoff AND age_key > ''
    ORDER BY evict_key, end_key, session_uid`;
}

function pageSql(condition: string): string {
  return `SELECT ${CARD_COLUMNS}, evict_key, end_key FROM sessions
    WHERE ${condition} AND (evict_key, end_key, session_uid) > ($evictKey, $endKey, $uid)
    ORDER BY evict_key, end_key, session_uid LIMIT ${PAGE}`;
}

/** The store as the policy sees it at `now`. Where it has joined a bucket, only what is there can go. */
export function census(db: ReadableDb, now: Iso): Census {
  const all = censusOfAll(db, now);
  return hasBucket(db) ? withOnlySafe(all, ({ uid }) => isInBucket(db, uid)) : all;
}

function censusOfAll(db: ReadableDb, now: Iso): Census {
  const { tier1Bytes, pinnedBytes, tier2Bytes } = usage(db);
  // Times are plausible when stored. Only where the clock was wrong for a while are the keys in the indexes not the
  // policy's; then all live sessions are sorted here instead.
  if (wasClockWrong(db, now)) return censusOf(liveCards(db, now), tier2Bytes, now);
  return {
    usageBytes: tier1Bytes,
    pinnedBytes,
    distilledBytes: tier2Bytes,
    evictable: () => walk(db, CENSUS_SQL.evictable),
    evictableOlderThan: (ageDaysMax) =>
      toCards(db.all<CardColumns>(CENSUS_SQL.olderThan, { cutoff: cutoff(now, ageDaysMax) })),
    sumOlderThan: (ageDaysMax) =>
      db.get<CardSum>(CENSUS_SQL.sumOlderThan, { cutoff: cutoff(now, ageDaysMax) }) ?? NOBODY,
    unanalyzed: () => walk(db, CENSUS_SQL.unanalyzed),
  };
}

function wasClockWrong(db: ReadableDb, now: Iso): boolean {
  const { beyondHorizon, toldLater, evictableTooEarly, unanalyzedTooEarly, agedTooEarly } = CENSUS_SQL;
  return (
    [beyondHorizon, toldLater].some((sql) => db.get(sql, { horizon: horizon(now) }) !== null) ||
    [evictableTooEarly, unanalyzedTooEarly, agedTooEarly].some((sql) => db.get(sql) !== null)
  );
}

/** Every live session; one whose transcript disproves the clock that it was met under, with the transcript's time in place of that one's. */
function liveCards(db: ReadableDb, now: Iso): SessionCard[] {
  const rows = db.all<CardColumns & { laterAt: Iso | null }>(
    `SELECT ${CARD_COLUMNS}, later_at AS laterAt FROM sessions WHERE evicted_at IS NULL`,
  );
  for (const row of rows) {
    const told = row.laterAt === null || row.laterAt > horizon(now) ? null : row.laterAt;
    if (told === null) continue;
    row.startedAt ??= told;
    row.endedAt = row.endedAt === null || row.endedAt < told ? told : row.endedAt;
    if (row.analyzedAt !== null && isDisproved(row.analyzedAt, told)) row.analyzedAt = told;
  }
  return toCards(rows);
}

/** Evictable sessions that pass the age limit after `now` and before `then`. */
export function passingAge(
  db: ReadableDb,
  ageDaysMax: number,
  now: Iso,
  then: Iso,
): Pick<CardSum, 'sessions' | 'storedBytes'> {
  const [from, to] = [cutoff(now, ageDaysMax), cutoff(then, ageDaysMax)];
  return db.get<CardSum>(CENSUS_SQL.sumBetween, { from, to }) ?? NOBODY;
}

const NOBODY: CardSum = { sessions: 0, storedBytes: 0, named: '[]' };

function cutoff(now: Iso, ageDaysMax: number): Iso {
  return addMs(now, -Math.floor(ageDaysMax * DAY_MS));
}

function* walk(db: ReadableDb, sql: string): Generator<SessionCard> {
  let after = { evictKey: '', endKey: '', uid: '' };
  for (;;) {
    const page = db.all<CardColumns & { evict_key: string; end_key: string }>(sql, after);
    yield* toCards(page);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = { evictKey: last.evict_key, endKey: last.end_key, uid: last.uid };
  }
}
