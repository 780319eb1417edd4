/**
 * What is to be done with a bucket, decided from what is known of it and of the store.
 * Promises: pure, but for the lot that `inTurn` draws; nothing is uploaded twice that is known to be there, and nothing is called collectable that any commit names.
 */

/** A session of the store as far as an upload is concerned. */
export interface UploadState {
  readonly uid: string;
  /** How it is now, in one text. */
  readonly mark: string;
  /** The mark that was uploaded last; null: none. */
  readonly uploaded: string | null;
}

/** Sessions whose state is not in the bucket, in the order given. */
export function toUpload<T extends UploadState>(candidates: readonly T[]): T[] {
  return candidates.filter(({ mark, uploaded }) => mark !== uploaded);
}

/** How another machine's log stands to what was read of it. */
export interface LogState {
  /** Numbers that are there, rising. */
  readonly there: readonly number[];
  /** How many were read: all below this number. */
  readonly read: number;
}

export interface LogPlan {
  readonly toRead: readonly number[];
  /** Numbers below the last one that are not there. */
  readonly missing: readonly number[];
}

/** So many missing numbers are named at most: whoever has the bucket may put an object of any number there. */
const MISSING_MAX = 1000;

/** `complete`: all of the log was listed; else only what stands behind what was read. */
export function planLog({ there, read }: LogState, complete: boolean): LogPlan {
  const end = Math.max(read, (there.at(-1) ?? -1) + 1);
  const known = new Set(there);
  const missing: number[] = [];
  for (let number = complete ? 0 : read; number < end && missing.length < MISSING_MAX; number += 1)
    if (!known.has(number)) missing.push(number);
  return { toRead: there.filter((number) => number >= read), missing };
}

/** Machines whose head is another one than when it was looked at last. */
export function movedHeads(
  heads: ReadonlyMap<string, string>,
  known: ReadonlyMap<string, string | null>,
  own: string | null,
): string[] {
  return [...heads]
    .filter(([machine, etag]) => machine !== own && known.get(machine) !== etag)
    .map(([machine]) => machine);
}

/**
 * Logs that one unwatched look reads at most: with very many machines each other one's would otherwise be listed by each after every commit,
 * which grows with the square of their number. So each has its turn some hours later; whoever wants it at once reads all.
 */
export const LOGS_PER_LOOK = 20;

/** So many of them at most, by lot: nobody has to be remembered, and nobody waits for ever. `draw`: from 0 up to, not including, what it is given. */
export function inTurn<One>(all: readonly One[], most: number, draw = byLot): One[] {
  const left = [...all];
  const taken: One[] = [];
  while (left.length > 0 && taken.length < most) taken.push(...left.splice(draw(left.length), 1));
  return taken;
}

function byLot(below: number): number {
  return Math.floor(Math.random() * below);
}

/** So long a pack must have been named by nothing before it may go: an upload that is under way may be about to name it. */
export const COLLECT_AFTER_MS = 7 * 86_400_000;

export interface PackSeen {
  readonly pack: string;
  /** When it was first seen that nothing names it, milliseconds; null: it was not seen so before. */
  readonly unnamedSinceMs: number | null;
}

export interface Collection {
  readonly collect: readonly string[];
  /** Unnamed for the first time, or for too short a time. */
  readonly waiting: readonly string[];
}

/** `named`: packs that the newest records of any machine name, or the newest of them that had bytes. */
export function toCollect(seen: readonly PackSeen[], named: ReadonlySet<string>, nowMs: number): Collection {
  const unnamed = seen.filter(({ pack }) => !named.has(pack));
  const isOld = ({ unnamedSinceMs: since }: PackSeen) => since !== null && nowMs - since >= COLLECT_AFTER_MS;
  return {
    collect: unnamed.filter(isOld).map(({ pack }) => pack),
    waiting: unnamed.filter((one) => !isOld(one)).map(({ pack }) => pack),
  };
}
