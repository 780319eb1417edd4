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
const BETWEEN = String.raw`(?:\\+[nrt]|[\s"'\`\\,+>|#*_.;:[\]-]|(?<![A-Za-z0-9+/=])\d{1,4}(?=[→\s|:]))`;
/** A line of a header of the key itself. */
const FIELD = String.raw`(?:Proc-Type|DEK-Info|Version|Comment|Hash|Subject|x-[\w-]+): ?[^\n\0\\]{0,100}`;
/** A piece of the material; a short one only as the end of it, by its padding or alone in its line. */
const PIECE = String.raw`(?:[A-Za-z0-9+/]{16,}={0,3}|[A-Za-z0-9+/]{1,15}={1,3}|(?<=\n[ \t]{0,8})[A-Za-z0-9+/]{1,15}(?=[ \t]{0,8}(?:\n|\\n|$|\0))|=[A-Za-z0-9+/]{4}(?![A-Za-z0-9]))`;
const BODY = new RegExp(`(?:${BETWEEN}|${FIELD}|${PIECE})*(?:${PIECE})`, 'y');
export const KEY_RULES: readonly SecretRule[] = [
  {
    kind: 'private key',
    ...hinted('private#key static#key'),
    find: keysIn,
  },
  { kind: 'private key', ...hinted('^MI ^MH ^MC ^MF ^lQ ^lF ^b3BlbnNzaC1rZXktdjE'), find: bodiesIn },
  {
    kind: 'private key',
    hints: ['private-lines'],
    find: (text) => behind(text, /Private-Lines: ?\d{1,4}/g),
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
  const next = near.search(/-----BEGIN |\0/);
  const footer = new RegExp(FOOTER.source).exec(next < 0 ? near : near.slice(0, next));
  if (footer !== null) return start + footer.index + footer[0].length;
  return endOfBody(text, start);
}

function endOfBody(text: string, start: number): number {
  BODY.lastIndex = start;
  return BODY.exec(text) === null ? start : BODY.lastIndex;
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
  for (const { index, 0: found } of matchesIn(text, mark)) {
    const start = index + found.length;
    const end = endOfBody(text, start);
    if (end > start) yield { start, end, kind: 'private key' };
  }
}

/** Beginnings of binary private keys in base64: what stands without its header. */
const BEGINNING =
  /(?<![A-Za-z0-9+])(?:M[A-Z][A-Za-z0-9+/]{10}|b3BlbnNzaC1rZXktdjE|l[QF][A-Za-z0-9+/]{10})[A-Za-z0-9+/]{16,}={0,2}/g;

function* bodiesIn(text: string): Iterable<Finding> {
  let at = 0;
  for (const { index, 0: found } of matchesIn(text, BEGINNING)) {
    if (index < at || !beginsPrivately(found)) continue;
    at = Math.max(index + found.length, endOfBody(text, index));
    yield { start: index, end: at, kind: 'private key' };
  }
}

/** The structure of DER that only private keys have (a sequence that begins with version 0 or 1), of OpenSSH and of OpenPGP. */
function beginsPrivately(base64: string): boolean {
  if (base64.startsWith('b3BlbnNzaC1rZXktdjE')) return true;
  const bytes = Buffer.from(base64.slice(0, 24), 'base64');
  const at = (index: number) => bytes[index] ?? 0;
  if (at(0) === 0x30) {
    const start = at(1) < 0x80 ? 2 : 2 + (at(1) & 0x7f);
    const isVersioned = at(start) === 0x02 && at(start + 1) === 0x01 && at(start + 2) <= 1;
    // PKCS#8 encrypted by a password: the identifier of PBES begins 1.2.840.113549.1.5.
    const isSealed = bytes.toString('latin1').includes('\x2a\x86\x48\x86\xf7\x0d\x01\x05');
    return (isVersioned && [0x02, 0x04, 0x30].includes(at(start + 3))) || isSealed;
  }
  // An old packet of tag 5, its length, version 4, a time of this century, an algorithm.
  const packet = at(0) === 0x95 ? 3 : at(0) === 0x94 ? 2 : 0;
  return packet > 0 && at(packet) === 4 && at(packet + 1) >= 0x38;
}
