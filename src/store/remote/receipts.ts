/**
 * Whose raw bytes are in the bucket. A store that has joined one lets nothing else go.
 * Promises: a receipt is of what was read back; one of an older generation, or of other versions of the files, counts for nothing.
 */
import type { SessionUid } from '../../domain/ids.ts';
import type { Iso } from '../../domain/time.ts';
import type { ReadableDb, WritableDb } from '../connection.ts';

/**
 * What a session's files are, in one text: of each the bytes of its log and the hash of its present version, which may change though no
 * byte came. `s` is its row.
 */
export const FILES_STATE = `coalesce((SELECT group_concat(f.id || ':' || f.log_bytes || ':' ||
      coalesce(hex(f.sha256), f.extents, ''), ' ' ORDER BY f.id) FROM files f WHERE f.session_id = s.id), '') || ' ' ||
  (SELECT count(*) FROM versions v WHERE v.session_id = s.id)`;

const expecting = new WeakSet<ReadableDb>();

/** A bucket is configured: until the store has joined it nothing goes, for nothing is there. */
export function expectBucket(db: ReadableDb): void {
  expecting.add(db);
}

/** Whether evictions from this store go to a bucket. */
export function hasBucket(db: ReadableDb): boolean {
  return expecting.has(db) || db.get('SELECT 1 AS found FROM remote') !== null;
}

/** Whether the bytes of a session, as they are now, are there. */
export function isInBucket(db: ReadableDb, uid: SessionUid): boolean {
  return (
    db.get(
      `SELECT 1 AS found FROM sessions s JOIN remote_receipts r ON r.session_id = s.id
       WHERE s.session_uid = $uid AND r.generation = s.raw_generation AND r.files = ${FILES_STATE}`,
      { uid },
    ) !== null
  );
}

export function filesState(db: ReadableDb, uid: SessionUid): string {
  return (
    db.get<{ files: string }>(`SELECT ${FILES_STATE} AS files FROM sessions s WHERE s.session_uid = $uid`, {
      uid,
    })?.files ?? ''
  );
}

export interface Receipt {
  readonly uid: SessionUid;
  readonly generation: number;
  readonly files: string;
}

export function putReceipt(db: WritableDb, { uid, generation, files }: Receipt, at: Iso): void {
  db.run(
    `INSERT INTO remote_receipts (session_id, generation, files, at)
     SELECT id, $generation, $files, $at FROM sessions WHERE session_uid = $uid
     ON CONFLICT (session_id) DO UPDATE SET generation = $generation, files = $files, at = $at`,
    { uid, generation, files, at },
  );
}

/** Live sessions of which something was read back once, as they are now or as they were. */
export function withReceipt(db: ReadableDb): SessionUid[] {
  return db
    .all<{ uid: SessionUid }>(
      `SELECT s.session_uid AS uid FROM remote_receipts r JOIN sessions s ON s.id = r.session_id
       WHERE s.evicted_at IS NULL ORDER BY s.session_uid`,
    )
    .map(({ uid }) => uid);
}

/** Live sessions that a sweep could evict if their bytes were there. */
export function countNotThere(db: ReadableDb): number {
  return (
    db.get<{ n: number }>(
      `SELECT count(*) AS n FROM sessions s LEFT JOIN remote_receipts r ON r.session_id = s.id
       WHERE s.evicted_at IS NULL AND s.pinned = 0 AND s.stored_bytes > 0
         AND (r.generation IS NOT s.raw_generation OR r.files IS NOT ${FILES_STATE})`,
    )?.n ?? 0
  );
}

/** Evicted without a digest, while the bucket has its bytes. `s` is its row. */
export const BUCKET_ONLY = `s.evicted_at IS NOT NULL AND s.analyzed_at IS NULL AND EXISTS (SELECT 1 FROM remote_records b
  WHERE b.session_uid = s.session_uid AND json_extract(b.bytes, '$.generation') = s.raw_generation)`;

export const COUNT_BUCKET_ONLY = `SELECT count(*) AS n FROM sessions s WHERE ${BUCKET_ONLY}`;

/** How many there are; of a store without any it costs a look into an index. */
export function countBucketOnly(db: ReadableDb): number {
  return db.get<{ n: number }>(COUNT_BUCKET_ONLY)?.n ?? 0;
}

/** The one that went first comes first. */
export function bucketOnly(db: ReadableDb): { readonly uid: SessionUid; readonly generation: number }[] {
  return db.all(
    `SELECT s.session_uid AS uid, s.raw_generation AS generation FROM sessions s WHERE ${BUCKET_ONLY}
     ORDER BY s.evicted_at, s.session_uid`,
  );
}

export function isBucketOnly(db: ReadableDb, uid: SessionUid): boolean {
  return (
    db.get(`SELECT 1 AS found FROM sessions s WHERE s.session_uid = $uid AND ${BUCKET_ONLY}`, { uid }) !==
    null
  );
}
