/** Requests are bounded: what each machine asks for does not grow with the square of their number. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { aMonth } from '../../scripts/remote-cost.ts';
import { randomOf } from '../../scripts/torture/random.ts';
import { inTurn, LOGS_PER_LOOK } from '../../src/remote/plan.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { id } from '../support/remote-machine.ts';
import { RemoteWorld } from '../support/remote-world.ts';
import { SEED } from '../support/seed.ts';

test('a look takes so many different logs of those that moved, and all where there are fewer', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(500)), fc.nat(40), fc.nat(), (numbers, most, seed) => {
      const moved = numbers.map(String);
      const taken = inTurn(moved, most, (below) => randomOf(seed).below(below));
      expect(taken.length).toBe(Math.min(most, moved.length));
      expect(new Set(taken).size).toBe(taken.length);
      expect(taken.every((one) => moved.includes(one))).toBe(true);
    }),
    { seed: SEED },
  );
});

test('lists of a machine are bounded by its looks, and each commit is still read once', () => {
  const looks = 30 * 24;
  for (const count of [3, 25, 40]) {
    const turns = aMonth(count, LOGS_PER_LOOK, randomOf(1));
    expect(turns.lists).toBeLessThanOrEqual(count * looks * (1 + LOGS_PER_LOOK));
    // Reading later saves lists, and leaves out nothing but what the last hours brought.
    const all = aMonth(count, Number.MAX_SAFE_INTEGER, randomOf(1));
    expect(turns.lists).toBeLessThanOrEqual(all.lists);
    expect(turns.gets).toBeGreaterThan(all.gets * 0.97);
  }
});

test('a look that reads two logs of five asks seven times, and three of them have read all', async () => {
  using model = await ModelBucket.started();
  const others = Array.from({ length: 5 }, (_, n) => new RemoteWorld(model, `m${n}`));
  using reader = new RemoteWorld(model, 'reader');
  try {
    for (const [n, other] of others.entries()) {
      other.put(claudePath(id(n)), promptLine(id(n), `number ${n}`));
      await other.ingest();
      await other.sync(undefined, 0);
    }
    const requests: number[] = [];
    for (let look = 0; look < 4; look += 1) requests.push((await reader.sync(undefined, 2)).requests);
    // The heads; of each log a list, the commit and the pack of its rows.
    expect(requests).toEqual([7, 7, 4, 1]);
    expect(reader.db.all('SELECT id FROM sessions')).toHaveLength(5);
  } finally {
    for (const other of others) other[Symbol.dispose]();
  }
});
