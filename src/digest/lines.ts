/**
 * A stream of bytes, cut into lines on 0x0A only.
 * Promises: every byte is in exactly one line, but for the 0x0D of an empty one; the last line counts without its newline; memory is bounded by
 * `LINE_BYTES_HELD` whatever the stream holds. A line of that size is whole; a longer one comes without its giant strings.
 * Never: decodes, copies a line that lies within one chunk, or keeps a chunk.
 */
import { viewOf } from '../domain/bytes.ts';
import { HeldJson } from './held-json.ts';

/** No line is longer that is given out. */
export const LINE_BYTES_HELD = 16 * 1024 * 1024;

export interface LineSink {
  /** A line without its 0x0A, empty only where that was asked for. The view is only good until the call returns. */
  line(line: Uint8Array): void;
  /** A line has ended that is longer even without its giant strings; its bytes were not kept. */
  oversized(): void;
}

export class LineSplitter {
  readonly #sink: LineSink;
  /** Byte offsets, ascending, at which a line ends though no newline stands there. */
  readonly #breaks: readonly number[];
  readonly #withEmpty: boolean;
  /** Text for people: of a line that is too long its beginning comes. */
  readonly #isText: boolean;
  readonly #held: HeldJson;
  #nextBreak = 0;
  #offset = 0;
  #skipping = false;

  constructor(sink: LineSink, breaks: readonly number[] = [], withEmpty = false, isText = false) {
    this.#sink = sink;
    this.#withEmpty = withEmpty;
    this.#isText = isText;
    this.#held = new HeldJson(LINE_BYTES_HELD, isText ? [] : undefined);
    this.#breaks = breaks.toSorted((a, b) => a - b);
  }

  push(piece: Uint8Array): void {
    // Every view of it has the fast searches then, and no line is looked at through a view of its own.
    const chunk = viewOf(piece);
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

  #take(part: Buffer): void {
    let start = 0;
    for (;;) {
      const end = part.indexOf(0x0a, start);
      if (end < 0) break;
      if (end - start <= LINE_BYTES_HELD && this.#held.length === 0) {
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
    if (!this.#skipping) this.#skipping = this.#held.take(part) < part.length;
  }

  #finish(): void {
    if (this.#skipping && !this.#isText) this.#sink.oversized();
    else if (this.#held.length > 0 && (this.#withEmpty || !isEmpty(this.#held.bytes, 0, this.#held.length)))
      this.#sink.line(this.#held.bytes);
    this.#skipping = false;
    this.#held.clear();
  }
}

/** Nothing, or the half of a line end that is not 0x0A: an empty line is no other one where lines end as on Windows. */
function isEmpty(bytes: Uint8Array, start: number, end: number): boolean {
  return end === start || (end === start + 1 && bytes[start] === 0x0d);
}
