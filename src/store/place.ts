/**
 * The store's files on disk: who may read them, what they take.
 * Promises: the folder is 0700 and every file 0600 under any umask; what is made is a new plain file, never what a link leads to.
 */

import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { FailureError, fail, messageOf } from '../domain/errors.ts';
import { makeOwn } from './own-files.ts';
import { diskFull, isNoRoom, sizeOf } from './room.ts';

/** Everything that belongs to the store at `path`, existing or not. */
export function storeFiles(path: string): {
  db: string;
  wal: string;
  shm: string;
  reserve: string;
  lock: string;
} {
  return {
    db: path,
    wal: `${path}-wal`,
    shm: `${path}-shm`,
    reserve: `${path}.reserve`,
    lock: `${path}.sweep-lock`,
  };
}

/** Makes the folder and an empty file that only the owner can read. SQLite gives its other files the same mode. */
export function makePrivateFile(path: string): void {
  const folder = dirname(path);
  try {
    // An existing folder keeps its mode: it may be the user's own, shared on purpose.
    if (!existsSync(folder)) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      chmodSync(folder, 0o700);
    }
    // The mode is set whatever the umask takes away from it.
    if (makeOwn(path)) chmodSync(path, 0o600);
  } catch (thrown) {
    if (thrown instanceof FailureError) throw thrown;
    if (isNoRoom(thrown)) throw diskFull(path);
    throw fail(
      'io',
      `cannot create ${path}: ${messageOf(thrown)}`,
      'Give a place that you can write to as --store.',
    );
  }
}

/** What the store's files take on disk, in bytes, the reserve and the lock's file included. */
export function diskBytes(path: string): number {
  return Object.values(storeFiles(path)).reduce((bytes, file) => bytes + sizeOf(file), 0);
}
