/**
 * Work in a folder that no link can change meanwhile.
 * Promises: what `work` does with names below the path that it is given happens in the very folder that had this real path when
 * it was opened, or not at all. Where a system has no paths for open folders, the path is held against the real one before and after.
 */
import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FailureError, fail, messageOf } from '../domain/errors.ts';
import { onDisk, realPathIfThere, realPathOf } from './file-names.ts';

/** Paths of open folders: what is joined to one is looked up in the folder itself, not along its path. */
const OPEN_FOLDERS = '/proc/self/fd';
/** Linux's way, which names open files too. */
export const hasOpenFolders = existsSync(OPEN_FOLDERS);

/** `realFolder`: as `realPathOf` gives it. */
export function inFolder<T>(realFolder: string, work: (at: string) => T): T {
  if (!hasOpenFolders) return inNamedFolder(realFolder, work);
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const handle = openSync(onDisk(realFolder), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const at = `${OPEN_FOLDERS}/${handle}`;
  try {
    const real = readlinkSync(at, { encoding: 'buffer' });
    if (!real.equals(Buffer.from(onDisk(realFolder)))) throw moved(realFolder);
    return work(at);
  } catch (thrown) {
    throw renamed(thrown, at, realFolder);
  } finally {
    closeSync(handle);
  }
}

function inNamedFolder<T>(realFolder: string, work: (at: string) => T): T {
  const mustBeThere = () => {
    if (realPathOf(realFolder) !== realFolder) throw moved(realFolder);
  };
  mustBeThere();
  const result = work(realFolder);
  mustBeThere();
  return result;
}

/** What went wrong, told by the path that people know. */
function renamed(thrown: unknown, at: string, realFolder: string): unknown {
  if (thrown instanceof FailureError || !(thrown instanceof Error) || !thrown.message.includes(at))
    return thrown;
  return new Error(
    messageOf(thrown).replaceAll(at, () => realFolder),
    { cause: thrown },
  );
}

function moved(realFolder: string): FailureError {
  return fail(
    'failed',
    `${realFolder} has become another folder, or a link, meanwhile; nothing was written there`,
    'See who changes it, then try again.',
  );
}

/**
 * Makes the folders `parts`, one within the other, below a real folder, each in the one before. Returns the last one's real path. One that
 * comes up meanwhile is taken if it is a folder; a link is not.
 */
export function makeFolders(realFolder: string, parts: readonly string[]): string {
  let folder = realFolder;
  for (const part of parts) {
    inFolder(folder, (at) => {
      try {
        mkdirSync(onDisk(join(at, part)), { mode: 0o700 });
      } catch (thrown) {
        if (!/EEXIST/.test(messageOf(thrown))) throw thrown;
      }
    });
    folder = join(folder, part);
  }
  return folder;
}

/** Where a path really leads, or would once the folders that are missing are made: those of it that are there, all links followed, then the rest. */
export function realPathToBe(path: string): { readonly real: string; readonly missing: readonly string[] } {
  const missing: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    const real = realPathIfThere(at);
    if (real !== null) return { real, missing };
    if (dirname(at) === at) return { real: at, missing };
    missing.unshift(basename(at));
  }
}

/** The link on the way to a folder that leads to nothing, or to itself; null where there is none. One that leads where nobody may look is none. */
export function linkToNowhere(path: string): string | null {
  let link: string | null = null;
  for (let at = path; realPathIfThere(at) === null && dirname(at) !== at; at = dirname(at))
    if (leadsNowhere(at)) link = at;
  return link;
}

function leadsNowhere(path: string): boolean {
  try {
    if (lstatSync(onDisk(path), { throwIfNoEntry: false })?.isSymbolicLink() !== true) return false;
    return statSync(onDisk(path), { throwIfNoEntry: false }) === undefined;
  } catch (thrown) {
    return (thrown as { readonly code?: unknown }).code === 'ELOOP';
  }
}
