/**
 * How long a writer waits for another process where a person waits too.
 * Promises: the store's own patience is back afterwards. Never: changes a row.
 */
import { FailureError } from '../domain/errors.ts';
import { BUSY_TIMEOUT_MS, type WritableDb } from './connection.ts';

/** Does `work` as one that waits `waitMs` for another writer, and then fails as busy. */
export function withPatience<T>(db: WritableDb, waitMs: number, work: () => T): T {
  db.exec(`PRAGMA busy_timeout = ${waitMs}`);
  try {
    return work();
  } finally {
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  }
}

const LOOK_EVERY_MS = 50;

/** Waits without holding up the thread until no other process writes. False: `signal` came first. `onWait`: it is not so at once. */
export async function untilWritable(
  db: WritableDb,
  onWait: () => void,
  signal: AbortSignal,
): Promise<boolean> {
  for (let hasSaid = false; !canWriteNow(db); hasSaid = true) {
    if (signal.aborted) return false;
    if (!hasSaid) onWait();
    await Bun.sleep(LOOK_EVERY_MS);
  }
  return true;
}

/** False where another process is writing at this moment. Other failures are left to the one who writes. */
function canWriteNow(db: WritableDb): boolean {
  try {
    withPatience(db, 0, () => db.writeTransaction(() => undefined));
    return true;
  } catch (thrown) {
    return !(thrown instanceof FailureError && thrown.failure.code === 'busy');
  }
}
