/**
 * Secrets in another dress: base64 of them, words of a wallet, a key of numbers, hashes of passwords.
 * Promises: base64 of a picture, a hash or an id stays: only what decodes to readable text is looked at.
 */
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { carried, type Finding, matchesIn, type SecretRule, token } from './rules.ts';
import { isPlaceholder } from './values.ts';

const RUN_CHARS_MIN = 24;
/** So much tells readable text from bytes. */
const LOOKED_CHARS = 32;
const ENCODED_CHARS_MAX = 64 * 1024;
/** A path before it looks as if it belonged to it. */
const FOLDERS_MAX = 12;

/** Runs of base64 that decode to text with a secret in it, as `hasSecret` finds. */
export function encodedRule(hasSecret: (text: string) => boolean): SecretRule {
  return {
    kind: 'encoded secret',
    hints: [],
    patterns: [RUN],
    *find(text) {
      for (const { index, 0: run } of matchesIn(text, RUN)) {
        const start = startOfText(run);
        if (start === null) continue;
        const decoded = Buffer.from(run.slice(start, start + ENCODED_CHARS_MAX), 'base64').toString('latin1');
        if (!hasSecret(decoded)) continue;
        yield { start: index + start, end: index + run.length, kind: 'encoded secret', runsOn: true };
      }
    },
  };
}

/** A run of the alphabet, with the padding behind. Tried at the first character of each alone. */
const RUN = new RegExp(`(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{${RUN_CHARS_MIN},}={0,2}`, 'g');

/** Where in a run the base64 of readable text begins: at its beginning or behind a slash. */
function startOfText(run: string): number | null {
  let start = 0;
  for (let folders = 0; folders < FOLDERS_MAX && run.length - start >= RUN_CHARS_MIN; folders++) {
    if (isReadable(run, start, Math.min(run.length, start + LOOKED_CHARS))) return start;
    const slash = run.indexOf('/', start);
    if (slash < 0) return null;
    start = slash + 1;
  }
  return null;
}

const VALUE_OF = new Uint8Array(128);
for (const [value, character] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
].entries())
  VALUE_OF[character.charCodeAt(0)] = value;
VALUE_OF['-'.charCodeAt(0)] = 62;
VALUE_OF['_'.charCodeAt(0)] = 63;

/** Whether base64 decodes to nothing but printable characters; most does not by its first three. Padding ends it. */
function isReadable(run: string, start: number, end: number): boolean {
  let bits = 0;
  let held = 0;
  let bytes = 0;
  for (let at = start; at < end && run[at] !== '='; at++) {
    held = ((held << 6) | (VALUE_OF[run.charCodeAt(at)] ?? 0)) & 0xfff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    const byte = (held >> bits) & 0xff;
    if (byte > 0x7e || (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)) return false;
    bytes++;
  }
  return bytes > 0;
}

/** BIP-39 has mnemonics of 12 to 24 words, some of which may come twice. */
const WORDS_MIN = 12;
const WORDS_DISTINCT_MIN = 8;
const WORD_CHARS = { min: 3, max: 8 };
/** What stands between two of them, one in a line or numbered too. */
const BETWEEN = String.raw`[ \t\n\r,_0-9.)]`;
const SHORT = `[a-z]{${WORD_CHARS.min},${WORD_CHARS.max}}`;
/** As many short words in turn as a mnemonic has at least; most text has none. */
const TURN = new RegExp(`(?<![a-z])(?:${SHORT}${BETWEEN}+){${WORDS_MIN - 1}}${SHORT}(?![a-z])`);
/** No shorter text has so many. Each run is tried at its first character alone. */
const WORDS = /(?<![a-z \t\n\r,_0-9.)])[a-z \t\n\r,_0-9.)]{47,}/g;
let words: ReadonlySet<string> | null = null;

interface WordAt {
  readonly at: number;
  readonly word: string;
}

function* mnemonicsIn(text: string): Iterable<Finding> {
  for (const run of wordsInTurn(text)) {
    words ??= new Set(wordlist);
    const known = words;
    let own: WordAt[] = [];
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

/** Runs of as many short words as a mnemonic has, with nothing else between. */
function* wordsInTurn(text: string): Iterable<readonly WordAt[]> {
  for (const { index: start, 0: piece } of matchesIn(text, WORDS)) {
    if (!TURN.test(piece)) continue;
    let run: WordAt[] = [];
    for (const { index, 0: word } of [...piece.matchAll(/[a-z]+/g), END]) {
      if (word.length >= WORD_CHARS.min && word.length <= WORD_CHARS.max) {
        run.push({ at: start + index, word });
        continue;
      }
      if (run.length >= WORDS_MIN) yield run;
      run = [];
    }
  }
}
const END = { index: 0, 0: '' };

function isMixed(run: readonly WordAt[]): boolean {
  return new Set(run.map(({ word }) => word)).size >= WORDS_DISTINCT_MIN;
}

export const ENCODED_RULES: readonly SecretRule[] = [
  { kind: 'seed phrase', hints: [], patterns: [WORDS], find: mnemonicsIn },
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
    'pbkdf2_ scrypt: {sha {ssha argon2',
    /((?:pbkdf2_sha\d+|scrypt:|argon2)\$?\d[\w:]{0,64}\$[\w+/=-]+\$[\w+/=-]{20,}|\{S?SHA(?:256|512)?\}[\w+/]{20,}={0,2})/gi,
  ),
  carried(
    'one-time password seed',
    '?secret= &secret= ^totp ^2fa ^otp ^mfa ^authenticator',
    /(?:[?&]secret=|\b(?:totp|2fa|otp|mfa|authenticator)\b[ \w]{0,24}?(?:seed|secret|key|code)?(?: is)?[ :=]{1,3}["'`]?)((?:[A-Z2-7]{16,128}|[A-Z2-7]{4}(?: [A-Z2-7]{4}){3,15}|[a-z2-7]{4}(?: [a-z2-7]{4}){3,15})={0,6})(?![A-Za-z0-9])/gi,
    (value) => !isPlaceholder(value) && /[A-Z2-7]{4}/i.test(value),
  ),
  carried(
    'recovery code',
    'recovery backup & code',
    /\b(?:recovery|backup)[ _-]codes?\b[^\0]{0,24}?((?:\b[a-z0-9]{4,8}-[a-z0-9]{4,8}(?:-[a-z0-9]{4,8}){0,4}\b[ ,\n]{0,4})+)/gi,
    (value) => /\d/.test(value),
  ),
];
