// Crush: what only this agent does, after its public source (`internal/message/content.go`, `internal/projects`).

import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { crush } from '../../src/agents/crush/index.ts';
import { scanAgents } from '../../src/ingest/discover/scan.ts';
import { listSessions } from '../../src/store/read.ts';
import { Bench } from './bench.ts';
import { factsOf } from './facts.ts';
import { jsonl } from './samples/sample.ts';

const ID = '6f0c3f6e-2a52-4c6e-9d55-0d2f3a5b7c91';
const HEADER = { format: 'session-memory rows', version: 1, agent: 'crush', id: ID };
const AT = 1777629600;
const message = (id: string, role: string, parts: object[], more: object = {}) => ({
  table: 'messages',
  row: { id, session_id: ID, role, parts: JSON.stringify(parts), created_at: AT, updated_at: AT, ...more },
});
const text = (said: string) => ({ type: 'text', data: { text: said } });
const call = (id: string, name: string, input: object, finished = true) => ({
  type: 'tool_call',
  data: { id, name, input: JSON.stringify(input), finished },
});
const result = (id: string, content: string, metadata = '', is_error = false) => ({
  type: 'tool_result',
  data: { tool_call_id: id, name: '', content, metadata, is_error },
});
const told = (...records: object[]) => factsOf(crush, { bytes: jsonl([HEADER, ...records]) });

test('an answer that is written as it comes counts once', () => {
  const facts = told(
    message('1', 'user', [text('go')]),
    message('2', 'assistant', [text('Wor'), call('a', 'bash', { command: 'ma' }, false)]),
    message('2', 'assistant', [text('Working'), call('a', 'bash', { command: 'make' })]),
    message('1', 'user', [text('go')]),
    message('3', 'tool', [result('a', 'done', '{"start_time":1,"end_time":2}')]),
  );
  expect(facts.prompts.map(({ text: said }) => said)).toEqual(['go']);
  expect(facts.commands).toMatchObject([{ command: 'make', exit: 0 }]);
  expect(facts.tools).toEqual({ bash: 1 });
});

test('the status of a command is told in words, but for 0; one that goes on has none', () => {
  const over = '{"start_time":1,"end_time":2}';
  const calls = ['a', 'b', 'c', 'd'].map((id) => call(id, 'bash', { command: `run ${id}` }));
  const facts = told(
    message('1', 'assistant', calls),
    message('2', 'tool', [
      result('a', 'boom\nExit code 2\n\n<cwd>/w</cwd>', over),
      result('b', 'fine', over),
      result('c', 'moved to background', '{"end_time":2,"background":true}'),
      result('d', 'x\nCommand was aborted before completion', over),
    ]),
  );
  expect(facts.commands.map(({ exit }) => exit)).toEqual([2, 0, null, null]);
});

test('a summary, a command of the human, an error and an agent that was sent out are told', () => {
  const facts = told(
    message('1', 'user', [{ type: 'shell_command', data: { command: 'git st', output: '', exit_code: 1 } }]),
    message('2', 'assistant', [call('t', 'agent', { prompt: 'look' })]),
    message('3', 'tool', [result('t', 'found')]),
    message('4', 'assistant', [text('So far')], { is_summary_message: 1 }),
    message('4', 'assistant', [text('So far: all')], { is_summary_message: 1 }),
    message('5', 'assistant', [
      { type: 'finish', data: { reason: 'error', message: 'Bad', details: 'key' } },
    ]),
  );
  expect(facts.compactions).toEqual(['So far: all']);
  expect(facts.commands).toMatchObject([{ command: 'git st', exit: 1 }]);
  expect(facts.errors).toEqual(['Bad: key']);
  expect(facts.subagents.get('2$$t')).toEqual({ task: 'look', result: 'found' });
});

test('files of no call were changed where there is a second version of them', () => {
  const file = (path: string, version: number) => ({
    table: 'files',
    row: { id: `${path}${version}`, session_id: ID, path, content: '', version },
  });
  const facts = told(
    message('1', 'assistant', [call('w', 'edit', { file_path: 'src/a.go' })]),
    ...[file('/w/src/a.go', 0), file('/w/src/a.go', 1), file('/w/b.go', 0), file('/w/c.go', 0)],
    file('/w/c.go', 1),
    { table: 'read_files', row: { session_id: ID, path: '/w/d.go', read_at: AT } },
  );
  expect(facts.edited).toEqual(['src/a.go', '/w/c.go']);
  expect(facts.read).toEqual(['/w/d.go']);
});

test('todos and tokens are those of the session', () => {
  const facts = told({
    table: 'sessions',
    row: {
      id: ID,
      title: 'Untitled Session',
      prompt_tokens: 5,
      completion_tokens: 2,
      created_at: AT,
      todos: '[{"content":"one","status":"in_progress","active_form":"doing one"}]',
    },
  });
  expect(facts.titles).toEqual([]);
  expect([...facts.todos.values()]).toEqual([{ text: 'one', status: 'in_progress' }]);
  expect(facts.total).toMatchObject({ input: 5, output: 2 });
});

test('an answer that grows within one second is seen', async () => {
  using bench = new Bench(crush);
  await bench.take();
  using db = new Database(join(bench.root, 'crush.db'));
  const parts = JSON.stringify([text('and one more thing')]);
  // The times of change are in seconds, and stay what they are.
  db.query("UPDATE messages SET parts = $parts WHERE id LIKE '%3 4'").run({ $parts: parts });
  expect(await bench.ingest()).toMatchObject({ sessions_grown: 1 });
  expect(bench.digest().outcome).toBe('and one more thing');
  db.run('UPDATE sessions SET cost = 0.5');
  expect(await bench.ingest()).toMatchObject({ sessions_grown: 1 });
  db.run("INSERT INTO read_files VALUES ($id, '/w/x', 1)".replace('$id', `'${ID}'`));
  expect(await bench.ingest()).toMatchObject({ sessions_grown: 1 });
  expect(await bench.ingest()).toMatchObject({ sessions_unchanged: 1, files_read: 0 });
});

test('sessions are found in the folder that a project moved them to, and in known projects', async () => {
  using bench = new Bench(crush);
  const moved = `${bench.home}/data/app`;
  const list = { projects: [{ path: `${bench.home}/code/app`, data_dir: moved }] };
  bench.put('.local/share/crush/projects.json', JSON.stringify(list));
  const file = (id: string) => bench.files({ id })['crush.db'] ?? '';
  bench.put('data/app/crush.db', file('1'));
  // No list names this one; a session of another agent was about it.
  const project = `${bench.home}/code/other`;
  bench.put('code/other/.crush/crush.db', file('2'));
  bench.put(
    '.local/share/goose/sessions/20250101_120000.jsonl',
    jsonl([{ working_dir: project, description: 'x', message_count: 0 }]),
  );
  await bench.ingest();
  expect(await bench.ingest()).toMatchObject({ warnings: [] });
  const projects = new Map([...listSessions(bench.db)].map((row) => [row.uid as string, row.project]));
  expect(projects.get('crush:1')).toBe(`${bench.home}/code/app`);
  expect(projects.get('crush:2')).toBe(project);
  const digest = JSON.parse(bench.digestJson('crush:1'));
  // No row names it.
  expect(digest.project).toBe(`${bench.home}/code/app`);
  const scans = await scanAgents(bench.db, bench.host, bench.clock, () => undefined);
  expect(scans.filter(({ agent }) => agent === 'crush').map(({ root }) => root)).toEqual([
    `${project}/.crush`,
    moved,
  ]);
});

test('a project that was copied with its database goes on by itself', async () => {
  using bench = new Bench(crush);
  await bench.take();
  bench.put('code/copy/.crush/crush.db', bench.main().bytes);
  const list = { projects: [{ path: bench.cwd }, { path: `${bench.home}/code/copy` }] };
  bench.put('.local/share/crush/projects.json', JSON.stringify(list));
  expect(await bench.ingest()).toMatchObject({ sessions_new: 0, warnings: [] });
  using db = new Database(`${bench.home}/code/copy/.crush/crush.db`);
  db.run("UPDATE sessions SET title = 'Another way'");
  await bench.ingest();
  expect(await bench.ingest()).toMatchObject({ sessions_grown: 0, sessions_new: 0, files_read: 0 });
  expect([...listSessions(bench.db)].length).toBe(2);
  expect(bench.removed(`crush:${ID}`)).toBe('');
});
