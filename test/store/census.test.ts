/** What the store adds up by itself is what it gives out one by one. */
import { expect, test } from 'bun:test';
import { addMs, DAY_MS } from '../../src/domain/time.ts';
import { namedCards } from '../../src/policy/census.ts';
import { census } from '../../src/store/usage.ts';
import { World } from '../support/bench-world.ts';

const lines = (id: string, at: string) =>
  `${JSON.stringify({ type: 'user', sessionId: id, uuid: id, cwd: '/p', timestamp: at, message: { role: 'user', content: `say ${id}` } })}\n`;

test('sessions beyond an age: their number, their stored bytes and their names, in order of eviction', async () => {
  using world = new World();
  const ages = [3, 50, 400, 46, 45, 44, 90, 50];
  for (const [i, days] of ages.entries()) {
    const id = `00000000-0000-4000-8000-00000000000${i}`;
    world.put(`.claude/projects/-p/${id}.jsonl`, lines(id, addMs(world.now, -days * DAY_MS)));
  }
  // Names of the widest form, and one that was made of a hostile id.
  for (const id of ['Z.9_-a', 'x"\\\u2028'])
    world.put(
      `.claude/projects/-p/${encodeURIComponent(id)}.jsonl`,
      lines(id, addMs(world.now, -60 * DAY_MS)),
    );
  expect((await world.ingest()).analyzed).toBe(ages.length + 2);
  for (const days of [0, 44, 45, 49, 60, 399, 10_000]) {
    const made = census(world.db, world.now);
    const cards = [...made.evictableOlderThan(days)];
    expect(made.sumOlderThan?.(days)).toEqual({
      sessions: cards.length,
      storedBytes: cards.reduce((bytes, card) => bytes + card.storedBytes, 0),
      named: namedCards(cards),
    });
  }
  expect([...census(world.db, world.now).evictableOlderThan(45)].length).toBe(7);
});

test('after the clock has stepped back nothing is added up by keys that are no longer the policy’s', async () => {
  using world = new World();
  const id = '00000000-0000-4000-8000-000000000001';
  world.put(`.claude/projects/-p/${id}.jsonl`, lines(id, world.now));
  await world.ingest();
  expect(census(world.db, addMs(world.now, -30 * DAY_MS)).sumOlderThan).toBeUndefined();
});
