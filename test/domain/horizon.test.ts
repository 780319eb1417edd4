/** The horizon is remembered for one `now`: a clock that moves on, or is set back, must not meet an old one. */
import { expect, test } from 'bun:test';
import { horizon, type Iso, parseTime, plausibleTime } from '../../src/domain/time.ts';

function iso(text: string): Iso {
  const time = parseTime(text);
  if (time === null) throw new Error(`no time: ${text}`);
  return time;
}

test('the horizon follows its clock forwards and backwards', () => {
  const [first, later] = [iso('2026-11-01T00:00:00.000Z'), iso('2026-11-03T00:00:00.000Z')];
  const between = iso('2026-11-02T12:00:00.000Z');
  for (const [now, expected, seen] of [
    [first, '2026-11-02T00:00:00.000Z', null],
    [later, '2026-11-04T00:00:00.000Z', between],
    [first, '2026-11-02T00:00:00.000Z', null],
  ] as const) {
    expect(String(horizon(now))).toBe(expected);
    expect(plausibleTime(between, now)).toBe(seen);
  }
});
