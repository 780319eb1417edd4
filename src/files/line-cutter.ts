/**
 * Chunks of a file cut into its lines.
 * Promises: each line once, with its newline, as a view that stands until the next one is asked for; at most one torn line is held.
 */

import { Pacer } from '../domain/pacer.ts';

/** A line, or a document, that is too long to be held or taken apart. */
export class TooLong extends Error {}

/** So much of a line that has not ended is held. */
export const LINE_HELD_BYTES_MAX = 48 * 1024 * 1024;

class LineCutter {
  #torn: Uint8Array[] = [];
  #tornBytes = 0;
  readonly #pacer = new Pacer();

  /** The lines that end in this chunk. Throws `TooLong`. */
  *of(chunk: Uint8Array): Generator<Uint8Array> {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      const part = chunk.subarray(from, end + 1);
      yield this.#torn.length === 0 ? part : Buffer.concat([...this.#torn, part]);
      this.#torn = [];
      this.#tornBytes = 0;
      from = end + 1;
    }
    if (from < chunk.length) this.#torn.push(chunk.slice(from));
    this.#tornBytes += chunk.length - from;
    if (this.#tornBytes > LINE_HELD_BYTES_MAX) throw new TooLong('a line does not end');
    this.#pacer.passed(chunk.length);
  }

  /** The last line, where it has no newline yet. */
  *rest(): Generator<Uint8Array> {
    if (this.#torn.length > 0) yield Buffer.concat(this.#torn);
  }
}

export function* linesOfChunks(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  const cutter = new LineCutter();
  for (const chunk of chunks) yield* cutter.of(chunk);
  yield* cutter.rest();
}

/** Waits once for each chunk, not for each line. */
export async function eachLine(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  take: (line: Uint8Array) => void,
): Promise<void> {
  const cutter = new LineCutter();
  for await (const chunk of chunks) for (const line of cutter.of(chunk)) take(line);
  for (const line of cutter.rest()) take(line);
}

export async function* linesOfStream(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const cutter = new LineCutter();
  for await (const chunk of chunks) yield* cutter.of(chunk);
  yield* cutter.rest();
}
