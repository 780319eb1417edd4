/**
 * Empties the log: writes it back to the file and gives its room to the disk.
 * Promises: nothing is lost by it at any moment; a reader or a writer in the way is waited for only for a moment.
 */
import { Database } from 'bun:sqlite';
import { BUSY_TIMEOUT_MS, storeError, type WritableDb } from './connection.ts';
import { checkedOpen } from './own-files.ts';
import { storeFiles } from './place.ts';
import { isDiskFull, sizeOf } from './room.ts';

/** Pages of the log after which a writer writes it back: SQLite's own figure, and those for where room is short. */
export const LOG_PAGES = { usual: 1000, short: 256, sweepWhenShort: 64 } as const;

const WAIT_MS = 100;

export function logBytes(path: string): number {
  return sizeOf(storeFiles(path).wal);
}

/** False where a reader or a writer is in the way. */
export function emptyLog(db: WritableDb): boolean {
  db.exec(`PRAGMA busy_timeout = ${WAIT_MS}`);
  try {
    return db.all<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)')[0]?.busy === 0;
  } finally {
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  }
}

/** The same, where the room may be needed: false where there was nothing to free. */
export function freeLog(db: WritableDb): boolean {
  const before = logBytes(db.path);
  try {
    return before > 0 && emptyLog(db) && logBytes(db.path) < before;
  } catch (thrown) {
    // A log of an earlier version has its pages nowhere else, and may find no room for them.
    if (isDiskFull(thrown)) return false;
    throw thrown;
  }
}

/**
 * Empties the log of a store that cannot be opened, because the disk has no room for SQLite's shared-memory file: alone with
 * the store, SQLite needs none. False where another process is there; then that file is there too.
 */
export function emptyLogAlone(path: string): boolean {
  if (logBytes(path) === 0) return false;
  const database = checkedOpen(path, () => new Database(path, { readwrite: true }));
  try {
    database.run('PRAGMA busy_timeout = 0');
    database.run('PRAGMA locking_mode = EXCLUSIVE');
    database.query('PRAGMA wal_checkpoint(TRUNCATE)').get();
  } catch (thrown) {
    const known = storeError(path, thrown);
    if (known === thrown) throw thrown;
  } finally {
    database.close();
  }
  return logBytes(path) === 0;
}
