// Cursor: what only this agent does: messages ordered by another row, contents named by a hash, values of many sessions.

import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { cursor } from '../../src/agents/cursor/index.ts';
import type { Digest } from '../../src/domain/digest.ts';
import { listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { databaseOf } from '../support/stored-rows.ts';
import { CURSOR_SCHEMA } from './samples/cursor.ts';

type Row = [table: string, row: Record<string, string | number | null | Uint8Array>];
const GLOBAL = '.config/Cursor/User/globalStorage/state.vscdb';
const KV_ONLY = CURSOR_SCHEMA.slice(0, 2);

const put = (key: string, value: unknown): Row => [
  'cursorDiskKV',
  { key, value: typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value) },
];
const item = (key: string, value: unknown): Row => ['ItemTable', { key, value: JSON.stringify(value) }];
const bubble = (session: string, id: string, type: number, more: object = {}): Row =>
  put(`bubbleId:${session}:${id}`, { _v: 3, type, bubbleId: id, ...more });
const data = (id: string, headers: readonly string[], more: object = {}): Row =>
  put(`composerData:${id}`, {
    composerId: id,
    createdAt: 1_777_600_000_000,
    lastUpdatedAt: 1_777_600_100_000,
    ...more,
    fullConversationHeadersOnly: headers.map((bubbleId) => ({ bubbleId })),
  });
const stored = (world: World, uid: string): { table?: string; row: { key: string; value: unknown } }[] =>
  world
    .stored(uid)
    .toString()
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line));
const keys = (world: World, uid: string) => stored(world, uid).map(({ row }) => row.key);
const digestOf = (world: World, uid: string): Digest => JSON.parse(world.digestJson(uid));
const prompts = (world: World, uid: string) => digestOf(world, uid).prompts.map(({ text }) => text);

async function ingested(rows: readonly Row[], schema = CURSOR_SCHEMA): Promise<World> {
  const world = new World();
  world.put(GLOBAL, databaseOf(schema, rows));
  expect((await world.ingest()).warnings).toEqual([]);
  return world;
}

describe('the order of a conversation', () => {
  const rows = [
    bubble('a', 'z1', 1, { text: 'first', createdAt: '2026-05-01T10:00:00.000Z' }),
    bubble('a', 'y2', 2, { text: 'answer to the first', createdAt: '2026-05-01T10:00:01.000Z' }),
    bubble('a', 'a3', 1, { text: 'second', createdAt: '2026-05-01T10:02:00.000Z' }),
    bubble('a', 'b4', 2, { text: 'the last answer', createdAt: '2026-05-01T10:02:01.000Z' }),
    bubble('a', 'm0', 1, { text: 'taken back', createdAt: '2026-05-01T10:01:00.000Z' }),
    bubble('a', 'n0', 2, { text: 'answer to what was taken back' }),
    data('a', ['z1', 'y2', 'a3', 'b4']),
  ];

  test('is that of the session’s own data, in the store and in the digest; what was taken back is kept', async () => {
    using world = await ingested(rows);
    expect(keys(world, 'cursor:a').map((key) => key.split(':').at(-1))).toEqual([
      'z1',
      'y2',
      'a3',
      'b4',
      'm0',
      'n0',
      'a',
    ]);
    expect(prompts(world, 'cursor:a')).toEqual(['first', 'taken back', 'second']);
    expect(digestOf(world, 'cursor:a').outcome).toBe('the last answer');
  });

  test('is told though the data name no message, or are no JSON', async () => {
    for (const value of ['{broken', '{"fullConversationHeadersOnly":["z1",7,null,{"bubbleId":{}}]}', '[]']) {
      using world = await ingested([...rows.slice(0, 4), put('composerData:a', value)]);
      expect(stored(world, 'cursor:a').length).toBe(5);
      expect(new Set(prompts(world, 'cursor:a'))).toEqual(new Set(['first', 'second']));
    }
  });
});

test('values that are bytes are stored as bytes, and tell what texts do', async () => {
  const rows = [
    bubble('a', 'z1', 1, { text: 'höchste' }),
    bubble('a', 'b2', 1, { text: 'zweite' }),
    data('a', ['z1', 'b2'], { name: 'a name' }),
  ];
  const bytes = rows.map(
    ([table, row]): Row => [table, { ...row, value: Buffer.from(String(row['value'])) }],
  );
  using world = await ingested(bytes);
  expect(prompts(world, 'cursor:a')).toEqual(['höchste', 'zweite']);
  expect(digestOf(world, 'cursor:a').title).toBe('a name');
  const [first] = stored(world, 'cursor:a');
  expect(first?.row.value).toEqual({ blob: Buffer.from(String(rows[0]?.[1]['value'])).toString('base64') });
});

test('what an edit wrote, states to go back to and what was sent along belong to the session, and nothing of another', async () => {
  const edit = {
    name: 'edit_file_v2',
    toolCallId: 't',
    status: 'completed',
    params: JSON.stringify({ relativeWorkspacePath: '/p/a.ts' }),
    result: JSON.stringify({ beforeContentId: 'composer.content.b1', afterContentId: 'composer.content.a1' }),
  };
  using world = await ingested([
    bubble('a', 'z1', 1, { text: 'edit it', checkpointId: 'c1' }),
    bubble('a', 'z2', 2, { toolFormerData: edit }),
    put('composer.content.a1', 'after'),
    put('composer.content.b1', 'before'),
    put('composer.content.x', 'another’s'),
    put('checkpointId:a:c1', {}),
    put('checkpointId:a:gone', {}),
    put('messageRequestContext:a:z1', {}),
    put('messageRequestContext:a:gone', {}),
    put('codeBlockDiff:a:d1', {}),
    put('ofsContent:a:file:///p/a.ts', ''),
    put('agentKv:blob:1', 'the same again'),
    put('bubbleId:ab:z1', { type: 1, text: 'another’s' }),
    data('a', ['z1', 'z2']),
    data('ab', ['z1']),
  ]);
  expect(keys(world, 'cursor:a')).toEqual([
    ...['bubbleId:a:z1', 'messageRequestContext:a:z1', 'checkpointId:a:c1'],
    ...['bubbleId:a:z2', 'composer.content.a1', 'composer.content.b1'],
    ...['messageRequestContext:a:gone', 'checkpointId:a:gone', 'codeBlockDiff:a:d1'],
    ...['ofsContent:a:file:///p/a.ts', 'composerData:a'],
  ]);
  expect(digestOf(world, 'cursor:a').files.edited).toEqual(['/p/a.ts']);
});

describe('a session that changes', () => {
  test('by one message that is written again is read again, and no other is', async () => {
    using world = await ingested([
      bubble('a', 'z1', 1, { text: 'run it' }),
      bubble('a', 'z2', 2, { toolFormerData: { name: 'run_terminal_cmd', status: 'loading' } }),
      data('a', ['z1', 'z2']),
      bubble('b', 'z1', 1, { text: 'other' }),
      data('b', ['z1']),
    ]);
    using owner = new Database(`${world.home}/${GLOBAL}`);
    const tool = {
      name: 'run_terminal_cmd',
      status: 'completed',
      toolCallId: 't',
      params: { command: 'make' },
      result: { output: 'broken', exitCodeV2: 2 },
    };
    owner
      .query('INSERT INTO cursorDiskKV VALUES (?, ?)')
      .run('bubbleId:a:z2', JSON.stringify({ type: 2, bubbleId: 'z2', toolFormerData: tool }));
    expect(await world.ingest()).toMatchObject({ files_read: 1, sessions_grown: 1, sessions_unchanged: 1 });
    expect(digestOf(world, 'cursor:a').commands).toMatchObject([{ command: 'make', exit: 2 }]);
    expect(await world.ingest()).toMatchObject({ files_read: 0, sessions_unchanged: 2 });
  });

  test('by new messages adds only those', async () => {
    const turns = (count: number) => {
      const ids = [...Array(count).keys()].map((n) => `${Bun.hash(`m${n}`).toString(16)}`);
      const rows = ids.map((id, n) => bubble('a', id, 1, { text: `prompt ${n} ${'x'.repeat(2000)}` }));
      return databaseOf(CURSOR_SCHEMA, [...rows, data('a', ids)]);
    };
    using world = new World();
    world.put(GLOBAL, turns(200));
    await world.ingest();
    const before = world.stored('cursor:a').length;
    world.put(GLOBAL, turns(201));
    await world.ingest();
    expect(prompts(world, 'cursor:a').at(-1)).toStartWith('prompt 200');
    expect(world.removed('cursor:a').length).toBeLessThan(before / 10);
  });
});

test('a listing reads no message: their counts come from the index of the keys alone', () => {
  using db = new Database(':memory:');
  for (const statement of CURSOR_SCHEMA) db.run(statement);
  const plans: string[] = [];
  const container = cursor.classify('globalStorage/state.vscdb')?.container;
  if (container?.kind !== 'rows') throw new Error('no container of rows');
  const rows = {
    has: () => true,
    columns: () => [],
    isUtf8: true,
    each: (sql: string) => {
      for (const { detail } of db.query<{ detail: string }, []>(`EXPLAIN QUERY PLAN ${sql}`).all())
        plans.push(detail);
      return [];
    },
  };
  const files = { names: () => [], stat: () => null, read: () => null };
  expect([...container.sessions(rows, null, '/', files)]).toEqual([]);
  expect([...container.sessions(rows, 'a', '/', files)]).toEqual([]);
  const ofMessages = plans.filter((plan) => plan.startsWith('SEARCH b '));
  expect(ofMessages.length).toBe(12);
  expect(ofMessages.filter((plan) => !plan.includes('USING COVERING INDEX'))).toEqual([]);
  expect(plans.filter((plan) => /^SCAN (?:b|k)\b/.test(plan))).toEqual([]);
});

describe('a session’s folder', () => {
  const row = [...Array(1)].map(() => bubble('a', 'z1', 1, { text: 'hello' }));
  const project = (world: World) => [...listSessions(world.db)][0]?.project;

  test('is told by the index of sessions, whatever form it has', async () => {
    const uri = { fsPath: '/p/one', scheme: 'file' };
    const head = { composerId: 'a', name: 'n', workspaceIdentifier: { id: 'w', uri } };
    using table = await ingested([
      ...row,
      data('a', ['z1']),
      ['composerHeaders', { composerId: 'a', value: JSON.stringify(head) }],
    ]);
    expect(project(table)).toBe('/p/one');
    using value = await ingested(
      [...row, data('a', ['z1']), item('composer.composerHeaders', { allComposers: [head] })],
      KV_ONLY,
    );
    expect(project(value)).toBe('/p/one');
  });

  test('is told by the session’s data, by its workspace’s file, or by what was sent along', async () => {
    const uri = { external: 'vscode-remote://ssh-remote%2Bbox/srv/a%20b' };
    using own = await ingested([...row, data('a', ['z1'], { workspaceIdentifier: { uri } })], KV_ONLY);
    expect(project(own)).toBe('/srv/a b');
    using world = new World();
    world.put('.config/Cursor/User/workspaceStorage/w1/workspace.json', '{"folder":"file:///p/two"}');
    world.put(
      GLOBAL,
      databaseOf(KV_ONLY, [...row, data('a', ['z1'], { workspaceIdentifier: { id: 'w1' } })]),
    );
    await world.ingest();
    expect(project(world)).toBe('/p/two');
    using context = await ingested([
      ...row,
      put('messageRequestContext:a:z1', { projectLayouts: ['{"rootPath":"/p/three"}'] }),
      data('a', ['z1']),
    ]);
    expect(project(context)).toBe('/p/three');
  });
});

describe('older versions', () => {
  test('have the whole conversation in the session’s data', async () => {
    const conversation = [
      { type: 1, bubbleId: 'x', text: 'how?' },
      { type: 2, bubbleId: 'y', text: 'so' },
    ];
    using world = await ingested([data('a', [], { name: 'named', conversation })], KV_ONLY);
    expect(prompts(world, 'cursor:a')).toEqual(['how?']);
    expect(digestOf(world, 'cursor:a')).toMatchObject({ title: 'named', outcome: 'so' });
    expect(await world.ingest()).toMatchObject({ files_read: 0, sessions_unchanged: 1 });
  });

  test('have many in one value of the workspace: each is a session with its part of it', async () => {
    using world = new World();
    const tab = (id: string, text: string) => ({
      tabId: id,
      chatTitle: `about ${text}`,
      lastSendTime: 1_730_000_000_000,
      bubbles: [
        { type: 'user', id: 'u', text },
        { type: 'ai', id: 'v', rawText: `yes, ${text}` },
      ],
    });
    const inline = { composerId: 'c1', conversation: [{ type: 1, bubbleId: 'x', text: 'composed' }] };
    const folder = '.config/Cursor/User/workspaceStorage/f00';
    world.put(`${folder}/workspace.json`, JSON.stringify({ folder: 'file:///home/me/old' }));
    world.put(
      `${folder}/state.vscdb`,
      databaseOf(KV_ONLY, [
        item('workbench.panel.aichat.view.aichat.chatdata', {
          tabs: [tab('t1', 'apples'), tab('t2', 'pears'), { tabId: 't3', bubbles: [] }],
        }),
        item('composer.composerData', { allComposers: [inline, { composerId: 'c2' }] }),
      ]),
    );
    expect(await world.ingest()).toMatchObject({ sessions_new: 3, warnings: [] });
    expect(prompts(world, 'cursor:t1')).toEqual(['apples']);
    expect(prompts(world, 'cursor:c1')).toEqual(['composed']);
    expect(digestOf(world, 'cursor:t2')).toMatchObject({ title: 'about pears', outcome: 'yes, pears' });
    const [own] = stored(world, 'cursor:t2');
    expect(own?.row.value).toBe(JSON.stringify({ tabs: [tab('t2', 'pears')] }));
    expect([...listSessions(world.db)].map((row) => row.project)).toEqual(Array(3).fill('/home/me/old'));
    expect(await world.ingest()).toMatchObject({ files_read: 0, sessions_unchanged: 3 });
  });

  test('have moved it where they say so', async () => {
    using world = new World();
    const inline = { composerId: 'c1', conversation: [{ type: 1, bubbleId: 'x', text: 'moved' }] };
    world.put(
      '.config/Cursor/User/workspaceStorage/f00/state.vscdb',
      databaseOf(KV_ONLY, [
        item('composer.composerData', { allComposers: [inline], hasMigratedComposerData: true }),
      ]),
    );
    expect(await world.ingest()).toMatchObject({ sessions_new: 0, warnings: [] });
  });
});

test('a draft is no session, and neither is what VS Code keeps in a file of the same name', async () => {
  using world = await ingested([
    data('a', []),
    put('composerData:b', ''),
    bubble('orphan', 'z', 1, { text: 'x' }),
  ]);
  const path = world.put(
    '.config/Code/User/globalStorage/state.vscdb',
    databaseOf(['CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)'], [item('x', {})]),
  );
  expect([...listSessions(world.db)]).toEqual([]);
  expect(await world.ingest()).toMatchObject({ sessions_new: 0, warnings: [] });
  expect(await world.ingest({ paths: [path] })).toMatchObject({ sessions_new: 0 });
});

test('a copy of its database that lies about is taken by its path', async () => {
  using world = new World();
  const rows = [bubble('a', 'z1', 1, { text: 'hello' }), data('a', ['z1'])];
  const path = world.put('backup/state.vscdb', databaseOf(CURSOR_SCHEMA, rows));
  expect(await world.ingest({ paths: [path] })).toMatchObject({ sessions_new: 1, warnings: [] });
});
