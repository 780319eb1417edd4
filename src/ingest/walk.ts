/**
 * Finds files under an agent's folders.
 * Promises: one `readdir` a folder and one `lstat` a file; follows no symlink out of the folder; a thing that cannot be
 * read is named in a warning and stops nothing.
 */
import { type BigIntStats, constants, lstatSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { messageOf } from '../domain/errors.ts';
import { namesIn, onDisk, realPathOf } from './file-names.ts';

export interface WalkedFile {
  readonly path: string;
  /** From the root, `/` between parts. */
  readonly relPath: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  /** Size, mtime and inode in one text: the same text, the same file. */
  readonly stat: string;
  /** The real folder that it must still lie in when it is opened. */
  readonly within: string;
}

export interface WalkOptions {
  readonly skipsFolder: (relPath: string) => boolean;
  readonly warn: (text: string) => void;
}

/** Deeper than any agent's folders; a loop of links cannot be followed for ever. */
const DEPTH_MAX = 32;

/** Regular files below `root/folder`, in the order of their names. */
export function* walk(root: string, folder: string, options: WalkOptions): Generator<WalkedFile> {
  yield* walkFolder(root, realpathOrNull(root) ?? root, folder, options, 0);
}

function* walkFolder(
  root: string,
  realRoot: string,
  relFolder: string,
  options: WalkOptions,
  depth: number,
): Generator<WalkedFile> {
  const folder = relFolder === '' ? root : join(root, relFolder);
  const [before, relBefore] = [
    folder.endsWith(sep) ? folder : folder + sep,
    relFolder === '' ? '' : `${relFolder}/`,
  ];
  for (const name of entriesOf(folder, options.warn)) {
    const relPath = relBefore + name;
    const path = before + name;
    const stats = statOf(path, realRoot, options.warn);
    if (stats === null) continue;
    const kind = kindOf(stats);
    if (kind === constants.S_IFDIR) {
      if (depth < DEPTH_MAX && !options.skipsFolder(relPath)) {
        yield* walkFolder(root, realRoot, relPath, options, depth + 1);
      }
      continue;
    }
    if (kind === constants.S_IFREG) yield walkedFile(path, relPath, stats, realRoot);
    else options.warn(`skipped ${path}: not a regular file`);
  }
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
function statOf(path: string, realRoot: string, warn: (text: string) => void): BigIntStats | null {
  try {
    const stats = lstatSync(onDisk(path), { bigint: true });
    if (kindOf(stats) !== constants.S_IFLNK) return stats;
    const target = realPathOf(path);
    if (target !== realRoot && !target.startsWith(realRoot + sep)) {
      warn(`skipped ${path}: a link that leaves ${realRoot}`);
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

function realpathOrNull(path: string): string | null {
  try {
    return realPathOf(path);
  } catch {
    // The root is not there: the walk finds nothing, which is what an agent that was never used looks like.
    return null;
  }
}

/** One file by its path, null where there is no regular file. */
export function fileAt(path: string, relPath: string): WalkedFile | null {
  const stats = lstatSync(onDisk(path), { bigint: true, throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile()) return null;
  return walkedFile(path, relPath, stats, realPathOf(dirname(path)));
}

function walkedFile(path: string, relPath: string, stats: BigIntStats, within: string): WalkedFile {
  return {
    path,
    relPath,
    sizeBytes: Number(stats.size),
    mtimeMs: Number(stats.mtimeMs),
    stat: `${stats.size}:${stats.mtimeNs}:${stats.ino}`,
    within,
  };
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
  const realRoot = realpathOrNull(root) ?? root;
  for (const name of entriesOf(join(root, folder), warn)) {
    const relPath = folder === '' ? name : `${folder}/${name}`;
    if (!wants(relPath)) continue;
    const stats = statOf(join(root, relPath), realRoot, warn);
    if (stats?.isFile() === true) yield walkedFile(join(root, relPath), relPath, stats, realRoot);
  }
}

/** When the newest of them was written. */
export function newestMs(files: readonly WalkedFile[]): number {
  let newest = Number.NEGATIVE_INFINITY;
  for (const { mtimeMs } of files) newest = Math.max(newest, mtimeMs);
  return newest;
}
