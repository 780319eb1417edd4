/**
 * What a restore does to single files and folders on disk.
 * Promises: a file is made anew, never opened where one is, but for a list that lines are added to; what was flushed outlives a loss of power.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { FailureError, fail, messageOf } from '../domain/errors.ts';
import { killPoint } from '../domain/kill-point.ts';
import { NAME_BYTES_MAX } from '../domain/places.ts';
import { cutName, namesIn, onDisk } from '../files/file-names.ts';
import type { Chunk } from '../store/segments.ts';

/** In the name of each temporary file, after a dot and its file's own name. */
export const MARK = '.session-memory-';

/** Writes a file that is not there yet, for its owner only and fresh; returns the SHA-256 of what was written, hex. */
export function writeNew(temporary: string, chunks: Iterable<Chunk>): string {
  const { handle, sha256 } = writeOpen(temporary, chunks);
  closeSync(handle);
  return sha256;
}

/** The same; the file is still open, and whoever gets it closes it. */
export function writeOpen(
  temporary: string,
  chunks: Iterable<Chunk>,
): { readonly handle: number; readonly sha256: string } {
  const handle = openSync(onDisk(temporary), 'wx', 0o600);
  killPoint('restore.temporary-made');
  const hasher = new Bun.CryptoHasher('sha256');
  let known: Uint8Array | null = null;
  try {
    for (const { bytes, sha256 } of chunks) {
      // What was held against its hash in memory a moment ago, and is all there is, is not hashed twice.
      if (sha256 === null) hasher.update(bytes);
      else known = sha256;
      for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
    }
    // By this machine's clock, as the agent's clean-up reckons, not by that of a file server.
    const now = new Date();
    futimesSync(handle, now, now);
  } catch (thrown) {
    closeSync(handle);
    throw thrown;
  }
  return { handle, sha256: known === null ? hasher.digest('hex') : Buffer.from(known).toString('hex') };
}

/** Where even that fails, of a disk that has become read-only, say, what failed first is what is to be told. */
export function removeTemporary(temporary: string): void {
  try {
    rmSync(onDisk(temporary), { force: true });
  } catch {
    // Its name says whose it is.
  }
}

/** To be written to, and no link to it. */
const EXISTING = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0);

/** The bytes of a file that was written are on the disk afterwards. */
export function flush(temporary: string): void {
  const handle = openSync(onDisk(temporary), EXISTING);
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The same on another thread: of several at a time the file system makes few writes of its journal. */
export async function flushSoon(temporary: string): Promise<void> {
  await flushAndClose(openSync(onDisk(temporary), EXISTING));
}

export async function flushAndClose(handle: number): Promise<void> {
  try {
    await fsyncOf(handle);
  } finally {
    closeSync(handle);
  }
}

const fsyncOf = promisify(fsync);

/** Windows opens no folder, and some file systems write none: there names are on the disk when the system sees to it. */
export function flushFolder(folder: string): void {
  const handle = folderHandle(folder);
  if (handle === null) return;
  try {
    fsyncSync(handle);
  } catch (thrown) {
    if (!WRITES_NO_FOLDER.test(messageOf(thrown))) throw thrown;
  } finally {
    closeSync(handle);
  }
}

/** The same on another thread. */
export async function flushFolderSoon(folder: string): Promise<void> {
  const handle = folderHandle(folder);
  if (handle === null) return;
  try {
    await flushAndClose(handle);
  } catch (thrown) {
    if (!WRITES_NO_FOLDER.test(messageOf(thrown))) throw thrown;
  }
}

const WRITES_NO_FOLDER = /EINVAL|ENOTSUP|EBADF|EPERM|EISDIR/;

function folderHandle(folder: string): number | null {
  try {
    return openSync(onDisk(folder), 'r');
  } catch (thrown) {
    // That is no system that opens no folder.
    if (/EMFILE|ENFILE/.test(messageOf(thrown))) throw thrown;
    return null;
  }
}

/** What is flushed at a time: it is open meanwhile. */
const LANES = 32;

/** Does `work` for each, several at a time; what it throws stops its lane and is thrown once the others are done. */
export async function inLanes<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const lane = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await work(next);
  };
  const ends = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
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
  return fail(
    'io',
    `cannot write ${path}: ${messageOf(thrown)}`,
    'Give a folder that you can write to as --to DIR.',
  );
}

/** To be added to, made where it is not there, never waited for, and no link to it. */
const ADDED_TO =
  constants.O_RDWR |
  constants.O_APPEND |
  constants.O_CREAT |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0);
const APPEND_TRIES = 3;

/**
 * Adds whole lines at the end of a file that its agent adds to as well, and may write anew at any moment. What is there stays. `meanwhile`:
 * for tests, what happens before it is known whether they are there.
 */
export function appendLines(path: string, lines: string, meanwhile: () => void = () => undefined): void {
  for (let left = APPEND_TRIES; left > 0; left -= 1) {
    const handle = openSync(onDisk(path), ADDED_TO, 0o600);
    try {
      const { ino, size } = regularFile(handle);
      appendWhole(handle, endsLine(handle, size) ? lines : `\n${lines}`);
      fsyncSync(handle);
      meanwhile();
      // Written anew meanwhile, it may be without them.
      if (lstatSync(onDisk(path), { throwIfNoEntry: false })?.ino === ino) return;
    } finally {
      closeSync(handle);
    }
  }
  throw new Error('its agent writes it anew again and again');
}

function regularFile(handle: number): Stats {
  const stats = fstatSync(handle);
  if (!stats.isFile()) throw new Error('it is no regular file');
  return stats;
}

/** At one go, so that what others add stands before or behind. A line that the disk has no room for is taken back. */
function appendWhole(handle: number, text: string): void {
  const bytes = Buffer.from(text);
  const written = writeSync(handle, bytes);
  if (written === bytes.length) return;
  const { size } = fstatSync(handle);
  const tail = Buffer.alloc(written);
  readSync(handle, tail, 0, written, size - written);
  if (tail.equals(bytes.subarray(0, written))) ftruncateSync(handle, size - written);
  throw new Error('the disk is full');
}

function endsLine(handle: number, size: number): boolean {
  const last = Buffer.alloc(1);
  return size === 0 || (readSync(handle, last, 0, 1, size - 1) === 1 && last[0] === 0x0a);
}

/** After it, in the name of what a restore put aside, the time. No agent takes such a file for a transcript. */
export const ASIDE = '.before-restore-';

/** Renames what is at `path`, whatever it is by now, to a free name beside it, and returns that; null where nothing is there any more. */
export function heldAside(path: string): string | null {
  const stamp = new Date().toISOString().replace(/[-:.]/g, '');
  for (let n = 1; ; n += 1) {
    const suffix = `${ASIDE}${stamp}${n === 1 ? '' : `-${n}`}`;
    const name = join(dirname(path), cutName(basename(path), NAME_BYTES_MAX - suffix.length) + suffix);
    if (lstatSync(onDisk(name), { throwIfNoEntry: false }) !== undefined) continue;
    try {
      renameSync(onDisk(path), onDisk(name));
    } catch (thrown) {
      if (/ENOENT/.test(messageOf(thrown))) return null;
      throw thrown;
    }
    killPoint('restore.held-aside');
    return name;
  }
}

/** Gives a file its name where nothing has it. False where something does: that is left. */
export function moveToFree(temporary: string, path: string): boolean {
  try {
    // Unlike a rename it takes no other file's place, whenever that came up.
    linkSync(onDisk(temporary), onDisk(path));
  } catch (thrown) {
    if (/EEXIST/.test(messageOf(thrown))) return false;
    if (!NO_LINKS.test(messageOf(thrown))) throw thrown;
    if (lstatSync(onDisk(path), { throwIfNoEntry: false }) !== undefined) return false;
    renameSync(onDisk(temporary), onDisk(path));
    return true;
  }
  rmSync(onDisk(temporary), { force: true });
  return true;
}

/** What file systems say that have no second names for a file. */
const NO_LINKS = /EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS|EINVAL|EMLINK|EACCES/;
