/**
 * Which files a command that failed has not changed after all.
 * Promises: pure; what is not known to be untouched counts as changed; holds few names of a command, and none of most.
 */
import { CHARS, kept } from './keep.ts';
import type { Touched } from './shell.ts';

/** What a command has changed unless it turns out to have failed, until that is known. */
export interface Doubtful extends Pick<Touched, 'written' | 'edited'> {
  readonly paths: ReadonlySet<string>;
  readonly ifWell: ReadonlySet<string>;
  readonly byPatch: ReadonlySet<string>;
}

/** A patch of more files is told at once: thousands of calls may be open. */
const PATHS_MAX = 32;
const PATH_CHARS_MAX = 4096;
const OUTPUT_CHARS = 16 * 1024;
/** How the tools say that they take nothing of a patch: Codex's, then Git's. */
const REFUSED =
  /^(?:apply_patch verification failed|Invalid patch|Failed to (?:find (?:expected lines|context)|read file to update|write file|delete file)|error: (?:patch failed|corrupt patch|[^\n]{1,1024}: patch does not apply))/m;

/** Null where nothing is in doubt. */
export function doubtfulOf({ written, edited, ifWell, byPatch }: Touched): Doubtful | null {
  const own = (path: string) => kept(path, CHARS.path);
  const paths = new Set([...ifWell, ...byPatch].map(own));
  const chars = [...paths].reduce((sum, path) => sum + path.length, 0);
  if (paths.size === 0 || paths.size > PATHS_MAX || chars > PATH_CHARS_MAX) return null;
  return {
    paths,
    ifWell: new Set(ifWell.map(own)),
    byPatch: new Set(byPatch.map(own)),
    written: written.map(own).filter((path) => paths.has(path)),
    edited: edited.map(own).filter((path) => paths.has(path)),
  };
}

export function untouchedBy(doubtful: Doubtful, failed: boolean, output: string): ReadonlySet<string> {
  const refused = REFUSED.test(output.slice(0, OUTPUT_CHARS)) ? doubtful.byPatch : new Set<string>();
  return failed ? doubtful.ifWell.union(refused) : refused;
}
