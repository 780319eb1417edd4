/**
 * A stream of bytes, cut into lines on 0x0A only.
 * Promises: every byte is in exactly one line, but for the 0x0D of an empty one; the last line counts without its newline; memory is bounded by
 * `LINE_BYTES_HELD` whatever the stream holds.
 * Never: decodes, copies a line that lies within one chunk, or keeps a chunk.
 */

/** A line longer than this is not held: it is skipped to its end and reported once. */
export const LINE_BYTES_HELD = 16 * 1024 * 1024;
const BUFFER_BYTES_FIRST = 64 * 1024;

export interface LineSink {
  /** A line without its 0x0A, empty only where that was asked for. The view is only good until the call returns. */
  line(line: Uint8Array): void;
  /** A line above `LINE_BYTES_HELD` has ended; its bytes were not kept. */
  oversized(): void;
}

export class LineSplitter {
  readonly #sink: LineSink;
  /** Byte offsets, ascending, at which a line ends though no newline stands there. */
  readonly #breaks: readonly number[];
  readonly #withEmpty: boolean;
  #nextBreak = 0;
  #offset = 0;
  #held = new Uint8Array(0);
  #heldBytes = 0;
  #skipping = false;

  constructor(sink: LineSink, breaks: readonly number[] = [], withEmpty = false) {
    this.#sink = sink;
    this.#withEmpty = withEmpty;
    this.#breaks = breaks.toSorted((a, b) => a - b);
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    for (;;) {
      const at = this.#breaks[this.#nextBreak];
      if (at === undefined || at > this.#offset + chunk.length) break;
      this.#nextBreak++;
      const stop = Math.max(start, at - this.#offset);
      this.#take(chunk.subarray(start, stop));
      this.#finish();
      start = stop;
    }
    this.#take(start === 0 ? chunk : chunk.subarray(start));
    this.#offset += chunk.length;
  }

  /** The stream has ended; what is held is its last line. */
  end(): void {
    this.#finish();
  }

  #take(part: Uint8Array): void {
    let start = 0;
    for (;;) {
      const end = part.indexOf(0x0a, start);
      if (end < 0) break;
      if (this.#heldBytes === 0 && !this.#skipping) {
        if (this.#withEmpty || !isEmpty(part, start, end)) this.#sink.line(part.subarray(start, end));
      } else {
        this.#hold(part.subarray(start, end));
        this.#finish();
      }
      start = end + 1;
    }
    if (start < part.length) this.#hold(part.subarray(start));
  }

  #hold(part: Uint8Array): void {
    if (this.#skipping) return;
    const bytes = this.#heldBytes + part.length;
    if (bytes > LINE_BYTES_HELD) {
      this.#skipping = true;
      this.#heldBytes = 0;
      this.#held = new Uint8Array(0);
      return;
    }
    if (bytes > this.#held.length) {
      const grown = new Uint8Array(
        Math.min(LINE_BYTES_HELD, Math.max(bytes, this.#held.length * 2, BUFFER_BYTES_FIRST)),
      );
      grown.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = grown;
    }
    this.#held.set(part, this.#heldBytes);
    this.#heldBytes = bytes;
  }

  #finish(): void {
    if (this.#skipping) this.#sink.oversized();
    else if (this.#withEmpty ? this.#heldBytes > 0 : !isEmpty(this.#held, 0, this.#heldBytes))
      this.#sink.line(this.#held.subarray(0, this.#heldBytes));
    this.#skipping = false;
    this.#heldBytes = 0;
  }
}

/** Nothing, or the half of a line end that is not 0x0A: an empty line is no other one where lines end as on Windows. */
function isEmpty(bytes: Uint8Array, start: number, end: number): boolean {
  return end === start || (end === start + 1 && bytes[start] === 0x0d);
}
