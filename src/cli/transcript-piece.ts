/**
 * A raw transcript on the screen, a piece at a time from either end: no more of it is read than is shown.
 * Promises: pieces meet where a line ends, wherever a line does; a line that is longer than a piece is broken between two letters.
 */
import type { SessionUid } from '../domain/ids.ts';
import { plainText } from '../domain/text.ts';
import type { ReadableDb } from '../store/connection.ts';
import { filesOf } from '../store/read.ts';
import type { StoredFile } from '../store/rows.ts';
import { rangeChunks } from '../store/segments.ts';
import type { PieceAsked, SeekAsked, TextPiece } from '../tui/ports.ts';

/** Plain bytes of one piece. */
const PIECE_BYTES = 256 * 1024;
const NEWLINE = 10;

export function transcriptPiece(
  db: ReadableDb,
  uid: SessionUid,
  asked: PieceAsked,
  columns: number,
): TextPiece {
  const main = filesOf(db, uid).find((file) => file.role === 'main' && !file.gone);
  if (main === undefined) return { lines: ['Its raw bytes are not in the store.'], more: null, before: null };
  const total = main.rawBytes;
  const [from, until] =
    'from' in asked
      ? [asked.from, Math.min(total, asked.from + PIECE_BYTES)]
      : [Math.max(0, Math.min(total, asked.until) - PIECE_BYTES), Math.min(total, asked.until)];
  const bytes = bytesAt(db, uid, main, from, until);
  const isForward = 'from' in asked;
  const begins = from === 0 || isForward ? 0 : startOf(bytes);
  const ends = until === total || !isForward ? bytes.length : endOf(bytes);
  const lines = plainText(bytes.subarray(begins, ends).toString('utf8'))
    .replace(/\n$/, '')
    .split('\n')
    .flatMap((text) =>
      Bun.wrapAnsi(text.replaceAll('\t', '  '), columns, { hard: true, trim: false }).split('\n'),
    );
  const [first, last] = [from + begins, from + ends];
  return {
    lines,
    more: last < total ? { uid, at: last } : null,
    before: first > 0 ? { uid, at: first } : null,
  };
}

/** Behind the first line, which began before; of one endless line, at its first whole letter. */
function startOf(bytes: Uint8Array): number {
  const newline = bytes.indexOf(NEWLINE);
  if (newline >= 0 && newline < bytes.length - 1) return newline + 1;
  let at = 0;
  while (at < Math.min(4, bytes.length) && isInside(bytes[at])) at += 1;
  return at;
}

function endOf(bytes: Uint8Array): number {
  const newline = bytes.lastIndexOf(NEWLINE);
  if (newline > 0) return newline + 1;
  let at = bytes.length;
  while (at > Math.max(1, bytes.length - 4) && isInside(bytes[at - 1])) at -= 1;
  // The byte before begins a letter that may not be all there.
  return at > 1 && (bytes[at - 1] ?? 0) >= 0xc0 ? at - 1 : bytes.length;
}

/** A byte in the middle of a letter. */
function isInside(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x80 && byte < 0xc0;
}

/** Of the present version, whose ranges lie in the log in any order. */
function bytesAt(db: ReadableDb, uid: SessionUid, file: StoredFile, from: number, until: number): Buffer {
  const ranges: [number, number][] = [];
  let at = 0;
  for (const [offset, length] of file.extents) {
    const [start, end] = [Math.max(from, at), Math.min(until, at + length)];
    if (start < end) ranges.push([offset + start - at, end - start]);
    at += length;
  }
  return Buffer.concat([...rangeChunks(db, uid, file, ranges)]);
}

/** Plain bytes that are looked through at a time: as much as a segment holds. */
const SEEK_BYTES = 4 * 1024 * 1024;

export interface SeekWatch {
  readonly step: (done: number, total: number) => void;
  readonly isStopped: () => boolean;
}

/** The next piece outside of the one that is loaded that has what is looked for; null: none has, or it was stopped. */
export function rawMatch(
  db: ReadableDb,
  { uid, sought, way, loadedFrom, loadedUntil }: SeekAsked,
  columns: number,
  { step, isStopped }: SeekWatch,
): TextPiece | null {
  const main = filesOf(db, uid).find((file) => file.role === 'main' && !file.gone);
  if (main === undefined) return null;
  const after = windows(loadedUntil ?? main.rawBytes, main.rawBytes);
  const before = windows(0, loadedFrom);
  const order = onAndRound(way, after, before);
  const lower = sought.toLowerCase();
  for (const [done, [from, until]] of order.entries()) {
    if (isStopped()) return null;
    step(done, order.length);
    // What lies across the border of two windows is found in the first.
    const bytes = bytesAt(db, uid, main, from, Math.min(main.rawBytes, until + 4 * sought.length));
    const text = bytes.toString('utf8');
    const folded = text.toLowerCase();
    const at = way === 1 ? folded.indexOf(lower) : folded.lastIndexOf(lower);
    if (at < 0) continue;
    const byte = Math.min(bytes.length, Buffer.byteLength(text.slice(0, at)));
    // Close above it, where its line began long before; the window may begin within a line, or within a letter.
    let start = Math.max(bytes.lastIndexOf(NEWLINE, byte) + 1, byte - SEEN_BEFORE_BYTES);
    while (isInside(bytes[start])) start += 1;
    return transcriptPiece(db, uid, { from: from + start }, columns);
  }
  return null;
}

const SEEN_BEFORE_BYTES = 2_000;

/** On from what is loaded, in the direction that is looked in, and round from the other end. */
export function onAndRound<T>(way: 1 | -1, after: readonly T[], before: readonly T[]): T[] {
  return way === 1 ? [...after, ...before] : [...before.toReversed(), ...after.toReversed()];
}

function windows(from: number, until: number): [number, number][] {
  const list: [number, number][] = [];
  for (let at = from; at < until; at += SEEK_BYTES) list.push([at, Math.min(until, at + SEEK_BYTES)]);
  return list;
}
