/** An upload of a large session that was interrupted: it goes on where it stopped, with what is proven to be there and nothing else. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { SessionUid } from '../../src/domain/ids.ts';
import { forgetSession } from '../../src/store/forget.ts';
import { recordsFor } from '../../src/store/remote/state.ts';
import { piecesOf } from '../../src/store/remote/upload.ts';
import { claudePath } from '../support/bench-world.ts';
import { type Asked, ModelBucket } from '../support/model-bucket.ts';
import { id, longText, uid } from '../support/remote-machine.ts';
import { RemoteWorld } from '../support/remote-world.ts';

const LONG = 120_000;
/** The session is larger than a commit. */
const COMMIT_BYTES = 1_000_000;
const UID = uid(1) as SessionUid;
const TEXT = longText(1, 13_000_000);

const isPackPut = ({ method, key }: Asked) => method === 'PUT' && key.includes('packs/');

const sentPacks = (laptop: RemoteWorld) => new Set(piecesOf(laptop.db, UID).sent.map(({ pack }) => pack));

/** A machine whose upload ended once so many packs were there. */
async function stopped(model: ModelBucket, packs: number): Promise<RemoteWorld> {
  const laptop = new RemoteWorld(model, 'laptop');
  laptop.put(claudePath(id(1)), TEXT);
  await laptop.ingest();
  const there = new Set<string>();
  model.fault = (asked) => {
    if (!isPackPut(asked) || there.has(asked.key)) return null;
    if (there.size >= packs) return { kind: 'status', status: 403, code: 'AccessDenied' };
    there.add(asked.key);
    return null;
  };
  await expect(laptop.sync(undefined, undefined, COMMIT_BYTES)).rejects.toThrow('refuses PUT');
  model.fault = () => null;
  model.takeLog();
  return laptop;
}

async function mustBeWhole(laptop: RemoteWorld): Promise<void> {
  expect(await laptop.fetch(UID)).toBe(TEXT);
  expect((await laptop.verified()).findings).toEqual([]);
  expect(piecesOf(laptop.db, UID).sent).toEqual([]);
}

test(
  'wherever an upload was interrupted, the next one sends the rest, and what comes back is whole',
  async () => {
    for (const packs of [0, 1, 2]) {
      using model = await ModelBucket.started();
      using laptop = await stopped(model, packs);
      const sent = sentPacks(laptop);
      expect([sent.size, recordsFor(laptop.db, UID)]).toEqual([packs, []]);
      const { uploaded } = await laptop.sync(undefined, undefined, COMMIT_BYTES);
      const log = model.takeLog();
      const named = recordsFor(laptop.db, UID).flatMap(({ bytes }) => bytes?.packs ?? []);
      const put = named.filter((pack) => log.some((line) => line.startsWith('PUT ') && line.endsWith(pack)));
      expect(new Set(named).isSupersetOf(sent)).toBe(true);
      expect([named.length, put.length]).toEqual([3, 3 - packs]);
      expect(uploaded.foundBytes > 0).toBe(sent.size > 0);
      expect(uploaded.rawBytes + uploaded.foundBytes).toBe(TEXT.length);
      await mustBeWhole(laptop);
    }
  },
  LONG,
);

test(
  'what is still under way when another pack is refused is noted before the upload ends',
  async () => {
    using model = await ModelBucket.started();
    using laptop = new RemoteWorld(model, 'laptop');
    laptop.put(claudePath(id(1)), TEXT);
    await laptop.ingest();
    const refused = Promise.withResolvers<void>();
    const seen: string[] = [];
    const place = ({ key }: Asked) => (seen.includes(key) ? seen.indexOf(key) : seen.push(key) - 1);
    // The last pack of bytes comes there only once the one of rows was refused.
    model.gate = async (asked) => {
      if (!isPackPut(asked) || place(asked) !== 2) return;
      await refused.promise;
      // A request of its own: once that is answered, the refusal before it has been heard.
      await fetch(model.endpoint);
    };
    model.fault = (asked) => {
      if (!isPackPut(asked) || place(asked) < 3) return null;
      refused.resolve();
      return { kind: 'status', status: 403, code: 'AccessDenied' };
    };
    await expect(laptop.sync(undefined, undefined, COMMIT_BYTES)).rejects.toThrow('refuses PUT');
    expect(sentPacks(laptop).size).toBe(3);
  },
  LONG,
);

test(
  'what of it was changed, exchanged, cut or taken away meanwhile is sent again, and never named',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await stopped(model, 2);
    const names = model.names('packs/');
    const image = laptop.image();
    const before = new Map(names.map((name) => [name, model.bytes(name)]));
    const wrongs = fc.record({
      which: fc.nat(names.length - 1),
      how: fc.constantFrom('changed', 'cut', 'gone', 'exchanged'),
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    });
    await fc.assert(
      fc.asyncProperty(wrongs, async ({ which, how, at }) => {
        for (const name of model.names()) if (name !== 'format') model.objects.delete(name);
        for (const [name, bytes] of before) model.put(name, bytes);
        laptop.setBack(image);
        const [name = '', other = ''] = [names[which], names[(which + 1) % names.length]];
        const bytes = Buffer.from(model.bytes(name));
        const place = Math.floor(at * bytes.length);
        if (how === 'gone') model.objects.delete(name);
        else if (how === 'exchanged') model.put(name, model.bytes(other));
        else if (how === 'cut') model.put(name, bytes.subarray(0, place));
        else {
          bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
          model.put(name, bytes);
        }
        await laptop.sync(undefined, undefined, COMMIT_BYTES);
        const named = recordsFor(laptop.db, UID).flatMap((record) => record.bytes?.packs ?? []);
        expect(named.some((pack) => name.endsWith(pack))).toBe(false);
        expect(await laptop.fetch(UID)).toBe(TEXT);
      }),
      { numRuns: 4 },
    );
  },
  LONG,
);

test(
  'what was sent a day ago, or in a time that has not come yet, is not used again: a collector may be at it',
  async () => {
    for (const days of [1.01, -1]) {
      using model = await ModelBucket.started();
      using laptop = await stopped(model, 2);
      const sent = piecesOf(laptop.db, UID).sent.map(({ pack }) => pack);
      expect(sent.length).toBeGreaterThan(0);
      laptop.later(days);
      const { uploaded } = await laptop.sync(undefined, undefined, COMMIT_BYTES);
      expect([days, uploaded.foundBytes]).toEqual([days, 0]);
      const named = recordsFor(laptop.db, UID).flatMap((record) => record.bytes?.packs ?? []);
      expect(named.filter((pack) => sent.includes(pack))).toEqual([]);
      await mustBeWhole(laptop);
    }
  },
  LONG,
);

test(
  'what was sent of a session that is then forgotten goes from the bucket at once',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await stopped(model, 2);
    expect(model.names('packs/').length).toBeGreaterThan(1);
    forgetSession(laptop.db, UID, laptop.now);
    await laptop.collect();
    // What was on its way when it stopped is known to nobody, and goes in a week.
    const left = model.names('packs/').length;
    expect(left).toBeLessThanOrEqual(2);
    laptop.later(8);
    await laptop.collect();
    laptop.later(8);
    await laptop.collect();
    expect(model.names('packs/')).toEqual([]);
  },
  LONG,
);
