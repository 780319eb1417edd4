/**
 * Whether a file is as it was known, by a cheap look: nearly every file of every run is.
 * Promises: says yes only to a plain file of the same size, the same inode and the same time of change, that time to within half a
 * microsecond; whatever it cannot tell for sure, it leaves to an exact look.
 *
 * Exact times make eighteen integers of any size for each file, a quarter of what a look costs. A number holds the time
 * to some 250 ns. What could pass unseen is a file that was written twice within half a microsecond, read between the two,
 * and has as many bytes as before: the clock that stamps files moves in steps of a millisecond or more, or, where a system has
 * finer stamps for files that somebody looks at, the look and the reading between the two writes alone take longer.
 */
import { lstatSync } from 'node:fs';
import { onDisk } from './on-disk.ts';

export interface SeenFile {
  readonly sizeBytes: number;
  /** Whole milliseconds, as an exact look gives them. */
  readonly mtimeMs: number;
}

const [DIGIT_0, DIGIT_9] = [0x30, 0x39];
/** Digits of a time in nanoseconds that are less than a millisecond. */
const NS_DIGITS = 6;
const NS_IN_MS = 1e6;
/** Two roundings of one time, to a number each, differ by less; two stamps of a clock by more. */
const TOLERANCE_MS = 0.0005;
const KIND = 0o170000;
const PLAIN = 0o100000;

/** The numbers of a known stat, filled anew at each call: of 50,000 files an object each would be seen. */
const told = { size: 0, mtimeMs: 0, restNs: 0, ino: 0 };

/** `stat`: what is known, in the form of `WalkedFile.stat`. Null: it is not so for sure. Throws nothing. */
export function seenAs(path: string, stat: string): SeenFile | null {
  if (!readInto(stat)) return null;
  const { size, mtimeMs, restNs, ino } = told;
  try {
    const stats = lstatSync(onDisk(path), { throwIfNoEntry: false });
    if (stats === undefined || stats.size !== size || stats.ino !== ino) return null;
    if ((stats.mode & KIND) !== PLAIN) return null;
    if (!(Math.abs(stats.mtimeMs - (mtimeMs + restNs / NS_IN_MS)) < TOLERANCE_MS)) return null;
    return { sizeBytes: size, mtimeMs };
  } catch {
    // The exact look says why it cannot be looked at.
    return null;
  }
}

/** False for any other form, and for what a number does not hold exactly. */
function readInto(stat: string): boolean {
  const first = stat.indexOf(':');
  const second = stat.indexOf(':', first + 1);
  const point = second - NS_DIGITS;
  if (first <= 0 || point <= first + 1) return false;
  told.size = digitsOf(stat, 0, first);
  told.mtimeMs = digitsOf(stat, first + 1, point);
  told.restNs = digitsOf(stat, point, second);
  told.ino = digitsOf(stat, second + 1, stat.length);
  return told.size + told.mtimeMs + told.restNs + told.ino < Number.POSITIVE_INFINITY;
}

/** Infinite where it is no number, or one that is not exact. */
function digitsOf(text: string, from: number, to: number): number {
  if (from >= to) return Number.POSITIVE_INFINITY;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (code < DIGIT_0 || code > DIGIT_9) return Number.POSITIVE_INFINITY;
    value = value * 10 + (code - DIGIT_0);
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : Number.POSITIVE_INFINITY;
}
