/**
 * The sweep lock: one sweep at a time applies a pass, and the lock dies with its process.
 * How: a second, tiny SQLite file held in an exclusive transaction; SIGKILL frees it at once.
 * Never touch that file otherwise in this process: closing any other handle on it drops the POSIX lock.
 */
import { Database } from 'bun:sqlite';
import { storeError } from './connection.ts';
import { checkedOpen } from './own-files.ts';
import { makePrivateFile, storeFiles } from './place.ts';

export interface SweepLock {
  release(): void;
}

/** Locks held by this process, so that nothing collects their Database (a collected one unlocks without a word). */
const held = new Set<Database>();

/** The lock, or null where another sweep holds it. */
export function takeSweepLock(storePath: string): SweepLock | null {
  return takeLock(storePath, storeFiles(storePath).lock);
}

/** Another one, of those who speak to the store's bucket: two at once would take each other for strangers. */
export function takeRemoteLock(storePath: string): SweepLock | null {
  return takeLock(storePath, `${storePath}.remote-lock`);
}

function takeLock(storePath: string, lock: string): SweepLock | null {
  makePrivateFile(lock);
  const database = checkedOpen(lock, () => new Database(lock, { readwrite: true, create: true }));
  try {
    database.run('PRAGMA busy_timeout = 0');
    database.run('PRAGMA journal_mode = DELETE');
    database.run('BEGIN EXCLUSIVE');
  } catch (thrown) {
    database.close();
    if (thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('SQLITE_BUSY'))
      return null;
    throw storeError(storePath, thrown);
  }
  held.add(database);
  return {
    release() {
      if (!held.delete(database)) return;
      database.run('ROLLBACK');
      database.close();
    },
  };
}
