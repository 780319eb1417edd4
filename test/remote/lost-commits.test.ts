/** A service that loses a commit which it had said was written: nobody takes the log for whole, and its machine mends it. */
import { describe, expect, test } from 'bun:test';
import type { SessionUid } from '../../src/domain/ids.ts';
import { commitName } from '../../src/remote/layout.ts';
import { findSession } from '../../src/store/read.ts';
import { isInBucket } from '../../src/store/remote/receipts.ts';
import { setHead } from '../../src/store/remote/state.ts';
import { removedChunks } from '../../src/store/segments.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { RemoteWorld } from '../support/remote-world.ts';

const id = (n: number) => `1c00000${n}-0000-4000-8000-000000000000`;
const uid = (n: number) => `claude-code:${id(n)}` as SessionUid;
const text = (n: number) => promptLine(id(n), `session ${n}`);
const LONG = 60_000;

/** A commit for each. */
async function stored(model: ModelBucket, name: string, sessions: readonly number[]): Promise<RemoteWorld> {
  const machine = new RemoteWorld(model, name);
  for (const n of sessions) {
    machine.put(claudePath(id(n)), text(n));
    await machine.ingest();
    await machine.sync();
  }
  return machine;
}

/** Which of its three commits are lost: the first, behind which others stand, or the last, behind which none does, and the others. */
const LOST: readonly (readonly number[])[] = [[0], [1, 2]];

describe.each(LOST)('where the bucket has lost commit %p', (...lost) => {
  test(
    'its machine tells all of it again, also of what was evicted, and a reader from the beginning finds it',
    async () => {
      using model = await ModelBucket.started();
      using machine = await stored(model, 'one', [1, 2, 3]);
      for (const n of [1, 3]) machine.evict(uid(n));
      for (const number of lost) model.objects.delete(commitName(machine.id, number));
      setHead(machine.db, null);
      const { read, uploaded } = await machine.sync();
      expect(read.problems.map(({ object }) => object)).toEqual(lost.map((n) => commitName(machine.id, n)));
      expect(uploaded.problems).toEqual([]);
      expect((await machine.verified()).findings).toEqual([]);
      using late = new RemoteWorld(model, 'late');
      expect((await late.sync()).read.problems).toEqual([]);
      for (const days of [0, 8]) {
        late.later(days);
        await late.collect();
      }
      for (const n of [1, 2, 3]) expect(await late.fetch(uid(n)), `${n} after a collector`).toBe(text(n));
      expect((await machine.sync()).requests).toBe(1);
      expect(isInBucket(machine.db, uid(2))).toBe(true);
    },
    LONG,
  );

  test(
    'a collector of another machine that never read it takes nothing, however often it looks',
    async () => {
      using model = await ModelBucket.started();
      using machine = await stored(model, 'one', [1, 2, 3]);
      for (const number of lost) model.objects.delete(commitName(machine.id, number));
      using late = new RemoteWorld(model, 'late');
      const packs = model.names('packs/');
      for (let look = 0; look < 3; look += 1) {
        await expect(late.collect()).rejects.toThrow('is missing from the bucket');
        late.later(8);
      }
      expect(model.names('packs/')).toEqual(packs);
    },
    LONG,
  );

  test(
    'nothing is evicted by a receipt of it',
    async () => {
      using model = await ModelBucket.started();
      using machine = await stored(model, 'one', [1, 2, 3]);
      for (const number of lost) model.objects.delete(commitName(machine.id, number));
      expect((await machine.lookedAfter()).length).toBe(3);
      for (const n of [1, 2, 3]) expect(isInBucket(machine.db, uid(n))).toBe(false);
      expect(() => machine.evict(uid(1))).toThrow();
      expect(findSession(machine.db, uid(1))?.evictedAt).toBeNull();
      expect((await machine.sync()).uploaded.sessions.sort()).toEqual([1, 2, 3].map(uid));
      expect((await machine.lookedAfter()).length).toBe(0);
    },
    LONG,
  );
});

test(
  'what an evicted session was before it came back as another one is told again too',
  async () => {
    using model = await ModelBucket.started();
    using machine = await stored(model, 'one', [1]);
    machine.evict(uid(1));
    const anew = promptLine(id(1), 'quite another one');
    machine.put(claudePath(id(1)), anew);
    await machine.ingest();
    await machine.sync();
    machine.evict(uid(1));
    await machine.sync();
    const before = await machine.fetch(uid(1));
    model.objects.delete(commitName(machine.id, 0));
    model.objects.delete(commitName(machine.id, 1));
    setHead(machine.db, null);
    await machine.sync();
    using late = new RemoteWorld(model, 'late');
    expect((await late.sync()).read.problems).toEqual([]);
    expect([before, await late.fetch(uid(1))]).toEqual([anew, anew]);
    for (const days of [0, 8]) {
      late.later(days);
      await late.collect();
    }
    expect(await late.fetch(uid(1))).toBe(anew);
    expect(await late.fetch(uid(1), removedChunks)).toContain('session 1');
  },
  LONG,
);

/** The bucket loses its second commit, and a copy of the store from before writes another one in its place. */
async function replacedSecond(model: ModelBucket, copyWrites: readonly number[]) {
  const original = await stored(model, 'original', [1]);
  const copy = new RemoteWorld(model, 'copy');
  copy.setBack(original.image());
  original.put(claudePath(id(2)), text(2));
  await original.ingest();
  await original.sync();
  original.evict(uid(2));
  const reader = new RemoteWorld(model, 'reader');
  await reader.sync();
  model.objects.delete(commitName(original.id, 1));
  for (const n of copyWrites) {
    copy.put(claudePath(id(n)), text(n));
    await copy.ingest();
    setHead(copy.db, null);
    await copy.sync();
  }
  return { original, copy, reader };
}

test(
  'a commit that was lost and written anew by a copy is told to whoever had read the first one, and all of both is known',
  async () => {
    using model = await ModelBucket.started();
    const { original, copy, reader } = await replacedSecond(model, [3, 4]);
    using _all = new DisposableStack();
    for (const each of [original, copy, reader]) _all.use(each);
    expect(copy.id).toBe(original.id);
    const told = {
      object: commitName(copy.id, 1),
      problem: expect.stringContaining('another commit stands'),
    };
    expect((await reader.sync()).read.problems).toEqual([told]);
    for (const n of [1, 2, 3, 4]) expect(await reader.fetch(uid(n)), `${n}`).toBe(text(n));
    expect((await reader.sync()).read.problems).toEqual([]);
  },
  LONG,
);

test(
  'a machine whose last commit was lost and written anew by a copy goes on under another id, and tells again what it had evicted',
  async () => {
    using model = await ModelBucket.started();
    const { original, copy, reader } = await replacedSecond(model, [3]);
    using _all = new DisposableStack();
    for (const each of [original, copy, reader]) _all.use(each);
    const { findings } = await original.verified();
    expect(findings.map(({ object, problem }) => `${object} ${problem}`)).toContain(
      `${commitName(copy.id, 1)} another commit stands in its place than was written or read by this machine`,
    );
    expect((await original.sync()).notes.join()).toContain('an id of its own');
    expect(original.id).not.toBe(copy.id);
    using late = new RemoteWorld(model, 'late');
    await late.sync();
    for (const n of [1, 2, 3]) expect(await late.fetch(uid(n)), `${n}`).toBe(text(n));
  },
  LONG,
);
