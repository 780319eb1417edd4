/**
 * The store's files on disk: who may read them, what they take, the reserve.
 * Promises: the folder is 0700 and every file 0600 under any umask; the reserve is given up only to make room for a sweep.
 */

import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { FailureError, failure, messageOf } from '../domain/errors.ts';
import { killPoint } from '../domain/kill-point.ts';
import { MIB } from '../domain/limits.ts';

/** Enough for the shared-memory file, the log of a hundred evictions and their events. */
const RESERVE_BYTES = 2 * MIB;

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
    if (existsSync(path)) return;
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
  } catch (thrown) {
    throw new FailureError(
      failure(
        'io',
        `cannot create ${path}: ${messageOf(thrown)}`,
        'Give a place that you can write to as --store.',
      ),
    );
  }
}

/** What the store's files take on disk, in bytes, the reserve and the lock's file included. */
export function diskBytes(path: string): number {
  return Object.values(storeFiles(path)).reduce((bytes, file) => bytes + fileBytes(file), 0);
}

function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Makes the reserve where it is not there and the disk has room. Returns false where it has not. */
export function makeReserve(path: string): boolean {
  const { reserve } = storeFiles(path);
  if (fileBytes(reserve) === RESERVE_BYTES) return true;
  let handle: number | null = null;
  try {
    handle = openSync(reserve, 'w', 0o600);
    chmodSync(reserve, 0o600);
    killPoint('reserve.half-made');
    // Written, not truncated to size: a sparse file holds no room.
    writeSync(handle, new Uint8Array(RESERVE_BYTES));
    fsyncSync(handle);
    closeSync(handle);
    return fileBytes(reserve) === RESERVE_BYTES;
  } catch {
    // No room for a reserve is no reason to stop; half of one would only take room from the sweep.
    if (handle !== null) closeSync(handle);
    rmSync(reserve, { force: true });
    return false;
  }
}

/** Frees the reserve's bytes. Returns whether there was one. */
export function giveUpReserve(path: string): boolean {
  const { reserve } = storeFiles(path);
  if (!existsSync(reserve)) return false;
  rmSync(reserve, { force: true });
  return true;
}

/** Runs `work`; where the disk is full for it, gives up the reserve and runs it once more. Only a sweep may do that. */
export function withReserve<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const isFull = thrown instanceof FailureError && thrown.failure.code === 'disk_full';
    if (!isFull || !giveUpReserve(path)) throw thrown;
    return work();
  }
}
