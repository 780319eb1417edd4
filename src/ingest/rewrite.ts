/**
 * A rewritten file as ranges of its log: lines that were kept are named where they lie, only new lines are stored.
 * What no range names is what the agent removed; it stays in the log (SPEC §5).
 */
import type { Extent } from '../store/rows.ts';

/** Above it, old and new rest are not matched line by line: memory stays bounded, the new rest is stored whole. */
export const MATCHED_BYTES_MAX = 48 * 1024 * 1024;
/** A file of so many lines is no transcript; each line costs a hundred bytes of memory however short it is. */
const LINES_MAX = 300_000;
/** A file shredded into more pieces than this costs more to read than matching saves. */
const EXTENTS_MAX = 4096;

export interface Rewritten {
  /** The new version as ranges of the log, of which the part from `logBytes` on is still to be stored. */
  readonly extents: readonly Extent[];
  /** Bytes to add at the end of the log, in order. */
  readonly added: Uint8Array;
}

/**
 * Matches `newRest` against `oldRest`, both beginning at a line's start. `oldExtents` are the log ranges of `oldRest`;
 * `kept` those of what stands before. Greedy and in order: a line is taken from the next place where it stands.
 */
export function matchLines(
  kept: readonly Extent[],
  oldExtents: readonly Extent[],
  oldRest: Uint8Array,
  newRest: Uint8Array,
  logBytes: number,
): Rewritten {
  const whole: Rewritten = { extents: joined([...kept, [logBytes, newRest.length]]), added: newRest };
  const old = linesOf(oldRest);
  const added: Uint8Array[] = [];
  const lines = linesOf(newRest);
  if (old === null || lines === null) return whole;
  const places = new Map<string, number[]>();
  for (const [i, [from, to]] of old.entries()) {
    const text = key(oldRest, from, to);
    const list = places.get(text);
    if (list === undefined) places.set(text, [i]);
    else list.push(i);
  }
  const extents: Extent[] = [...kept];
  let addedBytes = 0;
  let after = -1;
  for (const [from, to] of lines) {
    const place = nextAfter(places.get(key(newRest, from, to)), after);
    const found = place === null ? undefined : old[place];
    if (place !== null && found !== undefined) {
      extents.push(...sliced(oldExtents, found[0], found[1] - found[0]));
      after = place;
    } else {
      added.push(newRest.subarray(from, to));
      extents.push([logBytes + addedBytes, to - from]);
      addedBytes += to - from;
    }
  }
  const result = joined(extents);
  return result.length > EXTENTS_MAX ? whole : { extents: result, added: Buffer.concat(added) };
}

/** Lines with their newline, as [from, to); null where they are too many. */
function linesOf(bytes: Uint8Array): [number, number][] | null {
  const lines: [number, number][] = [];
  for (let from = 0; from < bytes.length; ) {
    const newline = bytes.indexOf(10, from);
    const to = newline < 0 ? bytes.length : newline + 1;
    if (lines.length === LINES_MAX) return null;
    lines.push([from, to]);
    from = to;
  }
  return lines;
}

/** One character a byte: equal exactly where the bytes are. */
function key(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}

function nextAfter(list: readonly number[] | undefined, after: number): number | null {
  if (list === undefined) return null;
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] ?? 0) > after) high = middle;
    else low = middle + 1;
  }
  return list[low] ?? null;
}

/** The log ranges of `length` bytes at `offset` of what `extents` describe. */
export function sliced(extents: readonly Extent[], offset: number, length: number): Extent[] {
  const out: Extent[] = [];
  let skip = offset;
  let want = length;
  for (const [start, size] of extents) {
    if (want <= 0) break;
    if (skip >= size) {
      skip -= size;
      continue;
    }
    const take = Math.min(size - skip, want);
    out.push([start + skip, take]);
    want -= take;
    skip = 0;
  }
  return out;
}

/** Neighbours that touch become one; empty ones go. */
export function joined(extents: readonly Extent[]): Extent[] {
  const out: [number, number][] = [];
  for (const [start, size] of extents) {
    if (size === 0) continue;
    const last = out.at(-1);
    if (last !== undefined && last[0] + last[1] === start) last[1] += size;
    else out.push([start, size]);
  }
  return out;
}
