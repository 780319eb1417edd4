/** Values as people write them. What is meant is worked out by hand here; what is not understood is never guessed. */
import { describe, expect, test } from 'bun:test';
import { nearest, oneOf, parseAgeDays, parseBytes, parseCount, parseSince } from '../../src/cli/values.ts';
import { FailureError } from '../../src/domain/errors.ts';
import type { Iso } from '../../src/domain/time.ts';

const NOW = '2026-06-10T12:00:00.000Z' as Iso;

/** The failure's sentence and way out; the test fails where there is no failure. */
function refusal(work: () => unknown): string {
  try {
    return `accepted: ${JSON.stringify(work())}`;
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    expect(thrown.failure.code).toBe('usage');
    return `${thrown.failure.message} / ${thrown.failure.hint}`;
  }
}

describe('a size', () => {
  test.each([
    ['0', 0],
    ['4096', 4096],
    ['1KiB', 1024],
    ['4GiB', 4_294_967_296],
    ['1.5GiB', 1_610_612_736],
    ['500MB', 500_000_000],
    [' 2 MiB ', 2_097_152],
    [12, 12],
  ])('%p is %p bytes', (text, bytes) => {
    expect(parseBytes(text, '--soft-cap')).toBe(bytes);
  });

  test.each(['', '-5', '-1GiB', '1.5G', '4 gigs', 'GiB', 'NaN', 'Infinity', '99999999999999999999', -1])(
    '%p is refused, with the flag and how to write it',
    (text) => {
      expect(refusal(() => parseBytes(text, '--soft-cap'))).toBe(
        `--soft-cap is not a size: ${text} / Write 4GiB, 500MB, or a number of bytes.`,
      );
    },
  );
});

describe('an age', () => {
  test.each([
    ['45', 45],
    ['45d', 45],
    ['2w', 14],
    ['12h', 0.5],
    ['0', 0],
    ['off', 'off'],
    [30, 30],
  ] as const)('%p is %p days', (text, days) => {
    expect(parseAgeDays(text, '--max-age-days')).toBe(days);
  });

  test.each(['', 'never', '-3', '-3d', '45 parsecs', 'Infinity', -1])('%p is refused', (text) => {
    expect(refusal(() => parseAgeDays(text, '--max-age-days'))).toBe(
      `--max-age-days is not an age in days: ${text} / Write 45, 45d, 2w or off.`,
    );
  });
});

describe('a time', () => {
  test.each([
    ['2026-05-01', '2026-05-01T00:00:00.000Z'],
    ['2026-05-01T10:00', '2026-05-01T10:00:00.000Z'],
    ['2026-05-01T10:00:00+02:00', '2026-05-01T08:00:00.000Z'],
    ['7d', '2026-06-03T12:00:00.000Z'],
    ['36h', '2026-06-09T00:00:00.000Z'],
  ])('%p is %p', (text, time) => {
    expect(parseSince(text, '--since', NOW)).toBe(time as Iso);
  });

  test.each(['yesterday', '2026-13-45', '-7d', 'x'])('%p is refused', (text) => {
    expect(refusal(() => parseSince(text, '--since', NOW))).toContain(`--since is not a time: ${text}`);
  });
});

test('a count is digits and nothing else', () => {
  expect(parseCount('20', '--limit')).toBe(20);
  for (const text of ['', '-1', '1.5', '1e3', '0x10', 'all'])
    expect(refusal(() => parseCount(text, '--limit'))).toContain(`--limit is not a whole number: ${text}`);
});

describe('the nearest word', () => {
  const states = ['analyzed', 'unanalyzed', 'evicted'] as const;

  test.each([
    ['evictd', 'Did you mean evicted?'],
    ['analysed', 'Did you mean analyzed?'],
    // The beginning of one word only is as good as a slip.
    ['unan', 'Did you mean unanalyzed?'],
    ['banana', null],
  ])('%p: %p', (word, said) => {
    expect(nearest(word, states)).toBe(said);
  });

  test('a value that is none of the known ones names them all', () => {
    expect(oneOf('evicted', states, '--state')).toBe('evicted');
    expect(oneOf(null, states, '--state')).toBeNull();
    expect(refusal(() => oneOf('evictd', states, '--state'))).toBe(
      '--state does not know evictd / Did you mean evicted? It takes analyzed, unanalyzed, evicted.',
    );
  });
});
