/**
 * Tells quickly which words cannot stand in a text: of a thousand hints most are in none.
 * Promises: never says no where the word is there; one pass over the text, whatever is asked of it.
 */

const SLOTS = 1 << 16;
const place = (a: number, b: number, c: number) => ((a << 11) ^ (b << 5) ^ c) & (SLOTS - 1);

export class Sieve {
  readonly #text: string;
  readonly #seen = new Uint8Array(SLOTS);

  /** `text` in lower case. */
  constructor(text: string) {
    this.#text = text;
    let before = 0;
    let last = 0;
    for (let index = 0; index < text.length; index++) {
      const next = text.charCodeAt(index);
      this.#seen[place(before, last, next)] = 1;
      before = last;
      last = next;
    }
  }

  /** Whether the word, in lower case, stands in the text. Every three characters of it have to be there first. */
  has(word: string): boolean {
    for (let index = 2; index < word.length; index++)
      if (
        this.#seen[place(word.charCodeAt(index - 2), word.charCodeAt(index - 1), word.charCodeAt(index))] ===
        0
      )
        return false;
    return this.#text.includes(word);
  }
}
