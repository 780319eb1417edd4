/**
 * Raw bytes out of the store: what comes out is what went in, or it fails loudly.
 * Promises: every segment is checked against its SHA-256 before a byte of it is handed out; memory is bounded by one segment.
 */

import { type FailureError, fail, messageOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { collectGarbage } from '../domain/pacer.ts';
import type { ReadableDb } from './connection.ts';
import type { Elsewhere } from './elsewhere.ts';
import type { Extent, StoredFile } from './rows.ts';
import { NAMED_ID } from './rows.ts';

/** Bytes of plain text in one segment; larger ones compress no better, smaller ones cost up to a fifth. */
export const SEGMENT_BYTES = 4 * 1024 * 1024;

export interface SegmentMeta {
  readonly id: number;
  readonly file_id: number;
  readonly log_offset: number;
  readonly raw_bytes: number;
  readonly stored_bytes: number;
  readonly sha256: Uint8Array;
}

interface SegmentRow {
  readonly file_id: number;
  readonly log_offset: number;
  readonly data: Uint8Array;
}

/** A file's segments in the order of its log, without their data. */
export function segmentsOf(db: ReadableDb, uid: SessionUid, fileId: number): SegmentMeta[] {
  return db.all<SegmentMeta>(
    `SELECT id, file_id, log_offset, raw_bytes, stored_bytes, sha256 FROM segments
     WHERE session_id = ${NAMED_ID} AND file_id = $fileId ORDER BY log_offset, id`,
    { uid, fileId },
  );
}

/** The plain bytes of one segment, checked. Fails as busy where another process has taken it away since it was listed. */
export function readSegment(db: ReadableDb, segment: SegmentMeta, of: string): Uint8Array {
  const plain = segmentOrGone(db, segment, of);
  if (plain === null) throw changedMeanwhile(of);
  return plain;
}

/** The same; null where it was taken away. */
function segmentOrGone(db: ReadableDb, segment: SegmentMeta, of: string): Uint8Array | null {
  const row = db.get<SegmentRow>('SELECT file_id, log_offset, data FROM segments WHERE id = $id', {
    id: segment.id,
  });
  const read = row === null ? 'the index of segments leads to none' : plainOf(row, segment, db.elsewhere);
  if (typeof read !== 'string') return read;
  // The number of a segment that is gone is given to the next one: what stands there then is whole, and not meant.
  if (isListed(db, segment)) throw damaged(of, read);
  return null;
}

/** The bytes, or what is wrong with them. */
function plainOf(
  row: SegmentRow,
  segment: SegmentMeta,
  elsewhere: Elsewhere | undefined,
): Uint8Array | string {
  // An index that is damaged leads to another one, whose bytes are whole and not these.
  if (row.file_id !== segment.file_id || row.log_offset !== segment.log_offset)
    return 'the index of segments leads to another one';
  const there = elsewhere?.bytesOf(segment);
  try {
    const plain = there ?? Bun.zstdDecompressSync(row.data);
    const isWhole = plain.length === segment.raw_bytes && sameBytes(sha256(plain), segment.sha256);
    return isWhole ? plain : 'its bytes do not have the hash that was recorded';
  } catch (thrown) {
    return messageOf(thrown);
  }
}

function isListed(db: ReadableDb, { id, file_id: fileId, sha256: hash }: SegmentMeta): boolean {
  return db
    .all<Pick<SegmentMeta, 'id' | 'sha256'>>(
      `SELECT id, sha256 FROM segments WHERE session_id = (SELECT session_id FROM files WHERE id = $fileId)
         AND file_id = $fileId`,
      { fileId },
    )
    .some((one) => one.id === id && sameBytes(one.sha256, hash));
}

function changedMeanwhile(of: string): FailureError {
  return fail('busy', `${of} was evicted or stored anew while it was read`, 'Try again.');
}

/** A piece of a file. */
export interface Chunk {
  readonly bytes: Uint8Array;
  /** The SHA-256 of all that the piece is a piece of, where it is all of it: the bytes were held against it just now. Else null. */
  readonly sha256: Uint8Array | null;
}

/** What becomes of a segment's memory when the next one is read: left to the collector, or given up, and its bytes are gone. */
type Memory = 'kept' | 'lent';

interface SessionSegments {
  readonly segments: readonly SegmentMeta[];
  /** The event by which the session came back last: since then its logs have only grown. Null where it never left. */
  readonly returned: number | null;
}

/** The segments of the log that the file had when it was looked up; null where that log is gone, or another one. */
function look(db: ReadableDb, uid: SessionUid, file: StoredFile): SessionSegments | null {
  return db.snapshot(() => {
    const now = db.get<{ gone: number; log_bytes: number; returned: number | null }>(
      `SELECT gone, log_bytes, (SELECT max(id) FROM events e WHERE e.session_id = f.session_id AND kind = 'returned') AS returned
       FROM files f WHERE id = $fileId`,
      { fileId: file.fileId },
    );
    if (now === null || (now.gone === 1) !== file.gone || now.log_bytes < file.logBytes) return null;
    const segments = segmentsOf(db, uid, file.fileId);
    const end = segments.reduce(
      (most, { log_offset: at, raw_bytes: bytes }) => Math.max(most, at + bytes),
      0,
    );
    if (now.gone === 0 && end !== now.log_bytes)
      throw damaged(`${uid} ${file.key}`, `they hold ${end} bytes where ${now.log_bytes} were stored`);
    return { segments, returned: now.returned };
  });
}

function damaged(of: string, why: string): FailureError {
  return fail(
    'corrupt',
    `a stored segment of ${of} is damaged: ${why}`,
    'Run `session-memory verify` for the whole list.',
  );
}

/** The present version of a file, in chunks of at most one segment. */
export function* fileChunks(db: ReadableDb, uid: SessionUid, file: StoredFile): Generator<Uint8Array> {
  yield* bytesOf(versionOf(db, uid, file, 'kept'));
}

/** The same, with what is known of them, for who is done with one before the next: then its memory is given up. */
export function* lentChunks(db: ReadableDb, uid: SessionUid, file: StoredFile): Generator<Chunk> {
  for (const { bytes, sha256: hash } of versionOf(db, uid, file, 'lent'))
    yield { bytes, sha256: bytes.length === file.rawBytes ? hash : null };
}

function* versionOf(db: ReadableDb, uid: SessionUid, file: StoredFile, memory: Memory): Generator<Chunk> {
  let bytes = 0;
  // A file of no bytes has no segment; where it has one, its row is damaged.
  if (file.rawBytes === 0 && !file.gone) look(db, uid, file);
  for (const chunk of rangesOf(db, uid, file, file.extents, memory)) {
    bytes += chunk.bytes.length;
    yield chunk;
  }
  if (bytes !== file.rawBytes)
    throw damaged(`${uid} ${file.key}`, `${bytes} bytes instead of ${file.rawBytes}`);
}

/** All that was ever stored of a file, in order of storing. */
export function* logChunks(db: ReadableDb, uid: SessionUid, file: StoredFile): Generator<Uint8Array> {
  yield* bytesOf(rangesOf(db, uid, file, file.logBytes > 0 ? [[0, file.logBytes]] : [], 'kept'));
}

/** What the agent has removed from a file, in order of storing. */
export function* removedChunks(db: ReadableDb, uid: SessionUid, file: StoredFile): Generator<Uint8Array> {
  yield* bytesOf(rangesOf(db, uid, file, removedRanges(file), 'kept'));
}

function* bytesOf(chunks: Iterable<Chunk>): Generator<Uint8Array> {
  for (const { bytes } of chunks) yield bytes;
}

/** The bytes of ranges of a file's log, in the order of the ranges. */
export function* rangeChunks(
  db: ReadableDb,
  uid: SessionUid,
  file: StoredFile,
  ranges: readonly Extent[],
): Generator<Uint8Array> {
  yield* bytesOf(rangesOf(db, uid, file, ranges, 'kept'));
}

/** The ranges of the log that no extent names. */
export function removedRanges(file: Pick<StoredFile, 'extents' | 'logBytes'>): Extent[] {
  const removed: Extent[] = [];
  let end = 0;
  for (const [offset, length] of [...file.extents].sort((a, b) => a[0] - b[0])) {
    if (offset > end) removed.push([end, offset - end]);
    end = Math.max(end, offset + length);
  }
  if (end < file.logBytes) removed.push([end, file.logBytes - end]);
  return removed;
}

/** Places in the log where a rewrite began: a digest's line ends there though no newline does. */
export function logBreaks(file: Pick<StoredFile, 'extents' | 'logBytes'>): number[] {
  const starts = file.extents.flatMap(([offset, length]) => [offset, offset + length]);
  return [...new Set(starts)].filter((place) => place > 0 && place < file.logBytes).sort((a, b) => a - b);
}

const NONE = new Uint8Array(0);
/** Small segments lie outside the heap, where nothing presses the collector; only a log of very many comes to that. */
const COLLECT_EVERY_READS = 25_000;

/** What another process merges into a larger segment meanwhile is read from there: the bytes of a log do not change. */
function* rangesOf(
  db: ReadableDb,
  uid: SessionUid,
  file: StoredFile,
  ranges: readonly Extent[],
  memory: Memory,
): Generator<Chunk> {
  if (ranges.length === 0) return;
  const of = `${uid} ${file.key}`;
  const first = look(db, uid, file);
  if (first === null) throw changedMeanwhile(of);
  let segments = first.segments;
  /** The segment whose bytes are `plain`. */
  let held: number | null = null;
  let plain: Uint8Array = NONE;
  let reads = 0;
  const letGo = () => {
    if (memory === 'lent' && held !== null) giveUp(plain);
    held = null;
    plain = NONE;
  };
  try {
    for (const [offset, length] of ranges) {
      const end = offset + length;
      let at = offset;
      while (at < end) {
        const segment = holding(segments, at);
        if (segment === undefined) throw damaged(of, `no segment holds byte ${at}`);
        if (held !== segment.id) {
          letGo();
          const read = segmentOrGone(db, segment, of);
          if (read === null) {
            const now = look(db, uid, file);
            if (now === null || now.returned !== first.returned) throw changedMeanwhile(of);
            segments = now.segments;
            continue;
          }
          held = segment.id;
          plain = read;
          reads += 1;
          if (reads % COLLECT_EVERY_READS === 0) collectGarbage();
        }
        const until = Math.min(segment.raw_bytes, end - segment.log_offset);
        const bytes = plain.subarray(at - segment.log_offset, until);
        yield { bytes, sha256: bytes.length === plain.length ? segment.sha256 : null };
        at = segment.log_offset + until;
      }
    }
  } finally {
    letGo();
  }
}

/**
 * The segment that holds a byte of the log; `segments` in the order of their offsets. Of two the later one is the larger: it covers the
 * other. Found by halves, for a log may have a million.
 */
export function holding(segments: readonly SegmentMeta[], at: number): SegmentMeta | undefined {
  let low = 0;
  for (let high = segments.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if ((segments[middle]?.log_offset ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  for (let n = low - 1; n >= 0; n -= 1) {
    const segment = segments[n];
    if (segment !== undefined && at < segment.log_offset + segment.raw_bytes) return segment;
  }
  return undefined;
}

/**
 * Gives memory back at once. Left to the collector it piles up outside the heap, where nothing presses him, and the next
 * segment is read into pages that the system has to clear first.
 */
export function giveUp(plain: Uint8Array): void {
  const { buffer } = plain;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === plain.length) buffer.transfer(0);
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Bun.CryptoHasher('sha256').update(bytes).digest();
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
