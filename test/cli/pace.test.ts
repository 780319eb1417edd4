/** How fast work goes and how long the rest takes: nothing is claimed too early, nothing is nonsense. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { paceText, timeText, type Work } from '../../src/cli/pace.ts';
import { MIB } from '../../src/domain/limits.ts';
import { workText } from '../../src/tui/frames/work.ts';
import { widthOf } from '../../src/tui/paint.ts';

const pieces = (done: number, total: number | null, elapsedMs: number): Work => ({
  done,
  total,
  elapsedMs,
  unit: 'pieces',
});

test.each<[string, Work, string]>([
  ['just begun', pieces(3, 100, 400), ''],
  ['nothing done yet', pieces(0, 100, 60_000), ''],
  ['half of it in ten seconds', pieces(50, 100, 10_000), '5.0/s, 10 s left'],
  ['fast', pieces(30_000, 60_000, 2_000), '15,000/s, 2 s left'],
  ['slow work is told by the minute', pieces(2, 4, 60_000), '2.0/min, 60 s left'],
  ['bytes', { ...pieces(12 * MIB, 120 * MIB, 4_000), unit: 'bytes' }, '3.0 MiB/s, 36 s left'],
  ['of an unknown number', pieces(50, null, 10_000), '5.0/s'],
  ['the last one', pieces(100, 100, 10_000), '10/s'],
  ['too little to tell the rest from', pieces(1, 1_000_000, 2_000), '30/min'],
])('%s', (_, work, told) => {
  expect(paceText(work)).toBe(told);
});

test.each([
  [0, '1 s'],
  [59.2, '60 s'],
  [90, '2 min'],
  [59 * 60, '59 min'],
  [3600, '1 h'],
  [4800, '1 h 20 min'],
  [100 * 3600, '5 d'],
])('%d s', (seconds, told) => {
  expect(timeText(seconds)).toBe(told);
});

describe('whatever the numbers are', () => {
  const works = fc.record({
    done: fc.nat(2e9),
    total: fc.option(fc.nat(2e9)),
    elapsedMs: fc.nat(1e9),
    unit: fc.constantFrom('bytes', 'pieces'),
  });

  test('no figure is negative, endless or no number, and nothing is left of what is done', () => {
    fc.assert(
      fc.property(works, (work) => {
        const text = paceText(work);
        expect(text).not.toMatch(/NaN|Infinity|-/);
        if (work.total !== null && work.done >= work.total) expect(text).not.toContain('left');
        if (work.elapsedMs < 1_000) expect(text).toBe('');
      }),
    );
  });

  test('more that is done in the same time never takes longer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 50, max: 9_000 }), fc.nat(900), (done, more) => {
        const left = (n: number) => secondsOf(paceText(pieces(n, 10_000, 60_000)));
        expect(left(Math.min(9_999, done + more))).toBeLessThanOrEqual(left(done));
      }),
    );
  });

  test('a line of it fits, and keeps how long the rest takes down to 60 columns', () => {
    fc.assert(
      fc.property(works, fc.nat(1e6), fc.integer({ min: 58, max: 158 }), (bytes, done, cells) => {
        const total = Math.max(1, bytes.total ?? 1);
        const about = { done, total: 1_000_000, elapsedMs: bytes.elapsedMs };
        const line = workText('Ingesting', about, cells, { done: Math.min(bytes.done, total), total });
        expect(widthOf(line)).toBeLessThanOrEqual(cells);
        const pace = paceText({ ...bytes, done: Math.min(bytes.done, total), total, unit: 'bytes' });
        expect(line).toContain(pace);
      }),
    );
  });
});

const UNITS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86_400 };

function secondsOf(text: string): number {
  const [, left = ''] = /, (.*) left$/.exec(text) ?? [];
  return [...left.matchAll(/(\d+) (\w+)/g)].reduce(
    (sum, [, n, unit]) => sum + Number(n) * (UNITS[unit ?? ''] ?? 0),
    0,
  );
}
