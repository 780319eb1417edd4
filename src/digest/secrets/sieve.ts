/**
 * Tells quickly which words cannot stand in a text: of a thousand hints most are in none.
 * Promises: never says no where the word is there; one pass over the text, whatever is asked of it.
 */

/** Room for what differs in a piece of 64 KiB; to make it ready takes longer than to go through a title. */
const SLOTS = 1 << 16;
const SLOTS_OF_SHORT = 1 << 12;
const SHORT_CHARS = 1024;
const place = (a: number, b: number, c: number) => (a << 11) ^ (b << 5) ^ c;

export class Sieve {
  readonly #text: string;
  readonly #seen: Uint8Array;
  readonly #mask: number;

  /** `text` in lower case. */
  constructor(text: string) {
    this.#text = text;
    const slots = text.length <= SHORT_CHARS ? SLOTS_OF_SHORT : SLOTS;
    const seen = new Uint8Array(slots);
    const mask = slots - 1;
    this.#seen = seen;
    this.#mask = mask;
    let before = 0;
    let last = 0;
    for (let index = 0; index < text.length; index++) {
      const next = text.charCodeAt(index);
      seen[place(before, last, next) & mask] = 1;
      before = last;
      last = next;
    }
  }

  /** Whether the word, in lower case, stands in the text. Every three characters of it have to be there first. */
  has(word: string): boolean {
    for (let index = 2; index < word.length; index++) {
      const slot = place(word.charCodeAt(index - 2), word.charCodeAt(index - 1), word.charCodeAt(index));
      if (this.#seen[slot & this.#mask] === 0) return false;
    }
    return this.#text.includes(word);
  }
}
