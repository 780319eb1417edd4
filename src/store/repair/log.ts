/**
 * The write-ahead log of a store that SQLite cannot open any more: the pages that were committed to it.
 * Promises: takes a page only up to the last commit, and only while each frame's running checksum holds; a log of another
 * store, or one that was cut off, gives what is proven and nothing else.
 * Source of the format: "WAL-mode File Format" of sqlite.org, sections 2.1 and 2.2.
 */
import { readFileSync } from 'node:fs';
import { plainOrNull } from '../own-files.ts';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC_BIG_ENDIAN = 0x377f0683;
const MAGIC_LITTLE_ENDIAN = 0x377f0682;

/** Page number to page. The log is at most some MiB, save after a crash in the middle of a large ingest. */
export function committedPages(path: string, pageBytes: number): Map<number, Uint8Array> {
  const committed = new Map<number, Uint8Array>();
  const log = plainOrNull(path) === null ? Buffer.alloc(0) : readFileSync(path);
  if (log.length < HEADER_BYTES) return committed;
  const magic = log.readUInt32BE(0);
  if ((magic !== MAGIC_BIG_ENDIAN && magic !== MAGIC_LITTLE_ENDIAN) || log.readUInt32BE(8) !== pageBytes)
    return committed;
  const isBig = magic === MAGIC_BIG_ENDIAN;
  let sums = checksum(log.subarray(0, 24), [0, 0], isBig);
  if (!same(sums, log, 24)) return committed;
  const pending = new Map<number, Uint8Array>();
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  for (let at = HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    const saltsHold = log.compare(log, 16, 24, at + 8, at + 16) === 0;
    sums = checksum(log.subarray(at, at + 8), sums, isBig);
    sums = checksum(log.subarray(at + FRAME_HEADER_BYTES, at + frameBytes), sums, isBig);
    if (!saltsHold || !same(sums, log, at + 16)) break;
    pending.set(log.readUInt32BE(at), log.subarray(at + FRAME_HEADER_BYTES, at + frameBytes));
    if (log.readUInt32BE(at + 4) === 0) continue;
    for (const [pageNo, page] of pending) committed.set(pageNo, page);
    pending.clear();
  }
  return committed;
}

type Sums = readonly [number, number];

function checksum(bytes: Buffer, from: Sums, isBig: boolean): Sums {
  let [first, second] = from;
  for (let at = 0; at < bytes.length; at += 8) {
    const [a, b] = isBig
      ? [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)]
      : [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    first = (first + a + second) >>> 0;
    second = (second + b + first) >>> 0;
  }
  return [first, second];
}

function same([first, second]: Sums, log: Buffer, at: number): boolean {
  return log.readUInt32BE(at) === first && log.readUInt32BE(at + 4) === second;
}
