/**
 * Plain chunks to segments: hashed here, compressed on the runtime's threads, handed on in order.
 * Promises: memory is bounded by the chunks in flight; a segment's hash is of the bytes that were compressed.
 */
import { sha256 } from '../store/segments.ts';
import type { NewSegment } from '../store/write-raw.ts';

/** Level 3: a higher one costs three times as much for a tenth less. */
const ZSTD_LEVEL = 3;
/** Two cores compress while one chunk is read. */
const IN_FLIGHT_MAX = 3;

/** Compresses `chunks` as the log from `logOffset` on. Empty chunks make no segment. */
export async function* toSegments(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  logOffset: number,
): AsyncGenerator<NewSegment> {
  const inFlight: Promise<NewSegment>[] = [];
  let at = logOffset;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    inFlight.push(toSegment(chunk, at));
    at += chunk.length;
    const first = inFlight.length >= IN_FLIGHT_MAX ? inFlight.shift() : undefined;
    if (first !== undefined) yield await first;
  }
  for (const rest of inFlight) yield await rest;
}

async function toSegment(chunk: Uint8Array, logOffset: number): Promise<NewSegment> {
  const data = Bun.zstdCompress(chunk, { level: ZSTD_LEVEL });
  return { logOffset, rawBytes: chunk.length, sha256: sha256(chunk), data: await data };
}
