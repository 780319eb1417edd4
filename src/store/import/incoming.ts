/**
 * Plain bytes of an archived session's files, out of its segments.
 * Promises: memory is bounded by a few segments; a segment's size and hash were held against its bytes before it got here.
 */
import { type ArchivedFile, type Incoming, type IncomingSegment, segmentsOfFile } from '../archived.ts';
import type { Extent } from '../rows.ts';

/** Plain bytes of the other store's log. */
export function* incomingRange(
  incoming: Incoming,
  key: string,
  from: number,
  length: number,
): Generator<Uint8Array> {
  const end = from + length;
  const segments = segmentsOfFile(incoming, key);
  for (let i = indexAt(segments, from); i < segments.length; i += 1) {
    const segment = segments[i];
    if (segment === undefined || segment.log_offset >= end) return;
    const [start, stop] = [segment.log_offset, segment.log_offset + segment.raw_bytes];
    if (stop <= from) continue;
    yield plainOf(incoming, segment).subarray(
      Math.max(0, from - start),
      Math.min(segment.raw_bytes, end - start),
    );
  }
}

/** The segment of a log without a gap that holds a byte of it. */
export function indexAt(segments: readonly { readonly log_offset: number }[], offset: number): number {
  let [low, high] = [0, segments.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((segments[middle]?.log_offset ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low;
}

/** A version goes to and fro between segments of its log: the last ones are kept unpacked. */
export const PLAIN_SEGMENTS_KEPT = 4;
interface Unpacked {
  readonly segment: IncomingSegment;
  readonly plain: Uint8Array;
}
const unpackedOf = new WeakMap<readonly IncomingSegment[], Unpacked[]>();

function plainOf({ segments }: Incoming, segment: IncomingSegment): Uint8Array {
  const unpacked = unpackedOf.get(segments) ?? [];
  unpackedOf.set(segments, unpacked);
  const at = unpacked.findIndex((each) => each.segment === segment);
  const [found] = at < 0 ? [] : unpacked.splice(at, 1);
  const kept = found ?? { segment, plain: Bun.zstdDecompressSync(segment.data()) };
  unpacked.push(kept);
  if (unpacked.length > PLAIN_SEGMENTS_KEPT) unpacked.shift();
  return kept.plain;
}

/** The present version of a file as the other store has it. */
export function* incomingVersion(incoming: Incoming, file: ArchivedFile): Generator<Uint8Array> {
  for (const [from, length] of extentsOf(file)) yield* incomingRange(incoming, file.key, from, length);
}

export function extentsOf(file: ArchivedFile): readonly Extent[] {
  return file.extents ?? (file.log_bytes > 0 ? [[0, file.log_bytes]] : []);
}

/** Hex SHA-256 of the first bytes of a stream, or of all of it where it is shorter. */
export function prefixHash(chunks: Iterable<Uint8Array>, bytes: number): string {
  const hasher = new Bun.CryptoHasher('sha256');
  let left = bytes;
  for (const chunk of chunks) {
    if (left === 0) break;
    const part = chunk.subarray(0, left);
    hasher.update(part);
    left -= part.length;
  }
  return hasher.digest('hex');
}

/** Hex SHA-256 of a stream. */
export function hashOf(chunks: Iterable<Uint8Array>): string {
  const hasher = new Bun.CryptoHasher('sha256');
  for (const chunk of chunks) hasher.update(chunk);
  return hasher.digest('hex');
}
