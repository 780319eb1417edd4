/**
 * Tells in one pass which of many rules can match in a text: of some thousand words that they wait for, most are in none.
 * Promises: never says no where a rule's words are there; the time for a text does not grow with the number of rules.
 *
 * A word is in lower case and found in any case; with a capital in it, only as it is written. `^` before it: no letter stands
 * before; `$` behind it: no letter follows.
 */

/** What a rule waits for: one of `hints`, and where there are some, one of `also`. No hints: it always runs. */
export interface Waiting {
  readonly hints: readonly string[];
  readonly also?: readonly string[];
}

interface HintWord {
  readonly id: number;
  /** As it is written, and in lower case. */
  readonly exact: string | null;
  readonly lower: string;
  readonly begins: boolean;
  readonly ends: boolean;
}

/** Words are looked up by their first four characters, short ones by three; shorter ones are searched for. */
const LONG_CHARS = 4;
const MIDDLE_CHARS = 3;
const SLOTS = 1 << 15;
const SLOTS_OF_MIDDLE = 1 << 12;
/** Of a window of four characters, a byte of each: what two characters share is told apart by the look. */
const slotOfLong = (window: number) => Math.imul(window, 0x9e3779b1) >>> 17;
const slotOfMiddle = (window: number) => SLOTS + (Math.imul(window & 0xffffff, 0x9e3779b1) >>> 20);

const ANYWHERE = 1;
const AT_WORDS = 2;

/** A rule that can match in some texts of a piece. */
export interface Able {
  /** Its place among the rules. */
  readonly rule: number;
  /** Places of the texts, in order; null: it may be in any of them. */
  readonly texts: readonly number[] | null;
}

interface Needs {
  readonly any: readonly number[];
  readonly also: readonly number[];
}

export class Hints {
  readonly #slots = new Map<number, HintWord[]>();
  /** Slots with words that were not found yet in the text that is looked at: `ANYWHERE`, or where no letter stands before. */
  readonly #isOpen = new Uint8Array(SLOTS + SLOTS_OF_MIDDLE);
  /** Opened again when the text ends. */
  readonly #closed: { readonly slot: number; readonly was: number }[] = [];
  readonly #short: HintWord[] = [];
  readonly #ids = new Map<string, number>();
  readonly #rules: readonly Needs[];
  /** The rules that wait for a word, by its id. */
  readonly #waiting: number[][] = [];
  /** Rules that wait for no word, or for a short one: they are asked once a piece. */
  readonly #askedByPiece: readonly number[];
  /** The last text in which a word was found, by its id; texts of all pieces are counted through, from 1. Of short words the last piece, negative. */
  readonly #foundIn: Float64Array;
  #textsBefore = 1;

  constructor(rules: readonly Waiting[]) {
    this.#rules = rules.map(({ hints, also = [] }) => ({
      any: hints.map((hint) => this.#idOf(hint)),
      also: also.map((hint) => this.#idOf(hint)),
    }));
    this.#foundIn = new Float64Array(this.#ids.size);
    const isShort = new Set(this.#short.map(({ id }) => id));
    this.#askedByPiece = [...this.#rules.keys()].filter((rule) => {
      const { any, also } = this.#rules[rule] as Needs;
      for (const id of [...any, ...also]) if (!isShort.has(id)) this.#waiting[id]?.push(rule);
      return any.length === 0 || any.some((id) => isShort.has(id));
    });
  }

  #idOf(hint: string): number {
    const known = this.#ids.get(hint);
    if (known !== undefined) return known;
    const id = this.#ids.size;
    this.#ids.set(hint, id);
    this.#waiting.push([]);
    this.#place(wordOf(hint, id));
    return id;
  }

  #place(word: HintWord): void {
    const { lower } = word;
    if (lower.length < MIDDLE_CHARS) {
      this.#short.push(word);
      return;
    }
    let window = 0;
    for (let index = 0; index < Math.min(lower.length, LONG_CHARS); index++)
      window = (window << 8) | (lower.charCodeAt(index) & 0xff);
    const slot = lower.length < LONG_CHARS ? slotOfMiddle(window) : slotOfLong(window);
    const words = [...(this.#slots.get(slot) ?? []), word];
    this.#slots.set(slot, words);
    this.#isOpen[slot] = words.every(({ begins }) => begins) ? AT_WORDS : ANYWHERE;
  }

  /** The places of the rules that can match, in order. */
  in(text: string): number[] {
    return this.inEach(text, [{ start: 0, end: text.length }]).map(({ rule }) => rule);
  }

  /** The rules that can match in a piece, in order, and in which of its texts. */
  inEach(piece: string, texts: readonly { readonly start: number; readonly end: number }[]): Able[] {
    const able = new Map<number, number[] | null>();
    const lower = piece.toLowerCase();
    // Where a letter became two, places differ: how a word was written, and where it stands, can no longer be told.
    const isPlaced = lower.length === piece.length;
    const look = { lower, written: isPlaced ? piece : null, able, text: 0 };
    const number = -this.#textsBefore;
    for (const word of this.#short)
      if (standsAnywhere(word, lower, look.written)) this.#foundIn[word.id] = number;
    for (const rule of this.#askedByPiece) {
      const { any, also } = this.#rules[rule] as Needs;
      if (this.#hasOneOf(any, number, number) && this.#hasOneOf(also, number, number)) able.set(rule, null);
    }
    const bounds = isPlaced ? texts : [{ start: 0, end: lower.length }];
    for (const [text, { start, end }] of bounds.entries()) {
      look.text = text;
      this.#lookThrough(look, start, end, number);
    }
    this.#textsBefore += Math.max(1, bounds.length);
    return [...able.keys()]
      .sort((a, b) => a - b)
      .map((rule) => ({ rule, texts: isPlaced ? (able.get(rule) ?? null) : null }));
  }

  #lookThrough(look: Look, start: number, end: number, piece: number): void {
    const { lower } = look;
    const isOpen = this.#isOpen;
    let window = 0;
    for (let index = start; index < end; index++) {
      window = (window << 8) | (lower.charCodeAt(index) & 0xff);
      const long = slotOfLong(window);
      if (isOpen[long] !== 0) this.#look(long, look, index - LONG_CHARS + 1, piece);
      const middle = slotOfMiddle(window);
      if (isOpen[middle] !== 0) this.#look(middle, look, index - MIDDLE_CHARS + 1, piece);
    }
    for (const { slot, was } of this.#closed) isOpen[slot] = was;
    this.#closed.length = 0;
  }

  /** Closes the slot when all of its words are found. */
  #look(slot: number, look: Look, at: number, piece: number): void {
    const was = this.#isOpen[slot] ?? ANYWHERE;
    if (was === AT_WORDS && look.written !== null && isLetter(look.written.charCodeAt(at - 1))) return;
    const words = this.#slots.get(slot) ?? [];
    const text = this.#textsBefore + look.text;
    let isDone = true;
    for (let index = 0; index < words.length; index++) {
      const word = words[index];
      if (word === undefined || this.#foundIn[word.id] === text) continue;
      if (standsAt(word, look.written, at) && look.lower.startsWith(word.lower, at)) {
        this.#foundIn[word.id] = text;
        this.#tell(word.id, look, text, piece);
      } else isDone = false;
    }
    if (!isDone) return;
    this.#isOpen[slot] = 0;
    this.#closed.push({ slot, was });
  }

  /** To the rules that wait for the word. */
  #tell(id: number, { able, text: place }: Look, text: number, piece: number): void {
    for (const rule of this.#waiting[id] ?? []) {
      const known = able.get(rule);
      if (known === null || known?.at(-1) === place) continue;
      const { any, also } = this.#rules[rule] as Needs;
      if (!this.#hasOneOf(any, text, piece) || !this.#hasOneOf(also, text, piece)) continue;
      if (known === undefined) able.set(rule, [place]);
      else known.push(place);
    }
  }

  /** None waited for: true. */
  #hasOneOf(ids: readonly number[], text: number, piece: number): boolean {
    for (let index = 0; index < ids.length; index++) {
      const found = this.#foundIn[ids[index] ?? 0];
      if (found === text || found === piece) return true;
    }
    return ids.length === 0;
  }
}

/** What is looked through, and what came of it. */
interface Look {
  readonly lower: string;
  /** Null where nothing can be said of how it was written. */
  readonly written: string | null;
  readonly able: Map<number, number[] | null>;
  /** The place of the text that is looked at. */
  text: number;
}

function wordOf(hint: string, id: number): HintWord {
  const begins = hint.length > 1 && hint.startsWith('^');
  const ends = hint.length > 1 && hint.endsWith('$');
  const bare = hint.slice(begins ? 1 : 0, ends ? -1 : undefined);
  const lower = bare.toLowerCase();
  return { id, exact: lower === bare ? null : bare, lower, begins, ends };
}

function standsAnywhere(word: HintWord, lower: string, written: string | null): boolean {
  for (let at = lower.indexOf(word.lower); at >= 0; at = lower.indexOf(word.lower, at + 1))
    if (standsAt(word, written, at)) return true;
  return false;
}

/** As `^`, `$` and capitals want it, where the word is. */
function standsAt(word: HintWord, written: string | null, at: number): boolean {
  if (written === null) return true;
  if (word.begins && isLetter(written.charCodeAt(at - 1))) return false;
  if (word.ends && isLetter(written.charCodeAt(at + word.lower.length))) return false;
  return word.exact === null || written.startsWith(word.exact, at);
}

function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
}
