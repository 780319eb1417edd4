/** A clock that was wrong for a while: what the store noted under it, the order of eviction and ages, before the next ingest and after it. */
import { describe, expect, test } from 'bun:test';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { findSession } from '../../src/store/read.ts';
import { census } from '../../src/store/usage.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const id = (n: number) => `6111111${n}-1111-4111-8111-111111111111`;
const uid = (n: number) => `claude-code:${id(n)}` as SessionUid;
const day = (n: number) => `2026-05-${String(n).padStart(2, '0')}T10:00:00.000Z`;
const put = (world: World, n: number, ...days: number[]) =>
  world.put(claudePath(id(n)), days.map((each) => promptLine(id(n), `day ${each}`, day(each))).join(''));

const TRUE = '2026-06-01T00:00:00.000Z' as Iso;
const LATER = '2026-06-02T00:00:00.000Z' as Iso;
const WRONG: readonly Iso[] = [
  '1970-01-01T00:00:40.000Z',
  '2020-06-01T00:00:00.000Z',
  '2032-06-01T00:00:00.000Z',
] as Iso[];

const order = (world: World) => [...census(world.db, world.now).evictable()].map((card) => card.uid);
const tooOld = (world: World, days: number) =>
  [...census(world.db, world.now).evictableOlderThan(days)].map((card) => card.uid);
const times = (world: World, n: number) => {
  const session = findSession(world.db, uid(n));
  return [session?.startedAt, session?.endedAt, session?.ingestedAt, session?.analyzedAt] as (
    | string
    | null
    | undefined
  )[];
};
const retimed = (world: World) =>
  world.db
    .all<{ uid: string; at: string }>(
      "SELECT session_uid AS uid, at FROM events WHERE kind = 'retimed' ORDER BY id",
    )
    .map((event) => [event.uid, event.at]);

describe.each(WRONG)('sessions that were stored while the clock said %s', (wrong) => {
  /** 1 and 2 are stored under the wrong clock, the one that ended later first. */
  async function world(analyze = true): Promise<World> {
    const made = new World();
    put(made, 1, 20, 21);
    put(made, 2, 10, 11);
    made.now = wrong;
    await made.ingest({ analyze });
    made.now = TRUE;
    return made;
  }

  test('are as old as their transcripts say, and in that order, before anything is put right', async () => {
    using made = await world();
    expect(order(made)).toEqual([uid(2), uid(1)]);
    expect(tooOld(made, 45)).toEqual([]);
    expect(tooOld(made, 5)).toEqual([uid(2), uid(1)]);
  });

  test('are put right by the next ingest, once', async () => {
    using made = await world();
    await made.ingest();
    expect([1, 2].map((n) => times(made, n))).toEqual([
      [day(20), day(21), TRUE, TRUE],
      [day(10), day(11), TRUE, TRUE],
    ]);
    expect(order(made)).toEqual([uid(2), uid(1)]);
    expect(retimed(made).toSorted()).toEqual([
      [uid(1), TRUE],
      [uid(2), TRUE],
    ]);
    made.now = LATER;
    await made.ingest();
    expect(retimed(made).length).toBe(2);
    expect(times(made, 1)).toEqual([day(20), day(21), TRUE, TRUE]);
    expect(
      verify(
        made.db,
        () => undefined,
        () => false,
      ).findings,
    ).toEqual([]);
  });

  test('go after what was analyzed before, and before what is analyzed from then on', async () => {
    using made = new World();
    put(made, 3, 30);
    made.now = '2026-05-31T00:00:00.000Z' as Iso;
    await made.ingest();
    put(made, 1, 20, 21);
    made.now = wrong;
    await made.ingest();
    made.now = TRUE;
    await made.ingest();
    put(made, 4, 2);
    made.now = LATER;
    await made.ingest();
    expect(order(made)).toEqual([uid(3), uid(1), uid(4)]);
  });

  test('have a digest with their times, and are analyzed when they are only stored', async () => {
    using made = await world(false);
    await made.ingest();
    for (const n of [1, 2]) expect(times(made, n).slice(2)).toEqual([TRUE, TRUE]);
    expect(JSON.parse(made.digestJson(uid(1))).ended_at).toBe(day(21));
  });

  test('and those that were right stay as they were, however often the wrong clock runs', async () => {
    using made = new World();
    put(made, 1, 20, 21);
    put(made, 2, 10);
    await made.ingest();
    made.now = wrong;
    put(made, 2, 10, 11);
    await made.ingest();
    await made.ingest();
    expect(times(made, 1)).toEqual([day(20), day(21), TRUE, TRUE]);
    made.now = LATER;
    await made.ingest();
    expect(times(made, 1)).toEqual([day(20), day(21), TRUE, TRUE]);
    expect(times(made, 2)).toEqual([day(10), day(11), TRUE, LATER]);
    expect(order(made)).toEqual([uid(1), uid(2)]);
  });
});

test('an analysis alone under a clock that is behind is put right too', async () => {
  using made = new World();
  put(made, 1, 20);
  await made.ingest({ analyze: false });
  // Only what waits is analyzed: the file is as it was.
  made.now = '2020-06-01T00:00:00.000Z' as Iso;
  await made.ingest();
  expect(times(made, 1)[3]).toBe(made.now);
  made.now = LATER;
  expect(tooOld(made, 45)).toEqual([]);
  await made.ingest();
  expect(times(made, 1)).toEqual([day(20), day(20), TRUE, LATER]);
});
