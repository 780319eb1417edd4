/**
 * The file that `export` writes: how its records lie in it. Documented in docs/export-format.md.
 *
 * The file is plain zstd: `zstd -dc` gives JSON lines and, after each line about a segment, that segment's bytes. Before each
 * zstd frame stands a skippable frame of 52 bytes, which says what the next one is, how long, and its SHA-256:
 * magic 0x184D2A5D, length 44, `SMx1`, kind (1 a JSON line, 2 bytes), length of the next frame, SHA-256 of it; integers are
 * 32 bits, little endian. So segments are copied as they are stored, and a reader needs no index and no seek.
 *
 * Promises of the reader: memory is bounded by one record, time by the length of the stream; a damaged record is told and passed
 * over, to the next whole one.
 */
import { Pacer } from '../domain/pacer.ts';
import { sameBytes, sha256 } from '../store/segments.ts';
import {
  jsonProblem,
  LINE_BYTES_MAX,
  opened,
  RECORD_BYTES_MAX,
  REREAD_BYTES_MAX,
  SEGMENT_STORED_BYTES_MAX,
} from './bounds.ts';

const MAGIC = 0x184d2a5d;
const MARK = Buffer.from('5d2a4d182c000000534d7831', 'hex');
const HEADER_BYTES = 52;
const BLOCK_BYTES = 256 * 1024;

export type FrameKind = 'line' | 'bytes';
export type Frame =
  | { readonly kind: 'line'; readonly line: string }
  /** Still compressed. */
  | { readonly kind: 'bytes'; readonly data: Uint8Array }
  | { readonly kind: 'damage'; readonly why: string };

export function lineFrame(value: unknown): Uint8Array[] {
  const plain = Buffer.from(`${JSON.stringify(value)}\n`);
  return frame(1, Bun.zstdCompressSync(plain, { level: 3 }));
}

/** `data`: one whole zstd frame. */
export function bytesFrame(data: Uint8Array): Uint8Array[] {
  return frame(2, data);
}

function frame(kind: number, data: Uint8Array): Uint8Array[] {
  const header = Buffer.alloc(HEADER_BYTES);
  MARK.copy(header);
  header.writeUInt32LE(kind, 12);
  header.writeUInt32LE(data.length, 16);
  header.set(sha256(data), 20);
  return [header, data];
}

/** Reads as much of a stream as is asked for. */
class Pull {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next `bytes` bytes, or what is left where the stream ends before. */
  async take(bytes: number): Promise<Buffer> {
    while (this.#bytes < bytes) {
      const step = await this.#chunks.next();
      if (step.done === true) break;
      // A stream may hand out its own buffer again. A copy by `from` would go over a Buffer byte by byte.
      for (let at = 0; at < step.value.length; at += BLOCK_BYTES)
        this.#parts.push(new Uint8Array(step.value.subarray(at, at + BLOCK_BYTES)));
      this.#bytes += step.value.length;
    }
    const out: Uint8Array[] = [];
    for (let left = bytes; left > 0; ) {
      const part = this.#parts.shift();
      if (part === undefined) break;
      out.push(part.subarray(0, left));
      if (part.length > left) this.#parts.unshift(part.subarray(left));
      this.#bytes -= Math.min(left, part.length);
      left -= Math.min(left, part.length);
    }
    return Buffer.concat(out);
  }

  /** Puts bytes back before what comes next. */
  give(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#parts.unshift(bytes);
    this.#bytes += bytes.length;
  }
}

/** The records of a stream, in order. Ends without a word where the stream does: the caller knows whether all was said. */
export async function* frames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const pull = new Pull(chunks);
  let rereadBytes = 0;
  // Records come faster than the collector looks; what they leave behind must not add up.
  const pacer = new Pacer();
  // A forged file may hold headers within headers, each of which claims all that follows.
  const skip = (seen: Buffer) => {
    rereadBytes += seen.length;
    return skipToHeader(pull, rereadBytes > REREAD_BYTES_MAX ? Buffer.alloc(0) : seen);
  };
  for (;;) {
    const header = await pull.take(HEADER_BYTES);
    if (header.length === 0) return;
    if (header.length < HEADER_BYTES || !isHeader(header)) {
      yield { kind: 'damage', why: header.length < HEADER_BYTES ? 'it is cut off' : 'a record is damaged' };
      if (!(await skip(header))) return;
      continue;
    }
    const length = header.readUInt32LE(16);
    const data = await pull.take(length);
    pacer.passed(data.length);
    if (data.length < length) {
      yield { kind: 'damage', why: 'it is cut off' };
      // Or its length is what is damaged, and others follow.
      if (!(await skip(data))) return;
      continue;
    }
    if (!sameBytes(sha256(data), header.subarray(20, 52))) {
      yield { kind: 'damage', why: 'a record does not have the hash that was recorded' };
      // Its length may be what is damaged: the next record is looked for from its beginning.
      if (!(await skip(data))) return;
      continue;
    }
    const frame: Frame = header.readUInt32LE(12) === 1 ? lineOf(data) : { kind: 'bytes', data };
    if (frame.kind === 'line') pacer.passed(frame.line.length * PARSED_TIMES);
    yield frame;
  }
}

/** A line is text, is parsed, and is checked into a copy. */
const PARSED_TIMES = 4;

/** A longer record is damage. */
const MAX_OF_KIND: Readonly<Record<number, number>> = { 1: RECORD_BYTES_MAX, 2: SEGMENT_STORED_BYTES_MAX };

function isHeader(header: Buffer): boolean {
  return (
    header.readUInt32LE(0) === MAGIC &&
    header.subarray(0, MARK.length).equals(MARK) &&
    header.readUInt32LE(16) <= (MAX_OF_KIND[header.readUInt32LE(12)] ?? -1)
  );
}

/** The next header is mostly near; a stretch of many damaged ones must not be copied over and over. */
const SKIP_BYTES = 4096;

/** Passes over bytes until a header begins. False where none does. */
async function skipToHeader(pull: Pull, seen: Buffer): Promise<boolean> {
  // The damaged header's own first byte is passed over, or it would be found again.
  let step = SKIP_BYTES;
  for (let window = seen.subarray(1); ; ) {
    const at = window.indexOf(MARK);
    if (at >= 0) {
      pull.give(window.subarray(at));
      return true;
    }
    const more = await pull.take(step);
    if (more.length === 0) return false;
    step = Math.min(step * 2, BLOCK_BYTES);
    window = Buffer.concat([window.subarray(Math.max(0, window.length - MARK.length + 1)), more]);
  }
}

function lineOf(data: Uint8Array): Frame {
  // The hash is right: whoever wrote the file wrote it so.
  const plain = opened(data, LINE_BYTES_MAX);
  if (typeof plain === 'string') return { kind: 'damage', why: `a record cannot be read: ${plain}` };
  const problem = jsonProblem(plain);
  if (problem !== null) return { kind: 'damage', why: `a record cannot be read: ${problem}` };
  return { kind: 'line', line: Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength).toString() };
}
