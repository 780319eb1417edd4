/** When a failed analysis is tried again: a table, and what holds for every attempt. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { isOfAnalyzer } from '../../src/domain/analyzing.ts';
import { type Attempt, causeOf, dueAt, isDue, waitMs } from '../../src/domain/retry.ts';
import { addMs, type Iso } from '../../src/domain/time.ts';
import { AskedAnalyzer, EQUAL_FAILURES_MAX } from '../../src/ingest/asked-analyzer.ts';

const HOUR = 3_600_000;
const AT = '2026-06-01T12:00:00.000Z' as Iso;
const last = (failures: number, more: Partial<Attempt> = {}): Attempt => ({
  generation: 3,
  failures,
  triedAt: AT,
  analyzer: 'a',
  program: '1',
  ...more,
});
const same = { generation: 3, analyzer: 'a', program: '1' };

describe('a failed analysis is tried again', () => {
  test.each([
    ['after an hour the first time', 1, HOUR],
    ['after two the second time', 2, 2 * HOUR],
    ['after four', 3, 4 * HOUR],
    ['after sixteen', 5, 16 * HOUR],
    ['after a day at most', 6, 24 * HOUR],
    ['after a day for ever', 4000, 24 * HOUR],
  ])('%s', (_, failures, wait) => {
    expect(isDue(last(failures), same, addMs(AT, wait - 1))).toBe(false);
    expect(isDue(last(failures), same, addMs(AT, wait))).toBe(true);
  });

  test.each([
    ['where nothing is known of an attempt', null, same],
    ['where the last one worked and its digest is gone', last(0), same],
    ['where the bytes changed', last(9), { ...same, generation: 4 }],
    ['where the analyzer’s command changed', last(9), { ...same, analyzer: 'b' }],
    ['where the analyzer was taken away', last(9), { ...same, analyzer: '' }],
    ['where the program changed', last(9), { ...same, program: '2' }],
  ] as const)('at once %s', (_, attempt, present) => {
    expect(isDue(attempt, present, AT)).toBe(true);
  });

  test('at once where the last attempt lies ahead: that clock was wrong', () => {
    expect(isDue(last(9), same, addMs(AT, -1))).toBe(true);
  });

  test('never later than a day, never sooner than an hour while nothing changes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 0, max: 48 * HOUR }),
        (failures, ms) => {
          const due = isDue(last(failures), same, addMs(AT, ms));
          if (ms < HOUR) expect(due).toBe(false);
          if (ms >= 24 * HOUR) expect(due).toBe(true);
          expect(waitMs(failures + 1)).toBeGreaterThanOrEqual(waitMs(failures));
          expect(due).toBe(dueAt(last(failures)) <= addMs(AT, ms));
        },
      ),
    );
  });
});

test('failures of one cause are told from others', () => {
  const same = (a: string, b: string) => causeOf(a) === causeOf(b);
  expect(same('the analyzer ended with status 1: no network', 'the analyzer ended with status 1: key')).toBe(
    true,
  );
  expect(same('the analyzer ended with status 1', 'the analyzer ended with status 127')).toBe(false);
  expect(same('no readable record in 1 line', 'no readable record in 40 lines')).toBe(true);
  expect(same('no readable record in 40 lines', 'no known record in 40 lines')).toBe(false);
});

describe('an analyzer that keeps failing', () => {
  const fail = (asked: AskedAnalyzer, times: number, why = 'the analyzer ended with status 1: x') => {
    for (let n = 0; n < times; n += 1) asked.heard(why);
  };

  test('is given up after twenty equal failures in a row, and that is said once', () => {
    const asked = new AskedAnalyzer();
    fail(asked, EQUAL_FAILURES_MAX - 1);
    expect([asked.isGivenUp, asked.notice()]).toEqual([false, null]);
    fail(asked, 1);
    expect(asked.isGivenUp).toBe(true);
    expect(asked.notice()).toContain('20 times in a row');
    expect(asked.notice()).toBeNull();
  });

  test('is asked on where one answer or another failure lies between', () => {
    for (const between of [null, 'the analyzer gave an empty answer']) {
      const asked = new AskedAnalyzer();
      fail(asked, EQUAL_FAILURES_MAX - 1);
      asked.heard(between);
      fail(asked, EQUAL_FAILURES_MAX - 1);
      expect(asked.isGivenUp).toBe(false);
    }
  });
});

test('a session in the analyzer’s folder is known by its project, or by a path where no project is told', () => {
  const folder = '/tmp/session-memory-analyzing-aB3dE6';
  for (const project of [
    folder,
    `${folder}/sub`,
    `/private${folder}`,
    'C:\\T\\session-memory-analyzing-aB3dE6',
  ])
    expect(isOfAnalyzer(project, [])).toBe(true);
  expect(isOfAnalyzer(null, ['projects/-tmp-session-memory-analyzing-aB3dE6/x.jsonl'])).toBe(true);
  for (const project of [
    '/srv/session-memory',
    '/srv/session-memory-analyzing',
    '/srv/my-session-memory-analyzing-notes',
  ])
    expect(isOfAnalyzer(project, [`projects/${project.replaceAll('/', '-')}/x.jsonl`])).toBe(false);
  expect(isOfAnalyzer('/srv/inn', ['projects/-tmp-session-memory-analyzing-aB3dE6/x.jsonl'])).toBe(false);
});
