// Codex's list of names, and its archived sessions.
import { expect, test } from 'bun:test';
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { planRestore } from '../../src/cli/commands/restore.plan.ts';
import { listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { restoreAll } from '../support/restored.ts';
import { tokensIn, toldIn } from './recorded-homes.ts';

const ID = '01a22a27-67e3-78a1-8aed-e6cb99188c62';
const NAME = `rollout-2026-11-30T01-52-35-${ID}.jsonl`;
const AT = `.codex/sessions/2026/11/30/${NAME}`;

function recorded(): World {
  const world = new World();
  world.now = '2026-12-01T00:00:00.000Z' as typeof world.now;
  cpSync(join(import.meta.dir, '../fixtures/recorded/codex-named'), world.home, { recursive: true });
  return world;
}
const titles = (world: World) => listSessions(world.db).map(({ title }) => title);

test('a session goes by the name that Codex has in its index, the last one, and the digest by it too', async () => {
  using world = recorded();
  await world.ingest();
  expect(titles(world)).toEqual(['renamed in codex']);
  const told = toldIn(world).get(ID);
  expect([told?.digest?.title, tokensIn(told)]).toEqual(['renamed in codex', [6400, 1600, 400, 56]]);
});

test('a name that is given later takes the place of the first prompt, once the session goes on', async () => {
  using world = recorded();
  const index = join(world.home, '.codex/session_index.jsonl');
  rmSync(index);
  await world.ingest();
  expect(titles(world)).toEqual(['Please build the hello file']);
  world.put(
    '.codex/session_index.jsonl',
    `${JSON.stringify({ id: ID, thread_name: 'the hello file' })}\n{"torn`,
  );
  appendFileSync(
    join(world.home, AT),
    `${JSON.stringify({ timestamp: '2026-11-30T01:54:00.000Z', type: 'event_msg', payload: { type: 'user_message', message: 'go on' } })}\n`,
  );
  await world.ingest();
  expect(titles(world)).toEqual(['the hello file']);
  expect(toldIn(world).get(ID)?.digest?.title).toBe('the hello file');
});

test('a name that is given when all was said is told by the next ingest, and by the digest, which covers the same bytes', async () => {
  using world = recorded();
  const index = join(world.home, '.codex/session_index.jsonl');
  rmSync(index);
  await world.ingest();
  const told = () =>
    listSessions(world.db).map(({ title, generation, analyzedAt }) => ({ title, generation, analyzedAt }));
  const [before] = told();
  appendFileSync(index, `${JSON.stringify({ id: ID, thread_name: 'named at the end' })}\n`);
  world.now = '2026-12-01T01:00:00.000Z' as typeof world.now;
  expect(await world.ingest()).toMatchObject({
    sessions_grown: 0,
    sessions_unchanged: 1,
    raw_bytes_added: 0,
  });
  expect(told()).toEqual([
    { title: 'named at the end', generation: before?.generation, analyzedAt: before?.analyzedAt } as never,
  ]);
  expect(toldIn(world).get(ID)?.digest?.title).toBe('named at the end');
  // What is evicted, and what a list only seems to name, stays as it is.
  for (const { uid } of listSessions(world.db)) world.evict(uid);
  appendFileSync(index, `${JSON.stringify({ id: ID, thread_name: 'too late' })}\n{"id":`);
  await world.ingest();
  expect(titles(world)).toEqual(['named at the end']);
});

test('a name that a list gives to one of two sessions of an id is neither’s', async () => {
  using world = recorded();
  const index = join(world.home, '.codex/session_index.jsonl');
  rmSync(index);
  await world.ingest();
  const twin = readFileSync(join(world.home, AT), 'utf8').replaceAll('hello', 'other');
  world.put(AT.replace('11/30/', '11/29/'), twin);
  await world.ingest();
  const before = titles(world);
  appendFileSync(index, `${JSON.stringify({ id: ID, thread_name: 'whose' })}\n`);
  await world.ingest();
  expect([before.length, titles(world)]).toEqual([2, before]);
});

test('an archived session is put back among the archived ones, with the command that brings it out, and is no second copy', async () => {
  using world = recorded();
  const archived = join(world.home, '.codex/archived_sessions', NAME);
  mkdirSync(dirname(archived), { recursive: true });
  renameSync(join(world.home, AT), archived);
  await world.ingest();
  const bytes = readFileSync(archived);
  const [session] = listSessions(world.db);
  if (session === undefined) throw new Error('no session');
  const settings = { storePath: join(world.folder, 'store', 's.db') };
  const planned = planRestore({ host: world.host, settings }, world.db, session, { to: null, force: false });
  expect(planned.files.map(({ path, place }) => [path, place])).toEqual([[archived, 'same']]);
  expect(planned.resume.needs).toContain(`codex unarchive ${ID}`);
  rmSync(archived);
  expect((await restoreAll(world, null)).failed).toEqual([]);
  expect(readFileSync(archived).equals(bytes)).toBe(true);
  expect(existsSync(join(world.home, AT))).toBe(false);
});
