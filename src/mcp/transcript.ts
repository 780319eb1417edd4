/**
 * Lines of a transcript as they may be shown to an agent: with their numbers, and without secrets.
 * Promises: what is looked for is looked for in the bytes as they were recorded, and in as much before and behind the lines that are asked
 * for as a secret may be long: a key over many lines is found whichever of them are asked for. Nothing is cut before.
 * Never: holds a line or a transcript whole.
 */
import { secretSpans } from '../digest/redact.ts';
import { SECRET_CHARS_MAX } from '../digest/secrets/rules.ts';

export interface ShownLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

export interface TranscriptPart {
  readonly lines: readonly ShownLine[];
  /** There are lines behind these. */
  readonly hasMore: boolean;
}

/** Of a line: more of it is never shown, and a secret that begins in that is looked at to its end. */
const HEAD_BYTES = 64 * 1024;
/** In bytes, since no character is shorter. */
const MARGIN_BYTES = SECRET_CHARS_MAX;
/** No rule reads across it: what stood between is left out. */
const GAP = '\n\0\n';

/** The lines from `from` on, at most so many, and no more than give so many characters of `charsEach` at most. */
export async function shownLines(
  chunks: Iterable<Uint8Array>,
  { from, lines, charsEach, charsMax }: { from: number; lines: number; charsEach: number; charsMax: number },
): Promise<TranscriptPart> {
  const before = new Margin();
  const inside: RawLine[] = [];
  const behind: RawLine[] = [];
  let [chars, bytesBehind] = [0, 0];
  for (const line of linesIn(chunks)) {
    if (line.number < from) before.add(line);
    else if (inside.length < lines && chars < charsMax) {
      inside.push(line);
      chars += Math.min(line.bytes, charsEach);
    } else {
      behind.push(line);
      bytesBehind += line.bytes + 1;
      if (bytesBehind >= MARGIN_BYTES) break;
    }
  }
  return { lines: await clean(before.lines(), inside, behind), hasMore: behind.length > 0 };
}

async function clean(
  before: readonly RawLine[],
  inside: readonly RawLine[],
  behind: readonly RawLine[],
): Promise<ShownLine[]> {
  let text = before.map((line) => `${textOf(line)}\n`).join('');
  const places = inside.map((line) => {
    const start = text.length;
    text += `${textOf(line)}\n`;
    return { number: line.number, start, end: start + headOf(line).length };
  });
  text += behind.map((line) => textOf(line)).join('\n');
  const spans = await secretSpans(text);
  return places.map(({ number, start, end }) => {
    let shown = '';
    let at = start;
    for (const span of spans) {
      if (span.end <= at || span.start >= end) continue;
      shown += `${text.slice(at, Math.max(at, span.start))}[redacted: ${span.kind}]`;
      at = Math.min(end, span.end);
    }
    return { number, text: shown + text.slice(at, end) };
  });
}

interface RawLine {
  readonly number: number;
  readonly bytes: number;
  readonly head: Buffer;
  /** What is behind the head, or the last of it. */
  readonly tail: Buffer;
}

const isWhole = ({ bytes, head, tail }: RawLine) => bytes === head.length + tail.length;

function headOf(line: RawLine): string {
  return isWhole(line) ? Buffer.concat([line.head, line.tail]).toString('utf8') : line.head.toString('utf8');
}

function textOf(line: RawLine): string {
  return isWhole(line) ? headOf(line) : headOf(line) + GAP + line.tail.toString('utf8');
}

function* linesIn(chunks: Iterable<Uint8Array>): Generator<RawLine> {
  let line = begun(1);
  for (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      yield grown(line, chunk.subarray(from, at));
      line = begun(line.number + 1);
      from = at + 1;
    }
    line = grown(line, chunk.subarray(from));
  }
  if (line.bytes > 0) yield line;
}

const NOTHING = Buffer.alloc(0);
const begun = (number: number): RawLine => ({ number, bytes: 0, head: NOTHING, tail: NOTHING });

function grown({ number, bytes, head, tail }: RawLine, more: Uint8Array): RawLine {
  const room = HEAD_BYTES - head.length;
  const rest = more.subarray(room);
  return {
    number,
    bytes: bytes + more.length,
    head: room > 0 && more.length > 0 ? Buffer.concat([head, more.subarray(0, room)]) : head,
    tail:
      rest.length > 0 ? Buffer.concat([tail, rest.subarray(-MARGIN_BYTES)]).subarray(-MARGIN_BYTES) : tail,
  };
}

/** The last lines before those that are asked for, as many as a secret may reach over. */
class Margin {
  readonly #lines: RawLine[] = [];
  #first = 0;
  #bytes = 0;

  add(line: RawLine): void {
    this.#lines.push(line);
    this.#bytes += line.bytes + 1;
    for (let oldest = this.#lines[this.#first]; oldest !== undefined; oldest = this.#lines[this.#first]) {
      if (this.#bytes - oldest.bytes - 1 < MARGIN_BYTES) break;
      this.#bytes -= oldest.bytes + 1;
      this.#first += 1;
    }
    if (this.#first < 1000) return;
    this.#lines.splice(0, this.#first);
    this.#first = 0;
  }

  lines(): RawLine[] {
    return this.#lines.slice(this.#first);
  }
}
