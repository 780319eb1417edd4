/**
 * The plain bytes of one source file, streamed.
 * Promises: memory is bounded by a few chunks whatever the file's size; a `.zst` file reads as what it holds; a file that
 * turned into something else between finding and opening is refused.
 */
import { closeSync, constants, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { createZstdDecompress } from 'node:zlib';
import { SEGMENT_BYTES } from '../store/segments.ts';

/** A file held open for reading. `using` closes it. */
export class SourceFile implements Disposable {
  readonly path: string;
  readonly encoding: 'plain' | 'zstd';
  readonly sizeBytes: number;
  /** Size, mtime and inode when it was opened: what the reading stands for. */
  readonly stat: string;
  readonly #handle: number;

  constructor(path: string, encoding: 'plain' | 'zstd') {
    this.path = path;
    this.encoding = encoding;
    // Non-blocking: where a FIFO has taken the file's place, opening it must not wait for a writer.
    this.#handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(this.#handle, { bigint: true });
    if (!stats.isFile()) {
      closeSync(this.#handle);
      throw new Error('not a regular file');
    }
    this.sizeBytes = Number(stats.size);
    this.stat = `${stats.size}:${stats.mtimeNs}:${stats.ino}`;
  }

  /** Plain bytes from `fromByte` on, in chunks of one segment; each chunk is the caller's to keep. */
  async *chunks(fromByte = 0): AsyncGenerator<Uint8Array> {
    if (this.encoding === 'zstd') yield* this.#decompressed(fromByte);
    else yield* this.#plain(fromByte);
  }

  *#plain(fromByte: number): Generator<Uint8Array> {
    let at = fromByte;
    for (;;) {
      const wanted = Math.max(1, Math.min(SEGMENT_BYTES, this.sizeBytes - at));
      const chunk = this.readAt(at, wanted);
      if (chunk.length === 0) return;
      at += chunk.length;
      yield chunk;
    }
  }

  async *#decompressed(fromByte: number): AsyncGenerator<Uint8Array> {
    const stream = createReadStream(this.path).pipe(createZstdDecompress());
    let skip = fromByte;
    let parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of stream) {
      const part: Uint8Array = piece.subarray(Math.min(skip, piece.length));
      skip -= piece.length - part.length;
      for (let at = 0; at < part.length; ) {
        const end = Math.min(part.length, at + SEGMENT_BYTES - bytes);
        parts.push(part.subarray(at, end));
        bytes += end - at;
        at = end;
        if (bytes < SEGMENT_BYTES) continue;
        yield Buffer.concat(parts);
        parts = [];
        bytes = 0;
      }
    }
    if (bytes > 0) yield Buffer.concat(parts);
  }

  /** Up to `length` bytes of the file as it lies on disk; fewer at its end. */
  readAt(offset: number, length: number): Uint8Array {
    const buffer = new Uint8Array(length);
    let got = 0;
    while (got < length) {
      const read = readSync(this.#handle, buffer, got, length - got, offset + got);
      if (read === 0) break;
      got += read;
    }
    return got === length ? buffer : buffer.slice(0, got);
  }

  [Symbol.dispose](): void {
    closeSync(this.#handle);
  }
}

const HEAD_BYTES = 256 * 1024;
const TAIL_BYTES = 64 * 1024;

/** The first and the last plain bytes, for an agent's `peek`. A compressed file gives its first chunk for both. */
export async function headAndTail(file: SourceFile): Promise<{ head: Uint8Array; tail: Uint8Array }> {
  if (file.encoding === 'zstd') {
    let last: Uint8Array = new Uint8Array(0);
    let first: Uint8Array | null = null;
    for await (const chunk of file.chunks()) {
      first ??= chunk.slice(0, HEAD_BYTES);
      last = chunk;
    }
    return { head: first ?? new Uint8Array(0), tail: last.slice(-TAIL_BYTES) };
  }
  const head = file.readAt(0, Math.min(HEAD_BYTES, file.sizeBytes));
  const tail = file.readAt(Math.max(0, file.sizeBytes - TAIL_BYTES), Math.min(TAIL_BYTES, file.sizeBytes));
  return { head, tail };
}
