/**
 * A rewritten file as ranges of its log: lines that were kept are named where they lie, only new lines are stored.
 * What no range names is what the agent removed; it stays in the log.
 */

import { LINE_HELD_BYTES_MAX, linesOfStream, TooLong } from '../files/line-cutter.ts';
import type { Extent } from '../store/rows.ts';
import { sha256 } from '../store/segments.ts';

/** Above it, old and new rest are not held: they are matched by the hashes of their lines. Of what is new so much is held at most. */
export const MATCHED_BYTES_MAX = LINE_HELD_BYTES_MAX;
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
 * `kept` those of what stands before. Greedy and in order: a line is taken from the next place where it stands. `cut`
 * parts both into what is kept or not: lines, or the elements of a document.
 */
export function matchLines(
  kept: readonly Extent[],
  oldExtents: readonly Extent[],
  oldRest: Uint8Array,
  newRest: Uint8Array,
  logBytes: number,
  cut: PieceCutter = linesOf,
): Rewritten {
  const whole: Rewritten = { extents: joined([...kept, [logBytes, newRest.length]]), added: newRest };
  const old = cut(oldRest);
  const added: Uint8Array[] = [];
  const lines = cut(newRest);
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

/**
 * The same for rests that are too large to be held, by the SHA-256 of each line. Null where that would not be worth it: too
 * many lines or pieces, a line without an end, too much that is new; or where it was told to stop. `newBytes`: how long the new
 * rest is.
 */
export async function matchLargeLines(
  ...of: Parameters<typeof matchedByHash>
): ReturnType<typeof matchedByHash> {
  try {
    return await matchedByHash(...of);
  } catch (thrown) {
    if (thrown instanceof TooLong) return null;
    throw thrown;
  }
}

async function matchedByHash(
  kept: readonly Extent[],
  oldExtents: readonly Extent[],
  oldRest: Iterable<Uint8Array>,
  newRest: AsyncIterable<Uint8Array>,
  logBytes: number,
  signal?: AbortSignal,
): Promise<(Rewritten & { readonly newBytes: number }) | null> {
  const places = new Map<string, number[]>();
  const old: [number, number][] = [];
  let oldBytes = 0;
  for await (const line of linesOfStream(oldRest)) {
    if (old.length === LINES_MAX || signal?.aborted === true) return null;
    const text = sha256(line).toBase64();
    const list = places.get(text);
    if (list === undefined) places.set(text, [old.length]);
    else list.push(old.length);
    old.push([oldBytes, line.length]);
    oldBytes += line.length;
  }
  const rangesOf = ranges(oldExtents);
  const extents: Extent[] = [...kept];
  const added: Uint8Array[] = [];
  let addedBytes = 0;
  let newBytes = 0;
  let after = -1;
  for await (const line of linesOfStream(newRest)) {
    if (signal?.aborted === true) return null;
    newBytes += line.length;
    const place = nextAfter(places.get(sha256(line).toBase64()), after);
    const found = place === null ? undefined : old[place];
    if (place !== null && found !== undefined) {
      pushJoined(extents, rangesOf(found[0], found[1]));
      after = place;
    } else {
      // Copied: the line is a view on a chunk that is let go.
      added.push(line.slice());
      pushJoined(extents, [[logBytes + addedBytes, line.length]]);
      addedBytes += line.length;
    }
    if (addedBytes > MATCHED_BYTES_MAX || extents.length > EXTENTS_MAX) return null;
  }
  return { extents: joined(extents), added: Buffer.concat(added), newBytes };
}

/** Log ranges of pieces that are asked for in their order: what lies before the last one is not gone through again. */
function ranges(extents: readonly Extent[]): (offset: number, length: number) => Extent[] {
  let at = 0;
  let before = 0;
  return (offset, length) => {
    for (; at < extents.length; at++) {
      const size = extents[at]?.[1] ?? 0;
      if (before + size > offset) break;
      before += size;
    }
    return sliced(extents.slice(at, at + 2 + length), offset - before, length);
  };
}

function pushJoined(extents: Extent[], more: readonly Extent[]): void {
  for (const [start, size] of more) {
    const last = extents.at(-1);
    if (last !== undefined && last[0] + last[1] === start)
      extents[extents.length - 1] = [last[0], last[1] + size];
    else extents.push([start, size]);
  }
}

/** Parts bytes into pieces that touch, as [from, to); null where they are too many. */
export type PieceCutter = (bytes: Uint8Array) => [number, number][] | null;

/** Lines with their newline. */
export function linesOf(bytes: Uint8Array): [number, number][] | null {
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

/**
 * The objects in the outermost list of a JSON document, be it the document or a member of it, and what stands between
 * them. Of a document that is written anew with each turn only the new ones are stored.
 */
export function elementsOf(bytes: Uint8Array): [number, number][] | null {
  const pieces: [number, number][] = [];
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let from = 0;
  let depth = 0;
  /** How deep the elements of the outermost list lie: 1 or 2; 0 while there is none. */
  let level = 0;
  const cutAt = (at: number) => {
    if (at > from) pieces.push([from, at]);
    from = at;
  };
  for (let at = 0; at < view.length && pieces.length < LINES_MAX; at++) {
    const byte = view[at];
    if (byte === 0x22) at = stringEnd(view, at);
    else if (byte === 0x7b || byte === 0x5b) {
      if (byte === 0x7b && depth > 0 && depth === level) cutAt(at);
      depth++;
      if (byte === 0x5b && level === 0 && depth <= 2) level = depth;
    } else if (byte === 0x7d || byte === 0x5d) {
      depth = Math.max(0, depth - 1);
      if (byte === 0x7d && depth > 0 && depth === level) cutAt(at + 1);
      if (depth < level) level = 0;
    }
  }
  if (pieces.length === LINES_MAX) return null;
  cutAt(view.length);
  return pieces;
}

/** The index of the quote that ends the string opened at `open`; the last byte where none does. */
function stringEnd(view: Buffer, open: number): number {
  for (let close = view.indexOf(0x22, open + 1); close > 0; close = view.indexOf(0x22, close + 1)) {
    let before = close - 1;
    while (view[before] === 0x5c) before--;
    if ((close - 1 - before) % 2 === 0) return close;
  }
  return view.length;
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
