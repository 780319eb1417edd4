/**
 * What the list of all sessions asks: columns of all of them a piece at a time, rows of a few, where a text is found.
 * Promises: no piece takes long enough to be felt between two keys.
 */
import type { SessionUid } from '../domain/ids.ts';
import type { SessionRow } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import type { ReadableDb } from './connection.ts';
import { machinesOf } from './remote/mirror.ts';
import { inBucketOf } from './remote/whereabouts.ts';
import { SESSION_COLUMNS, type SessionColumns, toSession } from './rows.ts';

export interface BrowseRow {
  readonly id: number;
  readonly age_key: string;
  readonly evict_key: string;
  readonly end_key: string;
  readonly stored_bytes: number;
  readonly state: 'analyzed' | 'unanalyzed' | 'evicted';
  readonly pinned: number;
  readonly agent: string;
  readonly project: string | null;
}

/** Sessions after the number `afterId`, in order of their numbers. */
export function browsePage(db: ReadableDb, afterId: number, limit: number): BrowseRow[] {
  return db.all<BrowseRow>(
    `SELECT id, age_key, evict_key, end_key, stored_bytes, state, pinned, agent, project FROM sessions
     WHERE id > $afterId ORDER BY id LIMIT $limit`,
    { afterId, limit },
  );
}

export interface TitleRow {
  readonly id: number;
  readonly title: string | null;
  readonly uid: SessionUid;
}

/** Titles of the sessions from one number to another. */
export function titlesPage(db: ReadableDb, fromId: number, toId: number): TitleRow[] {
  return db.all('SELECT id, title, session_uid AS uid FROM sessions WHERE id BETWEEN $fromId AND $toId', {
    fromId,
    toId,
  });
}

/**
 * Numbers from `fromId` to `toId` of the sessions whose title, project and id together hold each of the words, in any case of ASCII
 * letters and in any order.
 */
export function matchingIds(
  db: ReadableDb,
  words: readonly string[],
  fromId: number,
  toId: number,
): number[] {
  const hay = `lower(coalesce(title, '') || ' ' || coalesce(project, '')) || ' ' || session_uid`;
  return db
    .all<{ id: number }>(
      `SELECT id FROM (SELECT id, ${hay} AS hay FROM sessions WHERE id BETWEEN $fromId AND $toId)
       WHERE NOT EXISTS (SELECT 1 FROM json_each($words) WHERE instr(hay, value) = 0) ORDER BY id`,
      { words: JSON.stringify(words), fromId, toId },
    )
    .map((row) => row.id);
}

/** The store's numbers of sessions, in the order of their ids; one that is not there is left out. */
export function numbersOf(db: ReadableDb, uids: readonly SessionUid[]): number[] {
  return db
    .all<{ id: number }>(
      `SELECT s.id AS id FROM json_each($uids) AS asked JOIN sessions s ON s.session_uid = asked.value ORDER BY asked.key`,
      { uids: JSON.stringify(uids) },
    )
    .map((row) => row.id);
}

/** Whole rows by their numbers. */
export function sessionsByIds(db: ReadableDb, ids: readonly number[]): Map<number, SessionRow> {
  const rows = db.all<SessionColumns>(
    `SELECT ${SESSION_COLUMNS} FROM sessions WHERE id IN (SELECT value FROM json_each($ids))`,
    { ids: JSON.stringify(ids) },
  );
  const machines = machinesOf(db, ids);
  const there = inBucketOf(db, ids);
  return new Map(
    rows.map((row): [number, SessionRow] => {
      const machine = machines.get(row.id);
      const isInBucket = row.evicted_at !== null && there.has(row.id);
      return [
        row.id,
        {
          ...toSession(row),
          ...(machine === undefined ? {} : { machine }),
          ...(isInBucket ? { isInBucket } : {}),
        },
      ];
    }),
  );
}

/** Stored bytes of the sessions that ended on each day from `since` on; days without any are left out. */
export function storedByDay(db: ReadableDb, since: string): { day: string; stored_bytes: number }[] {
  return db.all(
    `SELECT substr(age_key, 1, 10) AS day, sum(stored_bytes) AS stored_bytes FROM sessions
     WHERE age_key >= $since GROUP BY day ORDER BY day`,
    { since },
  );
}

/** Live sessions without a digest of what is stored, whose analysis has not failed as they are; at most `limit`, oldest first. */
export function untriedSessions(
  db: ReadableDb,
  limit: number,
): { readonly uid: SessionUid; readonly ingestedAt: Iso | null }[] {
  return db.all(
    `SELECT session_uid AS uid, ingested_at AS ingestedAt FROM sessions
     WHERE analyzed_at IS NULL AND evicted_at IS NULL AND analyze_error IS NULL
     ORDER BY evict_key, end_key, session_uid LIMIT $limit`,
    { limit },
  );
}
