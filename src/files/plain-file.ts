/**
 * Opens a file of another program, or of a person, for reading. Nothing else in here opens one.
 * Promises: nothing is waited for: a FIFO or a device may have the name of a file.
 */
import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import { onDisk } from './on-disk.ts';

/** It may turn out to be anything; the caller asks, and closes it. `followsLink` false: a link in its place is an error. */
export function openUnwaiting(path: string, followsLink = true): number {
  // Windows has no such flags, and no file that waits.
  const link = followsLink ? 0 : (constants.O_NOFOLLOW ?? 0);
  return openSync(onDisk(path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | link);
}

/** Throws where it is not there, or no regular file. The caller closes it. */
export function openPlain(path: string): number {
  const handle = openUnwaiting(path);
  try {
    if (fstatSync(handle).isFile()) return handle;
  } catch (thrown) {
    closeSync(handle);
    throw thrown;
  }
  closeSync(handle);
  throw new Error('not a regular file');
}

/** All of a small file. Throws where it is larger than it may be. */
export function readPlain(path: string, bytesMax: number): Buffer {
  const handle = openPlain(path);
  try {
    const bytes = Buffer.alloc(Math.min(fstatSync(handle).size, bytesMax) + 1);
    let got = 0;
    for (let read = -1; read !== 0 && got < bytes.length; got += read)
      read = readSync(handle, bytes, got, bytes.length - got, got);
    if (got > bytesMax) throw new Error(`it is larger than ${bytesMax} bytes`);
    return bytes.subarray(0, got);
  } finally {
    closeSync(handle);
  }
}

/** False once the system was found not to tell it. */
let tellsPaths = true;

/**
 * Where the file lies that was opened, by Linux; null where the system does not tell. A file that was removed since then has more behind its
 * path.
 */
export function pathOfHandle(handle: number): string | null {
  if (!tellsPaths) return null;
  try {
    return readlinkSync(`/proc/self/fd/${handle}`);
  } catch {
    tellsPaths = false;
    return null;
  }
}
