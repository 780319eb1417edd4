// Goose: what only this agent does, after its public source (`session/session_manager.rs`, `context_mgmt/mod.rs`).

import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { goose } from '../../src/agents/goose/index.ts';
import { listSessions } from '../../src/store/read.ts';
import { databaseOf } from '../support/stored-rows.ts';
import { Bench, THREE, turn } from './bench.ts';
import { factsOf } from './facts.ts';
import { GOOSE_SCHEMA } from './samples/goose.ts';
import { jsonl } from './samples/sample.ts';

const TARGET = { nativeId: 'x', project: null, startedAt: null };

const ID = '20260501_3';
const HEADER = { format: 'session-memory rows', version: 1, agent: 'goose', id: ID };
const both = { userVisible: true, agentVisible: true };
const forAgent = { userVisible: false, agentVisible: true };
const say = (text: string) => [{ type: 'text', text }];
const message = (
  role: string,
  content: object[],
  created: number,
  metadata: object = both,
  id = created,
) => ({
  table: 'messages',
  row: {
    id,
    message_id: `msg_${id}`,
    session_id: ID,
    role,
    content_json: JSON.stringify(content),
    created_timestamp: created,
    metadata_json: JSON.stringify(metadata),
  },
});
const session = (row: object) => ({ table: 'sessions', row: { id: ID, working_dir: '/w', ...row } });
const told = (...records: object[]) => factsOf(goose, { bytes: jsonl([HEADER, ...records]) });
const request = (id: string, name: string, args: object) => ({
  type: 'toolRequest',
  id,
  toolCall: { status: 'success', value: { name, arguments: args } },
});
const response = (id: string, value: unknown) => ({
  type: 'toolResponse',
  id,
  toolResult: { status: 'success', value },
});
const database = (bench: Bench) => new Database(join(bench.root, 'sessions/sessions.db'));

test('a compaction is told by its summary, and the prompt that it repeats counts once', () => {
  const facts = told(
    message('user', say('fix it'), 1),
    message('user', say('fix it'), 1, { userVisible: false, agentVisible: false }),
    message('user', say('we were fixing it'), 2, forAgent),
    message('assistant', say('Go on.'), 3, forAgent),
    message('user', say('fix it'), 4),
    message('assistant', say('done'), 5),
    message('user', say('fix it'), 6),
  );
  expect(facts.compactions).toEqual(['we were fixing it']);
  expect(facts.prompts.map(({ text }) => text)).toEqual(['fix it', 'fix it']);
  expect(facts.answers).toEqual(['done']);
});

test('what stands for a call of a tool to the agent alone is no compaction', () => {
  const facts = told(
    message('user', say('go'), 1),
    message('user', say('A call was made.'), 2, forAgent),
    message('assistant', say('next'), 3),
  );
  expect(facts.compactions).toEqual([]);
});

test('the status of a command is told by its result, in numbers or in words', () => {
  const facts = told(
    message('assistant', [request('a', 'developer__shell', { command: 'make' })], 1),
    message(
      'user',
      [response('a', { content: say('no'), structuredContent: { exit_code: 2 }, isError: true })],
      2,
    ),
    message('assistant', [request('b', 'shell', { command: 'ls x' })], 3),
    message(
      'user',
      [response('b', { content: say('ls: x\n\nCommand exited with code 1'), isError: true })],
      4,
    ),
    message('assistant', [request('c', 'developer__shell', { command: 'true' })], 5),
    message('user', [response('c', say('fine'))], 6),
  );
  expect(facts.commands.map(({ command, exit }) => [command, exit])).toEqual([
    ['make', 2],
    ['ls x', 1],
    ['true', null],
  ]);
});

test('a file that its editor wrote is written, the todo list is that of the session', () => {
  const facts = told(
    message('assistant', [request('a', 'developer__text_editor', { command: 'write', path: '/w/a' })], 1),
    message('assistant', [request('b', 'developer__text_editor', { command: 'view', path: '/w/b' })], 2),
    session({ extension_data: JSON.stringify({ 'todo.v0': { content: '- [x] one\n- [ ] two' } }) }),
  );
  expect(facts.written).toEqual(['/w/a']);
  expect(facts.read).toEqual(['/w/b']);
  expect([...facts.todos.values()]).toEqual([
    { text: 'one', status: 'completed' },
    { text: 'two', status: 'pending' },
  ]);
});

test('tokens are those of the ledger; before it, those that the session adds up', () => {
  const totals = { accumulated_input_tokens: 50, accumulated_output_tokens: 6 };
  const entry = { table: 'usage_ledger', row: { id: 1, model: 'm', input_tokens: 9, output_tokens: 2 } };
  expect(told(entry, session(totals)).total).toBeNull();
  expect(told(entry, entry).usage.size).toBe(1);
  expect(told(session(totals)).total).toMatchObject({ input: 50, output: 6 });
});

test('a session of another that began it has a task, and no prompt', () => {
  const facts = factsOf(goose, {
    bytes: jsonl([{ ...HEADER, parent: '20260501_1' }, message('user', say('look around'), 1)]),
  });
  expect(facts.parents).toEqual(['20260501_1']);
  expect(facts.prompts).toEqual([]);
  expect(facts.subagents.get(ID)).toEqual({ task: 'look around' });
});

test('a history that was replaced keeps what was said before', async () => {
  using bench = new Bench(goose);
  await bench.take();
  using db = database(bench);
  // As a compaction did before schema 16: nothing but the messages is touched.
  db.run('DELETE FROM messages');
  db.run(
    `INSERT INTO messages (message_id, session_id, role, content_json, created_timestamp)
       VALUES ('new', '${ID}', 'user', '[{"type":"text","text":"go on"}]', 1777630000)`,
  );
  const { sessions_grown: grown, warnings } = await bench.ingest();
  expect([grown, warnings.map((text) => /has lost most of what it held/.test(text))]).toEqual([1, [true]]);
  expect(bench.prompts()).toEqual([...THREE.map(({ prompt }) => prompt), 'go on']);
  expect(bench.digest().commands.map(({ command }) => command)).toEqual(THREE.map(({ command }) => command));
  expect(bench.removed(bench.row().uid)).toContain('prompt number 2');
});

test('a message that is changed in its place is seen, though no time of the session tells it', async () => {
  using bench = new Bench(goose);
  await bench.take();
  using db = database(bench);
  db.run(`UPDATE messages SET metadata_json = '{"userVisible":true,"agentVisible":false}' WHERE id = 1`);
  expect(await bench.ingest()).toMatchObject({ sessions_grown: 1 });
  expect(bench.stored(bench.row().uid).toString()).toContain('\\"agentVisible\\":false');
  db.run(`UPDATE sessions SET parent_delegation = '{"execution_mode":"foreground"}'`);
  expect(await bench.ingest()).toMatchObject({ sessions_grown: 1 });
  expect(await bench.ingest()).toMatchObject({ sessions_unchanged: 1, files_read: 0 });
});

test('an update of Goose that adds a column brings no evicted session back', async () => {
  using bench = new Bench(goose);
  await bench.take();
  bench.evict(bench.row().uid);
  using db = database(bench);
  db.run('ALTER TABLE sessions ADD COLUMN next_thing TEXT');
  expect(await bench.ingest()).toMatchObject({ sessions_grown: 0, stored_bytes_added: 0, warnings: [] });
  expect(bench.row().evictedAt).not.toBeNull();
});

const OLD = [
  { working_dir: '/w/old', description: 'Old work', message_count: 2, accumulated_input_tokens: 7 },
  { role: 'user', created: 1735732800, content: say('an old question') },
  { role: 'assistant', created: 1735732801, content: say('an old answer') },
];
const OLD_PATH = '.local/share/goose/sessions/20250101_120000.jsonl';
/** What Goose makes of it when it first has a database. */
const imported = () =>
  databaseOf(GOOSE_SCHEMA, [
    ['sessions', { id: '20250101_120000', name: 'Old work', working_dir: '/w/old' }],
    ...OLD.slice(1).map(
      (line, n) =>
        [
          'messages',
          {
            id: n + 1,
            message_id: `msg_${n}`,
            session_id: '20250101_120000',
            role: line.role ?? '',
            content_json: JSON.stringify(line.content),
            created_timestamp: line.created ?? 0,
          },
        ] as const,
    ),
  ]);

test('a file from before the database is a session of its own', async () => {
  using bench = new Bench(goose);
  const path = bench.put(OLD_PATH, jsonl(OLD));
  expect(await bench.ingest()).toMatchObject({ sessions_new: 1, warnings: [] });
  const row = bench.row();
  expect([row.uid as string, row.project, row.title]).toEqual([
    'goose:20250101_120000',
    '/w/old',
    'Old work',
  ]);
  expect(bench.prompts()).toEqual(['an old question']);
  expect(bench.digest().outcome).toBe('an old answer');
  expect(bench.digest().tokens.input).toBe(7);
  // Restored, it is known again.
  const restored = bench.put('elsewhere/goose/20250101_120000.jsonl', bench.stored(row.uid));
  expect(await bench.ingest({ paths: [restored] })).toMatchObject({ sessions_found: 1, sessions_new: 0 });
  expect(await bench.ingest({ paths: [path] })).toMatchObject({ sessions_new: 0, warnings: [] });
});

test('a session that was imported into the database is not taken from its old file again', async () => {
  using bench = new Bench(goose);
  const path = bench.put(OLD_PATH, jsonl(OLD));
  await bench.ingest();
  bench.putFiles({ 'sessions/sessions.db': imported() });
  expect(await bench.ingest()).toMatchObject({ sessions_found: 1, sessions_grown: 1, warnings: [] });
  expect(bench.prompts()).toEqual(['an old question']);
  for (const paths of [[], [path]])
    expect(await bench.ingest({ paths })).toMatchObject({ sessions_new: 0, sessions_grown: 0, warnings: [] });
  expect(bench.stored(bench.row().uid).toString()).toStartWith('{"format":"session-memory rows"');
  // Nor where the database cannot be read for once.
  bench.putFiles({ 'sessions/sessions.db': 'not a database, whatever its name says' });
  expect((await bench.ingest()).warnings.join()).toContain('it is damaged, or no SQLite database');
  expect([...listSessions(bench.db)].length).toBe(1);
});

test('the same number in two homes is two sessions', async () => {
  using bench = new Bench(goose);
  const other = `${bench.folder}/container`;
  const agents = { goose: { enabled: true, roots: [other] } };
  Object.defineProperty(bench, 'host', { value: { ...bench.host, agents } });
  bench.putFiles(bench.files({}));
  bench.put(
    '../container/sessions/sessions.db',
    bench.files({ turns: [turn(7)] })['sessions/sessions.db'] ?? '',
  );
  expect(await bench.ingest()).toMatchObject({ warnings: [] });
  for (let times = 0; times < 2; times += 1)
    expect(await bench.ingest()).toMatchObject({ sessions_grown: 0, sessions_new: 0, files_read: 0 });
  expect([...listSessions(bench.db)].length).toBe(2);
  for (const row of listSessions(bench.db)) expect(bench.removed(row.uid)).toBe('');
});

test('a database of the first schema is read', async () => {
  using bench = new Bench(goose);
  const bytes = databaseOf(
    [
      `CREATE TABLE sessions (id TEXT PRIMARY KEY, description TEXT NOT NULL DEFAULT '', working_dir TEXT NOT NULL,
         created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
         extension_data TEXT DEFAULT '{}', total_tokens INTEGER, input_tokens INTEGER, output_tokens INTEGER)`,
      `CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL REFERENCES sessions(id),
         role TEXT NOT NULL, content_json TEXT NOT NULL, created_timestamp INTEGER NOT NULL,
         timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP, tokens INTEGER)`,
    ],
    [
      ['sessions', { id: 'a', description: 'Early', working_dir: '/w' }],
      [
        'messages',
        {
          session_id: 'a',
          role: 'user',
          content_json: JSON.stringify(say('hi')),
          created_timestamp: 1758000000,
        },
      ],
    ],
  );
  bench.putFiles({ 'sessions/sessions.db': bytes });
  expect(await bench.ingest()).toMatchObject({ sessions_new: 1, analyzed: 1, warnings: [] });
  expect(bench.row().title).toBe('Early');
  expect(bench.prompts()).toEqual(['hi']);
});

test('what its import takes holds every message of the present version', () => {
  const lines = jsonl([
    HEADER,
    message('user', say('hi'), 1777629600),
    session({ name: 'N', user_set_name: 1, created_at: '2026-05-01 10:00:00', recipe_json: '{"title":"r"}' }),
  ])
    .trimEnd()
    .split('\n')
    .map((line) => Buffer.from(line));
  const text = [...(goose.takesBack?.content(lines, TARGET) ?? [])].join('');
  expect(JSON.parse(text)).toEqual({
    id: ID,
    working_dir: '/w',
    name: 'N',
    user_set_name: true,
    session_type: 'user',
    created_at: '2026-05-01T10:00:00.000Z',
    extension_data: {},
    usage: {},
    accumulated_usage: {},
    recipe: { title: 'r' },
    message_count: 1,
    conversation: [
      { id: 'msg_1777629600', role: 'user', created: 1777629600, content: say('hi'), metadata: both },
    ],
  });
  expect(goose.takesBack?.content(lines.slice(0, 2), TARGET)).toBeNull();
});
