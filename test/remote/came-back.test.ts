/** A session that was evicted and comes back as another one: what went is nowhere but in the bucket, and stays there. */
import { expect, test } from 'bun:test';
import type { SessionUid } from '../../src/domain/ids.ts';
import { forgetSession } from '../../src/store/forget.ts';
import { findSession } from '../../src/store/read.ts';
import { machines, noteGone } from '../../src/store/remote/state.ts';
import { removedChunks } from '../../src/store/segments.ts';
import { leaveToBucket } from '../../src/store/write-sweep.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { id, uid } from '../support/remote-machine.ts';
import { RemoteWorld } from '../support/remote-world.ts';

const LONG = 120_000;
const CAME_BACK = uid(1) as SessionUid;
const textOf = (...words: string[]) => words.map((word) => promptLine(id(1), word)).join('');

async function writtenAnew(machine: RemoteWorld, text: string): Promise<void> {
  machine.put(claudePath(id(1)), text);
  await machine.ingest({ analyze: false });
  await machine.sync();
}

async function left(machine: RemoteWorld): Promise<void> {
  const { generation = 0 } = findSession(machine.db, CAME_BACK) ?? {};
  const victim = { uid: CAME_BACK, generation, storedBytes: 1, reason: 'x' };
  const by = { sweepId: null, at: machine.now, untilUsageBytes: null };
  expect(leaveToBucket(machine.db, [victim], by)[0]).toMatchObject({ kind: 'evicted' });
  await machine.sync();
}

async function collected(machine: RemoteWorld): Promise<void> {
  for (let weeks = 0; weeks < 2; weeks += 1) {
    machine.later(8);
    await machine.collect();
  }
}

/** All machines hand out the same: the present version, and what is nowhere in it. */
async function handsOut(some: readonly RemoteWorld[], present: string, before: string): Promise<void> {
  for (const machine of some)
    expect([await machine.fetch(CAME_BACK), await machine.fetch(CAME_BACK, removedChunks)]).toEqual([
      present,
      before,
    ]);
  expect((await some[0]?.verified())?.findings).toEqual([]);
}

test(
  'what the bucket alone had of a session stays there when its agent has written that anew, whatever is collected',
  async () => {
    using model = await ModelBucket.started();
    using laptop = new RemoteWorld(model, 'laptop');
    using desktop = new RemoteWorld(model, 'desktop');
    const [first, second, third] = [textOf('a', 'b', 'c'), textOf('d'), textOf('d', 'e')];
    for (const n of [2, 3]) laptop.put(claudePath(id(n)), promptLine(id(n), `beside ${n}`));
    await writtenAnew(laptop, first);
    await left(laptop);
    await writtenAnew(laptop, second);
    await collected(laptop);
    await desktop.sync();
    await collected(desktop);
    await handsOut([laptop, desktop], second, first);
    // Grown, it is the same one still: nothing is kept twice.
    await left(laptop);
    await writtenAnew(laptop, third);
    await left(laptop);
    await collected(laptop);
    await desktop.sync();
    await handsOut([laptop, desktop], third, first);

    // What is forgotten lies beside it in one pack, and goes all the same.
    forgetSession(laptop.db, uid(2) as SessionUid, laptop.now);
    const before = model.names('packs/');
    await laptop.collect();
    expect((await laptop.collect()).others).toBe(0);
    await desktop.sync();
    await handsOut([laptop, desktop], third, first);
    expect(before.some((name) => !model.objects.has(name))).toBe(true);

    // The same for a machine that is gone.
    forgetSession(laptop.db, uid(3) as SessionUid, laptop.now);
    await laptop.sync();
    noteGone(desktop.db, machines(desktop.db)[0]?.machine ?? '', desktop.now);
    expect((await desktop.collect()).others).toBe(0);
    await collected(desktop);
    await handsOut([desktop], third, first);
  },
  LONG,
);

test(
  'a machine that was set back gives what it evicted itself, not what it had there before it was set back',
  async () => {
    using model = await ModelBucket.started();
    using laptop = new RemoteWorld(model, 'laptop');
    using desktop = new RemoteWorld(model, 'desktop');
    // The longer one lies there under the id that it had before, and whichever of two ids comes first in the alphabet says nothing.
    const [before, now] = [textOf('a', 'b', 'c'), textOf('d')];
    await laptop.sync();
    const image = laptop.image();
    await writtenAnew(laptop, before);
    laptop.setBack(image);
    await writtenAnew(laptop, now);
    await left(laptop);
    await desktop.sync();
    await handsOut([laptop], now, before);
    // Who went on from neither gives one of them, and has the other behind it.
    const there = [await desktop.fetch(CAME_BACK), await desktop.fetch(CAME_BACK, removedChunks)];
    expect(there.toSorted()).toEqual([before, now].toSorted());
  },
  LONG,
);
