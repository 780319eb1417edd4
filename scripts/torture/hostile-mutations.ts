/**
 * Genuine transcripts made hostile: what a crash, a bad disk or an ill-meaning author may leave in one.
 * Promises: a mutation is data, so that it can be printed, repeated and shrunk; the same data gives the same bytes.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';

/** A genuine transcript. */
export interface Sample {
  readonly agent: 'claude-code' | 'codex';
  readonly name: string;
  readonly bytes: Uint8Array;
}

export const MUTATION_KINDS = [
  ...['flip', 'cut', 'truncate', 'glue', 'double', 'swap', 'nul', 'crlf', 'insert', 'value', 'key', 'long'],
] as const;

/** `at`: where, as a share of the file; `size` and `pick` mean what the kind makes of them. */
export interface Mutation {
  readonly kind: string;
  readonly at: number;
  readonly size: number;
  readonly pick: number;
}

/** Larger ones say no more, and cost the time of many smaller ones. */
const SAMPLE_BYTES_MAX = 160 * 1024;
const SAMPLES_MAX = 120;
const ROOT = join(import.meta.dir, '../..');
const CORPUS = join(ROOT, '../shared/corpus/home');

/** The bundled transcripts, and recorded ones where they lie beside the checkout. */
export function samples(): readonly Sample[] {
  const bundled = under(join(ROOT, 'src/demo-samples'));
  const recorded = existsSync(CORPUS)
    ? [...under(join(CORPUS, '.claude')), ...under(join(CORPUS, '.codex'))]
    : [];
  return [...bundled, ...recorded]
    .filter((path) => path.endsWith('.jsonl') && statSync(path).size <= SAMPLE_BYTES_MAX)
    .slice(0, SAMPLES_MAX)
    .map((path) => ({
      agent: /[/.]codex\//.test(path) ? 'codex' : 'claude-code',
      name: basename(path),
      bytes: readFileSync(path),
    }));
}

export const hasCorpus = (): boolean => existsSync(CORPUS);

function under(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile());
}

/** A place in a file, from 0 to below 1, each as likely. */
export const share: fc.Arbitrary<number> = fc.nat(999_999).map((millionths) => millionths / 1_000_000);

export const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...MUTATION_KINDS),
    // Not a float: those crowd at 0.
    at: share,
    size: fc.nat(400),
    pick: fc.nat(1000),
  }),
  { minLength: 1, maxLength: 6 },
);

export const DEPTH = 100_000;
const combining = `a${'\\u0301\\u0489'.repeat(300)}`;

/** Values as JSON text: what no agent writes, and a forger may. */
export const HOSTILE_VALUES: readonly string[] = [
  ...[
    '1e308',
    '-1e308',
    '1e999',
    '9007199254740993',
    '-1',
    '0.5',
    'null',
    'true',
    '[]',
    '{}',
    '""',
    '[[[[]]]]',
  ],
  ...[
    '"../../x"',
    '"/etc/passwd"',
    '"CON"',
    '"NUL.txt"',
    '".."',
    '"a\\u0000b"',
    '"-rf"',
    '"C:\\\\x"',
    `"${'i'.repeat(4096)}"`,
  ],
  ...['"0000-01-01T00:00:00.000Z"', '"9999-12-31T23:59:59.999Z"', '"2026-02-30T25:61:61.999Z"', '"1e9"'],
  ...[
    '"\\u001b]0;owned\\u0007"',
    '"\\u001b[2J\\u001b[31mred"',
    '"\\u009b31m\\u009d0;x\\u009c"',
    '"\\u001bP1;2|"',
    '"a\\rb\\nc"',
  ],
  ...[
    '"\\u202eabc\\u2066"',
    '"\\u200f\\u061c"',
    `"${combining}"`,
    '"\\ud800"',
    '"\\udc00x\\ud83d"',
    '"\\u2028\\u2029\\ufeff"',
  ],
  ...[
    '{"toString":1,"valueOf":1}',
    '{"__proto__":{"type":"user"}}',
    '{"constructor":{"prototype":{"x":1}}}',
    '{"length":4294967295}',
  ],
  ...[
    `"${'<command-args>'.repeat(2000)}"`,
    `"<task-notification>${'<result>'.repeat(2000)}"`,
    `"${'('.repeat(5000)}"`,
  ],
  ...[
    `"${'A'.repeat(3000)}"`,
    '"tool_result"',
    '"tool_use"',
    '"user"',
    '"session_meta"',
    '"assistant"',
    '["a",1,null,{"type":"text","text":5}]',
  ],
];

export const HOSTILE_KEYS: readonly string[] = [
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '',
    'type',
    'payload',
    'sessionId',
    'uuid',
    'timestamp',
  ],
];

/** Whole lines. */
export const HOSTILE_LINES: readonly string[] = [
  ...[
    '',
    '\0\0\0\0',
    '{',
    '}{"',
    '{"',
    '[]',
    'null',
    '"x"',
    '{"type":"user"}',
    '{"a":1}{"b":2}',
    '\ufeff{"type":"user"}',
    '{"":{"":""}}',
  ],
  ...[
    '{"type":"summary","leafUuid":"x","summary":"\\u001b]0;t\\u0007"}',
    '{"__proto__":null}',
    '{"type":"__proto__","sessionId":"s"}',
  ],
  ...[
    '{"timestamp":"9999-12-31T23:59:59.999Z","type":"session_meta","payload":{"id":"../../x","cwd":"../.."}}',
  ],
  ...[
    '{"record_type":"state"}',
    '{"type":"file-history-snapshot"}',
    '{"type":"user","sessionId":"../../../x","message":{"content":"hi"}}',
  ],
];

/** The transcript after all mutations, one after the other. */
export function mutated(bytes: Uint8Array, list: readonly Mutation[]): Uint8Array {
  let now = Buffer.from(bytes);
  for (const mutation of list) now = Buffer.from(apply(now, mutation));
  return now;
}

function apply(bytes: Buffer, { kind, at, size, pick }: Mutation): Uint8Array {
  const place = Math.floor(at * bytes.length);
  const [from, to] = lineAround(bytes, place);
  const before = bytes.subarray(0, from);
  const line = bytes.subarray(from, to);
  const after = bytes.subarray(to);
  switch (kind) {
    case 'flip':
      return flipped(bytes, place, size, pick);
    case 'cut':
      return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + size)]);
    case 'truncate':
      return bytes.subarray(0, place);
    case 'glue':
      return Buffer.concat([before, line.subarray(0, Math.max(0, line.length - 1)), after]);
    case 'double':
      return Buffer.concat([before, ...Array<Buffer>(1 + (size % 7)).fill(line), after]);
    case 'swap':
      return Buffer.concat([after, line, before]);
    case 'nul':
      return Buffer.concat([
        bytes.subarray(0, place),
        Buffer.alloc(size),
        bytes.subarray(place + (pick % 2 ? size : 0)),
      ]);
    case 'crlf':
      return Buffer.concat([
        before,
        Buffer.from(line.toString('latin1').replace(/\n$/, '\r\n'), 'latin1'),
        after,
      ]);
    case 'insert':
      return Buffer.concat([before, Buffer.from(`${HOSTILE_LINES[pick % HOSTILE_LINES.length]}\n`), after]);
    case 'value':
      return Buffer.concat([before, withValue(line, size, hostileValue(pick)), after]);
    case 'key':
      return Buffer.concat([
        before,
        withKey(line, size, HOSTILE_KEYS[pick % HOSTILE_KEYS.length] ?? ''),
        after,
      ]);
    default:
      return Buffer.concat([
        before,
        Buffer.from(`{"type":"user","message":{"content":"${'y'.repeat(size * 500)}"}}\n`),
        after,
      ]);
  }
}

function hostileValue(pick: number): string {
  // Rare, for it is as long as all of a small transcript.
  if (pick === 0) return '['.repeat(DEPTH) + ']'.repeat(DEPTH);
  if (pick === 1) return '{"a":'.repeat(DEPTH);
  return HOSTILE_VALUES[pick % HOSTILE_VALUES.length] ?? 'null';
}

function flipped(bytes: Buffer, place: number, size: number, pick: number): Buffer {
  const copy = Buffer.from(bytes);
  for (let n = 0; n <= size % 8; n += 1) {
    const at = (place + n * (pick + 1)) % Math.max(1, copy.length);
    if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << ((pick + n) % 8));
  }
  return copy;
}

/** The line with its newline, as [from, to). */
function lineAround(bytes: Buffer, place: number): [number, number] {
  const from = place === 0 ? 0 : bytes.lastIndexOf(10, place - 1) + 1;
  const end = bytes.indexOf(10, place);
  return [from, end < 0 ? bytes.length : end + 1];
}

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"(?=\s*[,}\]])|-?\d+(?:\.\d+)?(?=\s*[,}\]])/g;
const KEY = /"(?:[^"\\]|\\.){0,60}"(?=\s*:)/g;

/** The n-th plain value of a line replaced, as text: what the line is worth otherwise stays. */
function withValue(line: Buffer, n: number, value: string): Buffer {
  return replaced(line, STRING_OR_NUMBER, n, value);
}

function withKey(line: Buffer, n: number, key: string): Buffer {
  return replaced(line, KEY, n, JSON.stringify(key));
}

function replaced(line: Buffer, pattern: RegExp, n: number, by: string): Buffer {
  const text = line.toString('latin1');
  const found = [...text.matchAll(pattern)];
  const match = found[n % Math.max(1, found.length)];
  if (match === undefined) return line;
  return Buffer.from(text.slice(0, match.index) + by + text.slice(match.index + match[0].length), 'latin1');
}
