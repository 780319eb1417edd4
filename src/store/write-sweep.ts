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

/**
 * Evicts covered sessions in the given order. `untilUsageBytes`: stops before the first one that is no longer needed.
 * Returns an outcome for each one taken or skipped; those not reached are absent.
 */
export function evictCovered(
  db: WritableDb,
  victims: readonly EvictionVictim[],
  context: { readonly sweepId: string | null; readonly at: Iso; readonly untilUsageBytes: number | null },
): EvictionOutcome[] {
  return db.writeTransaction(() => {
    if (victims.length > 0) mustBeGuarded(db);
    const outcomes: EvictionOutcome[] = [];
    const going = new Map<SessionUid, GoingSession>();
    const toBucket = hasBucket(db);
    let usageBytes = usage(db).tier1Bytes;
    for (const victim of victims) {
      if (context.untilUsageBytes !== null && usageBytes <= context.untilUsageBytes) break;
      const session = present(db, victim.uid);
      const why =
        whyNot(session, victim) ??
        (session?.analyzed_at === null ? 'no longer analyzed' : null) ??
        (going.has(victim.uid) ? EVICTED_MEANWHILE : null);
      if (session === null || why !== null) {
        outcomes.push({ uid: victim.uid, kind: 'skipped', reason: why ?? 'no longer there' });
        continue;
      }
      if (toBucket && !isInBucket(db, victim.uid)) {
        outcomes.push({ uid: victim.uid, kind: 'skipped', reason: NOT_THERE });
        continue;
      }
      if (!hasWholeDigest(db, session.id, session.raw_generation)) {
        forgetDigest(db, victim.uid);
        outcomes.push({ uid: victim.uid, kind: 'skipped', reason: DAMAGED });
        continue;
      }
      const reason = toBucket ? victim.reason + IN_BUCKET : victim.reason;
      if (session.unhashed === 1) hashFiles(db, victim.uid);
      going.set(victim.uid, { id: session.id, reason });
      usageBytes -= session.stored_bytes;
      outcomes.push({ uid: victim.uid, kind: 'evicted', freedBytes: session.stored_bytes });
    }
    evictTogether(db, [...going.values()], context);
    return outcomes;
  });
}

interface GoingSession {
  readonly id: number;
  readonly reason: string;
}

/**
 * An event for each, in their order, by one statement: a tenth less of the whole than one each. What lets each of them go, or
 * refuses all, are the triggers, as ever.
 */
function evictTogether(
  db: WritableDb,
  going: readonly GoingSession[],
  { at, sweepId }: { readonly sweepId: string | null; readonly at: Iso },
): void {
  if (going.length === 0) return;
  // With triggers SQLite reads all that it inserts before the first row is: what they change is not read here.
  const { changes } = db.run(
    `INSERT INTO events (at, kind, session_id, session_uid, generation, sweep_id, raw_bytes, stored_bytes, reason)
     SELECT $at, 'evicted', s.id, s.session_uid, s.raw_generation, $sweepId, s.raw_bytes, s.stored_bytes,
       json_extract(v.value, '$.reason')
     FROM json_each($going) v CROSS JOIN sessions s ON s.id = json_extract(v.value, '$.id') ORDER BY v.key`,
    { at, sweepId, going: JSON.stringify(going) },
  );
  invariant(changes === going.length, 'each session that goes has its event');
  killPoint('evict.evicted');
}

/**
 * Evicts un-analyzed sessions that the bucket has, as they are now: nothing of them is lost. The rest is as with those that a digest
 * covers; one that was analyzed meanwhile waits for the pass that takes such.
 */
export function leaveToBucket(
  db: WritableDb,
  victims: readonly EvictionVictim[],
  context: { readonly sweepId: string | null; readonly at: Iso; readonly untilUsageBytes: number | null },
): EvictionOutcome[] {
  return db.writeTransaction(() => {
    if (victims.length > 0) mustBeGuarded(db);
    const outcomes: EvictionOutcome[] = [];
    let usageBytes = usage(db).tier1Bytes;
    for (const victim of victims) {
      if (context.untilUsageBytes !== null && usageBytes <= context.untilUsageBytes) break;
      const session = present(db, victim.uid);
      const why =
        whyNot(session, victim) ??
        (session?.analyzed_at !== null ? 'analyzed meanwhile' : null) ??
        (isInBucket(db, victim.uid) ? null : NOT_THERE);
      if (session === null || why !== null) {
        outcomes.push({ uid: victim.uid, kind: 'skipped', reason: why ?? 'no longer there' });
        continue;
      }
      insertEvent(db, 'evicted', session, { ...victim, reason: victim.reason + IN_BUCKET }, context);
      usageBytes -= session.stored_bytes;
      outcomes.push({ uid: victim.uid, kind: 'evicted', freedBytes: session.stored_bytes });
    }
    return outcomes;
  });
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
    const session = present(db, victim.uid);
    const why = whyNot(session, victim) ?? (session?.analyzed_at !== null ? 'analyzed meanwhile' : null);
    if (session === null || why !== null) return skip(why ?? 'no longer there');
    insertEvent(db, 'data_loss', session, victim, context);
    return { uid: victim.uid, kind: 'evicted', freedBytes: session.stored_bytes };
  });
}

/**
 * Loses one un-analyzed session that a person named, whatever the caps say: its event first, then its bytes, in one
 * transaction. One that was analyzed meanwhile is left alone: nobody consented to evict that.
 */
export function loseByHand(db: WritableDb, victim: EvictionVictim, at: Iso): EvictionOutcome {
  return db.writeTransaction(() => {
    mustBeGuarded(db);
    const session = present(db, victim.uid);
    const why = whyNot(session, victim) ?? (session?.analyzed_at !== null ? 'analyzed meanwhile' : null);
    if (session === null || why !== null)
      return { uid: victim.uid, kind: 'skipped', reason: why ?? 'no longer there' };
    insertEvent(db, 'data_loss', session, victim, { sweepId: null, at });
    return { uid: victim.uid, kind: 'evicted', freedBytes: session.stored_bytes };
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

/** Why a session may not go although it was decided, or null. */
function whyNot(session: Present | null, victim: EvictionVictim): string | null {
  if (session === null) return 'no longer there';
  if (session.evicted_at !== null) return EVICTED_MEANWHILE;
  if (session.pinned === 1) return 'pinned meanwhile';
  if (session.raw_generation !== victim.generation) return 'grew meanwhile';
  return null;
}

function insertEvent(
  db: WritableDb,
  kind: 'evicted' | 'data_loss',
  session: Present,
  victim: EvictionVictim,
  context: { readonly sweepId: string | null; readonly at: Iso },
): void {
  // Its last ingest may have shortened a file: no new bytes, so the digest stands, and no hash.
  if (session.unhashed === 1) hashFiles(db, victim.uid);
  db.run(
    `INSERT INTO events (at, kind, session_id, session_uid, generation, sweep_id, raw_bytes, stored_bytes, reason)
     VALUES ($at, $kind, $id, $uid, $generation, $sweepId, $rawBytes, $storedBytes, $reason)`,
    {
      at: context.at,
      kind,
      id: session.id,
      uid: victim.uid,
      generation: session.raw_generation,
      sweepId: context.sweepId,
      rawBytes: session.raw_bytes,
      storedBytes: session.stored_bytes,
      reason: victim.reason,
    },
  );
  killPoint(`evict.${kind}`);
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
