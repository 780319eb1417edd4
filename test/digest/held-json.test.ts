// A record above 16 MiB gives at least its words: JSON that is too long to be held, without its giant strings.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { CUT_MARK, HeldJson, LEVELS } from '../../src/digest/held-json.ts';
import { LINE_BYTES_HELD, LineSplitter } from '../../src/digest/lines.ts';
import { windows } from '../../src/digest/windows.ts';

/** Far longer than any string of the records below that is not giant. */
const GIANT_CHARS = 4000;
const SMALL = [{ stringBytes: 400, isNested: true }];

/** What is held of a text that comes in pieces of that size. */
function heldOf(text: string, pieceBytes: number, capacity: number, levels = SMALL): string | null {
  const bytes = Buffer.from(text);
  const held = new HeldJson(capacity, levels);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    if (held.take(piece) < piece.length) return null;
  }
  expect(held.length).toBeLessThanOrEqual(capacity);
  return Buffer.from(held.bytes).toString();
}

const isBeyondAscii = (sign: string) => sign.charCodeAt(0) > 0x7f;

/** `cut` is `whole`, but for giant strings: of those a beginning is left, and the mark. */
function expectCut(cut: unknown, whole: unknown): void {
  if (typeof whole === 'string' && whole.length >= GIANT_CHARS) {
    expect(cut).toEndWith(CUT_MARK);
    const beginning = String(cut).slice(0, -CUT_MARK.length);
    expect(whole.startsWith(beginning)).toBe(true);
    const last = beginning.at(-1) ?? ' ';
    expect(last <= ' ' || isBeyondAscii(last)).toBe(true);
  } else if (typeof whole === 'object' && whole !== null) {
    const [of, as] = [Object.entries(whole), Object.entries(cut as object)];
    expect(as.map(([key]) => key)).toEqual(of.map(([key]) => key));
    for (const [n, [, value]] of of.entries()) expectCut(as[n]?.[1], value);
  } else expect(cut).toEqual(whole);
}

const word = fc.string({
  unit: fc.constantFrom('a', '"', '\\', ' ', '\n', '\0', 'ü', '😀', '{', '}', '[', '\ud800', ','),
  maxLength: 12,
});
const giant = fc
  .tuple(word, fc.constantFrom('x', 'ab ', '\\', '"', '\u0007', 'ü', '😀', '\\"', '\n'))
  .map(([begin, one]) => `words of a person ${begin}${one.repeat(GIANT_CHARS / one.length)}`);
const { record } = fc.letrec<{ record: Record<string, unknown>; value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    word,
    giant,
    fc.integer(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('record'),
  ),
  record: fc.dictionary(fc.stringMatching(/^[a-z"\\]{1,6}$/), tie('value'), { maxKeys: 5 }),
}));
/** With non-ASCII signs as they are, or each as an escape, as Python writes it. */
const escapes = fc.constantFrom(
  (text: string) => text,
  (text: string) =>
    text.replace(/[^\0-\x7f]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`),
);
const PIECES = fc.constantFrom(1, 2, 7, 64, 1000, 1_000_000);

describe('JSON that is too long to be held', () => {
  test('any record: it parses to the same record, and only giant strings are shorter', () => {
    fc.assert(
      fc.property(record, escapes, PIECES, (whole, escaped, pieceBytes) => {
        const text = escaped(JSON.stringify({ ...whole, giant: `it ${'z'.repeat(20_000)}` }));
        const cut = heldOf(text, pieceBytes, 20_000);
        // Many small strings may still be too long; nothing is left out of what fits.
        if (cut === null) return;
        expectCut(JSON.parse(cut), JSON.parse(text));
        expect(heldOf(text, 3, 20_000)).toBe(cut);
        expect(heldOf(text, pieceBytes, Buffer.byteLength(text))).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  test('a row of a database holds JSON as text: that parses too, and only its giant strings are shorter', () => {
    fc.assert(
      fc.property(
        record,
        escapes,
        PIECES,
        fc.constantFrom('', '\0json:'),
        (whole, escaped, pieceBytes, before) => {
          const inner = { ...whole, giant: 'z'.repeat(30_000), words: 'beside the picture' };
          const row = {
            table: 'part',
            row: { id: 7, data: `${before}${escaped(JSON.stringify(inner))}`, end: 'e' },
          };
          const cut = heldOf(escaped(JSON.stringify(row)), pieceBytes, 25_000);
          if (cut === null) return;
          const told = JSON.parse(cut);
          expect({ ...told.row, data: '' }).toEqual({ ...row.row, data: '' });
          expectCut(JSON.parse(told.row.data.slice(before.length)), inner);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('any bytes: memory is bounded, and what is held does not depend on the pieces', () => {
    const levels = [
      { stringBytes: 90, isNested: true },
      { stringBytes: 30, isNested: false },
    ];
    const signs = fc.string({
      unit: fc.constantFrom('"', '\\', 'u', '0', '{', '[', ',', 'ü', '\0', ' '),
      minLength: 300,
      maxLength: 900,
    });
    fc.assert(
      fc.property(signs, fc.integer({ min: 1, max: 900 }), (text, pieceBytes) => {
        const all = heldOf(text, 1_000_000, 300, levels);
        expect(heldOf(text, pieceBytes, 300, levels)).toBe(all);
        expect(heldOf(text, 1, 300, levels)).toBe(all);
      }),
      { numRuns: 500 },
    );
  });

  test('a secret at the cut does not stay as half of one', () => {
    const text = JSON.stringify({ a: `${'word '.repeat(70)} token=ghp_${'a1B2c3D4e5'.repeat(40)}`, b: 1 });
    expect(heldOf(text, 100, 600)).not.toContain('ghp_');
  });

  test('more of each string goes where there are too many of them, before the record is given up', () => {
    const many = { list: Array.from({ length: 2000 }, (_, n) => `${n} ${'word '.repeat(4000)}`), end: 'end' };
    const cut = heldOf(JSON.stringify(many), 65_536, 16 * 1024 * 1024, [...LEVELS]);
    expect(JSON.parse(cut ?? '').list.map((text: string) => Number.parseInt(text, 10))).toEqual(
      many.list.map((_, n) => n),
    );
    expect(JSON.parse(cut ?? '').end).toBe('end');
  });
});

describe('a line above 16 MiB', () => {
  const MIB = 1024 * 1024;
  function* chunksOf(...parts: (string | number)[]): Generator<Uint8Array> {
    const filler = Buffer.alloc(MIB, 'iVBORw0KGgo');
    for (const part of parts)
      if (typeof part === 'string') yield Buffer.from(part);
      else for (let n = 0; n < part; n++) yield filler;
  }
  function linesOf(chunks: Iterable<Uint8Array>) {
    const lines: string[] = [];
    let oversized = 0;
    const sink = {
      line: (line: Uint8Array) => void lines.push(Buffer.from(line).toString()),
      oversized: () => void oversized++,
    };
    const splitter = new LineSplitter(sink);
    for (const chunk of chunks) splitter.push(chunk);
    splitter.end();
    return { lines, oversized };
  }

  test('gives the words beside its pictures, however large they are', () => {
    const { lines, oversized } = linesOf(
      chunksOf(
        '{"a":1}\n{"text":"the words","pictures":["',
        9,
        '","',
        40,
        '"],"behind":"',
        'more words',
        '"}\n{"b":2}\n',
      ),
    );
    expect(oversized).toBe(0);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { a: 1 },
      { text: 'the words', pictures: [CUT_MARK, CUT_MARK], behind: 'more words' },
      { b: 2 },
    ]);
  });

  test('that never ends, is nested without end, or is all escapes is read in time that grows with it', () => {
    const much = (unit: string) => Array.from({ length: 64 }, () => unit.repeat(MIB / unit.length));
    for (const unit of ['"', '\\', '\\"', '[', '{"a":', '\\u0022', '1,', '\0', '\\\\\\"', 'ü']) {
      const before = process.cpuUsage();
      const { lines } = linesOf(chunksOf('{"a":"', ...much(unit), '\n{"b":2}\n'));
      expect(lines.at(-1)).toBe('{"b":2}');
      expect(lines.every((line) => line.length <= LINE_BYTES_HELD)).toBe(true);
      // Some 1 s where it is slowest; a second look at each byte for each before it would take days.
      expect(process.cpuUsage(before).user / 1e6).toBeLessThan(60);
    }
  }, 300_000);

  test('a document above it that fits without its pictures is one window, and parses', async () => {
    const found: { text: string; isWhole: boolean }[] = [];
    for await (const { bytes, isWhole } of windows(
      chunksOf('{"messages":[{"text":"words","data":"', 30, '"}]}'),
    ))
      found.push({ text: Buffer.from(bytes).toString(), isWhole });
    expect(found.map(({ isWhole }) => isWhole)).toEqual([true]);
    expect(JSON.parse(found[0]?.text ?? '')).toEqual({ messages: [{ text: 'words', data: CUT_MARK }] });
  });
});
