/** Many sessions go by one statement: each by its own event, in the order in which they were named, or none of them. */
import { expect, test } from 'bun:test';
import type { SessionUid } from '../../src/domain/ids.ts';
import { findSession } from '../../src/store/read.ts';
import { type EvictionVictim, evictCovered } from '../../src/store/write-sweep.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const idOf = (n: number) => `ec100000-0000-4000-8000-00000000000${n}`;
const uidOf = (n: number) => `claude-code:${idOf(n)}` as SessionUid;

async function stored(count: number): Promise<World> {
  const world = new World();
  for (let n = 0; n < count; n += 1) world.put(claudePath(idOf(n)), promptLine(idOf(n), `word ${n}`));
  await world.ingest();
  return world;
}

function victim({ db }: World, n: number): EvictionVictim {
  const session = findSession(db, uidOf(n));
  return {
    uid: uidOf(n),
    generation: session?.generation ?? 0,
    storedBytes: session?.storedBytes ?? 0,
    reason: `reason "${n}"`,
  };
}

const told = ({ db }: World) =>
  db.all(
    "SELECT session_uid AS uid, reason, stored_bytes AS bytes FROM events WHERE kind = 'evicted' ORDER BY id",
  );

test('each that goes has an event with its own reason and bytes, in the order in which they were named', async () => {
  using world = await stored(5);
  const order = [3, 0, 4, 1];
  const victims = order.map((n) => victim(world, n));
  const context = { sweepId: null, at: world.now, untilUsageBytes: null };
  const outcomes = evictCovered(world.db, victims, context);
  expect(outcomes).toEqual(
    victims.map(({ uid, storedBytes }) => ({ uid, kind: 'evicted', freedBytes: storedBytes })),
  );
  expect(told(world)).toEqual(victims.map(({ uid, reason, storedBytes: bytes }) => ({ uid, reason, bytes })));
  expect(findSession(world.db, uidOf(2))?.evictedAt).toBeNull();
});

test('one that is named twice goes once, and a changed or pinned one is passed over', async () => {
  using world = await stored(4);
  world.db.run('UPDATE sessions SET pinned = 1 WHERE session_uid = $uid', { uid: uidOf(1) });
  const victims = [
    victim(world, 0),
    victim(world, 1),
    { ...victim(world, 2), generation: 9 },
    victim(world, 0),
  ];
  const outcomes = evictCovered(world.db, [...victims, victim(world, 3)], {
    sweepId: null,
    at: world.now,
    untilUsageBytes: null,
  });
  expect(outcomes.map((each) => (each.kind === 'skipped' ? each.reason : each.kind))).toEqual([
    'evicted',
    'pinned meanwhile',
    'grew meanwhile',
    'evicted meanwhile',
    'evicted',
  ]);
  expect(told(world).length).toBe(2);
});

test('where the database refuses one of them, none goes', async () => {
  using world = await stored(3);
  world.db.exec(`CREATE TEMP TRIGGER planted BEFORE INSERT ON main.events WHEN NEW.session_uid = '${uidOf(2)}'
    BEGIN SELECT RAISE(ABORT, 'planted'); END`);
  const victims = [0, 1, 2].map((n) => victim(world, n));
  const context = { sweepId: null, at: world.now, untilUsageBytes: null };
  expect(() => evictCovered(world.db, victims, context)).toThrow('planted');
  expect(told(world)).toEqual([]);
  expect(world.db.get('SELECT count(*) AS n FROM segments')).toEqual({ n: 3 });
});
