/**
 * Gives freed space back to the file system, in steps that other processes can get between.
 * Promises: moves pages, never drops one; may stop after any step.
 */
import { BUSY_TIMEOUT_MS, type WritableDb } from './connection.ts';
import { makeReserve } from './place.ts';

/** 1 MiB a step: larger ones give nothing but longer waits for the others (STACK.md). */
const PAGES_PER_STEP = 256;

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
    const now = freePages(db);
    onStep(now * pageBytes);
    if (now >= left) break;
    left = now;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  // The file shrinks at a checkpoint. Where a reader is in the middle of the log, what can be done without waiting is done.
  const log = db.get<{ log: number; checkpointed: number }>('PRAGMA wal_checkpoint(PASSIVE)');
  if (log !== null && log.log === log.checkpointed) truncateLog(db);
  makeReserve(db.path);
}

function truncateLog(db: WritableDb): void {
  db.exec('PRAGMA busy_timeout = 250');
  db.all('PRAGMA wal_checkpoint(TRUNCATE)');
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
}

function freePages(db: WritableDb): number {
  return db.get<{ freelist_count: number }>('PRAGMA freelist_count')?.freelist_count ?? 0;
}
