/** The collector takes what nobody needs and nothing else; and what is forgotten leaves the bucket, whoever's packs it lay in. */
import { expect, test } from 'bun:test';
import type { SessionUid } from '../../src/domain/ids.ts';
import { newId, packName } from '../../src/remote/layout.ts';
import { forgetSession } from '../../src/store/forget.ts';
import { isInBucket } from '../../src/store/remote/receipts.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { RemoteWorld } from '../support/remote-world.ts';

const id = (n: number) => `c000000${n}-0000-4000-8000-000000000000`;
const uid = (n: number) => `claude-code:${id(n)}` as SessionUid;
const text = (n: number) => promptLine(id(n), `session ${n}`);
const LONG = 60_000;

async function stored(model: ModelBucket, name: string, sessions: readonly number[]): Promise<RemoteWorld> {
  const machine = new RemoteWorld(model, name);
  for (const n of sessions) machine.put(claudePath(id(n)), text(n));
  await machine.ingest();
  await machine.sync();
  return machine;
}

test(
  'a pack that nothing names goes at the second look, a week after the first',
  async () => {
    using model = await ModelBucket.started();
    using machine = await stored(model, 'one', [1, 2]);
    const orphan = packName(newId());
    model.put(orphan, Buffer.from('of a run that was killed'));
    expect(await machine.collect()).toEqual({
      removed: [],
      purged: 0,
      waiting: 1,
      others: 0,
      kept_versions: false,
    });
    machine.later(6);
    expect((await machine.collect()).removed).toEqual([]);
    machine.later(2);
    expect((await machine.collect()).removed).toEqual([orphan]);
    expect((await machine.verified()).findings).toEqual([]);
    for (const n of [1, 2]) expect(await machine.fetch(uid(n))).toBe(text(n));
  },
  LONG,
);

test(
  'what is named meanwhile stays, however long it was not',
  async () => {
    using model = await ModelBucket.started();
    using machine = await stored(model, 'one', [1]);
    using other = new RemoteWorld(model, 'other');
    other.put(claudePath(id(2)), text(2));
    await other.ingest();
    await machine.collect();
    machine.later(30);
    // Its packs are sent, and before its commit is there the collector comes.
    let has = false;
    model.fault = ({ method, key }) => {
      if (method === 'PUT' && key.startsWith('log/') && !has) {
        has = true;
        return { kind: 'reset' };
      }
      return null;
    };
    await Promise.all([other.sync(), machine.collect()]);
    await machine.sync();
    expect(await machine.fetch(uid(2))).toBe(text(2));
    expect((await machine.verified()).findings).toEqual([]);
  },
  LONG,
);

test(
  'what a long upload names while the collector looks stays',
  async () => {
    using model = await ModelBucket.started();
    using machine = await stored(model, 'one', [1]);
    using other = new RemoteWorld(model, 'other');
    other.put(claudePath(id(2)), text(2));
    await other.ingest();
    const [isSent, commits] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    model.gate = ({ method, key }) => {
      if (method !== 'PUT' || !key.startsWith(`log/${other.id}`)) return null;
      isSent.resolve();
      return commits.promise;
    };
    const upload = other.sync();
    await isSent.promise;
    expect((await machine.collect()).waiting).toBe(2);
    machine.later(8);
    const before = model.gate;
    model.gate = (asked) => {
      if (asked.key !== 'list packs/') return before(asked);
      commits.resolve();
      return upload;
    };
    expect((await machine.collect()).removed).toEqual([]);
    expect(await machine.fetch(uid(2))).toBe(text(2));
    expect((await machine.verified()).findings).toEqual([]);
  },
  LONG,
);

test(
  'nothing goes where the bucket is not whole',
  async () => {
    using model = await ModelBucket.started();
    using machine = await stored(model, 'one', [1]);
    using other = await stored(model, 'two', [2]);
    const [commit = ''] = model.names(`log/${other.id}/`);
    model.put(commit, Buffer.from('<html>'));
    const before = model.names();
    await expect(machine.collect()).rejects.toThrow('nothing is collected');
    expect(model.names()).toEqual(before);
  },
  LONG,
);

test(
  'what is forgotten leaves the bucket, and what lay beside it is there as before, live or evicted',
  async () => {
    using model = await ModelBucket.started();
    using machine = await stored(model, 'one', [1, 2, 3]);
    const held = model.names('packs/');
    using other = await stored(model, 'two', [4]);
    machine.evict(uid(2));
    await machine.sync();
    await other.sync();
    forgetSession(machine.db, uid(1), machine.now);
    const { purged, others } = await machine.collect();
    expect([purged > 0, others]).toEqual([true, 0]);
    // All of them held something of it, or lay beside it.
    expect(held.filter((name) => model.objects.has(name))).toEqual([]);
    for (const who of [machine, other]) {
      await who.sync();
      expect(await who.fetch(uid(1))).toBe('not in the bucket');
      for (const n of [2, 3, 4]) expect(await who.fetch(uid(n)), `${n} from ${who.name}`).toBe(text(n));
    }
    expect((await machine.verified()).findings).toEqual([]);
    expect(await machine.collect()).toMatchObject({ removed: [], others: 0 });
  },
  LONG,
);

test(
  'what a commit names whose head was never written stays',
  async () => {
    using model = await ModelBucket.started();
    using machine = await stored(model, 'one', [1]);
    using other = new RemoteWorld(model, 'two');
    other.put(claudePath(id(2)), text(2));
    await other.ingest();
    // Its machine is switched off between the commit and the head, and stays so for a month.
    model.fault = ({ method, key }) =>
      method === 'PUT' && key.startsWith('heads/')
        ? { kind: 'status', status: 403, code: 'AccessDenied' }
        : null;
    await expect(other.sync()).rejects.toThrow('refuses PUT');
    model.fault = () => null;
    expect(isInBucket(other.db, uid(2))).toBe(true);
    expect((await machine.collect()).waiting).toBe(0);
    machine.later(30);
    expect((await machine.collect()).removed).toEqual([]);
    other.evict(uid(2));
    expect(await other.fetch(uid(2))).toBe(text(2));
    expect((await machine.verified()).findings).toEqual([]);
  },
  LONG,
);

test(
  'what another machine puts there before it is told that it is forgotten is purged too',
  async () => {
    using model = await ModelBucket.started();
    using one = await stored(model, 'one', [1]);
    using other = new RemoteWorld(model, 'other');
    await other.sync();
    // It has gone on with it there, beside something of its own, and does not read what the first one tells.
    for (const n of [1, 2]) other.put(claudePath(id(n)), text(n) + text(n));
    await other.ingest();
    expect(forgetSession(one.db, uid(1), one.now)).toBe(true);
    await one.sync();
    const before = new Set(model.names('packs/'));
    await other.sync(undefined, 0);
    const own = model.names('packs/').filter((name) => !before.has(name));
    expect((await one.collect()).others).toBe(own.length);
    expect((await other.collect()).purged).toBe(own.length);
    expect((await one.collect()).others).toBe(0);
    expect(model.names('packs/').filter((name) => own.includes(name))).toEqual([]);
    for (const each of [one, other]) {
      expect(await each.fetch(uid(1))).toBe('not in the bucket');
      expect(await each.fetch(uid(2))).toBe(text(2) + text(2));
    }
    expect((await one.verified()).findings).toEqual([]);
  },
  LONG,
);

test(
  'what is committed between the list of the logs and a look at a head is not missing',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await stored(model, 'laptop', [1]);
    using desktop = await stored(model, 'desktop', [2]);
    await laptop.sync();
    desktop.put(claudePath(id(3)), text(3));
    await desktop.ingest();
    let met: Promise<unknown> | null = null;
    model.gate = ({ method, key }) => {
      if (method !== 'GET' || key !== `heads/${desktop.id}`) return null;
      met ??= desktop.sync();
      return met;
    };
    await laptop.collect();
    expect(met).not.toBeNull();
    // The same for whoever reads all of it back.
    desktop.put(claudePath(id(4)), text(4));
    await desktop.ingest();
    met = null;
    expect((await laptop.verified()).findings).toEqual([]);
    expect(met).not.toBeNull();
    model.gate = () => null;
    expect((await laptop.sync()).read.problems).toEqual([]);
    expect(await laptop.fetch(uid(3))).toBe(text(3));
  },
  LONG,
);
