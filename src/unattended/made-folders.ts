/**
 * Folders that `install` had to make, remembered in a list so that `uninstall` knows them.
 * Promises: a folder that was there before, or has something in it, or is a link, is never removed.
 */
import { existsSync, rmdirSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { readText, removeFile, writeOwn } from './disk.ts';

/** What has to be made before the file can be written, the outermost last. */
export function missingFolders(file: string): string[] {
  const folder = dirname(file);
  return existsSync(folder) || dirname(folder) === folder ? [] : [folder, ...missingFolders(folder)];
}

/** Before they are made: a run that is killed in between must not leave one that nobody knows. */
export function noteFolders(list: string, files: readonly string[]): void {
  const missing = files.flatMap(missingFolders);
  if (missing.length === 0) return;
  writeList(list, [...notedFolders(list), ...missing, ...missingFolders(list)]);
}

/** Those that hold something are kept in mind for the next time, unless `isLast`. */
export function removeNotedFolders(list: string, isLast: boolean): void {
  const noted = notedFolders(list);
  removeFile(list);
  const left = noted.sort((a, b) => b.length - a.length).filter((folder) => !removed(folder));
  // The list itself would keep its own folder from ever being empty.
  const others = left.filter((folder) => !list.startsWith(folder + sep));
  if (!isLast && others.length > 0) writeList(list, [...left, ...missingFolders(list)]);
}

/** True where it is not there any more. */
function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
  } catch {
    return !existsSync(folder);
  }
  return true;
}

function writeList(list: string, folders: readonly string[]): void {
  writeOwn(list, `${JSON.stringify([...new Set(folders)], null, 2)}\n`);
}

/** None where there is no such list; one that somebody has changed names nothing. */
function notedFolders(list: string): string[] {
  try {
    const noted: unknown = JSON.parse(readText(list) ?? '[]');
    return Array.isArray(noted) ? noted.filter((folder) => typeof folder === 'string') : [];
  } catch {
    return [];
  }
}
