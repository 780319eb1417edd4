/**
 * Archives made hostile: any byte changed; records dropped, doubled, moved; any value of any record replaced by what no program
 * writes, with hashes made right again.
 * Promises: a mutation is data, so that it can be printed and repeated; the same data gives the same bytes.
 */
import type { Piece, Row } from './forged-archive.ts';
import { written } from './forged-archive.ts';
import type { Random } from './random.ts';

export const KINDS = ['byte', 'text', 'segment', 'drop', 'double', 'swap', 'value', 'values', 'cut'] as const;

export interface Mutation {
  readonly kind: (typeof KINDS)[number];
  /** Where, and what: what they mean the kind says. */
  readonly at: number;
  readonly pick: number;
}

/** What no archive holds of itself. */
export const HOSTILE: readonly unknown[] = [
  ...[
    null,
    true,
    -1,
    0,
    1,
    2 ** 31,
    2 ** 53,
    1e308,
    0.5,
    '',
    'x',
    [],
    {},
    [[]],
    [null],
    '\0',
    '\ud800',
    '../../x',
  ],
  ...['/etc/passwd', 'C:\\x', 'a\\b', 'a\u001b]0;x\u0007b', '..', '__proto__', 'main', 'x'.repeat(70_000)],
  ...['0000-00-00T00:00:00.000Z', '9999-12-31T23:59:59.999Z', '2026-02-30T10:00:00.000Z', 'yesterday'],
  ...[
    'claude-code:x',
    'codex:../x',
    'f'.repeat(64),
    [[0, 2 ** 52]],
    [
      [0, 1],
      [0, 1],
    ],
    [[-1, 5]],
    { __proto__: 1 },
  ],
];

export function mutated(pieces: readonly Piece[], { kind, at, pick }: Mutation): Uint8Array {
  if (kind === 'byte') return flipped(written(pieces), at, pick);
  if (kind === 'cut') return cut(written(pieces), at);
  const n = at % pieces.length;
  const piece = pieces[n];
  if (piece === undefined) return written(pieces);
  const others = [...pieces.slice(0, n), ...pieces.slice(n + 1)];
  if (kind === 'drop') return written(others);
  if (kind === 'double') return written([...pieces.slice(0, n), piece, ...pieces.slice(n)]);
  if (kind === 'swap') return written(others.toSpliced(pick % pieces.length, 0, piece));
  const changed =
    kind === 'text'
      ? asText(piece, pick)
      : kind === 'segment'
        ? asBytes(piece, pick)
        : asValue(piece, pick, kind);
  return written(pieces.with(n, changed));
}

function flipped(archive: Uint8Array, at: number, pick: number): Uint8Array {
  const out = Uint8Array.from(archive);
  const place = at % out.length;
  out[place] = (out[place] ?? 0) ^ ((pick % 255) + 1);
  return out;
}

function cut(archive: Uint8Array, at: number): Uint8Array {
  return archive.subarray(0, at % archive.length);
}

/** One character of a line's text: its hashes are right. */
function asText(piece: Piece, pick: number): Piece {
  if (piece.kind !== 'line') return piece;
  const text = `${JSON.stringify(piece.value)}\n`;
  const at = Math.floor(pick / 64) % text.length;
  const char = CHARS[pick % CHARS.length] ?? '';
  return { kind: 'text', text: text.slice(0, at) + char + text.slice(at + 1) };
}

const CHARS = ['', '"', '\\', '{', '[', ']', '}', ',', ':', '9', '-', 'e', '\0', '\n', 'x', '\u202e'];

/** One byte of a segment's zstd. */
function asBytes(piece: Piece, pick: number): Piece {
  return piece.kind === 'bytes' ? { ...piece, data: flipped(piece.data, pick >> 8, pick & 255) } : piece;
}

/** One value of a record, or several. */
function asValue(piece: Piece, pick: number, kind: 'value' | 'values'): Piece {
  if (piece.kind !== 'line') return piece;
  const value = structuredClone(piece.value);
  const places = placesOf(value);
  for (let n = 0; n < (kind === 'value' ? 1 : 4); n += 1) {
    const place = places[Math.floor(pick / (n + 1)) % places.length];
    if (place !== undefined) place.of[place.name] = HOSTILE[(pick + n * 7) % HOSTILE.length];
  }
  return { kind: 'line', value };
}

interface Place {
  readonly of: Row;
  readonly name: string;
}

/** Every member of every object and list in it. */
function placesOf(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const of = value as Row;
  return Object.keys(of).flatMap((name) => [{ of, name }, ...placesOf(of[name])]);
}

export function mutation(random: Random): Mutation {
  return {
    kind: KINDS[random.below(KINDS.length)] ?? 'byte',
    at: random.below(1_000_000),
    pick: random.below(1_000_000_000),
  };
}
