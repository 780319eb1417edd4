/**
 * Finds files under an agent's folders.
 * Promises: one `readdir` a folder and one `lstat` a file; the folder itself may be a link, and no link in it is followed
 * out of it and the root; a thing that cannot be read is named in a warning and stops nothing.
 */
import { type BigIntStats, constants, lstatSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { messageOf } from '../domain/errors.ts';
import { alive } from './alive.ts';
import { namesIn, onDisk, realPathOf } from './file-names.ts';
import { awayMount } from './mounts.ts';
import { seenAs } from './seen-as.ts';
import { liesWithin, realPathOrNull, type Within, withinOf } from './within.ts';

export interface WalkedFile {
  readonly path: string;
  /** From the root, `/` between parts. */
  readonly relPath: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  /** Size, mtime and inode in one text: the same text, the same file. */
  readonly stat: string;
  /** What it must still lie in when it is opened. */
  readonly within: Within;
  /** What was known of its path when it was met, in the form of `stat`; null: nothing; absent: nobody asked. */
  readonly knownStat?: string | null;
  /** Where it really lies, if it was met through a linked folder; absent: as far as is known, at its path. */
  readonly realPath?: string;
}

export interface WalkOptions {
  readonly skipsFolder: (relPath: string) => boolean;
  readonly warn: (text: string) => void;
  /** What is known of names in a folder, in their order: files that are as they were known are looked at more cheaply. */
  readonly known?: (before: string, names: readonly string[]) => readonly (string | null)[];
}

/** Deeper than any agent's folders; a loop of links cannot be followed for ever. */
const DEPTH_MAX = 32;

/** Regular files below `root/folder`, in the order of their names. */
export function* walk(root: string, folder: string, options: WalkOptions): Generator<WalkedFile> {
  for (const files of walkTogether(root, folder, options)) yield* files;
}

/** The same, many at a time: of 50,000 files a step of a generator for each would be seen. */
export function* walkTogether(
  root: string,
  folder: string,
  options: WalkOptions,
): Generator<readonly WalkedFile[]> {
  const place = placeOf(root, folder, options.warn);
  if (place !== null) yield* walkFolder(place, folder, options, 0);
}

/** A folder of an agent's, where it is and where it really is. */
interface WalkedFolder {
  readonly root: string;
  readonly folder: string;
  readonly within: Within;
  /** Null: the folder is no link and in none. */
  readonly realFolder: string | null;
}

/** Null where nothing is. A link to nowhere is named: what it led to once is not safe while it does not. */
function placeOf(root: string, folder: string, warn: (text: string) => void): WalkedFolder | null {
  const path = folder === '' ? root : join(root, folder);
  const real = realPathOrNull(path);
  if (real !== null)
    return { root, folder, within: withinOf(root, folder), realFolder: real === path ? null : real };
  if (isLink(path)) warn(`skipped ${path}: a link that leads nowhere`);
  return null;
}

/** False for what can be no path. */
export function isLink(path: string): boolean {
  try {
    return lstatSync(onDisk(path), { throwIfNoEntry: false })?.isSymbolicLink() === true;
  } catch {
    return false;
  }
}

function* walkFolder(
  place: WalkedFolder,
  relFolder: string,
  options: WalkOptions,
  depth: number,
): Generator<readonly WalkedFile[]> {
  const folder = relFolder === '' ? place.root : join(place.root, relFolder);
  const [before, relBefore] = [
    folder.endsWith(sep) ? folder : folder + sep,
    relFolder === '' ? '' : `${relFolder}/`,
  ];
  let files: WalkedFile[] = [];
  const names = entriesOf(folder, options.warn);
  const stats = options.known?.(before, names);
  for (const [i, name] of names.entries()) {
    const relPath = relBefore + name;
    const path = before + name;
    const known = stats?.[i] ?? null;
    const met = unchangedAt(place, path, relPath, known) ?? metAt(place, path, relPath, options.warn);
    alive();
    if (met === null) continue;
    if (met !== 'folder')
      files.push(stats === undefined || met.knownStat === known ? met : { ...met, knownStat: known });
    else if (depth < DEPTH_MAX && !options.skipsFolder(relPath)) {
      yield files;
      files = [];
      yield* walkFolder(place, relPath, options, depth + 1);
    }
  }
  yield files;
}

/** A file that is as it was known, by a look without exact times; null: it must be looked at closely. */
function unchangedAt(
  place: WalkedFolder,
  path: string,
  relPath: string,
  stat: string | null,
): WalkedFile | null {
  const seen = stat === null ? null : seenAs(path, stat);
  if (stat === null || seen === null) return null;
  const { sizeBytes, mtimeMs } = seen;
  const walked = { path, relPath, sizeBytes, mtimeMs, stat, within: place.within, knownStat: stat };
  return asWalked(walked, realOf(place, relPath));
}

/** What is at a path; null where it is to be passed over. */
function metAt(
  place: WalkedFolder,
  path: string,
  relPath: string,
  warn: (text: string) => void,
): WalkedFile | 'folder' | null {
  const stats = statOf(path, place.within, warn);
  if (stats === null) return null;
  const kind = kindOf(stats);
  if (kind === constants.S_IFDIR) return 'folder';
  if (kind === constants.S_IFREG)
    return walkedFile(path, relPath, stats, place.within, realOf(place, relPath));
  warn(`skipped ${path}: not a regular file`);
  return null;
}

function entriesOf(folder: string, warn: (text: string) => void): string[] {
  try {
    return namesIn(folder);
  } catch (thrown) {
    const missing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    if (!missing) warn(`skipped ${folder}: ${messageOf(thrown)}`);
    return [];
  }
}

/** The stats of what a path names; a link that stays within the root counts as what it names. */
function statOf(path: string, within: Within, warn: (text: string) => void): BigIntStats | null {
  try {
    const stats = lstatSync(onDisk(path), { bigint: true });
    if (kindOf(stats) !== constants.S_IFLNK) return stats;
    if (awayMount(path) !== null || !liesWithin(realPathOf(path), within)) {
      warn(`skipped ${path}: a link that leaves ${within.join(' and ')}`);
      return null;
    }
    const named = statSync(onDisk(path), { bigint: true });
    // A linked folder inside the root is walked where it really is.
    return named.isDirectory() ? null : named;
  } catch (thrown) {
    warn(`skipped ${path}: ${messageOf(thrown)}`);
    return null;
  }
}

/** `isFile` and its like make two integers of any size at each call, of which a walk makes three a file. */
function kindOf(stats: BigIntStats): number {
  return Number(stats.mode) & constants.S_IFMT;
}

/** The real path of what lies in a linked folder: no folder below that is a link. */
function realOf({ folder, realFolder }: WalkedFolder, relPath: string): string | undefined {
  if (realFolder === null) return undefined;
  return join(realFolder, folder === '' ? relPath : relPath.slice(folder.length + 1));
}

/** One file by its path, null where there is no regular file. */
export function fileAt(path: string, relPath: string): WalkedFile | null {
  const stats = lstatSync(onDisk(path), { bigint: true, throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile()) return null;
  return walkedFile(path, relPath, stats, [realPathOf(dirname(path))]);
}

function walkedFile(
  path: string,
  relPath: string,
  stats: BigIntStats,
  within: Within,
  realPath?: string,
): WalkedFile {
  const walked = {
    path,
    relPath,
    sizeBytes: Number(stats.size),
    mtimeMs: Number(stats.mtimeMs),
    stat: `${stats.size}:${stats.mtimeNs}:${stats.ino}`,
    within,
  };
  return asWalked(walked, realPath);
}

function asWalked(walked: WalkedFile, realPath: string | undefined): WalkedFile {
  return realPath === undefined ? walked : { ...walked, realPath };
}

/** Folders that a pattern names, `*` in a part being any characters; their paths from the root, in the order of their names. */
export function foldersAt(root: string, pattern: string): string[] {
  let found = [''];
  for (const part of pattern === '' ? [] : pattern.split('/'))
    found = found.flatMap((folder) => {
      const names = part.includes('*') ? foldersIn(join(root, folder), part) : [part];
      return names.map((name) => (folder === '' ? name : `${folder}/${name}`));
    });
  return found;
}

function foldersIn(folder: string, pattern: string): string[] {
  const fits = new Bun.Glob(pattern);
  return entriesOf(folder, () => undefined).filter(
    (name) =>
      (pattern === '*' || fits.match(name)) &&
      lstatSync(onDisk(join(folder, name)), { throwIfNoEntry: false })?.isDirectory() === true,
  );
}

/** Regular files in `root/folder` itself that are wanted by their path from the root, in the order of their names. */
export function* walkFlat(
  root: string,
  folder: string,
  wants: (relPath: string) => boolean,
  warn: (text: string) => void,
): Generator<WalkedFile> {
  const place = placeOf(root, folder, warn);
  if (place === null) return;
  for (const name of entriesOf(join(root, folder), warn)) {
    const relPath = folder === '' ? name : `${folder}/${name}`;
    if (!wants(relPath)) continue;
    const stats = statOf(join(root, relPath), place.within, warn);
    if (stats?.isFile() === true)
      yield walkedFile(join(root, relPath), relPath, stats, place.within, realOf(place, relPath));
  }
}

/** When a file was changed; null where there is none, or where that cannot be seen now. */
export function lastChangedMs(path: string): number | null {
  try {
    if (awayMount(path) !== null) return null;
    return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
  } catch {
    // What may not be looked at counts as not there.
    return null;
  }
}

/** When the newest of them was written. */
export function newestMs(files: readonly WalkedFile[]): number {
  let newest = Number.NEGATIVE_INFINITY;
  for (const { mtimeMs } of files) newest = Math.max(newest, mtimeMs);
  return newest;
}
