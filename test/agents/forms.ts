/**
 * The same JSON written otherwise: white space, the order of keys, escapes, line ends. From RFC 8259 alone, never from the
 * program's own code.
 */

import type { Ends } from '../../src/ingest/discover/peek.ts';

export interface Form {
  readonly name: string;
  readonly blanks?: true;
  readonly keys?: 'reversed' | 'shuffled';
  readonly escapes?: true;
  readonly crlf?: true;
  /** The mark of byte order that editors of Windows put first. */
  readonly mark?: true;
}

export const FORMS: readonly Form[] = [
  { name: 'blanks', blanks: true },
  { name: 'keys reversed', keys: 'reversed' },
  { name: 'keys shuffled', keys: 'shuffled' },
  { name: 'escapes', escapes: true },
  { name: 'line ends of Windows', crlf: true },
  { name: 'a mark of byte order', mark: true },
  { name: 'all at once', blanks: true, keys: 'shuffled', escapes: true, crlf: true },
];

/** Numbers from 0 to below 1 that follow from a seed. */
export function drawn(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const BLANKS = ['', ' ', ' ', '  ', '\t'];

export class Writer {
  readonly #form: Form;
  readonly #random: () => number;

  constructor(form: Form, seed: number) {
    this.#form = form;
    this.#random = drawn(seed);
  }

  write(value: unknown): string {
    if (typeof value === 'string') return this.#string(value);
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const open = Array.isArray(value) ? '[]' : '{}';
    const inner = Array.isArray(value)
      ? value.map((one) => this.write(one))
      : this.#keys(value).map(
          (key) =>
            `${this.#string(key)}${this.#blank()}:${this.#blank()}${this.write(Reflect.get(value, key))}`,
        );
    return `${open[0]}${this.#blank()}${inner.join(`${this.#blank()},${this.#blank()}`)}${this.#blank()}${open[1]}`;
  }

  #blank(): string {
    return this.#form.blanks === true ? (BLANKS[Math.floor(this.#random() * BLANKS.length)] ?? '') : '';
  }

  #keys(value: object): string[] {
    const keys = Object.keys(value);
    if (this.#form.keys === 'reversed') return keys.reverse();
    if (this.#form.keys === undefined) return keys;
    const places = new Map(keys.map((key) => [key, this.#random()]));
    return keys.sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
  }

  #string(text: string): string {
    const json = JSON.stringify(text);
    if (this.#form.escapes !== true) return json;
    // Whole escapes are left as they are; of the rest all that is not ASCII is escaped, each slash, and letters here and there.
    return json.replace(/\\(?:u[0-9a-f]{4}|.)|[^"\\]/g, (part) => {
      if (part.startsWith('\\') || part === '"') return part;
      if (part === '/') return '\\/';
      return part > '~' || this.#random() < 0.2 ? escaped(part) : part;
    });
  }
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Lines of JSON in a form; what is no JSON stays as it is. `within`: columns and members that are JSON in a text are written so too. */
export function linesIn(form: Form, bytes: Uint8Array, seed: number, within: readonly string[] = []): Buffer {
  const writer = new Writer(form, seed);
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  const written = lines.map((line, n) => {
    const record = parsed(Buffer.from(line, 'latin1').toString('utf8'));
    const text = record === undefined ? line : utf8AsLatin1(writer.write(inside(record, within, writer)));
    return form.crlf === true && n < lines.length - 1 ? `${text.replace(/\r$/, '')}\r` : text;
  });
  return marked(form, Buffer.from(written.join('\n'), 'latin1'));
}

function marked({ mark }: Form, text: Buffer): Buffer {
  return mark === true && text.length > 0 ? Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), text]) : text;
}

/** A whole document in a form, or lines of JSON where it is none. */
export function documentIn(form: Form, bytes: Uint8Array, seed: number): Buffer {
  const document = parsed(Buffer.from(bytes).toString('utf8'));
  return document === undefined
    ? Buffer.from(bytes)
    : marked(form, Buffer.from(new Writer(form, seed).write(document)));
}

function inside(record: unknown, within: readonly string[], writer: Writer): unknown {
  if (within.length === 0 || typeof record !== 'object' || record === null) return record;
  const copy: Record<string, unknown> = { ...record };
  for (const name of within) {
    const value = copy[name];
    if (typeof value === 'object') copy[name] = inside(value, Object.keys(value ?? {}), writer);
    else if (typeof value === 'string') copy[name] = textIn(value, writer);
  }
  return copy;
}

/** Text that is an object or a list of JSON, written otherwise. */
export function textIn(value: string, writer: Writer): string {
  const inner = /^\s*[[{]/.test(value) ? parsed(value) : undefined;
  return inner === undefined ? value : writer.write(inner);
}

function utf8AsLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A file's ends where all of it is at hand. */
export function endsOf(bytes: Uint8Array): Ends {
  return {
    sizeBytes: bytes.length,
    both: ({ headBytes, tailBytes }) =>
      bytes.length <= headBytes + tailBytes
        ? { head: bytes, tail: bytes }
        : { head: bytes.subarray(0, headBytes), tail: bytes.subarray(-tailBytes) },
  };
}
