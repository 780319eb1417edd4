/**
 * Where the files of a root may really lie. Whoever finds a file and whoever opens it ask here, so that they agree.
 * The rule: an agent's root, or a folder of the agent in it, may be a link and is followed where it leads. What leaves
 * both from further inside is not.
 */
import { join, sep } from 'node:path';
import { realPathIfThere, realPathOf } from './file-names.ts';
import { awayMount } from './mounts.ts';

/** Real folders, all links followed; a file must lie below one of them. */
export type Within = readonly string[];

/** Of what is found in `folder` of an agent's root. A folder that leads nowhere adds nothing. */
export function withinOf(root: string, folder: string): Within {
  const real = [root, ...(folder === '' ? [] : [join(root, folder)])].flatMap(
    (place) => realPathOrNull(place) ?? [],
  );
  return real.filter((place, i) => !real.slice(0, i).some((outer) => isBelow(place, outer)));
}

/** A folder from an agent's root, '' for the root itself, and where it really is. */
export interface RealFolder {
  readonly folder: string;
  readonly real: string;
}

/** The root, and those of the agent's folders in it that are links, or lie behind one. None where the root is not there. */
export function realFoldersOf(root: string, folders: readonly string[]): readonly RealFolder[] {
  const realRoot = realPathOrNull(root);
  if (realRoot === null) return [];
  const linked = folders.flatMap((folder) => {
    const real = realPathOrNull(join(root, folder));
    return real === null || real === join(realRoot, folder) ? [] : [{ folder, real }];
  });
  return [{ folder: '', real: realRoot }, ...linked];
}

export function liesWithin(realPath: string, within: Within): boolean {
  return within.some((folder) => isBelow(realPath, folder));
}

/** Throws where a path leads out of all of them by now. */
export function mustLieWithin(path: string, within: Within): string {
  const real = realPathOf(path);
  if (liesWithin(real, within)) return real;
  throw new Error(`it has come to lie outside ${within.join(' and ')}`);
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Null where nothing is, where nobody may look, or on a mount that may never answer. */
export function realPathOrNull(path: string): string | null {
  return awayMount(path) === null ? realPathIfThere(path) : null;
}
