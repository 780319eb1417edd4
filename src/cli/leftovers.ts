/**
 * A file that may be ours by its place, looked at before it is taken away.
 * Promises: only a plain file of this user goes, as it was looked at; what is a link, a folder where a file is expected, a pipe or
 * somebody else's stays and is named; a folder goes only where it is empty, or was made by this program for a moment.
 */
import { lstatSync, readdirSync, readlinkSync, rmdirSync, rmSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';
import { messageOf } from '../domain/errors.ts';
import { readPlain } from '../files/plain-file.ts';

/** What goes. */
export interface Leftover {
  readonly path: string;
  /** As in "configuration". */
  readonly what: string;
  readonly kind: 'file' | 'link' | 'tree';
  readonly seen: Stats;
}

/** What stays, and why. */
export interface Remaining {
  readonly path: string;
  readonly why: string;
}

export type Looked = Leftover | Remaining;
export const isLeftover = (looked: Looked): looked is Leftover => 'what' in looked;

/** Ours by its place, if it is a plain file. `wrong`: why its text is not ours after all; null: it is. */
export function fileAt(path: string, what: string, wrong?: (text: string) => string | null): Looked[] {
  const seen = lstatOf(path);
  if (seen === null) return [];
  if ('why' in seen) return [seen];
  if (!seen.isFile())
    return [{ path, why: `${seen.isSymbolicLink() ? 'a link' : 'no plain file'}: not ours` }];
  const why = foreign(seen) ?? (wrong === undefined ? null : wrongIn(path, wrong));
  return [why === null ? { path, what, kind: 'file', seen } : { path, why }];
}

/** A link that leads to `target`, word for word. */
export function linkTo(path: string, what: string, target: string): Looked[] {
  const seen = lstatOf(path);
  if (seen === null) return [];
  if ('why' in seen) return [seen];
  if (!seen.isSymbolicLink() || readlinkSync(path) !== target)
    return [{ path, why: `not the link that was made for us` }];
  return [{ path, what, kind: 'link', seen }];
}

/** A folder that was made for a moment, with all that is in it. Links in it are removed as such. */
export function treeAt(path: string, what: string): Looked[] {
  const seen = lstatOf(path);
  if (seen === null) return [];
  if ('why' in seen) return [seen];
  if (!seen.isDirectory()) return [{ path, why: 'no folder: not ours' }];
  const why = foreign(seen);
  return [why === null ? { path, what, kind: 'tree', seen } : { path, why }];
}

/** What is only named. */
export function stays(path: string, why: string): Looked[] {
  const seen = lstatOf(path);
  return seen === null ? [] : [{ path, why }];
}

export function lstatOf(path: string): Stats | Remaining | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (thrown) {
    // Something on the way to it is a file: then it is not there.
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOTDIR') return null;
    return { path, why: `cannot be looked at: ${messageOf(thrown)}` };
  }
}

/** None where it is no folder, or cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function foreign({ uid }: Stats): string | null {
  const own = ownUid();
  return own < 0 || uid === own ? null : 'belongs to another user';
}

function ownUid(): number {
  try {
    return userInfo().uid;
  } catch {
    return -1;
  }
}

/** Scripts, pages and settings are some KiB. */
const TEXT_BYTES_MAX = 4 * 1024 * 1024;

function wrongIn(path: string, wrong: (text: string) => string | null): string | null {
  try {
    return wrong(readPlain(path, TEXT_BYTES_MAX).toString());
  } catch (thrown) {
    return `cannot be read: ${messageOf(thrown)}`;
  }
}

/** Throws where it is no longer what was looked at. Gone already is as good. */
export function removeLeftover({ path, kind, seen }: Leftover): void {
  const now = lstatOf(path);
  if (now === null) return;
  // What is in a folder may have changed; the folder itself must be the same.
  const same = (now: Stats) =>
    now.ino === seen.ino &&
    now.dev === seen.dev &&
    (kind === 'tree' || (now.size === seen.size && now.mtimeMs === seen.mtimeMs));
  if ('why' in now || !same(now)) throw new Error('it has changed meanwhile; run it again');
  rmSync(path, { recursive: kind === 'tree' });
}

/** True where it went. One that holds something, or is a link, stays. */
export function removeEmptyFolder(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}
