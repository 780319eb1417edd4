/** What files were before: named by ranges, held by the database, gone with their session's bytes and not before. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { SessionUid } from '../../src/domain/ids.ts';
import { forgetSession } from '../../src/store/forget.ts';
import { filesOf } from '../../src/store/read.ts';
import type { Extent, StoredFile } from '../../src/store/rows.ts';
import { fileChunks } from '../../src/store/segments.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { asVersion, dropVersion, keepVersion, sharedBytes, versionsOf } from '../../src/store/versions.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { SEED } from '../support/seed.ts';

const ID = '41111111-1111-4111-8111-111111111111';
const UID = `claude-code:${ID}` as SessionUid;
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => promptLine(ID, `line ${from + i}`)).join('');

/** A session of twenty lines that became two others. */
async function rewritten(): Promise<World> {
  const world = new World();
  world.put(claudePath(ID), lines(0, 20));
  await world.ingest();
  world.put(claudePath(ID), lines(30, 32));
  await world.ingest();
  return world;
}

const main = (world: World): StoredFile => {
  const [file] = filesOf(world.db, UID);
  if (file === undefined) throw new Error('no file');
  return file;
};
const text = (world: World, number: number) => {
  const version = versionsOf(world.db, UID).find((one) => one.number === number);
  if (version === undefined) throw new Error(`no version ${number}`);
  return Buffer.concat([...fileChunks(world.db, UID, asVersion(main(world), version))]).toString();
};
const findings = (world: World) =>
  verify(
    world.db,
    () => undefined,
    () => false,
  ).findings;

test('shared bytes of two lists of ranges are those that both name', () => {
  const extents = fc
    .uniqueArray(fc.nat(60), { maxLength: 12 })
    .chain((cuts) => fc.tuple(fc.constant(cuts.sort((a, b) => a - b)), fc.nat(1)))
    .map(([cuts, first]) =>
      cuts.flatMap((cut, i): Extent[] =>
        i % 2 === first && i + 1 < cuts.length ? [[cut, (cuts[i + 1] ?? cut) - cut]] : [],
      ),
    )
    .chain((sorted) => fc.shuffledSubarray(sorted, { minLength: sorted.length }));
  const named = (ranges: readonly Extent[]) =>
    new Set(ranges.flatMap(([from, length]) => Array.from({ length }, (_, i) => from + i)));
  fc.assert(
    fc.property(extents, extents, (a, b) => {
      expect(sharedBytes(a, b)).toBe([...named(a)].filter((at) => named(b).has(at)).length);
    }),
    { seed: SEED },
  );
});

describe('the database', () => {
  test('keeps the version that a rewrite has replaced, byte for byte', async () => {
    using world = await rewritten();
    const [version] = versionsOf(world.db, UID);
    expect(version).toMatchObject({ number: 1, records: 20, rawBytes: lines(0, 20).length });
    expect(version?.sha256).toBe(new Bun.CryptoHasher('sha256').update(lines(0, 20)).digest('hex'));
    expect(text(world, 1)).toBe(lines(0, 20));
    expect(findings(world)).toEqual([]);
  });

  test('keeps none where the new version has all that the old one had', async () => {
    using world = new World();
    world.put(claudePath(ID), lines(0, 5));
    await world.ingest();
    world.put(claudePath(ID), lines(0, 9));
    await world.ingest();
    world.put(claudePath(ID), `${lines(0, 3)}${promptLine(ID, 'put in between')}${lines(3, 9)}`);
    await world.ingest();
    expect(versionsOf(world.db, UID)).toEqual([]);
  });

  test('lets go neither the fullest nor the newest of a live file, changes none, and takes none that is not stored', async () => {
    using world = await rewritten();
    world.put(claudePath(ID), lines(40, 43));
    await world.ingest();
    const [fullest, newest] = versionsOf(world.db, UID);
    expect([fullest?.number, newest?.number]).toEqual([1, 2]);
    for (const { id } of versionsOf(world.db, UID))
      expect(() => dropVersion(world.db, id)).toThrow('the fullest or the newest');
    expect(() => world.db.run('UPDATE versions SET raw_bytes = 1')).toThrow('not changed');
    const put = (values: string) =>
      world.db.run(
        `INSERT OR REPLACE INTO versions (session_id, file_id, number, replaced_at, raw_bytes, extents)
         SELECT session_id, id, ${values} FROM files`,
      );
    const at = "'2026-06-01T00:00:00.000Z'";
    expect(() => put(`1, ${at}, 1, '[[0,1]]'`)).toThrow('the version exists');
    expect(() => put(`9, ${at}, 5, '[[0,1]]'`)).toThrow('bytes that are stored');
    expect(() => put(`9, ${at}, 1, '[[99999999,1]]'`)).toThrow('bytes that are stored');
    expect(() => put(`9, ${at}, 1, '[[-1,1]]'`)).toThrow('bytes that are stored');
    expect(versionsOf(world.db, UID).length).toBe(2);
  });

  test.each(['evicted', 'forgotten'])('has none of a session that was %s', async (how) => {
    using world = await rewritten();
    if (how === 'evicted') world.evict(UID);
    else forgetSession(world.db, UID, world.now);
    expect(world.db.all('SELECT * FROM versions')).toEqual([]);
    expect(findings(world)).toEqual([]);
  });

  test('holds some hundreds of one file at most, the fullest and the newest among them', async () => {
    using world = await rewritten();
    const file = main(world);
    const small = (n: number): StoredFile => ({ ...file, rawBytes: 1, extents: [[n, 1]] });
    for (let n = 0; n < 400; n++) keepVersion(world.db, small(n), { records: 1, sha256: null }, world.now);
    const kept = versionsOf(world.db, UID);
    expect(kept.length).toBeWithin(100, 500);
    expect([kept[0]?.number, kept.at(-1)?.number]).toEqual([1, 401]);
    expect(text(world, 1)).toBe(lines(0, 20));
  });
});

test('rot in what a version is made of is found, and a repair with consent drops that row and nothing else', async () => {
  using world = await rewritten();
  const guard = world.db.get<{ sql: string }>(
    "SELECT sql FROM sqlite_schema WHERE name = 'versions_no_update'",
  );
  world.db.exec('DROP TRIGGER versions_no_update');
  world.db.run('UPDATE versions SET sha256 = zeroblob(32)');
  world.db.exec(guard?.sql ?? '');
  const [finding] = findings(world);
  expect([finding?.cure, finding?.file, findings(world).length]).toEqual(['version', 'main', 1]);
  const { planRepair, applyRepair } = await import('../../src/store/repair/repair.ts');
  const own = {
    chunks: (): AsyncGenerator<Uint8Array> => {
      throw new Error('the agent has none');
    },
  };
  const steps = await planRepair(world.db, findings(world), own);
  expect(steps.map(({ kind }) => kind)).toEqual(['lose']);
  expect(await applyRepair(world.db, steps, { own, at: world.now })).toEqual([]);
  expect([findings(world), versionsOf(world.db, UID)]).toEqual([[], []]);
  expect(world.removed(UID)).toBe(lines(0, 20));
  expect(world.stored(UID).toString()).toBe(lines(30, 32));
});
