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

export class Hints {
  readonly #slots = new Map<number, HintWord[]>();
  readonly #isUsed = new Uint8Array(SLOTS + SLOTS_OF_MIDDLE);
  /** Slots with words that were not found yet in the present text. */
  readonly #isOpen = new Uint8Array(SLOTS + SLOTS_OF_MIDDLE);
  readonly #short: HintWord[] = [];
  readonly #ids = new Map<string, number>();
  readonly #rules: readonly { readonly any: readonly number[]; readonly also: readonly number[] }[];

  constructor(rules: readonly Waiting[]) {
    this.#rules = rules.map(({ hints, also = [] }) => ({
      any: hints.map((hint) => this.#idOf(hint)),
      also: also.map((hint) => this.#idOf(hint)),
    }));
  }

  #idOf(hint: string): number {
    const known = this.#ids.get(hint);
    if (known !== undefined) return known;
    const id = this.#ids.size;
    this.#ids.set(hint, id);
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
    this.#isUsed[slot] = 1;
    this.#slots.set(slot, [...(this.#slots.get(slot) ?? []), word]);
  }

  /** The places of the rules that can match, in order. */
  in(text: string): number[] {
    const has = this.#wordsIn(text);
    const able: number[] = [];
    for (let index = 0; index < this.#rules.length; index++) {
      const rule = this.#rules[index];
      if (rule !== undefined && hasOneOf(rule.any, has) && hasOneOf(rule.also, has)) able.push(index);
    }
    return able;
  }

  #wordsIn(text: string): Uint8Array {
    const lower = text.toLowerCase();
    // Where a letter became two, places differ: how a word was written, and what stands around it, can no longer be told.
    const written = lower.length === text.length ? text : null;
    const has = new Uint8Array(this.#ids.size);
    for (const word of this.#short) if (standsAnywhere(word, lower, written)) has[word.id] = 1;
    const isOpen = this.#isOpen;
    isOpen.set(this.#isUsed);
    let window = 0;
    for (let index = 0; index < lower.length; index++) {
      window = (window << 8) | (lower.charCodeAt(index) & 0xff);
      const long = slotOfLong(window);
      if (isOpen[long] === 1) this.#look(long, lower, written, index - LONG_CHARS + 1, has);
      const middle = slotOfMiddle(window);
      if (isOpen[middle] === 1) this.#look(middle, lower, written, index - MIDDLE_CHARS + 1, has);
    }
    return has;
  }

  /** Closes the slot when all of its words are found. */
  #look(slot: number, lower: string, written: string | null, at: number, has: Uint8Array): void {
    const words = this.#slots.get(slot) ?? [];
    let isDone = true;
    for (let index = 0; index < words.length; index++) {
      const word = words[index];
      if (word === undefined || has[word.id] === 1) continue;
      if (standsAt(word, written, at) && lower.startsWith(word.lower, at)) has[word.id] = 1;
      else isDone = false;
    }
    if (isDone) this.#isOpen[slot] = 0;
  }
}

function wordOf(hint: string, id: number): HintWord {
  const begins = hint.length > 1 && hint.startsWith('^');
  const ends = hint.length > 1 && hint.endsWith('$');
  const bare = hint.slice(begins ? 1 : 0, ends ? -1 : undefined);
  const lower = bare.toLowerCase();
  return { id, exact: lower === bare ? null : bare, lower, begins, ends };
}

/** None waited for: true. */
function hasOneOf(ids: readonly number[], has: Uint8Array): boolean {
  for (let index = 0; index < ids.length; index++) if (has[ids[index] ?? 0] === 1) return true;
  return ids.length === 0;
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
