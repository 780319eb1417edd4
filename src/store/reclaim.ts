/**
 * Gives freed space back to the file system, in steps that other processes can get between.
 * Promises: moves pages, never drops one; may stop after any step; where room is short and a reader keeps the log from being
 * emptied it stops before the log eats what is left.
 */
import { type FailureError, fail } from '../domain/errors.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { WritableDb } from './connection.ts';
import { emptyLog, freeLog, LOG_PAGES, logBytes } from './log.ts';
import { restoreReserve, withReserve } from './reserve.ts';
import { isDiskFull, isRoomShort } from './room.ts';

/** 1 MiB a step: larger ones give nothing but longer waits for the others. */
const PAGES_PER_STEP = 256;
/** Where room is short: what is moved lies twice until the log is written back. */
const PAGES_PER_SHORT_STEP = 32;
/** A log that is larger at such a time is held by a reader. */
const HELD_LOG_BYTES = 1024 * 1024;
/** How long the end of a reclaim waits for readers, and how often it looks; writers get in between. */
const TRUNCATE_WITHIN_MS = 6000;
/** The same in the middle of it, where room is short: what is evicted is evicted, and the next sweep goes on. */
const HELD_AFTER_MS = 2000;
const TRUNCATE_EVERY_MS = 100;

/** Steps until no free page is left. `onStep` gets the bytes still to go; `stopped` ends it early. Fails as busy where a reader is in the way and room is short. */
export async function reclaim(
  db: WritableDb,
  onStep: (leftBytes: number) => void,
  stopped: () => boolean,
): Promise<void> {
  const pageBytes = db.get<{ page_size: number }>('PRAGMA page_size')?.page_size ?? 4096;
  for (let left = freePages(db); left > 0 && !stopped(); ) {
    if (!(await moveSome(db, stopped))) throw logHeld(db.path);
    killPoint('reclaim.step');
    const now = freePages(db);
    onStep(now * pageBytes);
    if (now >= left) break;
    left = now;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  await truncatedLog(db, stopped);
  killPoint('reclaim.truncated');
  restoreReserve(db.path);
}

/** One step. False where it would only make the log larger, on a disk that has no room for that. */
async function moveSome(db: WritableDb, stopped: () => boolean): Promise<boolean> {
  const isShort = isRoomShort(db.path);
  if (isShort && logBytes(db.path) > HELD_LOG_BYTES && (await isHeld(db, stopped))) return false;
  db.exec(`PRAGMA wal_autocheckpoint = ${isShort ? LOG_PAGES.sweepWhenShort : LOG_PAGES.usual}`);
  // `run`, not `get`: reading one row of this pragma frees one page.
  const step = () => db.all(`PRAGMA incremental_vacuum(${isShort ? PAGES_PER_SHORT_STEP : PAGES_PER_STEP})`);
  withReserve(db.path, step, () => freeLog(db));
  return true;
}

/**
 * Whether a reader keeps the log from being emptied. A log of an earlier version may find no room in the file for its pages: then
 * moving them to the front is what helps.
 */
async function isHeld(db: WritableDb, stopped: () => boolean): Promise<boolean> {
  try {
    return !(await truncatedLog(db, stopped, HELD_AFTER_MS));
  } catch (thrown) {
    if (isDiskFull(thrown)) return false;
    throw thrown;
  }
}

function logHeld(path: string): FailureError {
  return fail(
    'busy',
    `another process reads the store ${path}, so that its log cannot be emptied`,
    'Run `session-memory sweep` again when it is done.',
  );
}

/**
 * Writes the log back, by which the file shrinks, and empties it. A reader in the middle of it holds that up; readers are
 * short. False where one was not.
 */
export async function truncatedLog(
  db: WritableDb,
  stopped: () => boolean,
  withinMs = TRUNCATE_WITHIN_MS,
): Promise<boolean> {
  const giveUpMs = performance.now() + withinMs;
  for (;;) {
    if (emptyLog(db)) return true;
    if (performance.now() >= giveUpMs || stopped()) return false;
    await Bun.sleep(TRUNCATE_EVERY_MS);
  }
}

function freePages(db: WritableDb): number {
  return db.get<{ freelist_count: number }>('PRAGMA freelist_count')?.freelist_count ?? 0;
}
