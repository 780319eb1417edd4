/**
 * What a restore does to single files and folders on disk.
 * Promises: a file is made anew, never opened where one is; what was flushed outlives a loss of power.
 */
import { closeSync, fsync, fsyncSync, futimesSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FailureError, failure, messageOf } from '../domain/errors.ts';
import { killPoint } from '../domain/kill-point.ts';
import { namesIn, onDisk, realPathOf } from './file-names.ts';

/** In the name of each temporary file, after a dot and its file's own name. */
export const MARK = '.session-memory-';

/** Writes a file that is not there yet, for its owner only and fresh; returns the SHA-256 of what was written, hex. */
export function writeNew(temporary: string, chunks: Iterable<Uint8Array>): string {
  const handle = openSync(onDisk(temporary), 'wx', 0o600);
  killPoint('restore.temporary-made');
  const hasher = new Bun.CryptoHasher('sha256');
  try {
    for (const chunk of chunks) {
      hasher.update(chunk);
      for (let at = 0; at < chunk.length; ) at += writeSync(handle, chunk, at);
    }
    // By this machine's clock, as the agent's clean-up reckons, not by that of a file server.
    const now = new Date();
    futimesSync(handle, now, now);
  } finally {
    closeSync(handle);
  }
  return hasher.digest('hex');
}

/** The bytes of a file that was written are on the disk afterwards. */
export function flush(temporary: string): void {
  const handle = openSync(onDisk(temporary), 'r+');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The same on another thread: of several at a time the file system makes few writes of its journal. */
export async function flushSoon(temporary: string): Promise<void> {
  const handle = openSync(onDisk(temporary), 'r+');
  try {
    await fsyncOf(handle);
  } finally {
    closeSync(handle);
  }
}

const fsyncOf = promisify(fsync);

/** Windows opens no folder, and some file systems write none: there names are on the disk when the system sees to it. */
export function flushFolder(folder: string): void {
  let handle: number;
  try {
    handle = openSync(onDisk(folder), 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(handle);
  } catch (thrown) {
    if (!/EINVAL|ENOTSUP|EBADF|EPERM|EISDIR/.test(messageOf(thrown))) throw thrown;
  } finally {
    closeSync(handle);
  }
}

/** Where a path really leads; null where it leads nowhere. */
export function realPathOrNull(path: string): string | null {
  try {
    return realPathOf(path);
  } catch {
    // It is not there, or a link leads to nowhere, or nobody may look.
    return null;
  }
}

/** What a restore that was killed had begun. One that is still at it fails loudly, with nothing written. */
export function removeLeftovers(folder: string, begins: string): void {
  for (const name of namesIn(folder))
    if (name.startsWith(begins)) rmSync(onDisk(join(folder, name)), { force: true });
}

/** Runs `work`; what goes wrong in it is a failure that names `path`. */
export function translated(path: string, work: () => void): void {
  try {
    work();
  } catch (thrown) {
    throw thrown instanceof FailureError ? thrown : cannotWrite(path, thrown);
  }
}

export function cannotWrite(path: string, thrown: unknown): FailureError {
  return new FailureError(
    failure(
      'io',
      `cannot write ${path}: ${messageOf(thrown)}`,
      'Give a folder that you can write to as --to DIR.',
    ),
  );
}

/** Whether the file at `path` begins with these very bytes. */
export function holds(path: string, chunks: Iterable<Uint8Array>): boolean {
  const handle = openSync(onDisk(path), 'r');
  try {
    for (const chunk of chunks) {
      const there = new Uint8Array(chunk.length);
      const read = readSync(handle, there, 0, chunk.length, null);
      if (read !== chunk.length || Buffer.compare(there, chunk) !== 0) return false;
    }
    return true;
  } finally {
    closeSync(handle);
  }
}
