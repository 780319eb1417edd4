// `omp gc` moves old sessions of Oh My Pi into an archive, each transcript compressed with gzip: an archived session is the same one.
import { expect, test } from 'bun:test';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ohMyPi } from '../../src/agents/pi/index.ts';
import { listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { restoreAll } from '../support/restored.ts';

const AGENT = '.omp/agent';

function recorded(): World {
  const world = new World();
  world.now = '2026-12-01T00:00:00.000Z' as typeof world.now;
  cpSync(join(import.meta.dir, '../fixtures/recorded/omp'), world.home, { recursive: true });
  return world;
}

/** Paths below the agent's folder of transcripts, and what is in them. */
function transcripts(world: World): Map<string, Buffer> {
  const root = join(world.home, AGENT);
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const own = names.filter((name) => /^sessions\/[^/]+\/[^/]+\.jsonl$/.test(name)).sort();
  return new Map(own.map((name) => [name, readFileSync(join(root, name))]));
}

/** What `omp gc --apply --archive` of 18.2.3 was seen to do with all sessions. */
function archive(
  world: World,
  pack = (bytes: Buffer): Uint8Array => Bun.gzipSync(new Uint8Array(bytes)),
): void {
  const root = join(world.home, AGENT);
  for (const [name, bytes] of transcripts(world)) {
    const to = join(root, 'archive', `${name}.gz`);
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, pack(bytes));
    rmSync(join(root, name));
    const [beside, besideTo] = [join(root, name.slice(0, -6)), join(root, 'archive', name.slice(0, -6))];
    if (existsSync(beside)) renameSync(beside, besideTo);
  }
}

const told = (world: World) =>
  listSessions(world.db).map(({ uid, state, rawBytes, title }) => ({ uid, state, rawBytes, title }));

test('a session that is archived after it was stored is the same one: nothing is stored, and what was evicted stays so', async () => {
  using world = recorded();
  await world.ingest();
  const before = told(world);
  expect(before.length).toBeGreaterThan(0);
  archive(world);
  expect(await world.ingest()).toMatchObject({ sessions_new: 0, sessions_grown: 0, raw_bytes_added: 0 });
  expect(told(world)).toEqual(before);
  using other = recorded();
  await other.ingest();
  for (const { uid } of told(other)) other.evict(uid);
  archive(other);
  await other.ingest();
  expect(told(other).map(({ state }) => state)).toEqual(before.map(() => 'evicted'));
});

test('a session that was met in the archive alone is stored with its plain bytes, and goes back to where Oh My Pi looks', async () => {
  using plain = recorded();
  await plain.ingest();
  using world = recorded();
  const bytes = transcripts(world);
  archive(world);
  await world.ingest();
  expect(told(world)).toEqual(told(plain));
  rmSync(join(world.home, AGENT, 'archive'), { recursive: true });
  expect((await restoreAll(world, null)).failed).toEqual([]);
  expect(transcripts(world)).toEqual(bytes);
});

test('both at once, in the archive and in their place, are one session', async () => {
  using world = recorded();
  const bytes = transcripts(world);
  archive(world);
  for (const [name, content] of bytes) world.put(`${AGENT}/${name}`, content);
  await world.ingest();
  expect(told(world)).toHaveLength(bytes.size);
});

test('an archived transcript that is cut short is named and stores nothing, and is taken once it is whole', async () => {
  using world = recorded();
  archive(world, (bytes) => Bun.gzipSync(new Uint8Array(bytes)).subarray(0, -12));
  const { warnings } = await world.ingest();
  expect(warnings.join('\n')).toContain('.jsonl.gz');
  expect(told(world).filter(({ rawBytes }) => rawBytes > 0)).toEqual([]);
  using whole = recorded();
  archive(whole);
  cpSync(join(whole.home, AGENT, 'archive'), join(world.home, AGENT, 'archive'), { recursive: true });
  await world.ingest();
  expect(told(world).length).toBe(1);
});

test('an archived file that lies about is taken by its records', async () => {
  using world = recorded();
  const [bytes = Buffer.alloc(0)] = transcripts(world).values();
  rmSync(join(world.home, AGENT), { recursive: true });
  const path = world.put('Downloads/x.jsonl.gz', Bun.gzipSync(new Uint8Array(bytes)));
  await world.ingest({ paths: [path] });
  expect(told(world)).toMatchObject([{ rawBytes: bytes.length, state: 'analyzed' }]);
});

test('its archive leads to its root', () => {
  for (const path of ['sessions/-p/x.jsonl', 'archive/sessions/-p/x.jsonl.gz', 'archive', ''])
    expect(ohMyPi.rootOf(join('/home/me/.omp/agent', path))).toBe('/home/me/.omp/agent');
});
