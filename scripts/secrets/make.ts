/** Made-up values in the documented shape of each kind, drawn anew at each run from one seed. Nothing here is a secret of anybody. */

export const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
export const ALNUM = `${LETTERS}0123456789`;
export const HEX = '0123456789abcdef';
export const BASE64 = `${ALNUM}+/`;
export const URLSAFE = `${ALNUM}-_`;
export const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789';
export const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
export const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Words that no dictionary of passwords begins with, to make some of. */
const NAMES =
  'walrus cobalt meadow pickle tundra saffron bramble lagoon mosaic thistle quartz pebble heron juniper anchor maple'.split(
    ' ',
  );

export class Maker {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** mulberry32: small, and the same everywhere. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  below(count: number): number {
    return Math.floor(this.#next() * count);
  }

  one<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new Error('nothing to choose from');
    return item;
  }

  chars(count: number, alphabet = ALNUM): string {
    return Array.from({ length: count }, () => alphabet[this.below(alphabet.length)]).join('');
  }

  uuid(): string {
    return [8, 4, 4, 4, 12].map((count) => this.chars(count, HEX)).join('-');
  }

  base64(text: string): string {
    return Buffer.from(text).toString('base64');
  }

  /** A password as people make them. */
  password(): string {
    const word = this.one(NAMES);
    const digits = (count: number) => this.chars(count, '0123456789');
    return this.one([
      () => `${word[0]?.toUpperCase()}${word.slice(1)}${digits(4)}!`,
      () => word + digits(4),
      () => `${this.chars(4)}#${this.chars(5)}${digits(2)}`,
      () => `${word}${this.one(NAMES)}${digits(2)}`,
      () => `${word.slice(0, 3).toUpperCase()}${digits(3)}${word.slice(3)}_${this.chars(4)}`,
      () => `${this.chars(10)}${digits(2)}`,
      () => `${word}-${this.one(NAMES)}-${digits(3)}`,
      () => `${this.chars(5, LETTERS)}${digits(1)}@${this.chars(5)}`,
    ])();
  }

  /** One of letters alone. */
  letters(): string {
    return this.one(NAMES) + this.one(NAMES) + this.chars(3, 'bcdfghjkmnpqvwxz');
  }

  words(list: readonly string[], count: number): string {
    return Array.from({ length: count }, () => this.one(list)).join(' ');
  }

  jwt(): string {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    return `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: this.chars(8), iat: 1700000000 })}.${this.chars(43, URLSAFE)}`;
  }

  /** Lines of key material behind the beginning that the kind of key has. */
  material(beginning: string, lines = 4): string {
    return [
      beginning + this.chars(64 - beginning.length, BASE64),
      ...Array.from({ length: lines - 1 }, () => this.chars(64, BASE64)),
    ].join('\n');
  }
}
