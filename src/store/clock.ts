/**
 * Times of the store's own that a wrong clock gave: when a session was ingested, and when it was analyzed.
 * Promises: they are put right once, under a clock that nothing disproves; a session's own times are not touched; an event says it of
 * each that changes the order of eviction.
 */
import type { SessionUid } from '../domain/ids.ts';
import { addMs, DAY_MS, horizon, type Iso, isDisproved, plausibleTime } from '../domain/time.ts';
import type { Params, WritableDb } from './connection.ts';
import { findSession, sessionIdOf } from './read.ts';
import { WRONG_CLOCK } from './usage.ts';
import { noteEvent } from './write-raw.ts';

/**
 * Gives `now` to what of a session's times cannot be: before 2000, more than a day ahead, or disproved by its transcript; `told` is a
 * time in it that did not count when it was analyzed. So it stands in the order behind all that was analyzed before, and before
 * what is analyzed from now on.
 */
export function retimeSession(db: WritableDb, uid: SessionUid, told: Iso | null, now: Iso): void {
  const isWrong = (at: Iso | null, by: Iso | null) =>
    at !== null && (plausibleTime(at, now) === null || (by !== null && isDisproved(at, by)));
  db.writeTransaction(() => {
    const session = findSession(db, uid);
    if (session === null || session.evictedAt !== null) return;
    const sessionId = sessionIdOf(db, uid);
    if (isWrong(session.ingestedAt, null))
      db.run('UPDATE sessions SET ingested_at = $now WHERE id = $sessionId', { sessionId, now });
    retimeMet(db, sessionId, { startedAt: plausibleTime(session.startedAt, now) ?? told }, now);
    if (!isWrong(session.analyzedAt, told)) return;
    const reason = `the clock was wrong when it was analyzed: ${session.analyzedAt}`;
    noteEvent(db, { kind: 'retimed', sessionId, at: now, reason });
    db.run('UPDATE sessions SET analyzed_at = $now WHERE id = $sessionId', { sessionId, now });
  });
}

/** What a transcript tells of its times: `laterAt` lies too far ahead to count. */
interface ToldTimes {
  readonly startedAt: Iso | null;
  readonly laterAt?: Iso | null;
}

/** When a session was first met, where that was before it began, or is to come: it cannot have been. A clock that is behind is not asked. */
export function retimeMet(
  db: WritableDb,
  sessionId: number,
  { startedAt, laterAt = null }: ToldTimes,
  now: Iso,
): void {
  if (startedAt === null || laterAt !== null) return;
  db.run(
    `UPDATE sessions SET ingested_at = $now
     WHERE id = $sessionId AND (ingested_at < $earliest OR ingested_at > $latest)`,
    { sessionId, now, earliest: addMs(startedAt, -DAY_MS), latest: horizon(now) },
  );
}

/** `retimeSession` of all that a clock far ahead, or never set, has left. */
export function retimeAll(db: WritableDb, now: Iso): void {
  const latest = { horizon: horizon(now) };
  const { beyondHorizon, evictableTooEarly, unanalyzedTooEarly, agedTooEarly } = WRONG_CLOCK;
  const uids = [
    ...wrong(db, `${beyondHorizon} AND (analyzed_at > $horizon OR ingested_at > $horizon)`, latest),
    ...[evictableTooEarly, unanalyzedTooEarly, agedTooEarly].flatMap((where) => wrong(db, where, {})),
  ];
  // Where agents have written what lies ahead it may be this clock that is behind: then nothing is known of what is right.
  if (uids.length === 0 || db.get(TOLD_AHEAD, latest) !== null) return;
  db.writeTransaction(() => {
    for (const uid of new Set(uids)) retimeSession(db, uid, null, now);
  });
}

/** In order of eviction as their own times have it, so that the log tells of them in that order. */
function wrong(db: WritableDb, where: string, params: Params): SessionUid[] {
  return db
    .all<{ uid: SessionUid }>(
      `SELECT session_uid AS uid FROM sessions WHERE ${where} ORDER BY end_key`,
      params,
    )
    .map(({ uid }) => uid);
}

const TOLD_AHEAD = `SELECT 1 AS found FROM sessions WHERE ${WRONG_CLOCK.beyondHorizon} AND (ended_at > $horizon OR started_at > $horizon)
  UNION ALL SELECT 1 FROM sessions WHERE later_at IS NOT NULL AND evicted_at IS NULL AND later_at > $horizon LIMIT 1`;
