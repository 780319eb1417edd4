/**
 * Raw bytes out of the store: what comes out is what went in, or it fails loudly.
 * Promises: every segment is checked against its SHA-256 before a byte of it is handed out; memory is bounded by one segment.
 */

import { FailureError, failure, messageOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { ReadableDb } from './connection.ts';
import type { Extent, StoredFile } from './rows.ts';
import { NAMED_ID } from './rows.ts';

/** Bytes of plain text in one segment; larger ones compress no better, smaller ones cost up to a fifth (STACK.md). */
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

/** The plain bytes of one segment, checked. */
export function readSegment(db: ReadableDb, segment: SegmentMeta, of: string): Uint8Array {
  const row = db.get<SegmentRow>('SELECT file_id, log_offset, data FROM segments WHERE id = $id', {
    id: segment.id,
  });
  if (row === null) throw changedMeanwhile(of);
  // An index that is damaged leads to another one, whose bytes are whole and not these.
  if (row.file_id !== segment.file_id || row.log_offset !== segment.log_offset)
    throw damaged(of, 'the index of segments leads to another one');
  const plain = decompress(row.data, of);
  if (plain.length !== segment.raw_bytes || !sameBytes(sha256(plain), segment.sha256)) {
    throw damaged(of, 'its bytes do not have the hash that was recorded');
  }
  return plain;
}

function decompress(data: Uint8Array, of: string): Uint8Array {
  try {
    return Bun.zstdDecompressSync(data);
  } catch (thrown) {
    throw damaged(of, messageOf(thrown));
  }
}

function changedMeanwhile(of: string): FailureError {
  return new FailureError(
    failure('busy', `${of} was evicted or stored anew while it was read`, 'Try again.'),
  );
}

/** Whether the file is still what it was when it was looked up; another process may have evicted it since. */
function isAsRead(db: ReadableDb, file: StoredFile): boolean {
  const now = db.get<{ gone: number; log_bytes: number }>(
    'SELECT gone, log_bytes FROM files WHERE id = $id',
    {
      id: file.fileId,
    },
  );
  return now !== null && (now.gone === 1) === file.gone && now.log_bytes === file.logBytes;
}

function damaged(of: string, why: string): FailureError {
  return new FailureError(
    failure(
      'corrupt',
      `a stored segment of ${of} is damaged: ${why}`,
      'Run `session-memory verify` for the whole list.',
    ),
  );
}

/** The present version of a file, in chunks of at most one segment. */
export function* fileChunks(db: ReadableDb, uid: SessionUid, file: StoredFile): Generator<Uint8Array> {
  let bytes = 0;
  for (const chunk of rangesOf(db, uid, file, file.extents)) {
    bytes += chunk.length;
    yield chunk;
  }
  if (bytes !== file.rawBytes)
    throw damaged(`${uid} ${file.key}`, `${bytes} bytes instead of ${file.rawBytes}`);
}

/** All that was ever stored of a file, in order of storing. */
export function* logChunks(db: ReadableDb, uid: SessionUid, file: StoredFile): Generator<Uint8Array> {
  yield* rangesOf(db, uid, file, file.logBytes > 0 ? [[0, file.logBytes]] : []);
}

/** What the agent has removed from a file, in order of storing. */
export function* removedChunks(db: ReadableDb, uid: SessionUid, file: StoredFile): Generator<Uint8Array> {
  yield* rangesOf(db, uid, file, removedRanges(file));
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

function* rangesOf(
  db: ReadableDb,
  uid: SessionUid,
  file: StoredFile,
  ranges: readonly Extent[],
): Generator<Uint8Array> {
  const of = `${uid} ${file.key}`;
  const segments = segmentsOf(db, uid, file.fileId);
  let cached: { readonly id: number; readonly plain: Uint8Array } = { id: -1, plain: new Uint8Array(0) };
  for (const [offset, length] of ranges) {
    const end = offset + length;
    let at = offset;
    while (at < end) {
      // Of two that hold a byte the later one is the larger: it covers the other.
      const segment = segments.findLast((s) => s.log_offset <= at && at < s.log_offset + s.raw_bytes);
      if (segment === undefined)
        throw isAsRead(db, file) ? damaged(of, `no segment holds byte ${at}`) : changedMeanwhile(of);
      if (cached.id !== segment.id) cached = { id: segment.id, plain: readSegment(db, segment, of) };
      const from = at - segment.log_offset;
      const until = Math.min(segment.raw_bytes, end - segment.log_offset);
      yield cached.plain.subarray(from, until);
      at = segment.log_offset + until;
    }
  }
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Bun.CryptoHasher('sha256').update(bytes).digest();
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
