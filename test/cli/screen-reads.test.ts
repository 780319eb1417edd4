/** What the screens are told of the store by another thread is what the commands would say of it. */
import { describe, expect, test } from 'bun:test';
import type { Context } from '../../src/cli/context.ts';
import { type Answers, answersOf } from '../../src/cli/screen-reads.ts';
import { DEFAULT_LIMITS } from '../../src/domain/limits.ts';
import { openReadable } from '../../src/store/open.ts';
import { listSessions } from '../../src/store/read.ts';
import { beginSweep, finishSweep } from '../../src/store/write-sweep.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { id } from '../support/filled.ts';

const REMOTE = { url: 's3://bucket/place', endpoint: null, region: null, pathStyle: null, name: null };

async function answering(world: World, remote: typeof REMOTE | null, ask: (answers: Answers) => void) {
  using db = openReadable(world.db.path);
  // What is asked of it here needs no more of a context.
  const context = { settings: { limits: DEFAULT_LIMITS, remote } } as unknown as Context;
  ask(await answersOf(context, db));
}

async function filledWorld(): Promise<World> {
  const world = new World();
  for (let n = 1; n <= 3; n += 1) world.put(claudePath(id(n)), promptLine(id(n), `session ${n}`));
  await world.ingest();
  return world;
}

describe('a thread of the screens', () => {
  test('knows of a bucket that is configured and not joined yet: nothing goes before it is there', async () => {
    using world = await filledWorld();
    await answering(world, REMOTE, ({ view }) => expect(view(world.now, null)?.hasBucket).toBe(true));
    await answering(world, null, ({ view }) => expect(view(world.now, null)?.hasBucket).toBe(false));
  });

  test('tells of a state of the store once, and of the next one', async () => {
    using world = await filledWorld();
    using db = openReadable(world.db.path);
    const context = { settings: { limits: DEFAULT_LIMITS, remote: null } } as unknown as Context;
    const { view } = await answersOf(context, db);
    const first = view(world.now, null);
    if (first === null) throw new Error('nothing was told');
    const seen = { version: first.version, minute: world.now.slice(0, 16) };
    expect(view(world.now, seen)).toBeNull();
    world.put(claudePath(id(9)), promptLine(id(9), 'one more'));
    await world.ingest();
    expect(view(world.now, seen)?.analyzed.sessions).toBe(4);
  });

  test('says of a damaged report that it is damaged, not that there is none', async () => {
    using world = await filledWorld();
    const sweep = { sweepId: 'a', planId: 'p', startedAt: world.now };
    beginSweep(world.db, sweep);
    await answering(world, null, ({ reportOf }) => expect(reportOf('a', 80)).toBeNull());
    const ended = { sweepId: 'a', finishedAt: world.now, lostData: false, bytesFreed: 0 };
    finishSweep(world.db, { ...ended, report: '{"version":' });
    await answering(world, null, ({ reportOf }) =>
      expect(reportOf('a', 80)).toMatchObject([{ text: expect.stringContaining('is damaged') }]),
    );
  });

  test('gives rows, numbers and the list of the same sessions', async () => {
    using world = await filledWorld();
    const uids = listSessions(world.db).map(({ uid }) => uid);
    await answering(world, null, ({ catalogue, rows, numbers, matching }) => {
      const { ids } = catalogue(Date.parse(world.now));
      expect([...rows([...ids]).values()].map(({ uid }) => uid).toSorted()).toEqual(uids.toSorted());
      // What a search found comes the best first, and stays so.
      for (const asked of [uids, uids.toReversed(), uids.slice(1)])
        expect(numbers(asked).map(({ uid }) => uid)).toEqual(asked);
      expect(matching(['session', '2'], 0, Number.MAX_SAFE_INTEGER).length).toBeGreaterThan(0);
    });
  });
});
