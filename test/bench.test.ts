/** What the bench makes of measured values. Nothing here is timed. */
import { describe, expect, test } from 'bun:test';
import { withTables } from '../scripts/bench/docs.ts';
import {
  type BenchResult,
  exponentOf,
  figure,
  median,
  percentile,
  type RowResult,
  spreadOf,
  type Target,
  verdictOf,
  worseThan,
} from '../scripts/bench/figures.ts';
import { rowLine } from '../scripts/bench/table.ts';
import { ROWS } from '../scripts/bench.ts';

const ATMOST_2: Target = { bound: 'at most', value: 2 };
const ATLEAST_100: Target = { bound: 'at least', value: 100 };

const row = (values: number[], target: Target | null = ATMOST_2, name = 'made-up'): RowResult => ({
  name,
  what: 'a row',
  unit: '×',
  target,
  values,
  why: null,
  subject: null,
  baseline: null,
});

const result = (...rows: RowResult[]): BenchResult => ({
  version: 1,
  at: '2026-11-23T00:00:00.000Z',
  commit: 'abc',
  machine: 'a machine',
  quick: false,
  load: [0.1, 1.26],
  rows,
  growth: [],
});

describe('figures', () => {
  test('the median is the middle one, or the mean of the two', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 9, 6])).toBe(5);
    expect(median([])).toBeNaN();
  });

  test('a percentile is a value that was measured', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 99 - i);
    expect(percentile(hundred, 0.95)).toBe(95);
    expect(percentile([7], 0.95)).toBe(7);
  });

  test('the spread is from the least to the most', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ low: 1, high: 3 });
  });

  test('the exponent is the power of the size', () => {
    const sizes = [1000, 10_000, 100_000];
    expect(exponentOf(sizes.map((sessions) => ({ sessions, ms: 30 })))).toBeCloseTo(0, 10);
    expect(exponentOf(sizes.map((sessions) => ({ sessions, ms: sessions / 50 })))).toBeCloseTo(1, 10);
    expect(exponentOf(sizes.map((sessions) => ({ sessions, ms: 3 * sessions ** 1.5 })))).toBeCloseTo(1.5, 10);
    expect(exponentOf([{ sessions: 1000, ms: 30 }])).toBeNaN();
  });

  test('three digits of a figure, with its unit', () => {
    expect(figure(1.234, '×')).toBe('1.23 ×');
    expect(figure(12.34, 'ms')).toBe('12.3 ms');
    expect(figure(1234.5, 'MB/s')).toBe('1235 MB/s');
    expect(figure(Number.NaN, '%')).toBe('–');
  });
});

describe('verdicts', () => {
  test('the median decides, and one good round leaves doubt', () => {
    expect(verdictOf(row([1, 2, 9]))).toBe('met');
    expect(verdictOf(row([1.9, 2.1, 2.2]))).toBe('unsure');
    expect(verdictOf(row([2.1, 2.2, 2.3]))).toBe('missed');
    expect(verdictOf(row([90, 120, 130], ATLEAST_100))).toBe('met');
    expect(verdictOf(row([80, 90, 95], ATLEAST_100))).toBe('missed');
  });

  test('what was not measured is not met', () => {
    expect(verdictOf(row([]))).toBe('not measured');
    expect(verdictOf(row([1], null))).toBe('no target');
  });

  test('a row that was not measured says why in the table', () => {
    const line = rowLine({ ...row([]), why: 'not measured: zstd not installed' });
    expect(line).toContain('not measured: zstd not installed');
  });
});

describe('--compare', () => {
  test('a median 15 % worse is worse only where the rounds do not overlap', () => {
    const before = result(row([1, 1.1, 1.2]));
    expect(worseThan(before, result(row([1.3, 1.4, 1.5])))).toEqual(['made-up: 1.10 × → 1.40 ×']);
    expect(worseThan(before, result(row([1.15, 1.4, 1.5])))).toEqual([]);
    expect(worseThan(before, result(row([1.21, 1.22, 1.23])))).toEqual([]);
    expect(worseThan(before, result(row([0.5, 0.6, 0.7])))).toEqual([]);
  });

  test('where more is better, less is worse', () => {
    const before = result(row([100, 110, 120], ATLEAST_100));
    expect(worseThan(before, result(row([70, 80, 90], ATLEAST_100)))).toHaveLength(1);
    expect(worseThan(before, result(row([150, 160, 170], ATLEAST_100)))).toEqual([]);
  });

  test('rows that only one of them has, or that were not measured, are no news', () => {
    const before = result(row([1]), row([], ATMOST_2, 'other'));
    const after = result(row([]), row([9], ATMOST_2, 'other'), row([9], ATMOST_2, 'new'));
    expect(worseThan(before, after)).toEqual([]);
  });
});

describe('--docs', () => {
  const marked =
    'above\n<!-- made by bun run bench --docs -->\nold\n<!-- end of what the bench made -->\nbelow\n';

  test('only what stands between the marks changes', () => {
    const page = withTables(marked, result(row([1, 1.5, 2])));
    expect(page.startsWith('above\n<!-- made by bun run bench --docs -->\n')).toBe(true);
    expect(page.endsWith('<!-- end of what the bench made -->\nbelow\n')).toBe(true);
    expect(page).toContain('| made-up | a row | ≤ 2 × | 1.50 × (1.00–2.00 ×) | met |');
    expect(page).toContain('a machine; 2026-11-23; commit abc; five rounds, load 0.1 to 1.3.');
    expect(page).not.toContain('old');
  });

  test('a page without marks is refused', () => {
    expect(() => withTables('nothing', result())).toThrow('no marks');
  });
});

describe('the rows', () => {
  const targetOf = (name: string) => {
    const target = ROWS.find((row) => row.name === name)?.target;
    return target === null || target === undefined ? null : `${target.bound} ${target.value}`;
  };

  test('every goal is a row', () => {
    const goals = {
      'ingest-cold': 'at most 2',
      'ingest-again': 'at most 2',
      'memory-2gib': 'at most 256',
      'size-tier1': 'at most 1',
      'size-digests': 'at most 3',
      'dry-run-1e6': 'at most 300',
      'evict-10k': 'at most 0.5',
      reclaim: 'at least 100',
      'status-1e6': 'at most 4',
      search: 'at most 60',
      'tui-key': 'at most 33',
      'tui-idle': 'at most 1',
    };
    expect(Object.fromEntries(Object.keys(goals).map((name) => [name, targetOf(name)]))).toEqual(goals);
  });

  test('no two have one name, and each says what it measures', () => {
    expect(new Set(ROWS.map(({ name }) => name)).size).toBe(ROWS.length);
    expect(ROWS.filter(({ what }) => what.length < 10)).toEqual([]);
  });
});
