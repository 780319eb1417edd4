// Whose project a session of Gemini CLI is: told by files beside it, before anything that it says itself.

import { describe, expect, test } from 'bun:test';
import { cpSync, existsSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { kimiCli } from '../../src/agents/kimi-cli/index.ts';
import { planRestore } from '../../src/cli/commands/restore.plan.ts';
import type { Digest } from '../../src/domain/digest.ts';
import { listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { restoreAll } from '../support/restored.ts';
import { jsonl } from './facts.ts';
import { CORPUS, hasRecordings } from './genuine.ts';

const ID = 'aaaaaaaa-1234-4000-8000-000000000001';
const SHOP = '/srv/shop';
const hash = (path: string) => new Bun.CryptoHasher('sha256').update(path).digest('hex');
const list = (projects: Readonly<Record<string, string>>) => JSON.stringify({ projects });

/** A conversation that says nothing of its folder unless it is told to. */
function chat(saysFolder: string | null = null): string {
  const at = '2026-05-01T10:00:00.000Z';
  const context = `<session_context>\n- **Workspace Directories:**\n  - ${saysFolder}\n</session_context>`;
  return jsonl(
    { sessionId: ID, projectHash: 'f'.repeat(64), startTime: at, lastUpdated: at, kind: 'main' },
    ...(saysFolder === null ? [] : [{ id: 'm0', timestamp: at, type: 'user', content: [{ text: context }] }]),
    { id: 'm1', timestamp: at, type: 'user', content: [{ text: 'varnish the counter' }] },
    { id: 'm2', timestamp: at, type: 'gemini', content: 'varnished', model: 'g' },
  );
}

const NAME = 'chats/session-2026-05-01T10-00-aaaaaaaa.jsonl';
const rows = (world: World) => [...listSessions(world.db)];
const digestOf = (world: World): Digest => JSON.parse(world.digestJson(`gemini-cli:${ID}`));
const planOf = (world: World) => {
  const [session] = rows(world);
  if (session === undefined) throw new Error('nothing is stored');
  return planRestore({ host: world.host, settings: { storePath: world.db.path } }, world.db, session, {
    to: null,
    force: false,
  });
};

/** What may tell the project, from the surest on. */
interface Told {
  readonly marker: boolean;
  readonly listed: boolean;
  readonly says: boolean;
  readonly isHashed: boolean;
}
const tolds: Told[] = [];
for (const marker of [true, false])
  for (const listed of [true, false])
    for (const says of [true, false])
      for (const isHashed of [true, false]) tolds.push({ marker, listed, says, isHashed });

function put(world: World, { marker, listed, says, isHashed }: Told, root = '.gemini'): string {
  const folder = isHashed ? hash('/listed') : 'shop';
  if (marker) world.put(`${root}/tmp/${folder}/.project_root`, `${SHOP}\n`);
  if (listed) world.put(`${root}/projects.json`, list({ '/other': 'other', '/listed': 'shop' }));
  return world.put(`${root}/tmp/${folder}/${NAME}`, chat(says ? '/said' : null));
}

const expected = ({ marker, listed, says }: Told) =>
  marker ? SHOP : listed ? '/listed' : says ? '/said' : null;

test.each(tolds)('the project is that of the surest that tells it: %p', async (told) => {
  const project = expected(told);
  {
    using world = new World();
    const path = put(world, told);
    expect(await world.ingest()).toMatchObject({ sessions_new: 1, warnings: [] });
    expect(rows(world).map((row) => row.project)).toEqual([project]);
    expect(digestOf(world).project).toBe(project);
    expect(planOf(world).resume.cwd).toBe(project);
    // Where it is found, and when it was written, tell nothing.
    utimesSync(path, new Date(0), new Date(0));
    using other = new World();
    put(other, told, 'backup/.gemini');
    await other.ingest({ paths: [join(other.home, 'backup/.gemini')] });
    expect(rows(other).map((row) => row.project)).toEqual([project]);
    expect(digestOf(other)).toEqual(digestOf(world));
  }
  if (project === null) return;
  using world = new World();
  put(world, told);
  expect(await world.ingest({ exclude: [project] })).toMatchObject({ sessions_new: 0, sessions_excluded: 1 });
  expect(await world.ingest({ exclude: ['/nowhere'] })).toMatchObject({ sessions_new: 1 });
});

test('what is no absolute path, no list or no text names no project', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.constantFrom('', '.', 'shop', '../x', '\0', '~'), fc.string()),
      fc.oneof(
        fc.constantFrom(
          '',
          '[]',
          'null',
          '{"projects":[]}',
          '{"projects":{"shop":"shop"}}',
          '{"projects":{"/x":7}}',
        ),
        fc.json(),
      ),
      async (marker, projects) => {
        fc.pre(!/^\s*(?:\/|[A-Za-z]:[\\/]|\\\\)/.test(marker));
        using world = new World();
        world.put('.gemini/tmp/shop/.project_root', marker);
        world.put('.gemini/projects.json', projects);
        world.put(`.gemini/tmp/shop/${NAME}`, chat());
        expect(await world.ingest()).toMatchObject({ sessions_new: 1, warnings: [] });
        expect(rows(world)[0]?.project).toBeNull();
      },
    ),
    { numRuns: 25 },
  );
}, 60_000);

describe('a session is put back into the folder', () => {
  const FILES = [
    NAME,
    `chats/${ID}/bbbbbbbb.jsonl`,
    `tool-outputs/session-${ID}/out.txt`,
    `logs/session-${ID}.jsonl`,
    `${ID}/plan.md`,
  ];
  test.each([
    ['that it was found in, where nothing else is known', undefined, undefined, 'shop'],
    ['that it was found in, where the list says the same', { [SHOP]: 'shop' }, undefined, 'shop'],
    ['that its project has here', { [SHOP]: 'shop-2' }, undefined, 'shop-2'],
    ['of no other project, though it bears the name', { '/other': 'shop' }, undefined, hash(SHOP)],
    ['of no other project, as the file in it says', {}, '/other', hash(SHOP)],
    [
      'that it was found in, where the list names what is no folder',
      { [SHOP]: '../../x' },
      undefined,
      'shop',
    ],
  ] as const)('%s', async (_, projects, marker, folder) => {
    using world = new World();
    world.put('.gemini/tmp/shop/.project_root', SHOP);
    const texts = Object.fromEntries(
      FILES.map((name) => [name, name === NAME ? chat() : chat().replaceAll('m1', name)]),
    );
    for (const [name, text] of Object.entries(texts)) world.put(`.gemini/tmp/shop/${name}`, text);
    await world.ingest();
    rmSync(join(world.home, '.gemini'), { recursive: true });
    if (projects !== undefined) world.put('.gemini/projects.json', list(projects));
    if (marker !== undefined) world.put('.gemini/tmp/shop/.project_root', marker);
    else world.put('.gemini/settings.json', '{}');
    expect((await restoreAll(world, null)).failed).toEqual([]);
    for (const [name, text] of Object.entries(texts))
      expect([name, readFileSync(join(world.home, '.gemini/tmp', folder, name), 'utf8')]).toEqual([
        name,
        text,
      ]);
  });
});

test('Kimi CLI’s list of folders tells the project of one that is named by a hash', () => {
  const md5 = new Bun.CryptoHasher('md5').update(SHOP).digest('hex');
  const told = JSON.stringify({ work_dirs: [{ path: '/other' }, { path: SHOP, last_session_id: null }] });
  const ask = (folder: string, text: string | null) =>
    kimiCli.projectBeside?.(`sessions/${folder}/a/wire.jsonl`, () => text);
  expect([ask(md5, told), ask('x', told), ask(md5, null), ask(md5, '{"work_dirs":[7,{}]}')]).toEqual([
    SHOP,
    null,
    null,
    null,
  ]);
});

describe.skipIf(!hasRecordings('recorded/gemini-resumed'))('a genuine home', () => {
  test('tells the project by the file in its folder', async () => {
    using world = new World();
    cpSync(join(CORPUS, 'recorded/gemini-resumed'), world.home, { recursive: true });
    await world.ingest();
    const projects = new Set(rows(world).map(({ project }) => project));
    expect([...projects]).toEqual(['/home/dev/agents/projects/gemini2']);
    expect(existsSync(join(world.home, '.gemini/projects.json'))).toBe(true);
  });
});
