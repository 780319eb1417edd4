/**
 * Files of other programs, read and written whole.
 * Promises: a file is replaced at once or not at all, where a link to it leads, with the mode that it had; a copy of how it was is
 * made once and never overwritten. Never: reads what is no plain file, or turns bytes that are no text into others.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { killPoint } from '../domain/kill-point.ts';

/** Settings are some KiB; what is larger is none that we would edit. */
const BYTES_MAX = 16 * 1024 * 1024;

/** The text of a file; null: it is not there. Throws where it is no plain file of text that may be read, or a link to none. */
export function readText(path: string): string | null {
  if (!existsSync(path)) {
    refuseDangling(path);
    return null;
  }
  // A FIFO in its place would be waited for.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > BYTES_MAX) throw new Error('it is no plain file of a usual size');
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(fd));
  } catch (thrown) {
    if (thrown instanceof TypeError) throw new Error('it is not UTF-8');
    throw thrown;
  } finally {
    closeSync(fd);
  }
}

/** What it names may be on a disk that is away: a file in the link's place would be in the way when that is back. */
function refuseDangling(path: string): void {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (isLink && !existsSync(path)) throw new Error('it is a link that leads nowhere');
}

/** Writes beside it and renames; follows a link to the file that it names. New files are for their owner. */
export function writeText(path: string, text: string): void {
  refuseDangling(path);
  mkdirSync(dirname(path), { recursive: true });
  const target = existsSync(path) ? realpathSync(path) : path;
  const mode = existsSync(target) ? statSync(target).mode & 0o7777 : 0o600;
  const beside = `${target}.session-memory-new`;
  rmSync(beside, { force: true });
  try {
    writeFileSync(beside, text, { flag: 'wx', mode, flush: true });
    chmodSync(beside, mode);
    killPoint('foreign.written');
    renameSync(beside, target);
  } catch (thrown) {
    rmSync(beside, { force: true });
    throw thrown;
  }
  killPoint('foreign.renamed');
  flushFolder(dirname(target));
}

/** A name is on the disk only when its folder is. */
function flushFolder(folder: string): void {
  try {
    const fd = openSync(folder, constants.O_RDONLY);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Windows opens no folder, and needs none of this.
  }
}

export const backupOf = (path: string) => `${path}.before-session-memory`;

/** Keeps how the file was, unless that is kept already. */
export function keepBackup(path: string, text: string): void {
  if (existsSync(backupOf(path))) return;
  // Half of one would be kept for good: it gets its name when it is whole.
  const beside = `${backupOf(path)}.session-memory-new`;
  rmSync(beside, { force: true });
  try {
    writeFileSync(beside, '', { flag: 'wx', mode: 0o600 });
    killPoint('foreign.begun');
    writeFileSync(beside, text, { flush: true });
    chmodSync(beside, statSync(path).mode & 0o7777);
    killPoint('foreign.copied');
    renameSync(beside, backupOf(path));
  } catch (thrown) {
    rmSync(beside, { force: true });
    throw thrown;
  }
  flushFolder(dirname(path));
}

/**
 * Why a file cannot be changed, or must not be, known beforehand; null: nothing is in the way. Whoever took the right to write from a file
 * of their own wants it as it is, though another one could be put in its place. `removes`: it goes, which asks nothing of the file itself.
 */
export function obstacle(path: string, removes = false): string | null {
  const target = existsSync(path) && !removes ? realpathSync(path) : path;
  if (existsSync(target) && !removes) {
    if ((statSync(target).mode & 0o222) === 0) return 'it is read-only: `chmod u+w` lets it be changed';
    if (!mayWrite(target)) return 'you may not write to it';
  }
  // The copy of how it was lies beside the link.
  const folder = [target, path].map((each) => nearestFolder(dirname(each))).find((each) => !mayWrite(each));
  return folder === undefined ? null : `you may not write in ${folder}`;
}

function nearestFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestFolder(dirname(folder));
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A file of our own: replaced at once, for its owner alone, and never through a link. */
export function writeOwn(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.session-memory-new`;
  rmSync(beside, { force: true });
  writeFileSync(beside, text, { flag: 'wx', mode: 0o600, flush: true });
  renameSync(beside, path);
  flushFolder(dirname(path));
}

export function removeFile(path: string): void {
  rmSync(path, { force: true });
}
