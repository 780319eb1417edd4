/**
 * Members of a JSON record, found in its bytes: which lines are worth parsing, and what a record tells that is not parsed.
 * Promises: what it finds is what `JSON.parse` would find at that path, however the record is written: white space, the order of
 * keys, escapes in keys and values, CR at the end; a member of that name further inside is never taken. One pass, no object made.
 * Never: takes a record for whole that is torn, or that another one stands behind on the line.
 */
import { parsedJson } from '../../domain/parsed.ts';
import { isPadding } from './json-lines.ts';

/**
 * `broken`: not one record that goes to its end; what was found of it stands for nothing. `cut`: the bytes end within it.
 * `stopped`: the caller had enough.
 */
export type Scanned = 'whole' | 'cut' | 'broken' | 'stopped';

interface Entry {
  readonly key: Buffer;
  readonly slot: number;
  /** What is looked for in the value where it is an object, or where it is a list, in each object of it. */
  readonly inner: Level | null;
  readonly each: Level | null;
  /** All slots from here on: a key that is written twice means its last value. */
  readonly below: readonly number[];
}

interface Level {
  /** By the length of the key in bytes. */
  readonly byLength: readonly (readonly Entry[] | undefined)[];
  readonly byText: ReadonlyMap<string, Entry>;
  readonly isList: boolean;
}

/** The bytes ended; no JSON; the caller had enough. */
const CUT = -1;
const BROKEN = -2;
const STOPPED = -3;
/** A list of more elements with what is looked for is left to a parser. */
const ELEMENTS_MAX = 1000;
/** A string that goes on is looked through natively from here on. */
const STRING_BYTES_NEAR = 32;
/** A longer text is not remembered. */
const LAST_CHARS_MAX = 40;
const NOTHING = Buffer.alloc(0);

/** `P`: paths like `type`, `payload.id` and, in each object of a list, `content[].type`. */
export class Members<P extends string> {
  readonly #slots: ReadonlyMap<string, number>;
  readonly #root: Level;
  readonly #from: Int32Array;
  readonly #to: Int32Array;
  readonly #lists: readonly number[][];
  readonly #paths: readonly P[];
  /** The text of each length that was last read of each, if short: a few kinds of records come again and again. */
  readonly #last: readonly string[][];
  #bytes: Buffer = NOTHING;
  #hasLists = false;
  #isEnough: ((path: P) => boolean) | null = null;

  constructor(paths: readonly P[]) {
    this.#paths = paths;
    this.#slots = new Map(paths.map((path, slot) => [path, slot]));
    this.#root = levelOf(
      paths.map((path, slot) => ({ parts: path.split('.'), slot })),
      false,
    );
    this.#from = new Int32Array(paths.length);
    this.#to = new Int32Array(paths.length);
    this.#lists = paths.map(() => []);
    this.#last = paths.map(() => new Array<string>(LAST_CHARS_MAX + 1).fill(''));
  }

  /**
   * Looks through the record that the bytes are, NULs and blanks around it left out. What is found stands until the next
   * call: of a whole record all of it, of a cut one what stands whole before the cut. `isEnough` is asked at each member that
   * is found, of a list at each in it: true where nothing that comes matters any more.
   */
  scan(bytes: Buffer, isEnough: ((path: P) => boolean) | null = null): Scanned {
    this.#bytes = bytes;
    this.#isEnough = isEnough;
    this.#from.fill(-1);
    if (this.#hasLists) for (const list of this.#lists) list.length = 0;
    this.#hasLists = false;
    let start = 0;
    while (start < bytes.length && isPadding(bytes[start])) start++;
    if (bytes[start] !== 0x7b) return 'broken';
    const end = this.#object(start, this.#root);
    if (end < 0) return end === CUT ? 'cut' : end === STOPPED ? 'stopped' : 'broken';
    let rest = end;
    while (rest < bytes.length && isPadding(bytes[rest])) rest++;
    if (rest < bytes.length) return 'broken';
    const nul = bytes.indexOf(0, start);
    return nul < 0 || nul >= end ? 'whole' : 'broken';
  }

  /** The member's value; undefined where it is not there. */
  value(path: P): unknown {
    const slot = this.#slots.get(path) ?? -1;
    const from = this.#from[slot] ?? -1;
    return from < 0 ? undefined : this.#valueOf(slot, from, this.#to[slot] ?? 0);
  }

  /** The member as non-empty text, else null. */
  text(path: P): string | null {
    const slot = this.#slots.get(path) ?? -1;
    const from = this.#from[slot] ?? -1;
    if (from < 0 || this.#bytes[from] !== 0x22) return null;
    const value = this.#valueOf(slot, from, this.#to[slot] ?? 0);
    return typeof value === 'string' && value !== '' ? value : null;
  }

  has(path: P): boolean {
    return (this.#from[this.#slots.get(path) ?? -1] ?? -1) >= 0;
  }

  isObject(path: P): boolean {
    return this.#bytes[this.#from[this.#slots.get(path) ?? -1] ?? -1] === 0x7b;
  }

  /** The values at a path through a list, in their order; elements without one are passed over. */
  all(path: P): readonly unknown[] {
    const slot = this.#slots.get(path) ?? -1;
    const ranges = this.#lists[slot] ?? [];
    const values: unknown[] = [];
    for (let n = 0; n < ranges.length; n += 2)
      values.push(this.#valueOf(slot, ranges[n] ?? 0, ranges[n + 1] ?? 0));
    return values;
  }

  #valueOf(slot: number, from: number, to: number): unknown {
    const bytes = this.#bytes;
    if (bytes[from] === 0x22) {
      const length = to - from - 2;
      const last = length <= LAST_CHARS_MAX ? this.#last[slot]?.[length] : undefined;
      if (last?.length === length && isAt(bytes, from + 1, last)) return last;
      const text = bytes.toString('utf8', from + 1, to - 1);
      if (!text.includes('\\')) {
        // As many units as bytes: no byte of it is part of anything but ASCII.
        if (last !== undefined && text.length === length) (this.#last[slot] ?? [])[length] = text;
        return text;
      }
    }
    // No JSON, though its brackets match, tells nothing.
    return parsedJson(bytes.toString('utf8', from, to));
  }

  /** The index behind the object that begins at `open`; `CUT` or `BROKEN` where it has no end. */
  #object(open: number, level: Level): number {
    const bytes = this.#bytes;
    let at = blanksEnd(bytes, open + 1);
    if (bytes[at] === 0x7d) return at + 1;
    for (;;) {
      if (bytes[at] !== 0x22) return endOr(bytes, at);
      const key = at;
      at = stringEnd(bytes, at);
      if (at < 0) return at;
      const entry = entryOf(level, bytes, key + 1, at - 1);
      at = blanksEnd(bytes, at);
      if (bytes[at] !== 0x3a) return endOr(bytes, at);
      at = blanksEnd(bytes, at + 1);
      at = entry === undefined ? valueEnd(bytes, at) : this.#wanted(at, entry, level.isList);
      if (at < 0) return at;
      at = blanksEnd(bytes, at);
      if (bytes[at] === 0x7d) return at + 1;
      if (bytes[at] !== 0x2c) return endOr(bytes, at);
      at = blanksEnd(bytes, at + 1);
    }
  }

  #wanted(from: number, entry: Entry, isInList: boolean): number {
    const bytes = this.#bytes;
    const { slot, inner, each, below } = entry;
    if (!isInList) for (const one of below) this.#forget(one);
    const byte = bytes[from];
    const to =
      byte === 0x7b && inner !== null
        ? this.#object(from, inner)
        : byte === 0x5b && each !== null
          ? this.#list(from, each)
          : valueEnd(bytes, from);
    if (to < 0 || slot < 0) return to;
    if (isInList) {
      const list = this.#lists[slot] ?? [];
      if (list.length >= 2 * ELEMENTS_MAX) return BROKEN;
      list.push(from, to);
      this.#hasLists = true;
    }
    this.#from[slot] = from;
    this.#to[slot] = to;
    const path = this.#paths[slot];
    return path !== undefined && this.#isEnough?.(path) === true ? STOPPED : to;
  }

  #list(open: number, each: Level): number {
    const bytes = this.#bytes;
    let at = blanksEnd(bytes, open + 1);
    if (bytes[at] === 0x5d) return at + 1;
    for (;;) {
      at = bytes[at] === 0x7b ? this.#object(at, each) : valueEnd(bytes, at);
      if (at < 0) return at;
      at = blanksEnd(bytes, at);
      if (bytes[at] === 0x5d) return at + 1;
      if (bytes[at] !== 0x2c) return endOr(bytes, at);
      at = blanksEnd(bytes, at + 1);
    }
  }

  #forget(slot: number): void {
    // Nearly always: few keys are written twice.
    if ((this.#from[slot] ?? -1) < 0) return;
    this.#from[slot] = -1;
    const list = this.#lists[slot];
    if (list !== undefined) list.length = 0;
  }
}

interface Path {
  readonly parts: readonly string[];
  readonly slot: number;
}

function levelOf(paths: readonly Path[], isList: boolean): Level {
  const byName = Map.groupBy(paths, ({ parts: [name = ''] }) => name.replace(/\[\]$/, ''));
  const byText = new Map<string, Entry>();
  const byLength: Entry[][] = [];
  for (const [name, own] of byName) {
    const within = (isEach: boolean) =>
      own
        .filter(({ parts: [head = '', ...rest] }) => rest.length > 0 && head.endsWith('[]') === isEach)
        .map(({ parts, slot }) => ({ parts: parts.slice(1), slot }));
    const [inner, each] = [within(false), within(true)];
    const entry: Entry = {
      key: Buffer.from(name),
      slot: own.find(({ parts }) => parts.length === 1)?.slot ?? -1,
      inner: inner.length === 0 ? null : levelOf(inner, isList),
      each: each.length === 0 ? null : levelOf(each, true),
      below: own.map(({ slot }) => slot),
    };
    byText.set(name, entry);
    const ofLength = byLength[entry.key.length] ?? [];
    byLength[entry.key.length] = [...ofLength, entry];
  }
  return { byLength, byText, isList };
}

/** What is looked for under the key whose text stands from `from` to `to`, where the last string ended. */
function entryOf(level: Level, bytes: Buffer, from: number, to: number): Entry | undefined {
  if (hadEscape) return level.byText.get(String(parsedJson(bytes.toString('utf8', from - 1, to + 1))));
  const entries = level.byLength[to - from];
  if (entries === undefined) return undefined;
  for (const entry of entries) {
    const { key } = entry;
    let n = 0;
    while (n < key.length && key[n] === bytes[from + n]) n++;
    if (n === key.length) return entry;
  }
  return undefined;
}

/** Whether `text`, which is ASCII, stands there. */
function isAt(bytes: Buffer, from: number, text: string): boolean {
  for (let n = 0; n < text.length; n++) if (bytes[from + n] !== text.charCodeAt(n)) return false;
  return true;
}

function blanksEnd(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d && byte !== 0x0a) return at;
    at++;
  }
}

function endOr(bytes: Buffer, at: number): number {
  return at >= bytes.length ? CUT : BROKEN;
}

/** The index behind the value that begins at `from`. */
function valueEnd(bytes: Buffer, from: number): number {
  const byte = bytes[from];
  return byte === 0x7b || byte === 0x5b ? containerEnd(bytes, from) : scalarEnd(bytes, from);
}

function scalarEnd(bytes: Buffer, from: number): number {
  if (bytes[from] === 0x22) return stringEnd(bytes, from);
  let at = from;
  while (at < bytes.length && isOfLiteral(bytes[at])) at++;
  if (at >= bytes.length) return CUT;
  return at > from ? at : BROKEN;
}

/** A number, `true`, `false`, `null`. */
function isOfLiteral(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  if ((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a)) return true;
  return byte === 0x2b || byte === 0x2d || byte === 0x2e || byte === 0x45;
}

/** What is open around the byte that is looked at. It grows with the deepest record. */
let opened = new Uint8Array(64);

/**
 * The index behind the object or list that begins at `open`. What stands where is looked at as closely as a parser does: a string that is
 * torn turns all that follows it inside out, and by its brackets alone a second record could end the first.
 */
function containerEnd(bytes: Buffer, open: number): number {
  let depth = 0;
  let at = open;
  for (;;) {
    const byte = bytes[at];
    if (byte === 0x7b || byte === 0x5b) {
      if (depth === opened.length) opened = grown(opened);
      opened[depth++] = byte;
      at = blanksEnd(bytes, at + 1);
      // A bracket's code is two below that of the one which closes it.
      if (bytes[at] !== byte + 2) {
        if (byte === 0x7b) at = keyEnd(bytes, at);
        if (at < 0) return at;
        continue;
      }
      depth--;
      at++;
    } else at = scalarEnd(bytes, at);
    if (at < 0) return at;
    while (depth > 0) {
      at = blanksEnd(bytes, at);
      const around = opened[depth - 1] ?? 0;
      if (bytes[at] === 0x2c) {
        at = blanksEnd(bytes, at + 1);
        if (around === 0x7b) at = keyEnd(bytes, at);
        break;
      }
      if (bytes[at] !== around + 2) return endOr(bytes, at);
      depth--;
      at++;
    }
    if (at < 0 || depth === 0) return at;
  }
}

function grown(stack: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * stack.length);
  larger.set(stack);
  return larger;
}

/** The index of the value behind the key that begins at `from`. */
function keyEnd(bytes: Buffer, from: number): number {
  if (bytes[from] !== 0x22) return endOr(bytes, from);
  const end = stringEnd(bytes, from);
  if (end < 0) return end;
  const at = blanksEnd(bytes, end);
  return bytes[at] === 0x3a ? blanksEnd(bytes, at + 1) : endOr(bytes, at);
}

/** Whether the last string that was ended may hold an escape: it is all that a key need be asked. */
let hadEscape = false;

/** The index behind the string that is opened at `open`. */
function stringEnd(bytes: Buffer, open: number): number {
  hadEscape = false;
  let at = open + 1;
  for (const near = Math.min(bytes.length, at + STRING_BYTES_NEAR); at < near; at++) {
    const byte = bytes[at];
    if (byte === 0x22) return at + 1;
    if (byte === 0x5c) {
      hadEscape = true;
      at++;
    }
  }
  hadEscape = true;
  for (let from = at; ; ) {
    const quote = bytes.indexOf(0x22, from);
    if (quote < 0) return CUT;
    let before = quote - 1;
    while (before >= from && bytes[before] === 0x5c) before--;
    if ((quote - 1 - before) % 2 === 0) return quote + 1;
    from = quote + 1;
  }
}
