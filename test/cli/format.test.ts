/** Numbers, ages and tables for people. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { printJson } from '../../src/cli/context.ts';
import {
  bar,
  formatAge,
  formatBytes,
  formatCount,
  formatTime,
  hanging,
  plural,
  table,
} from '../../src/cli/format.ts';
import { commandHelp, programHelp } from '../../src/cli/help.ts';
import { type Io, paint } from '../../src/cli/io.ts';
import { COMMANDS } from '../../src/cli/table.ts';
import type { Iso } from '../../src/domain/time.ts';
import { SEED } from '../support/seed.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1_610_612_736, '1.5 GiB'],
  [125_829_120, '120 MiB'],
])('%p bytes read %p', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  ['UTC', '2026-07-01T10:00:59.999Z', '2026-07-01 10:00 UTC'],
  ['Europe/Berlin', '2026-07-01T23:30:00.000Z', '2026-07-02 01:30 UTC+2'],
  ['Europe/Berlin', '2026-01-01T23:30:00.000Z', '2026-01-02 00:30 UTC+1'],
  ['Asia/Kolkata', '2026-01-01T10:00:00.000Z', '2026-01-01 15:30 UTC+5:30'],
  ['America/St_Johns', '2026-01-01T01:00:00.000Z', '2025-12-31 21:30 UTC-3:30'],
  ['UTC', null, '-'],
])("in %p the time %p is told in the reader's zone, which is named", (zone, time, text) => {
  const before = process.env['TZ'];
  process.env['TZ'] = zone;
  try {
    expect(formatTime(time)).toBe(text);
  } finally {
    process.env['TZ'] = before ?? 'UTC';
  }
});

test('counts have separators, and one is singular', () => {
  expect([formatCount(999), formatCount(1204), formatCount(1_000_000)]).toEqual([
    '999',
    '1,204',
    '1,000,000',
  ]);
  expect([plural(1, 'session'), plural(0, 'session')]).toEqual(['1 session', '0 sessions']);
});

test.each([
  [null, '-'],
  ['2026-06-10T11:55:00.000Z', '5 m'],
  ['2026-06-10T09:00:00.000Z', '3 h'],
  ['2026-05-29T12:00:00.000Z', '12 d'],
  ['2026-06-11T12:00:00.000Z', 'ahead'],
])('at noon of 10 June, %p is %p old', (time, age) => {
  expect(formatAge(time as Iso | null, '2026-06-10T12:00:00.000Z' as Iso)).toBe(age);
});

describe('a table', () => {
  const columns = [
    { title: 'ID' },
    { title: 'BYTES', align: 'right' },
    { title: 'TITLE', shrinks: true },
  ] as const;

  test('is aligned, numbers to the right', () => {
    expect(
      table(
        columns,
        [
          ['a', '5', 'one'],
          ['bbb', '1,000', 'two'],
        ],
        80,
      ),
    ).toBe(['ID   BYTES  TITLE', 'a        5  one', 'bbb  1,000  two', ''].join('\n'));
  });

  test('cuts the column that gives way, counting wide characters as two', () => {
    const wide = table(columns, [['a', '5', '日本語日本語日本語']], 20);
    expect(wide.split('\n').map((line) => Bun.stringWidth(line) <= 20)).toEqual([true, true, true]);
    expect(wide).toContain('…');
  });

  test('is cut nowhere for a reader that is no terminal', () => {
    const long = 'x'.repeat(500);
    expect(table(columns, [['a', '5', long]], Number.POSITIVE_INFINITY)).toContain(long);
  });

  test('stays within its lines and lets nothing act on a terminal, whatever its cells hold', () => {
    const cell = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\u001b[31m', '\u009b2J', '\n', '\r', '\u202e', '\0', '日'),
        fc.string(),
      ),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell), { maxLength: 5 }), (rows) => {
        const page = table(columns, rows, 60);
        expect(page.split('\n')).toHaveLength(rows.length + 2);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
        expect(page).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
      { seed: SEED },
    );
  });
});

test('a bar shows what is used of the cap, and the soft cap as a mark', () => {
  expect(bar(50, 100, 75, 8, false)).toBe('####..|.');
  expect(bar(0, 100, 75, 8, true)).toBe('░░░░░░│░');
  // Over the cap it is full, not wider; one byte is seen.
  expect(bar(900, 100, 75, 8, false)).toBe('######|#');
  expect(bar(1, 1_000_000, 750_000, 8, false)).toBe('#.....|.');
});

test('colour is there where it was decided, and nowhere else', () => {
  expect(paint({ colour: true }, 'red', 'over')).toBe('\u001b[31mover\u001b[39m');
  expect(paint({ colour: false }, 'red', 'over')).toBe('over');
});

test('JSON is the same value to a parser and inert on a terminal', () => {
  const value = { title: 'a\u009b31mb\u001b]0;x\u0007c\u202ed\u2028e\u007f', plain: 'ä日🎉' };
  const printed = printedJson(value);
  expect(JSON.parse(printed)).toEqual(value);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(printed).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2028]/);
  expect(printed).toContain('ä日🎉');
});

function printedJson(value: unknown): string {
  const pieces: string[] = [];
  printJson({ ...silent, out: (text) => void pieces.push(text) }, value as never);
  return pieces.join('');
}

const silent: Io = {
  out: () => undefined,
  err: () => undefined,
  outSlowly: async () => undefined,
  outBytes: async () => undefined,
  stdinIsTty: false,
  stdoutIsTty: false,
  stderrIsTty: false,
  columns: 80,
  colour: false,
  unicode: true,
};

test('JSON hides no character: tags, selectors, soft hyphens and joiners are written as escapes', () => {
  const hidden = '\u{e0001}\u{e0041}\u{e007f}\u{e0000}\u{e0100}\u00ad\u180e\u200b\u2066\u206f\ufe0f\u{1d173}';
  const printed = printedJson({ title: `a${hidden}b` });
  expect(JSON.parse(printed)).toEqual({ title: `a${hidden}b` });
  expect(printed).toMatch(/^[\n -~]*$/);
  expect(printed).toContain('\\udb40\\udc41');
});

describe('a text behind a lead', () => {
  const word = fc.string({
    unit: fc.constantFrom('a', 'é', '語', '/', '-', '`'),
    minLength: 1,
    maxLength: 30,
  });

  test('fits the columns but for a word that is longer, begins each line below the first, and loses nothing', () => {
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1 }),
        fc.nat(12),
        fc.integer({ min: 40, max: 120 }),
        (words, lead, columns) => {
          const shown = hanging('x'.repeat(lead), words.join(' '), columns);
          const lines = shown.split('\n').map((line, i) => line.slice(i === 0 ? lead : 0));
          expect(
            lines
              .join(' ')
              .split(' ')
              .filter((one) => one !== ''),
          ).toEqual(words);
          for (const [i, line] of lines.entries()) {
            if (i > 0) expect(line.slice(0, lead)).toBe(' '.repeat(lead));
            const text = i > 0 ? line.slice(lead) : line;
            if (text.trim().includes(' ')) expect(lead + Bun.stringWidth(text)).toBeLessThanOrEqual(columns);
          }
        },
      ),
      { seed: SEED },
    );
  });

  test('is one line where the reader is no terminal', () => {
    const text = 'words '.repeat(100).trim();
    expect(hanging('lead ', text, Number.POSITIVE_INFINITY)).toBe(`lead ${text}`);
  });
});

test('each page of help fits 80 columns, but for its usage and examples, which are to be copied', () => {
  const pages = [programHelp(80), ...COMMANDS.map((spec) => commandHelp(spec, 80))];
  const examples = new Set(COMMANDS.flatMap(({ examples: own }) => own.map((one) => `  ${one}`)));
  const wide = pages
    .join('\n')
    .split('\n')
    .filter((line) => Bun.stringWidth(line) > 80 && !examples.has(line) && !line.startsWith('Usage: '));
  expect(wide).toEqual([]);
});
