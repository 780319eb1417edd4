/** What an archive may hold, measured before it is opened: sizes of zstd frames, and how deep and wide a line is. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  jsonProblem,
  LINE_BYTES_MAX,
  opened,
  plainBytesOf,
  sessionProblem,
} from '../../src/archive/bounds.ts';
import { SEED } from '../support/seed.ts';

const text = (value: string) => new Uint8Array(Buffer.from(value));

describe('a zstd frame', () => {
  test('of any bytes at any level tells its size, and opens', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.constantFrom(1, 3, 19), (plain, level) => {
        const frame = Bun.zstdCompressSync(plain, { level });
        expect(plainBytesOf(frame)).toBe(plain.length);
        expect(opened(frame, plain.length)).toEqual(new Uint8Array(plain));
        if (plain.length > 0) expect(opened(frame, plain.length - 1)).toBeString();
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test('cut anywhere, or with anything behind it, is refused', () => {
    const frame = Bun.zstdCompressSync(Buffer.from('bake the bread '.repeat(50)));
    for (let at = 0; at < frame.length; at += 1)
      expect(plainBytesOf(frame.subarray(0, at)), `${at}`).toBeString();
    for (const more of [frame, new Uint8Array(1)])
      expect(plainBytesOf(Buffer.concat([frame, more]))).toBe('something stands behind its zstd');
  });

  test('with any byte changed never gives more than it says', () => {
    const frame = Bun.zstdCompressSync(Buffer.from('bake the bread '.repeat(50)));
    for (let at = 0; at < frame.length; at += 1)
      for (const flip of [1, 0x40, 0xff]) {
        const changed = Uint8Array.from(frame);
        changed[at] = (changed[at] ?? 0) ^ flip;
        const plain = opened(changed, 10_000);
        if (typeof plain !== 'string') expect(plain.length).toBe(Number(plainBytesOf(changed)));
      }
  });
});

describe('a line', () => {
  const wide = (n: number, one: string) => text(`[${Array(n).fill(one).join(',')}]`);

  test.each([
    ['hundreds of thousands of ranges', wide(700_000, '[12345,67890]'), null],
    ['more ranges', wide(900_000, '[1,2]'), 'values'],
    ['texts that look like structure', text(`["${'[{,\\"'.repeat(200_000)}"]`), null],
    ['many numbers', wide(500_000, '1'), 'values'],
    ['many objects', wide(300_000, '{}'), 'values'],
    ['lists in lists', text('['.repeat(100_000)), 'deep'],
    ['a quote that is never closed', text(`["${'x'.repeat(100_000)}`), null],
  ])('of %s', (_what, json, why) => {
    const problem = jsonProblem(json);
    if (why === null) expect(problem).toBeNull();
    else expect(problem).toContain(why);
  });

  test('that an export would write and an import refuse is not written', () => {
    const problem = (files: readonly unknown[], segments = 0, digests: readonly string[] = []) =>
      sessionProblem({
        meta: { files },
        segments: Array(segments).fill(0),
        digests: digests.map((json) => ({ json })),
      });
    expect(problem([], 100_000, Array(1000).fill('{}'))).toBeNull();
    expect(problem(Array(20_001).fill(0))).toContain('20001 files');
    expect(problem(['x'.repeat(LINE_BYTES_MAX)])).toContain('bytes');
    expect(problem([], 100_001)).toContain('100001 segments');
    expect(problem([], 0, Array(1001).fill('{}'))).toContain('1001 digests');
    expect(problem([], 0, ['x'.repeat(LINE_BYTES_MAX + 1)])).toContain('bytes of digests');
  });
});
