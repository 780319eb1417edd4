/**
 * Which packs of the bucket are still needed, as this store knows it, and which have not been for how long.
 * Promises: whatever any machine's newest records name, or this machine may name again, counts as needed.
 */
import type { SessionUid } from '../../domain/ids.ts';
import type { Iso } from '../../domain/time.ts';
import type { ReadableDb, WritableDb } from '../connection.ts';
import { eachRecord, isEarlier, isOf, packsOf, remoteState } from './state.ts';
import { pendingCommit } from './upload.ts';

export function namedPacks(db: ReadableDb): Set<string> {
  const named = new Set<string>();
  for (const record of eachRecord(db)) for (const pack of packsOf(record)) named.add(pack);
  for (const { pack } of db.all<{ pack: string }>('SELECT DISTINCT pack FROM remote_pieces')) named.add(pack);
  for (const { records, packs } of pendingCommit(db)?.commit.sessions ?? [])
    for (const pack of [records.pack, ...(packs ?? [])]) named.add(pack);
  return named;
}

/** Packs that nothing names, since when. */
export function unnamedSince(db: ReadableDb): ReadonlyMap<string, Iso> {
  return new Map(
    db
      .all<{ pack: string; since: Iso }>('SELECT pack, since FROM remote_unnamed')
      .map(({ pack, since }) => [pack, since]),
  );
}

/** From now on exactly these are noted; those that were noted before keep their time. */
export function noteUnnamed(db: WritableDb, packs: readonly string[], now: Iso): void {
  db.writeTransaction(() => {
    const before = unnamedSince(db);
    db.run('DELETE FROM remote_unnamed');
    for (const pack of packs)
      db.run('INSERT INTO remote_unnamed VALUES ($pack, $since)', { pack, since: before.get(pack) ?? now });
  });
}

/** Packs that hold something of what was forgotten. */
export function taintedPacks(db: ReadableDb): Set<string> {
  return new Set(db.all<{ pack: string }>('SELECT pack FROM remote_tainted').map(({ pack }) => pack));
}

export function dropTainted(db: WritableDb, packs: readonly string[]): void {
  for (const pack of packs) db.run('DELETE FROM remote_tainted WHERE pack = $pack', { pack });
}

export interface InTainted {
  readonly uid: SessionUid;
  /** All of it is here, and can be uploaded again. */
  readonly isLive: boolean;
}

/** This machine's own sessions of which something lies in such a pack. */
export function ownInTainted(db: ReadableDb, tainted: ReadonlySet<string>): InTainted[] {
  const machine = remoteState(db)?.machine;
  const found = new Map<SessionUid, InTainted>();
  for (const record of eachRecord(db)) {
    const { uid } = record;
    if (!isOf(machine, record) || !packsOf(record).some((pack) => tainted.has(pack))) continue;
    const row = db.get<{ live: number }>(
      'SELECT evicted_at IS NULL AS live FROM sessions WHERE session_uid = $uid',
      { uid },
    );
    const isLive = row?.live === 1 && !isEarlier(record) && found.get(uid)?.isLive !== false;
    found.set(uid, { uid, isLive });
  }
  return [...found.values()];
}
