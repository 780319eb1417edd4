/**
 * Files of a session that lie where no path tells whose they are: a record of the session names each of them.
 * Promises: pure. A name is only ever one of the places that the agent's format declares, whatever a record says.
 */
import { parsedJson } from './parsed.ts';

export interface NamedFiles {
  /** What stands before such a name in the bytes of a transcript. */
  readonly marks: readonly string[];
  /**
   * The places below the root that are named right behind a mark; one that ends in `*` is the beginning of others. `behind`: `BEHIND_BYTES` of
   * the transcript, or what there is.
   */
  placesIn(behind: string): readonly string[];
}

/** Longer than a path that a record names, and than a list of a few. */
export const BEHIND_BYTES = 4096;

/** Whether a place is among those that records named. */
export function isNamedIn(named: ReadonlySet<string>, relPath: string): boolean {
  if (named.has(relPath)) return true;
  for (const name of named) if (name.endsWith('*') && relPath.startsWith(name.slice(0, -1))) return true;
  return false;
}

/** The last part of a path of any system. */
export function lastPart(path: string): string {
  return path.replace(/^.*[\\/]/s, '');
}

/** The text of a JSON string that `behind` begins with, after a colon; null where none does. */
export function memberText(behind: string): string | null {
  const quoted = /^\s*:\s*("(?:[^"\\]|\\.)*")/s.exec(behind)?.[1];
  return quoted === undefined ? null : unquoted(quoted);
}

export function unquoted(json: string): string | null {
  const value = parsedJson(json);
  // No JSON: then it names nothing.
  return typeof value === 'string' ? value : null;
}
