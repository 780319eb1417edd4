/**
 * How much room the disk of a store has, and whether that is enough.
 * Promises: no transcript is stored into the last of a disk; where nothing is known of the room, nothing is refused for want of it.
 * The whole design is in docs/store-format.md, "A full disk".
 */
import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { FailureError, fail } from '../domain/errors.ts';
import { MIB } from '../domain/limits.ts';

/** Below it room is short: logs are kept small, `maintain` sweeps first. Many times what one transaction takes. */
const SHORT_BYTES = 64 * MIB;
/** What storing transcripts leaves free: other programs and the store's own small writes live on it. */
const KEEP_FREE_BYTES = MIB;
/** Less than this and SQLite's I/O errors mean a full disk: its shared-memory file takes 32 KiB for each 16 MiB of log. */
const NEXT_TO_NOTHING_BYTES = 64 * 1024;
/** While the disk is roomy it is asked again only after so much was stored: a question a file would take its time. */
const ASK_EVERY_BYTES = 8 * MIB;

/** What is asked of a store; connections know this file and not the other way round. */
interface AskedStore {
  readonly path: string;
  get<Row>(sql: string): Row | null;
}

/** Null where the system does not say. */
export function freeBytes(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** Whether little is left of the disk. Where nothing is known of it, there is nothing to waste. */
export function isRoomShort(path: string): boolean {
  const free = freeBytes(path);
  return free === null || free < SHORT_BYTES;
}

/** Stored bytes since the disk of a store was last asked and found roomy. */
const storedSinceAsked = new Map<string, number>();

/**
 * Fails as `disk_full` where storing so many bytes would take the last of the disk. They are written twice, to the log and
 * to the file; free pages of the file take the second copy.
 */
export function refuseLastRoom(db: AskedStore, newBytes: number): void {
  const since = (storedSinceAsked.get(db.path) ?? Number.POSITIVE_INFINITY) + newBytes;
  storedSinceAsked.set(db.path, since);
  if (since < ASK_EVERY_BYTES) return;
  const free = freeBytes(db.path);
  if (free === null || free >= SHORT_BYTES) {
    storedSinceAsked.set(db.path, 0);
    return;
  }
  storedSinceAsked.delete(db.path);
  const growth = Math.max(0, newBytes - freePageBytes(db));
  if (free < newBytes + growth + KEEP_FREE_BYTES) throw diskFull(db.path);
}

function freePageBytes(db: AskedStore): number {
  const pages = db.get<{ freelist_count: number }>('PRAGMA freelist_count')?.freelist_count ?? 0;
  return pages * (db.get<{ page_size: number }>('PRAGMA page_size')?.page_size ?? 0);
}

export function diskFull(path: string): FailureError {
  return fail(
    'disk_full',
    `the disk is full: ${path}`,
    'Run `session-memory maintain`, which sweeps first and has a reserve to work with, or free some space.',
  );
}

export function isDiskFull(thrown: unknown): boolean {
  return thrown instanceof FailureError && thrown.failure.code === 'disk_full';
}

/** Whether the system refused a write for want of room. */
export function isNoRoom(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && ['ENOSPC', 'EDQUOT'].includes(String(thrown.code));
}

/** Whether an I/O error of SQLite beside `path` is one of room: a full disk, or a quota, which no free space tells of. */
export function hasNoRoom(path: string): boolean {
  const free = freeBytes(path);
  if (free !== null && free < NEXT_TO_NOTHING_BYTES) return true;
  return !canWrite(`${path}.room-${crypto.randomUUID()}`);
}

/** Tries it, with a file that has no name by the time it is written. False only where the system says that there is no room. */
function canWrite(path: string): boolean {
  let handle: number | null = null;
  try {
    handle = openSync(path, 'wx', 0o600);
    rmSync(path, { force: true });
    writeSync(handle, new Uint8Array(NEXT_TO_NOTHING_BYTES));
    return true;
  } catch (thrown) {
    return !isNoRoom(thrown);
  } finally {
    if (handle !== null) closeSync(handle);
  }
}

/** Size of a file; 0 where it is not there. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
