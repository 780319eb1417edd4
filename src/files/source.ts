/**
 * The plain bytes of one source file, streamed.
 * Promises: memory is bounded by a few chunks whatever the file's size; a compressed file reads as what it holds, whole, or
 * fails; a file that turned into something else between finding and opening, or whose folder did, is refused.
 * Never: reads beyond where the file ended when it was opened; what is appended meanwhile is the next run's.
 */

import { closeSync, fstatSync, readSync, statSync } from 'node:fs';
import type { FilePacking } from '../domain/session.ts';
import { SEGMENT_BYTES } from '../store/segments.ts';
import { alive } from './alive.ts';
import { onDisk } from './file-names.ts';
import { openPlain, pathOfHandle } from './plain-file.ts';
import { liesWithin, mustLieWithin, type Within } from './within.ts';
import { ZstdFrames } from './zstd-frames.ts';

const COMPRESSED_PIECE_BYTES = 256 * 1024;
/**
 * Transcripts shrink six- to twentyfold. What grows a thousandfold beyond a size that does no harm was made to fill
 * disks and hours: zstd can turn 1 MiB into 32 GiB.
 */
const EXPANSION_MAX = 1000;
const EXPANDED_BYTES_FREE = 128 * 1024 ** 2;
/** An agent may put a new file in the place of the old one at the very moment of opening; hardly three times. */
const OPEN_TRIES = 3;

/** Plain bytes that are to be stored: of a file, or made of what a container holds of a session. `using` lets it go. */
export interface Source extends Disposable {
  readonly path: string;
  readonly encoding: FilePacking;
  readonly sizeBytes: number;
  /** What it was when it was opened: the same text, the same bytes. */
  readonly stat: string;
  /** Plain bytes from `fromByte` on, in chunks of one segment; each chunk is the caller's to keep. */
  chunks(fromByte?: number): AsyncGenerator<Uint8Array>;
  /** Up to `length` bytes of it as it lies there; fewer at its end. */
  readAt(offset: number, length: number): Uint8Array;
  /** The same into memory that is there already; returns how many bytes came. */
  readInto(buffer: Uint8Array, offset: number): number;
}

/** A file held open for reading. `using` closes it. */
export class SourceFile implements Source {
  readonly path: string;
  readonly encoding: FilePacking;
  readonly sizeBytes: number;
  /** Size, mtime and inode when it was opened: what the reading stands for. */
  readonly stat: string;
  readonly #handle: number;

  /** `within`: the real folders that the file must lie in; null where the caller made the path itself. */
  constructor(path: string, encoding: FilePacking, within: Within | null) {
    this.path = path;
    this.encoding = encoding;
    this.#handle = openWithin(path, within);
    const stats = fstatSync(this.#handle, { bigint: true });
    this.sizeBytes = Number(stats.size);
    this.stat = `${stats.size}:${stats.mtimeNs}:${stats.ino}`;
  }

  async *chunks(fromByte = 0): AsyncGenerator<Uint8Array> {
    if (this.encoding !== 'plain') yield* this.#decompressed(fromByte);
    else yield* this.#pieces(fromByte, SEGMENT_BYTES);
  }

  *#pieces(fromByte: number, pieceBytes: number): Generator<Uint8Array> {
    for (let at = fromByte; at < this.sizeBytes; ) {
      const piece = this.readAt(at, Math.min(pieceBytes, this.sizeBytes - at));
      if (piece.length === 0) return;
      at += piece.length;
      yield piece;
    }
  }

  *#wholeFrames(): Generator<Uint8Array> {
    const frames = new ZstdFrames();
    for (const piece of this.#pieces(0, COMPRESSED_PIECE_BYTES)) {
      frames.push(piece);
      yield piece;
    }
    frames.end();
  }

  async *#decompressed(fromByte: number): AsyncGenerator<Uint8Array> {
    // Hardly a transcript is compressed, and these two take longer to load than a hook has for all else.
    const [{ pipeline, Readable }, { createGunzip, createZstdDecompress }] = await Promise.all([
      import('node:stream'),
      import('node:zlib'),
    ]);
    const isGzip = this.encoding === 'gzip';
    const stream = isGzip ? createGunzip() : createZstdDecompress();
    const packed = isGzip ? this.#pieces(0, COMPRESSED_PIECE_BYTES) : this.#wholeFrames();
    // Unlike `pipe` it hands on errors and ends both when one is left; they are thrown where the stream is read.
    pipeline(Readable.from(packed), stream, () => undefined);
    const expandedMax = Math.max(EXPANDED_BYTES_FREE, this.sizeBytes * EXPANSION_MAX);
    let expanded = 0;
    let skip = fromByte;
    let parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of stream) {
      expanded += piece.length;
      if (expanded > expandedMax)
        throw new Error(`it expands to more than ${EXPANSION_MAX} times its size, as no transcript does`);
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

  readAt(offset: number, length: number): Uint8Array {
    const buffer = new Uint8Array(length);
    const got = this.readInto(buffer, offset);
    return got === length ? buffer : buffer.slice(0, got);
  }

  readInto(buffer: Uint8Array, offset: number): number {
    let got = 0;
    while (got < buffer.length) {
      const read = readSync(this.#handle, buffer, got, buffer.length - got, offset + got);
      alive();
      if (read === 0) break;
      got += read;
    }
    return got;
  }

  [Symbol.dispose](): void {
    closeSync(this.#handle);
  }
}

/** Opens a file and holds what was opened against the place that it was found in. */
function openWithin(path: string, within: Within | null): number {
  for (let tries = 1; ; tries += 1) {
    const handle = openPlain(path);
    try {
      if (within === null || isWithin(handle, path, within)) return handle;
    } catch (thrown) {
      closeSync(handle);
      throw thrown;
    }
    closeSync(handle);
    if (tries === OPEN_TRIES) throw new Error('another file came in its place while it was opened');
  }
}

/** False where the file was replaced since it was opened. Throws where its path leads out of `within`. */
function isWithin(handle: number, path: string, within: Within): boolean {
  // What was opened, whatever has become of the path: one question instead of three, at each of 50,000 files.
  const openedPath = pathOfHandle(handle);
  if (openedPath !== null && liesWithin(openedPath, within)) return true;
  const real = mustLieWithin(path, within);
  const opened = fstatSync(handle, { bigint: true });
  const there = statSync(onDisk(real), { bigint: true, throwIfNoEntry: false });
  return there !== undefined && there.ino === opened.ino && there.dev === opened.dev;
}
