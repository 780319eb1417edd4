/**
 * What a sweep writes. One eviction is one event; the schema's triggers do the rest, or refuse it.
 * Promises: each victim is looked at again inside the transaction that takes it; nothing is evicted on an old look.
 */

import { invariant } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { Iso } from '../domain/time.ts';
import type { WritableDb } from './connection.ts';
import { mustBeGuarded } from './guards.ts';
import { hasBucket, isInBucket } from './remote/receipts.ts';
import { NAMED } from './rows.ts';
import { usage } from './usage.ts';
import { forgetDigest, hasWholeDigest } from './whole-digest.ts';
import { hashFiles } from './write-digests.ts';

/** How the reason of whoever goes ends where a bucket has it. */
const IN_BUCKET = '; its bytes are in the bucket';

/** What was decided to go: as it was when it was decided. */
export interface EvictionVictim {
  readonly uid: SessionUid;
  readonly generation: number;
  readonly storedBytes: number;
  /** For the event, in words. */
  readonly reason: string;
}

export type EvictionOutcome =
  | { readonly uid: SessionUid; readonly kind: 'evicted'; readonly freedBytes: number }
  | { readonly uid: SessionUid; readonly kind: 'skipped'; readonly reason: string };

interface Present {
  id: number;
  raw_generation: number;
  raw_bytes: number;
  stored_bytes: number;
  pinned: number;
  analyzed_at: string | null;
  evicted_at: string | null;
  /** 1 where a file has no hash yet for its tombstone. */
  unhashed: number;
}

/** What lets raw bytes go is read before they do: a digest that rotted on the disk says nothing any more. */
const DAMAGED = 'its digest is damaged; it is made anew of the raw bytes, which stay';

const NOT_THERE = 'its bytes are not in the bucket yet: `session-memory remote sync`';

const EVICTED_MEANWHILE = 'evicted meanwhile';

/** How many go in one transaction: a hundred keep the log small and others waiting for milliseconds only. */
export const EVICTIONS_PER_TRANSACTION = 100;

/** Of one run of evictions. `untilUsageBytes`: it stops before the first one that is no longer needed. */
interface EvictionContext {
  readonly sweepId: string | null;
  readonly at: Iso;
  readonly untilUsageBytes: number | null;
}

/** Evicts covered sessions in the given order. Returns an outcome for each one taken or skipped; those not reached are absent. */
export function evictCovered(
  db: WritableDb,
  victims: readonly EvictionVictim[],
  context: EvictionContext,
): EvictionOutcome[] {
  return evictInOrder(db, victims, context, (uid, session, toBucket) => {
    if (session.analyzed_at === null) return 'no longer analyzed';
    if (toBucket && !isInBucket(db, uid)) return NOT_THERE;
    if (hasWholeDigest(db, session.id, session.raw_generation)) return null;
    forgetDigest(db, uid);
    return DAMAGED;
  });
}

/**
 * Evicts un-analyzed sessions that the bucket has, as they are now: nothing of them is lost. The rest is as with those that a digest
 * covers; one that was analyzed meanwhile waits for the pass that takes such.
 */
export function leaveToBucket(
  db: WritableDb,
  victims: readonly EvictionVictim[],
  context: EvictionContext,
): EvictionOutcome[] {
  return evictInOrder(
    db,
    victims,
    context,
    (uid, session) => whyNotUnanalyzed(session) ?? (isInBucket(db, uid) ? null : NOT_THERE),
  );
}

/** `whyStays`: why one that is still as it was when it was decided stays all the same, or null. `toBucket`: whether there is a bucket. */
function evictInOrder(
  db: WritableDb,
  victims: readonly EvictionVictim[],
  context: EvictionContext,
  whyStays: (uid: SessionUid, session: Present, toBucket: boolean) => string | null,
): EvictionOutcome[] {
  return db.writeTransaction(() => {
    if (victims.length > 0) mustBeGuarded(db);
    const outcomes: EvictionOutcome[] = [];
    const going = new Map<SessionUid, GoingSession>();
    const toBucket = hasBucket(db);
    let usageBytes = usage(db).tier1Bytes;
    for (const victim of victims) {
      if (context.untilUsageBytes !== null && usageBytes <= context.untilUsageBytes) break;
      const { uid } = victim;
      const session = going.has(uid)
        ? EVICTED_MEANWHILE
        : asDecided(db, victim, (one) => whyStays(uid, one, toBucket));
      if (typeof session === 'string') {
        outcomes.push({ uid, kind: 'skipped', reason: session });
        continue;
      }
      const reason = toBucket ? victim.reason + IN_BUCKET : victim.reason;
      going.set(uid, prepared(db, uid, session, reason));
      usageBytes -= session.stored_bytes;
      outcomes.push({ uid, kind: 'evicted', freedBytes: session.stored_bytes });
    }
    insertEvents(db, 'evicted', [...going.values()], context);
    return outcomes;
  });
}

interface GoingSession {
  readonly id: number;
  readonly reason: string;
}

/** Its last ingest may have shortened a file: no new bytes, so the digest stands, and no hash. */
function prepared(db: WritableDb, uid: SessionUid, { id, unhashed }: Present, reason: string): GoingSession {
  if (unhashed === 1) hashFiles(db, uid);
  return { id, reason };
}

/**
 * An event for each, in their order, by one statement: a tenth less of the whole than one each. What lets each of them go, or
 * refuses all, are the triggers, as ever.
 */
function insertEvents(
  db: WritableDb,
  kind: 'evicted' | 'data_loss',
  going: readonly GoingSession[],
  { at, sweepId }: Pick<EvictionContext, 'sweepId' | 'at'>,
): void {
  if (going.length === 0) return;
  // With triggers SQLite reads all that it inserts before the first row is: what they change is not read here.
  const { changes } = db.run(
    `INSERT INTO events (at, kind, session_id, session_uid, generation, sweep_id, raw_bytes, stored_bytes, reason)
     SELECT $at, $kind, s.id, s.session_uid, s.raw_generation, $sweepId, s.raw_bytes, s.stored_bytes,
       json_extract(v.value, '$.reason')
     FROM json_each($going) v CROSS JOIN sessions s ON s.id = json_extract(v.value, '$.id') ORDER BY v.key`,
    { at, kind, sweepId, going: JSON.stringify(going) },
  );
  invariant(changes === going.length, 'each session that goes has its event');
  killPoint(`evict.${kind}`);
}

/** The last resort for one session: its event first, then its bytes, in one transaction; only while over the hard cap. */
export function loseUncovered(
  db: WritableDb,
  victim: EvictionVictim,
  context: { readonly sweepId: string; readonly at: Iso; readonly hardCapBytes: number },
): EvictionOutcome {
  return db.writeTransaction(() => {
    mustBeGuarded(db);
    const skip = (reason: string) => ({ uid: victim.uid, kind: 'skipped', reason }) as const;
    if (hasBucket(db)) return skip('nothing is lost where there is a bucket');
    if (usage(db).tier1Bytes <= context.hardCapBytes) return skip('usage is no longer over the hard cap');
    if (hasEvictable(db)) return skip('an analyzed session can go instead');
    return lose(db, victim, context);
  });
}

/**
 * Loses one un-analyzed session that a person named, whatever the caps say: its event first, then its bytes, in one
 * transaction. One that was analyzed meanwhile is left alone: nobody consented to evict that.
 */
export function loseByHand(db: WritableDb, victim: EvictionVictim, at: Iso): EvictionOutcome {
  return db.writeTransaction(() => {
    mustBeGuarded(db);
    return lose(db, victim, { sweepId: null, at });
  });
}

/** Whether a covered, unpinned session that frees something is left. */
function hasEvictable(db: WritableDb): boolean {
  return (
    db.get(
      `SELECT 1 AS found FROM sessions
       WHERE analyzed_at IS NOT NULL AND evicted_at IS NULL AND pinned = 0 AND stored_bytes > 0 LIMIT 1`,
    ) !== null
  );
}

function present(db: WritableDb, uid: SessionUid): Present | null {
  return db.get<Present>(
    `SELECT id, raw_generation, raw_bytes, stored_bytes, pinned, analyzed_at, evicted_at,
       EXISTS (SELECT 1 FROM files WHERE session_id = sessions.id AND gone = 0 AND sha256 IS NULL) AS unhashed
     FROM sessions WHERE ${NAMED}`,
    { uid },
  );
}

/** The session, where it is still as it was when it was decided and `whyStays` finds nothing; else why it may not go. */
function asDecided(
  db: WritableDb,
  victim: EvictionVictim,
  whyStays: (session: Present) => string | null,
): Present | string {
  const session = present(db, victim.uid);
  if (session === null) return 'no longer there';
  if (session.evicted_at !== null) return EVICTED_MEANWHILE;
  if (session.pinned === 1) return 'pinned meanwhile';
  if (session.raw_generation !== victim.generation) return 'grew meanwhile';
  return whyStays(session) ?? session;
}

function whyNotUnanalyzed({ analyzed_at: at }: Present): string | null {
  return at === null ? null : 'analyzed meanwhile';
}

/** Within the caller's transaction: it goes un-analyzed, with an event that says so. */
function lose(
  db: WritableDb,
  victim: EvictionVictim,
  context: Pick<EvictionContext, 'sweepId' | 'at'>,
): EvictionOutcome {
  const { uid, reason } = victim;
  const session = asDecided(db, victim, whyNotUnanalyzed);
  if (typeof session === 'string') return { uid, kind: 'skipped', reason: session };
  insertEvents(db, 'data_loss', [prepared(db, uid, session, reason)], context);
  return { uid, kind: 'evicted', freedBytes: session.stored_bytes };
}

/** A sweep that begins to change things. One that is killed stays without a report, its events tell what it did. */
export function beginSweep(db: WritableDb, sweep: { sweepId: string; planId: string; startedAt: Iso }): void {
  db.run('INSERT INTO sweeps (sweep_id, plan_id, started_at) VALUES ($sweepId, $planId, $startedAt)', {
    ...sweep,
  });
}

export function finishSweep(
  db: WritableDb,
  sweep: { sweepId: string; finishedAt: Iso; lostData: boolean; bytesFreed: number; report: string },
): void {
  db.run(
    `UPDATE sweeps SET finished_at = $finishedAt, lost_data = $lostData, bytes_freed = $bytesFreed, report = $report
     WHERE sweep_id = $sweepId`,
    { ...sweep, lostData: sweep.lostData ? 1 : 0 },
  );
}
