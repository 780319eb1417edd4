/**
 * Private keys: whole, cut in the middle, without their header, in one line, in the strings of JSON.
 * Promises: of a key nothing longer than a short word stays, wherever it was cut; the text behind it stays.
 * Sources: RFC 7468 (PEM), RFC 5958 and 8017 (DER), RFC 4880 (OpenPGP), the formats of OpenSSH, PuTTY, OpenVPN, WireGuard.
 */
import { type Finding, hinted, matchesIn, SECRET_CHARS_MAX, type SecretRule, token } from './rules.ts';

const NAMES = '[A-Z0-9][A-Za-z0-9 ]{0,40}';
const HEADER = new RegExp(
  `-----BEGIN (?:${NAMES} )?(?:PRIVATE KEY(?: BLOCK)?|Static key V1)-----|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----`,
  'g',
);
const FOOTER = new RegExp(
  `-----END (?:${NAMES} )?(?:PRIVATE KEY(?: BLOCK)?|Static key V1)-----|---- END SSH2 ENCRYPTED PRIVATE KEY ----`,
  'g',
);
/** Between two pieces of key material: white space, quotes, escapes, marks of lists and quotations, numbers of lines. */
const BETWEEN = String.raw`[\s"'\`,+>|#*_.;:[\]-]+|\\+[nrt]?|(?<![A-Za-z0-9+/=])\d{1,4}(?=[→\s|:])`;
/** A line of a header of the key itself, as far as no material stands on it. */
const FIELD = String.raw`(?:Proc-Type|DEK-Info|Version|Comment|Hash|Subject|x-[\w-]{1,60}): ?(?:(?!(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{16})[^\n\0\\]){0,100}`;
/** A piece of the material; a short one only as the end of it, by its padding or alone in its line. */
const PIECE = String.raw`[A-Za-z0-9+/]{16,}={0,3}|[A-Za-z0-9+/]{1,15}={1,3}|(?<=\n[ \t]{0,8})[A-Za-z0-9+/]{1,15}(?=[ \t]{0,8}(?:\n|\\n|$|\0))|=[A-Za-z0-9+/]{4}(?![A-Za-z0-9])`;
/**
 * What a body is made of, the piece in a group. Taken one by one: as one pattern that repeats them, it would try anew every way
 * in which the same signs can be told apart, which takes hours for a few lines.
 */
const PART = new RegExp(`${BETWEEN}|${FIELD}|(${PIECE})`, 'y');
/** What PuTTY has before the lines of a private key. */
const LINES = /Private-Lines: ?\d{1,4}/g;
/** Beginnings of binary private keys in base64: what stands without its header. */
const BEGINNING =
  /(?<![A-Za-z0-9+])(?:M[A-I][A-Za-z0-9+/]{10}|b3BlbnNzaC1rZXktdjE|l[QF][A-Za-z0-9+/]{10})[A-Za-z0-9+/]{16,}={0,2}/g;

export const KEY_RULES: readonly SecretRule[] = [
  {
    kind: 'private key',
    ...hinted('private#key static#key'),
    patterns: [HEADER, PART, FOOTER],
    find: keysIn,
  },
  {
    kind: 'private key',
    // A long length in DER is MI, with every version. Behind a short one the version always comes out as CAQ, the identifier of PBES as KoZI…
    ...hinted('^MI CAQ KoZIhvcNAQ ^lQ ^lF ^b3BlbnNzaC1rZXktdjE'),
    patterns: [BEGINNING, PART],
    find: bodiesIn,
  },
  {
    kind: 'private key',
    hints: ['private-lines'],
    patterns: [LINES, PART],
    find: (text) => behind(text, LINES),
  },
  token(
    'private key',
    'privatekey presharedkey',
    /\b(?:PrivateKey|PresharedKey)\s{0,3}=\s{0,3}([A-Za-z0-9+/]{43}=)/g,
  ),
  token('age key', 'age-secret-key', /AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{16,120}/gi),
  token(
    'ansible vault',
    '$ansible_vault',
    /\$ANSIBLE_VAULT;\d\.\d;AES\d*(?:;[\w.-]+)?((?:(?:\\n|[\s_"'\\])+[0-9a-f]{16,})+)/g,
  ),
];

/** Each header with all that belongs to it; each end with the material before it. */
function* keysIn(text: string): Iterable<Finding> {
  const kind = 'private key';
  let at = 0;
  for (const { index, 0: header } of matchesIn(text, HEADER)) {
    if (index < at) continue;
    const start = index + header.length;
    at = endOfKey(text, start);
    yield { start: index, end: at, kind };
  }
  for (const { index, 0: footer } of matchesIn(text, FOOTER)) {
    const start = beginOfKey(text, index);
    if (start < index) yield { start, end: index + footer.length, kind };
  }
}

function endOfKey(text: string, start: number): number {
  const near = text.slice(start, start + SECRET_CHARS_MAX);
  const next = near.search(/----[- ]BEGIN |\0/);
  const own = next < 0 ? near : near.slice(0, next);
  const footer = new RegExp(FOOTER.source).exec(own);
  if (footer !== null) return start + footer.index + footer[0].length;
  return bodyIn(text, start, start + own.length).end;
}

interface Body {
  /** Behind its last piece; where there is none, its start. */
  readonly end: number;
  /** So far it was looked for. */
  readonly seen: number;
}

function bodyIn(text: string, start: number, last = start + SECRET_CHARS_MAX): Body {
  let end = start;
  PART.lastIndex = start;
  let seen = start;
  while (seen < last) {
    const part = PART.exec(text);
    if (part === null) break;
    seen = PART.lastIndex;
    if (part[1] !== undefined) end = seen;
  }
  return { end, seen };
}

/** A line of material that is whole. */
const LINE_CHARS_MIN = 16;

/** Back over the lines of material before `end`. Only the last one may be short. */
function beginOfKey(text: string, end: number): number {
  const first = Math.max(0, end - SECRET_CHARS_MAX);
  let start = end;
  for (let at = end; at > first; ) {
    while (at > first && /[\s"'`\\,>|#*_]/.test(text[at - 1] ?? '')) at--;
    const stop = at;
    while (at > first && /[A-Za-z0-9+/=]/.test(text[at - 1] ?? '')) at--;
    if (stop - at < (start === end ? 1 : LINE_CHARS_MIN)) break;
    start = at;
  }
  // A word before the end is no material.
  return end - start < LINE_CHARS_MIN ? end : start;
}

function* behind(text: string, mark: RegExp): Iterable<Finding> {
  let at = 0;
  for (const { index, 0: found } of matchesIn(text, mark)) {
    // A mark within a line that was gone over belongs to the body before it.
    if (index < at) continue;
    const start = index + found.length;
    const { end, seen } = bodyIn(text, start);
    at = seen;
    if (end > start) yield { start, end, kind: 'private key' };
  }
}

function* bodiesIn(text: string): Iterable<Finding> {
  let at = 0;
  for (const { index, 0: found } of matchesIn(text, BEGINNING)) {
    if (index < at || !beginsPrivately(found)) continue;
    at = Math.max(index + found.length, bodyIn(text, index).end);
    yield { start: index, end: at, kind: 'private key' };
  }
}

/** PKCS#8 encrypted by a password: a sequence that begins with an identifier of PBES (1.2.840.113549.1.5 or 1.12). */
function isSealed(bytes: Buffer, start: number): boolean {
  const from = start + (start > 2 && (bytes[start + 1] ?? 0) >= 0x80 ? 3 : 2);
  return bytes[start] === 0x30 && SEALS.has(bytes.toString('hex', from, from + 10));
}
const SEALS = new Set(['06092a864886f70d0105', '060a2a864886f70d010c']);

/** The structure of DER that only private keys have (a sequence that begins with version 0 or 1), of OpenSSH and of OpenPGP. */
function beginsPrivately(base64: string): boolean {
  if (base64.startsWith('b3BlbnNzaC1rZXktdjE')) return true;
  const bytes = Buffer.from(base64.slice(0, 24), 'base64');
  const at = (index: number) => bytes[index] ?? 0;
  if (at(0) === 0x30) {
    const start = at(1) < 0x80 ? 2 : 2 + (at(1) & 0x7f);
    const isVersioned = at(start) === 0x02 && at(start + 1) === 0x01 && at(start + 2) <= 1;
    return (isVersioned && [0x02, 0x04, 0x30].includes(at(start + 3))) || isSealed(bytes, start);
  }
  // An old packet of tag 5, its length, version 4, a time of this century, an algorithm.
  const packet = at(0) === 0x95 ? 3 : at(0) === 0x94 ? 2 : 0;
  return packet > 0 && at(packet) === 4 && at(packet + 1) >= 0x38;
}
