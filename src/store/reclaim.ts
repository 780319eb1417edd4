/**
 * Gives freed space back to the file system, in steps that other processes can get between.
 * Promises: moves pages, never drops one; may stop after any step.
 */
import { killPoint } from '../domain/kill-point.ts';
import { BUSY_TIMEOUT_MS, type WritableDb } from './connection.ts';
import { makeReserve } from './place.ts';

/** 1 MiB a step: larger ones give nothing but longer waits for the others (STACK.md). */
const PAGES_PER_STEP = 256;
/** How long the end of a reclaim waits for readers, and how often it looks; writers get in between. */
const TRUNCATE_WITHIN_MS = 6000;
const TRUNCATE_EVERY_MS = 100;

/** Steps until no free page is left. `onStep` gets the bytes still to go; `stopped` ends it early. */
export async function reclaim(
  db: WritableDb,
  onStep: (leftBytes: number) => void,
  stopped: () => boolean,
): Promise<void> {
  const pageBytes = db.get<{ page_size: number }>('PRAGMA page_size')?.page_size ?? 4096;
  for (let left = freePages(db); left > 0 && !stopped(); ) {
    // `run`, not `get`: reading one row of this pragma frees one page.
    db.all(`PRAGMA incremental_vacuum(${PAGES_PER_STEP})`);
    killPoint('reclaim.step');
    const now = freePages(db);
    onStep(now * pageBytes);
    if (now >= left) break;
    left = now;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  await truncatedLog(db, stopped);
  killPoint('reclaim.truncated');
  makeReserve(db.path);
}

/**
 * Writes the log back, by which the file shrinks, and empties it. A reader in the middle of it holds that up; readers are
 * short. False where one was not.
 */
export async function truncatedLog(db: WritableDb, stopped: () => boolean): Promise<boolean> {
  const giveUpMs = performance.now() + TRUNCATE_WITHIN_MS;
  for (;;) {
    if (truncateLog(db)) return true;
    if (performance.now() >= giveUpMs || stopped()) return false;
    await Bun.sleep(TRUNCATE_EVERY_MS);
  }
}

/** Writes the log back and empties it; false where a reader or a writer is in the way. */
function truncateLog(db: WritableDb): boolean {
  db.exec('PRAGMA busy_timeout = 100');
  const [result] = db.all<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)');
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  return result?.busy === 0;
}

/** What was committed is on the disk afterwards, also where the power fails: a commit alone leaves that to the system. */
export function flushLog(db: WritableDb): void {
  db.all('PRAGMA wal_checkpoint(FULL)');
}

function freePages(db: WritableDb): number {
  return db.get<{ freelist_count: number }>('PRAGMA freelist_count')?.freelist_count ?? 0;
}
