/** Packs as they are asked for: each the right one, few on their way, and those that lie beside one another fetched once. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Bucket } from '../../src/remote/bucket.ts';
import { Packs } from '../../src/remote/packs.ts';

const MIB = 1024 ** 2;

/** A bucket whose packs have each a size, and come as slowly as a number says. */
class Shelf {
  readonly asked: string[] = [];
  underWayMost = 0;
  bytesMost = 0;
  #underWay = 0;
  #bytes = 0;
  readonly #sizes: readonly number[];
  readonly #turns: readonly number[];

  constructor(sizes: readonly number[], turns: readonly number[]) {
    this.#sizes = sizes;
    this.#turns = turns;
  }

  get bucket(): Bucket {
    return this as unknown as Bucket;
  }

  async pack(id: string): Promise<Uint8Array | null> {
    this.asked.push(id);
    const size = this.#sizes[Number(id)];
    if (size === undefined) return null;
    this.#underWay += 1;
    this.#bytes += size;
    this.underWayMost = Math.max(this.underWayMost, this.#underWay);
    this.bytesMost = Math.max(this.bytesMost, this.#bytes);
    for (let n = this.#turns[this.asked.length % this.#turns.length] ?? 0; n > 0; n -= 1)
      await new Promise<void>((resolve) => setImmediate(resolve));
    this.#underWay -= 1;
    this.#bytes -= size;
    return new Uint8Array(size).fill(Number(id));
  }
}

const worlds = fc.record({
  sizes: fc.array(fc.constantFrom(1, 1000, 4 * MIB, 17 * MIB), { minLength: 1, maxLength: 6 }),
  turns: fc.array(fc.nat(3), { minLength: 1, maxLength: 5 }),
  /** What one session after the other wants. */
  sessions: fc.array(fc.array(fc.nat(5), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
});

test('whatever is expected and asked for, each pack is the right one, and few are on their way', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async ({ sizes, turns, sessions }) => {
      const shelf = new Shelf(sizes, turns);
      const packs = new Packs(shelf.bucket);
      for (const session of sessions) {
        const ids = session.map((n) => String(n % sizes.length));
        packs.expect(ids.map((id) => ({ id, bytes: sizes[Number(id)] ?? 0 })));
        for (const id of ids) {
          const plain = await packs.get(id);
          expect([plain.length, plain[0], plain.at(-1)]).toEqual([sizes[Number(id)], Number(id), Number(id)]);
        }
      }
      // One that is waited for, and those that are expected next.
      expect(shelf.underWayMost).toBeLessThanOrEqual(5);
      expect(shelf.bytesMost).toBeLessThanOrEqual(Math.max(...sizes) + 32 * MIB);
    }),
    { numRuns: 40 },
  );
});

test('sessions that lie in one pack, beside a pack of their records, have each pack fetched once', async () => {
  const shelf = new Shelf([4 * MIB, 16 * MIB, 1000], [1]);
  const packs = new Packs(shelf.bucket);
  for (let session = 0; session < 9; session += 1) {
    expect((await packs.get('0')).length).toBe(4 * MIB);
    packs.expect([{ id: '1', bytes: 1000 }]);
    expect((await packs.get('1')).length).toBe(16 * MIB);
  }
  expect(shelf.asked).toEqual(['0', '1']);
});

test('a pack that is missing is told when its turn comes, and keeps no other one', async () => {
  const shelf = new Shelf([10, 10], [2]);
  const packs = new Packs(shelf.bucket);
  packs.expect(['0', '7', '1'].map((id) => ({ id, bytes: 10 })));
  expect((await packs.get('0')).length).toBe(10);
  await expect(packs.get('7')).rejects.toThrow('the pack 7 is missing');
  expect((await packs.get('1')).length).toBe(10);
});
