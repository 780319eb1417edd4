/**
 * A rewritten file too large to be held: its lines are matched by their hashes, and what comes of it is what a match of the
 * bytes themselves gives.
 */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { linesOf, matchLargeLines, matchLines } from '../../src/ingest/rewrite.ts';
import type { Extent } from '../../src/store/rows.ts';

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
function* whole(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const lines = fc
  .array(fc.constantFrom('a', 'bb', '', 'ccc', 'dddd'), { maxLength: 30 })
  .chain((list) => fc.boolean().map((ends) => Buffer.from(list.join('\n') + (ends ? '\n' : ''))));

test('lines matched by their hashes make the same version as lines matched by their bytes', async () => {
  await fc.assert(
    fc.asyncProperty(lines, lines, fc.integer({ min: 1, max: 9 }), async (before, after, size) => {
      // The log: something else, then what stood before in two ranges with a gap between.
      const half = before.length >> 1;
      const log = Buffer.concat([
        Buffer.from('kept\n'),
        before.subarray(0, half),
        Buffer.from('gap'),
        before.subarray(half),
      ]);
      const kept: Extent[] = [[0, 5]];
      const old: Extent[] = (
        [
          [5, half],
          [5 + half + 3, before.length - half],
        ] as Extent[]
      ).filter(([, length]) => length > 0);
      const made = await matchLargeLines(kept, old, whole(before, size), pieces(after, size), log.length);
      const expected = matchLines(kept, old, before, after, log.length, linesOf);
      expect(made?.newBytes).toBe(after.length);
      expect(made?.extents).toEqual(expected.extents);
      expect(Buffer.from(made?.added ?? []).equals(Buffer.from(expected.added))).toBe(true);
      const all = Buffer.concat([log, made?.added ?? Buffer.alloc(0)]);
      const read = Buffer.concat(
        (made?.extents ?? []).map(([from, length]) => all.subarray(from, from + length)),
      );
      expect(read.toString()).toBe(`kept\n${after}`);
    }),
  );
});

test('a line without an end, and more that is new than may be held, are left to be stored whole', async () => {
  const large = Buffer.alloc(49 * 1024 * 1024, 'x');
  const size = 4 * 1024 * 1024;
  expect(await matchLargeLines([], [[0, 2]], [Buffer.from('a\n')], pieces(large, size), 2)).toBeNull();
  expect(
    await matchLargeLines([], [[0, large.length]], whole(large, size), pieces(Buffer.from('a\n'), 9), 2),
  ).toBeNull();
  large.fill('\n', 1024 * 1024 - 1, 1024 * 1024);
  for (let at = 1024 * 1024 - 1; at < large.length; at += 1024 * 1024) large[at] = 10;
  expect(await matchLargeLines([], [[0, 2]], [Buffer.from('a\n')], pieces(large, size), 2)).toBeNull();
  const stopped = AbortSignal.abort();
  expect(
    await matchLargeLines([], [[0, 2]], [Buffer.from('a\n')], pieces(large, size), 2, stopped),
  ).toBeNull();
});
