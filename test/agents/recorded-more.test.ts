// The same of further agents: what is no prompt, what is repeated, what lies beside a transcript.

import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Iso } from '../../src/domain/time.ts';
import { listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { databaseOf } from '../support/stored-rows.ts';
import { doneIn, tokensIn, toldIn, toldOf } from './recorded-homes.ts';
import { OPENCODE_SCHEMA } from './samples/opencode.ts';

const prompts = (told: Awaited<ReturnType<typeof toldOf>>, id: string) =>
  told.get(id)?.digest?.prompts.map(({ text }) => text);

test('Gemini CLI: a compaction is no prompt, and what it kept is told once', async () => {
  const id = 'cca9a6dc-8497-4b02-a4fd-6c93e8866348';
  const told = await toldOf('gemini-cli');
  expect(prompts(told, id)).toEqual([
    ...['Please build the hello file', 'mock:big output', 'mock:todo please', 'mock:delegate please'],
    ...[
      'after the compression',
      'mock:big output',
      'after the second compression',
      'in the interactive resume',
    ],
  ]);
  expect(told.get(id)?.digest?.compactions).toEqual(['SHORT ANSWER to prompt 4.', 'COMPACTED by the mock.']);
});

test('Qwen Code: what the program puts before a prompt is not the person’s, and its file history is kept', async () => {
  const id = '969d005a-a9db-4c17-a5ec-64bd80649a50';
  const told = await toldOf('qwen-code');
  expect(prompts(told, id)).toEqual([
    ...['Please build the hello file', 'mock:big please', 'mock:todo please', 'mock:delegate please'],
    ...['after the compression', 'mock:edit please', 'mock:todo please', 'after the real compression'],
  ]);
  expect(told.get(id)?.files).toContain('file-history/e455d9c49d2e8e7e@v2');
});

test('Oh My Pi: a patch by lines edits the file of its result', async () => {
  const session = (await toldOf('omp')).get('01a22a2e-75f5-70e1-bdf8-f6ad0145f1f9');
  expect(doneIn(session).edited).toEqual(['/home/dev/agents/h/omp/project/notes/made-here.txt']);
});

test('Kimi Code: the model goes by its real name', async () => {
  const session = (await toldOf('kimi-code')).get('session_d8bb6d44-01b9-4663-b04e-ab27de24abae');
  expect([session?.digest?.models, tokensIn(session)]).toEqual([['mock-model'], [4430, 1000, 243, 0]]);
});

test('Kimi Code: no record of today is unknown, and a subagent has its kind and its task', async () => {
  const told = await toldOf('kimi-code');
  expect([...told.values()].map(({ digest }) => digest?.records.unknown)).toEqual([{}, {}]);
  const session = told.get('session_f458b2a5-45b4-4f03-be7a-7450edc8c9ed');
  expect(session?.digest?.subagents).toMatchObject([
    {
      id: 'agent-0',
      kind: 'coder',
      task: expect.stringContaining('child task'),
      result: expect.stringContaining('Answer after the resume'),
    },
  ]);
});

test('Claude Code: a fork counts its own tokens, and no record of today is unknown', async () => {
  const session = (await toldOf('claude-code')).get('cb163774-d8c5-48d6-be2f-67c2f2466188');
  expect(session?.digest?.parent).toBe('18e32acc-9e6e-4b90-bf06-d03dd8408ad6');
  expect([tokensIn(session), session?.digest?.records.unknown]).toEqual([[2000, 400, 100, 0], {}]);
});

test('Kilo: its database is opencode’s under another name, and its own import takes it back', async () => {
  using world = new World();
  const path = world.put('.local/share/kilo/kilo.db', '');
  using db = new Database(path);
  db.run(
    'CREATE TABLE session (id text, directory text, title text, version text, time_created integer, time_updated integer)',
  );
  db.run(
    'CREATE TABLE message (id text, session_id text, time_created integer, time_updated integer, data text)',
  );
  db.run(
    'CREATE TABLE part (id text, message_id text, session_id text, time_created integer, time_updated integer, data text)',
  );
  db.run(
    "INSERT INTO session VALUES ('ses_1', '/home/me/project', 'New session - 2026-11-30T01:30:11.082Z', '7.7.7', 1796002211082, 1796002330056)",
  );
  db.run(`INSERT INTO message VALUES ('msg_1', 'ses_1', 1796002211082, 1796002211082, '{"role":"user"}')`);
  db.run(
    `INSERT INTO part VALUES ('prt_1', 'msg_1', 'ses_1', 1796002211082, 1796002211082, '{"type":"text","text":"Write it"}')`,
  );
  world.now = '2026-12-01T00:00:00.000Z' as typeof world.now;
  await world.ingest();
  const told = toldIn(world);
  expect([prompts(told, 'ses_1'), told.get('ses_1')?.project]).toEqual([['Write it'], '/home/me/project']);
});

test('Kilo: a file is one file, however a call and the list of changes name it', async () => {
  using world = new World();
  const times = { time_created: 1, time_updated: 1 };
  const row = { id: 'msg_1', session_id: 'ses_1', ...times, data: '{"role":"user"}' };
  const parts = [
    { type: 'text', text: 'Write it' },
    {
      type: 'patch',
      files: ['/home/me/project/notes/a.txt', '/home/me/project/by-a-command.txt', '/home/me/read.txt'],
    },
    ...[tool('write', 'notes/a.txt', '/home/me/project/notes/a.txt'), tool('read', '/home/me/read.txt')],
    ...[tool('edit', 'b.txt', '/home/me/project/b.txt'), tool('write', 'c.txt')],
  ];
  const session = {
    id: 'ses_1',
    project_id: 'p',
    slug: 's',
    directory: '/home/me/project',
    title: 't',
    version: '7',
    ...times,
  };
  const database = databaseOf(OPENCODE_SCHEMA, [
    ['session', session],
    ['message', row],
    ...parts.map(
      (data, n) =>
        ['part', { ...row, id: `prt_${n}`, message_id: 'msg_1', data: JSON.stringify(data) }] as const,
    ),
  ]);
  world.put('.local/share/kilo/kilo.db', database);
  world.now = '2026-12-01T00:00:00.000Z' as typeof world.now;
  await world.ingest();
  const { written, edited } = doneIn(toldIn(world).get('ses_1'));
  expect(written).toEqual(['notes/a.txt', 'c.txt']);
  expect(edited?.toSorted()).toEqual(['/home/me/project/by-a-command.txt', '/home/me/read.txt', 'b.txt']);
});

test('Kilo: its own import of a session that nobody touched says nothing new', async () => {
  using world = new World();
  const session = {
    id: 'ses_1',
    project_id: 'p',
    slug: 's',
    directory: '/home/me/project',
    title: 't',
    version: '7',
  };
  const database = (at: number, more: object, step: object) => {
    const times = { time_created: at, time_updated: at };
    const part = (id: string, data: object) =>
      [
        'part',
        { id, message_id: 'msg_1', session_id: 'ses_1', ...times, data: JSON.stringify(data) },
      ] as const;
    return databaseOf(OPENCODE_SCHEMA, [
      ['session', { ...session, ...more, time_created: 1, time_updated: at }],
      ['message', { id: 'msg_1', session_id: 'ses_1', ...times, data: '{"role":"user"}' }],
      part('prt_1', { type: 'text', text: 'Write it', time: { start: 1, end: 2 } }),
      part('prt_2', { snapshot: 'abc', type: 'step-start', ...step }),
    ]);
  };
  world.now = '2026-12-01T00:00:00.000Z' as typeof world.now;
  world.put('.local/share/kilo/kilo.db', database(1, { summary_files: 2 }, { time: { start: 1 } }));
  await world.ingest();
  const before = world.stored('kilo:ses_1');
  world.put('.local/share/kilo/kilo.db', database(2, { summary_files: null }, {}));
  expect(await world.ingest()).toMatchObject({ sessions_new: 0, sessions_grown: 0 });
  expect(Buffer.from(world.stored('kilo:ses_1')).equals(before)).toBe(true);
});

const tool = (name: string, filePath: string, filepath?: string) => ({
  type: 'tool',
  tool: name,
  callID: `${name} ${filePath}`,
  state: { status: 'completed', input: { filePath }, output: 'done', metadata: { filepath } },
});

const FAILING = 'echo to-stdout; echo oops-on-stderr >&2; exit 3';

test('Continue: a document of messages, with what came of each call beside it', async () => {
  const session = (await toldOf('continue')).get('b781a94d-38c9-481d-91c5-6f0c168f7497');
  expect(doneIn(session)).toEqual({
    commands: [[FAILING, 3]],
    written: ['notes/made-here.txt'],
    edited: [],
  });
  expect([session?.project, tokensIn(session)]).toEqual([
    ...['/home/dev/agents/h/continue/project', [2520, 600, 132, 0]],
  ]);
});

test('Continue: a session began when the list of all says, and where that is gone nobody knows', async () => {
  const startedAt = async (list: string | null) => {
    using world = new World();
    cpSync(join(import.meta.dir, '../fixtures/recorded/continue'), world.home, { recursive: true });
    if (list === null) rmSync(join(world.home, '.continue/sessions/sessions.json'), { force: true });
    else world.put('.continue/sessions/sessions.json', list);
    world.now = '2026-12-01T00:00:00.000Z' as typeof world.now;
    await world.ingest();
    return listSessions(world.db)[0]?.startedAt;
  };
  const sessionId = 'b781a94d-38c9-481d-91c5-6f0c168f7497';
  const listed = (dateCreated: unknown) =>
    JSON.stringify([{ sessionId: 'x', dateCreated: '1' }, null, { sessionId, dateCreated }]);
  expect(await startedAt(listed('1796002332507'))).toBe('2026-11-30T01:32:12.507Z' as Iso);
  for (const list of [null, '{}', '[{', listed('soon'), listed(null), listed('-1')])
    expect([list, await startedAt(list)]).toEqual([list, null]);
});

test('Nanocoder: a write that was refused is none', async () => {
  const session = (await toldOf('nanocoder')).get('3bb81055-bf4d-447d-9eba-647e2e977f5e');
  expect(doneIn(session)).toEqual({ commands: [[FAILING, 3]], written: [], edited: [] });
  expect([session?.project, session?.digest?.models]).toEqual([
    ...['/home/dev/agents/h/nano/project', ['mock-model']],
  ]);
});
