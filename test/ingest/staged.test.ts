/** A restore whose files are written by threads: the same bytes, the same failures, and nothing lost with a thread. */

import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { StagerThreads } from '../../src/cli/restore-workers.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { type StageOrder, type Stager, stageFiles } from '../../src/restore/stage.ts';
import { removeTemporary } from '../../src/restore/write-files.ts';
import { filesOf } from '../../src/store/read.ts';
import { fileChunks, lentChunks } from '../../src/store/segments.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { restoreAll, told, treeOf } from '../support/restored.ts';

const WORKER = join(import.meta.dir, '../../src/stage.worker.ts');
const ID = (n: number) => `7000000${n}-0000-4000-8000-000000000000`;
const UID = (n: number) => `claude-code:${ID(n)}` as SessionUid;

/** Files of every kind: small and of several segments, empty, rewritten, beside a transcript, not analyzed yet. */
async function stored(): Promise<World> {
  const world = new World();
  const lines = Array.from({ length: 60 }, (_, i) => promptLine(ID(4), `line ${i} ${'and on '.repeat(i)}`));
  world.put(claudePath(ID(1)), promptLine(ID(1), 'with files beside'));
  const beside = `.claude/projects/-home-me-project/${ID(1)}`;
  world.put(`${beside}/subagents/agent-aaaaaaaa.jsonl`, promptLine(ID(1), 'of the subagent'));
  world.put(`${beside}/tool-results/long.txt`, 'spilled');
  world.put(claudePath(ID(2)), '');
  const noise = Array.from({ length: 400_000 }, (_, i) => Bun.hash(String(i)).toString(36)).join(' ');
  world.put(claudePath(ID(3)), promptLine(ID(3), `nine MiB ${noise} and again ${noise.slice(0, 4_000_000)}`));
  world.put(claudePath(ID(4)), lines.join(''));
  await world.ingest();
  world.put(
    claudePath(ID(4)),
    [...lines.slice(20), promptLine(ID(4), 'new'), ...lines.slice(0, 10)].join(''),
  );
  world.put(
    claudePath(ID(5), '-elsewhere'),
    promptLine(ID(5), 'not analyzed').replace('/home/me/project', '/elsewhere'),
  );
  await world.ingest({ analyze: false });
  return world;
}

function threads(world: World): StagerThreads & { readonly running: Stager } {
  const stagers = new StagerThreads(() => new Worker(WORKER, { smol: true }), world.db.path);
  const running = stagers.forBytes(Number.MAX_SAFE_INTEGER);
  if (running === null) throw new Error('no threads');
  return Object.assign(stagers, { running });
}

/** Threads of a program that is not ours. */
function threadsOf(world: World, program: string): StagerThreads & { readonly running: Stager } {
  const path = join(world.folder, `${Bun.hash(program).toString(36)}.ts`);
  writeFileSync(path, program);
  const stagers = new StagerThreads(() => new Worker(path), world.db.path);
  return Object.assign(stagers, { running: stagers.forBytes(Number.MAX_SAFE_INTEGER) ?? stagers });
}

/** On this thread. `before`: what happens just before files are written; those that it returns are not. */
function inPlace(world: World, before: (order: StageOrder) => boolean): Stager {
  return {
    stage: async (orders) => {
      const left = new Set(orders.filter(before));
      const done = await stageFiles(
        world.db,
        orders.filter((order) => !left.has(order)),
      );
      return orders.map((order) => (left.has(order) ? false : done.shift() === true));
    },
  };
}

/** Changes the last byte of a file's first segment, which nothing but a bare connection can do. */
function damage(world: World, uid: SessionUid): void {
  using bare = new Database(world.db.path);
  const triggers = bare.query(
    `SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'segments'`,
  );
  for (const { name } of triggers.all() as { name: string }[]) bare.run(`DROP TRIGGER "${name}"`);
  const row = bare
    .query(
      `SELECT id, data FROM segments WHERE session_id = (SELECT id FROM sessions WHERE session_uid = ?) LIMIT 1`,
    )
    .get(uid) as { id: number; data: Uint8Array };
  row.data[row.data.length - 1] = (row.data.at(-1) ?? 0) ^ 1;
  bare.run('UPDATE segments SET data = ? WHERE id = ?', [row.data, row.id]);
}

const temporaries = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.includes('.session-memory-'),
  );

describe('a restore by threads', () => {
  test('leaves the same tree as one without them, and tells the same', async () => {
    using world = await stored();
    using stagers = threads(world);
    const [here, there] = [join(world.folder, 'here'), join(world.folder, 'there')];
    const one = told(await restoreAll(world, here));
    const two = told(await restoreAll(world, there, { stager: stagers.running }));
    expect(one.restored.length, 'all of them').toBe(5);
    expect(two).toEqual(one);
    expect(Object.keys(treeOf(here)).length).toBe(7);
    expect(treeOf(there)).toEqual(treeOf(here));
    const original = readFileSync(join(world.home, claudePath(ID(4))));
    expect(readFileSync(join(there, claudePath(ID(4)).slice('.claude/'.length))).equals(original)).toBe(true);
  });

  test('puts files back where their agent looks, and the next ingest reads none of them', async () => {
    using world = await stored();
    using stagers = threads(world);
    const before = treeOf(world.home);
    rmSync(join(world.home, '.claude'), { recursive: true });
    const { restored } = await restoreAll(world, null, { stager: stagers.running, learns: true });
    expect(restored.length).toBe(5);
    expect(Object.keys(treeOf(world.home))).toEqual(Object.keys(before));
    const sizes = (tree: Record<string, string>) => Object.values(tree).map((text) => text.slice(4));
    expect(sizes(treeOf(world.home))).toEqual(sizes(before));
    expect(await world.ingest()).toMatchObject({ files_read: 0, warnings: [] });
  });

  test('names damage in a segment as the other way does, and restores all others', async () => {
    using world = await stored();
    damage(world, UID(1));
    damage(world, UID(3));
    using stagers = threads(world);
    const [here, there] = [join(world.folder, 'here'), join(world.folder, 'there')];
    const one = told(await restoreAll(world, here));
    const two = told(await restoreAll(world, there, { stager: stagers.running }));
    expect(one.failed.map(([uid]) => uid).sort()).toEqual([UID(1), UID(3)]);
    expect(one.failed[0]?.[1]).toMatchObject({ code: 'corrupt' });
    expect({ ...two, failed: [...two.failed].sort() }).toEqual({ ...one, failed: [...one.failed].sort() });
    expect(treeOf(there)).toEqual(treeOf(here));
    expect(temporaries(there)).toEqual([]);
  });

  test.each([
    ['throws', `self.onmessage = () => { throw new Error('it broke'); };`],
    ['ends without a word', 'self.onmessage = () => process.exit(3);'],
    ['cannot even start', `throw new Error('at once');`],
    ['says no', `self.onmessage = ({ data: { id } }) => self.postMessage({ id, ok: false, message: 'no' });`],
  ])('whose thread %s is done the long way', async (_, program) => {
    using world = await stored();
    using stagers = threadsOf(world, program);
    const [here, there] = [join(world.folder, 'here'), join(world.folder, 'there')];
    const one = told(await restoreAll(world, here));
    expect(told(await restoreAll(world, there, { stager: stagers.running }))).toEqual(one);
    expect(treeOf(there)).toEqual(treeOf(here));
  });

  test('does again what a thread left half done, and nothing of that stays', async () => {
    using world = await stored();
    const to = join(world.folder, 'to');
    const half = inPlace(world, ({ temporary, file }) => {
      if (file.role === 'main') return false;
      writeFileSync(temporary, 'half a fi');
      return true;
    });
    expect((await restoreAll(world, to, { stager: half })).failed).toEqual([]);
    await restoreAll(world, join(world.folder, 'here'));
    expect(treeOf(to)).toEqual(treeOf(join(world.folder, 'here')));
  });

  test('writes over nothing that has come up meanwhile, and leaves no file of that session', async () => {
    using world = await stored();
    const to = join(world.folder, 'to');
    const mine = join(to, claudePath(ID(5), '-elsewhere').slice('.claude/'.length));
    const stager = inPlace(world, ({ uid }) => {
      if (uid === UID(5)) writeFileSync(mine, 'mine');
      return false;
    });
    const { restored, failed } = await restoreAll(world, to, { stager });
    expect(failed.map(({ one, error }) => [one.session.uid, error.failure.code])).toEqual([
      [UID(5), 'exists'],
    ]);
    expect([restored.length, readFileSync(mine, 'utf8'), temporaries(to)]).toEqual([4, 'mine', []]);
  });

  test('of a session that is evicted meanwhile says so, and restores all others', async () => {
    using world = await stored();
    let isEvicted = false;
    const stager = inPlace(world, ({ uid }) => {
      if (uid === UID(3) && !isEvicted) world.evict(uid);
      isEvicted ||= uid === UID(3);
      return false;
    });
    const to = join(world.folder, 'to');
    const { restored, failed } = await restoreAll(world, to, { stager });
    expect(failed.map(({ one, error }) => [one.session.uid, error.failure.code])).toEqual([[UID(3), 'busy']]);
    expect([restored.length, temporaries(to)]).toEqual([4, []]);
  });

  test('writes nothing where a folder has become a link since it was looked at', async () => {
    using world = await stored();
    const [to, outside] = [join(world.folder, 'to'), join(world.folder, 'outside')];
    mkdirSync(outside);
    const stager = inPlace(world, ({ uid, temporary }) => {
      if (uid !== UID(5)) return false;
      renameSync(dirname(temporary), join(world.folder, 'away'));
      symlinkSync(outside, dirname(temporary));
      return false;
    });
    const { restored, failed } = await restoreAll(world, to, { stager });
    expect(failed.map(({ error }) => error.failure.message).join()).toContain('refused to write outside');
    expect([restored.length, readdirSync(outside)]).toEqual([4, []]);
  });

  test('that is interrupted has put whole sessions in their places, and leaves nothing else', async () => {
    using world = new World();
    for (let n = 0; n < 400; n += 1) {
      const id = `71000${String(n).padStart(3, '0')}-0000-4000-8000-000000000000`;
      world.put(claudePath(id), promptLine(id, `session ${n}`));
    }
    await world.ingest();
    const stop = new AbortController();
    const stager = inPlace(world, () => {
      stop.abort();
      return false;
    });
    const to = join(world.folder, 'to');
    const { restored, failed } = await restoreAll(world, to, { stager, signal: stop.signal });
    expect(failed).toEqual([]);
    expect(restored.length, 'some of them').toBeWithin(1, 400);
    expect(Object.keys(treeOf(to)).length).toBe(restored.length);
  });

  test('of a store that fails leaves nothing beside the places', async () => {
    using world = await stored();
    const to = join(world.folder, 'to');
    const broken = new Error('the store is gone');
    const stager: Stager = {
      stage: async (orders) => {
        await stageFiles(world.db, orders);
        throw broken;
      },
    };
    expect(restoreAll(world, to, { stager })).rejects.toBe(broken);
    await Promise.allSettled([restoreAll(world, to, { stager })]);
    expect(temporaries(to)).toEqual([]);
  });

  test('that fails at one group waits for those before it: nothing is written behind its back', async () => {
    using world = new World();
    for (let n = 0; n < 130; n++) {
      const id = `71000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
      world.put(claudePath(id), promptLine(id, `words ${n}`));
    }
    await world.ingest();
    const to = join(world.folder, 'to');
    const broken = new Error('the store is gone');
    const second = Promise.withResolvers<void>();
    let firstIsDone = false;
    let calls = 0;
    const stager: Stager = {
      stage: async (orders) => {
        calls += 1;
        if (calls > 1) {
          second.resolve();
          throw broken;
        }
        await second.promise;
        for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
        const done = await stageFiles(world.db, orders);
        firstIsDone = true;
        return done;
      },
    };
    expect(await restoreAll(world, to, { stager }).catch((thrown) => thrown)).toBe(broken);
    expect(firstIsDone).toBe(true);
    expect(temporaries(to)).toEqual([]);
  });

  test('hides no reason behind what cannot be taken back', () => {
    using world = new World();
    // A folder in the place of a temporary file cannot be removed, as nothing can on a disk that has become read-only.
    const taken = join(world.folder, '.a.session-memory-x');
    mkdirSync(join(taken, 'within'), { recursive: true });
    expect(() => removeTemporary(taken)).not.toThrow();
    expect(existsSync(taken)).toBe(true);
  });

  test('leaves no log beside the store once the threads are closed', async () => {
    using world = await stored();
    using stagers = threads(world);
    expect((await restoreAll(world, null, { stager: stagers.running, learns: true })).failed).toEqual([]);
    await restoreAll(world, join(world.folder, 'to'), { stager: stagers.running, learns: true });
    expect(existsSync(`${world.db.path}-wal`), 'as long as it is open').toBe(true);
    await stagers.close();
    world.db.close();
    expect(existsSync(`${world.db.path}-wal`)).toBe(false);
  });

  test('starts threads only where there is enough to write', () => {
    let started = 0;
    const start = () => {
      started += 1;
      throw new Error('started');
    };
    const stagers = new StagerThreads(start, '/nowhere');
    expect([stagers.forBytes(16 * 1024 ** 2 - 1), started]).toEqual([null, 0]);
    expect(stagers.forBytes(16 * 1024 ** 2), 'none could be started').toBe(null);
    expect(started).toBe(1);
    expect(new StagerThreads(null, '/nowhere').forBytes(1e12)).toBe(null);
  });
});

describe('chunks that are lent', () => {
  test('are the bytes of the file, and bring a hash only where they are all of it', async () => {
    using world = await stored();
    const seen: Record<string, number> = {};
    for (const n of [1, 2, 3, 4, 5])
      for (const file of filesOf(world.db, UID(n))) {
        const kept = Buffer.concat([...fileChunks(world.db, UID(n), file)]);
        const hasher = new Bun.CryptoHasher('sha256');
        for (const { bytes, sha256 } of lentChunks(world.db, UID(n), file)) {
          hasher.update(bytes);
          if (sha256 !== null) expect(Buffer.from(sha256).toString('hex')).toBe(Bun.SHA256.hash(kept, 'hex'));
          const kind = sha256 === null ? 'a part' : 'the whole';
          seen[kind] = (seen[kind] ?? 0) + 1;
        }
        expect(hasher.digest('hex'), file.key).toBe(Bun.SHA256.hash(kept, 'hex'));
      }
    expect(seen['the whole']).toBe(4);
    expect(seen['a part']).toBeGreaterThan(3);
  });

  test('are gone once the next is asked for', async () => {
    using world = await stored();
    const [file] = filesOf(world.db, UID(3));
    if (file === undefined) throw new Error('not stored');
    const held: Uint8Array[] = [];
    for (const { bytes } of lentChunks(world.db, UID(3), file)) {
      for (const before of held) expect(before.length).toBe(0);
      held.push(bytes);
    }
    expect(held.map(({ length }) => length)).toEqual(held.map(() => 0));
    expect(held.length, 'there was a next one').toBeGreaterThan(1);
  });
});
