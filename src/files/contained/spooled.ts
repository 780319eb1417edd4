/**
 * Bytes that are made, not read off one file: gathered whole before any of them is stored.
 * Promises: memory is bounded, what goes beyond lies in a nameless file; they are one moment's, whatever changes meanwhile.
 */

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectGarbage } from '../../domain/pacer.ts';
import { SEGMENT_BYTES } from '../../store/segments.ts';
import type { Source } from '../source.ts';
import { Spool } from '../spool.ts';

/** Each is copied some times on its way. */
const COLLECT_EVERY_PIECES = 2;

export class SpooledSource implements Source {
  readonly path: string;
  readonly encoding = 'plain';
  readonly #spool = new Spool(join(tmpdir(), `session-memory-${crypto.randomUUID()}`));
  /** Each of `SEGMENT_BYTES`, but the last. */
  readonly #pieces: (() => Uint8Array)[] = [];
  #sizeBytes = 0;
  #stat = '';
  #passed = 0;

  /** `path`: under which the store knows it. */
  constructor(path: string) {
    this.path = path;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get stat(): string {
    return this.#stat;
  }

  /** Takes all bytes, in the place of what it had. `stat`: what they stand for. */
  fill(parts: Iterable<string | Uint8Array>, stat: string): void {
    this.#spool.clear();
    this.#pieces.length = 0;
    this.#sizeBytes = 0;
    let piece: Uint8Array[] = [];
    let used = 0;
    for (const part of parts) {
      let rest: Uint8Array = typeof part === 'string' ? Buffer.from(part) : part;
      while (rest.length > 0) {
        const taken = rest.subarray(0, SEGMENT_BYTES - used);
        piece.push(taken);
        used += taken.length;
        rest = rest.subarray(taken.length);
        if (used < SEGMENT_BYTES) continue;
        this.#add(Buffer.concat(piece));
        piece = [];
        used = 0;
      }
    }
    if (used > 0) this.#add(Buffer.concat(piece));
    this.#stat = stat;
  }

  #add(piece: Uint8Array): void {
    this.#pieces.push(this.#spool.add(piece));
    this.#sizeBytes += piece.length;
    this.#collect();
  }

  /** Pieces lie outside the heap, so that nothing presses the collector; those of a huge session would pile up. */
  #collect(): void {
    this.#passed += 1;
    if (this.#passed % COLLECT_EVERY_PIECES === 0) collectGarbage();
  }

  async *chunks(fromByte = 0): AsyncGenerator<Uint8Array> {
    const first = Math.floor(fromByte / SEGMENT_BYTES);
    for (const [n, piece] of this.#pieces.slice(first).entries()) {
      yield piece().subarray(n === 0 ? fromByte - first * SEGMENT_BYTES : 0);
      this.#collect();
    }
  }

  readAt(offset: number, length: number): Uint8Array {
    const buffer = new Uint8Array(length);
    const got = this.readInto(buffer, offset);
    return got === length ? buffer : buffer.slice(0, got);
  }

  readInto(buffer: Uint8Array, offset: number): number {
    let got = 0;
    while (got < buffer.length) {
      const at = offset + got;
      const piece = this.#pieces[Math.floor(at / SEGMENT_BYTES)]?.();
      const part = piece?.subarray(at % SEGMENT_BYTES, (at % SEGMENT_BYTES) + buffer.length - got);
      if (part === undefined || part.length === 0) break;
      buffer.set(part, got);
      got += part.length;
    }
    return got;
  }

  [Symbol.dispose](): void {
    this.#spool[Symbol.dispose]();
  }
}
