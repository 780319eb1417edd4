/**
 * Secrets in another dress: base64 of them, words of a wallet, a key of numbers, hashes of passwords.
 * Promises: base64 of a picture, a hash or an id stays: only what decodes to readable text is looked at.
 */
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { carried, type Finding, type SecretRule, token } from './rules.ts';
import { isPlaceholder } from './values.ts';

const RUN_CHARS_MIN = 24;
/** So much tells readable text from bytes. */
const LOOKED_CHARS = 32;
const READABLE = /^[\t\n\r\x20-\x7e]+$/;
const ENCODED_CHARS_MAX = 64 * 1024;
/** A path before it looks as if it belonged to it. */
const FOLDERS_MAX = 12;

/** Runs of base64 that decode to text with a secret in it, as `hasSecret` finds. */
export function encodedRule(hasSecret: (text: string) => boolean): SecretRule {
  return {
    kind: 'encoded secret',
    hints: [],
    *find(text) {
      for (const [index, end] of runsIn(text)) {
        const run = text.slice(index, end);
        const start = startOfText(run);
        if (start === null) continue;
        const decoded = Buffer.from(run.slice(start, start + ENCODED_CHARS_MAX), 'base64').toString('latin1');
        if (!hasSecret(decoded)) continue;
        yield { start: index + start, end: index + run.length, kind: 'encoded secret', runsOn: true };
      }
    },
  };
}

const IS_BASE64 = tableOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-');

/** Runs of the alphabet, with the padding behind. A pattern for it would be tried at every word, and a generator is not compiled as well. */
function runsIn(text: string): readonly (readonly [start: number, end: number])[] {
  const runs: [number, number][] = [];
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    if (IS_BASE64[text.charCodeAt(at)] === 1) continue;
    if (at - start >= RUN_CHARS_MIN) {
      let end = at;
      while (end < at + 2 && text[end] === '=') end++;
      runs.push([start, end]);
    }
    start = at + 1;
  }
  return runs;
}

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(128);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

/** Where in a run the base64 of readable text begins: at its beginning or behind a slash. */
function startOfText(run: string): number | null {
  let start = 0;
  for (let folders = 0; folders < FOLDERS_MAX && run.length - start >= RUN_CHARS_MIN; folders++) {
    const head = Buffer.from(run.slice(start, start + LOOKED_CHARS), 'base64').toString('latin1');
    if (READABLE.test(head)) return start;
    const slash = run.indexOf('/', start);
    if (slash < 0) return null;
    start = slash + 1;
  }
  return null;
}

/** BIP-39 has mnemonics of 12 to 24 words, some of which may come twice. */
const WORDS_MIN = 12;
const WORDS_DISTINCT_MIN = 8;
const WORD_CHARS = { min: 3, max: 8 };
const IS_LETTER = tableOf('abcdefghijklmnopqrstuvwxyz');
/** Between two words, one in a line or numbered too. */
const IS_BETWEEN = tableOf(' \t\n\r,_0123456789.)');
let words: ReadonlySet<string> | null = null;

interface Word {
  readonly at: number;
  readonly word: string;
}

function* mnemonicsIn(text: string): Iterable<Finding> {
  for (const run of wordsInTurn(text)) {
    words ??= new Set(wordlist);
    const known = words;
    let own: Word[] = [];
    for (const word of [...run, null]) {
      if (word !== null && known.has(word.word)) {
        own.push(word);
        continue;
      }
      const [first, last] = [own[0], own.at(-1)];
      if (own.length >= WORDS_MIN && first !== undefined && last !== undefined && isMixed(own))
        yield { start: first.at, end: last.at + last.word.length, kind: 'seed phrase' };
      own = [];
    }
  }
}

/** Runs of as many short words as a mnemonic has, with nothing else between; most text has none. */
function wordsInTurn(text: string): readonly (readonly Word[])[] {
  const runs: (readonly Word[])[] = [];
  let run: number[] = [];
  let start = -1;
  for (let at = 0; at <= text.length; at++) {
    const code = text.charCodeAt(at);
    if (IS_LETTER[code] === 1) {
      if (start < 0) start = at;
      continue;
    }
    const chars = start < 0 ? 0 : at - start;
    const isShort = chars >= WORD_CHARS.min && chars <= WORD_CHARS.max;
    if (isShort) run.push(start, at);
    if ((chars > 0 && !isShort) || IS_BETWEEN[code] !== 1) {
      if (run.length >= WORDS_MIN * 2) runs.push(wordsAt(text, run));
      if (run.length > 0) run = [];
    }
    start = -1;
  }
  return runs;
}

function wordsAt(text: string, run: readonly number[]): readonly Word[] {
  const found: Word[] = [];
  for (let index = 0; index < run.length; index += 2)
    found.push({ at: run[index] ?? 0, word: text.slice(run[index], run[index + 1]) });
  return found;
}

function isMixed(run: readonly Word[]): boolean {
  return new Set(run.map(({ word }) => word)).size >= WORDS_DISTINCT_MIN;
}

export const ENCODED_RULES: readonly SecretRule[] = [
  { kind: 'seed phrase', hints: [], find: mnemonicsIn },
  // A keypair of Solana: its 64 bytes as numbers.
  token('private key', '[', /\[\s{0,4}((?:\d{1,3}\s{0,4},\s{0,4}){63}\d{1,3})(?=\s{0,4}\])/g),
  // crypt(5): what /etc/shadow, .htpasswd and frameworks keep of a password.
  token(
    'password hash',
    '$',
    /(\$(?<![\w$]\$)(?:1|2[abxy]?|5|6|7|y|gy|sha1|md5|apr1|argon2(?:id?|d)|scrypt|pbkdf2(?:-sha\d+)?|P|H)\$[\w./$=,+-]{20,300})/g,
  ),
  token(
    'password hash',
    'pbkdf2_ scrypt: {ssha argon2',
    /((?:pbkdf2_sha\d+|scrypt:|argon2)\$?\d[\w:]*\$[\w+/=-]+\$[\w+/=-]{20,}|\{S?SHA(?:256|512)?\}[\w+/]{20,}={0,2})/gi,
  ),
  carried(
    'one-time password seed',
    'otpauth secret= totp 2fa otp mfa authenticator',
    /(?:[?&]secret=|\b(?:totp|2fa|otp|mfa|authenticator)\b[ \w]{0,24}?(?:seed|secret|key|code)?(?: is)?[ :=]{1,3}["'`]?)((?:[A-Z2-7]{16,128}|[A-Z2-7]{4}(?: [A-Z2-7]{4}){3,15}|[a-z2-7]{4}(?: [a-z2-7]{4}){3,15})={0,6})(?![A-Za-z0-9])/gi,
    (value) => !isPlaceholder(value) && /[A-Z2-7]{4}/i.test(value),
  ),
  carried(
    'recovery code',
    'recovery backup',
    /\b(?:recovery|backup)[ _-]codes?\b[^\0]{0,24}?((?:\b[a-z0-9]{4,8}-[a-z0-9]{4,8}(?:-[a-z0-9]{4,8}){0,4}\b[ ,\n]{0,4})+)/gi,
    (value) => /\d/.test(value),
  ),
];
