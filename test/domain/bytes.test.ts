/** A text of one's own is the beginning of the text that it was taken from, whole characters of it. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { ownText, viewOf } from '../../src/domain/bytes.ts';
import '../support/seed.ts';

test('it is what its bytes say, short and long', () => {
  const text = fc.string({ unit: 'binary', maxLength: 50 });
  fc.assert(
    fc.property(
      text,
      fc.constantFrom(1, 100, 109, 110, 400),
      fc.nat({ max: 25_000 }),
      (some, times, charsMax) => {
        const long = some.repeat(times);
        const own = ownText(long, charsMax);
        expect(own).toBe(Buffer.from(long.slice(0, charsMax)).toString('utf8'));
        expect(own.isWellFormed()).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

test('characters of three bytes, one fewer, as many and one more than fit where texts are copied', () => {
  for (let chars = 5458; chars <= 5464; chars++) {
    const text = '\u20ac'.repeat(chars);
    expect(ownText(text, chars)).toBe(text);
    expect(ownText(`${text}x`, chars)).toBe(text);
    // What was copied before is no part of it.
    expect(ownText('a', 1)).toBe('a');
  }
});

test('a view shows the very bytes', () => {
  const bytes = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  const view = viewOf(bytes);
  bytes[0] = 9;
  expect([...view]).toEqual([9, 3]);
  expect(viewOf(view)).toBe(view);
});
