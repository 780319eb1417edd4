// Cline and Roo Code: a task's two forms, the newer sessions, and tools as tags. Shapes after cline/cline and RooCodeInc/Roo-Code.

import { expect, test } from 'bun:test';
import { rooCode } from '../../src/agents/cline/index.ts';
import type { Digest } from '../../src/domain/digest.ts';
import { listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';

const TASK = '.config/Code/User/globalStorage/rooveterinaryinc.roo-cline/tasks/1767225700000';
const MS = Date.parse('2026-05-01T10:00:00.000Z');
const digestOf = (world: World, uid: string): Digest => JSON.parse(world.digestJson(uid));
const told = (digest: Digest) => ({
  prompts: digest.prompts.map(({ text }) => text),
  outcome: digest.outcome,
  commands: digest.commands.map(({ command }) => command),
  files: [...digest.files.written, ...digest.files.edited],
});

test('a task of which only what was sent is there is told by its tags', async () => {
  using world = new World();
  const details =
    '<environment_details>\n# Current Workspace Directory (/w/demo) Files\n</environment_details>';
  const calls =
    'On it.\n<execute_command>\n<command>make</command>\n</execute_command>\n<write_to_file>\n<path>a.ts</path>\n<content>x</content>\n</write_to_file>';
  const message = (role: string, text: string) => ({ role, content: [{ type: 'text', text }] });
  const sent = [
    {
      role: 'user',
      content: [
        { type: 'text', text: '<task>\nFix the test\n</task>' },
        { type: 'text', text: details },
      ],
    },
    message('assistant', calls),
    message('user', "[execute_command for 'make'] Result:\nok"),
    message('user', '<feedback>\nagain, please\n</feedback>'),
    message('assistant', 'Done.'),
  ];
  world.put(`${TASK}/api_conversation_history.json`, JSON.stringify(sent, null, 2));
  expect(await world.ingest()).toMatchObject({ sessions_new: 1, analyzed: 1, warnings: [] });
  const digest = digestOf(world, 'roo-code:1767225700000');
  expect(told(digest)).toEqual({
    prompts: ['Fix the test', 'again, please'],
    outcome: 'Done.',
    commands: ['make'],
    files: ['/w/demo/a.ts'],
  });
  expect(digest.project).toBe('/w/demo');
});

test('a newer session of Cline is told by its messages', async () => {
  using world = new World();
  const folder = '.cline/data/sessions/s_1/s_1';
  const messages = [
    { id: 'm1', role: 'user', content: [{ type: 'text', text: 'Say hello' }], ts: MS },
    {
      id: 'm2',
      role: 'assistant',
      ts: MS + 3000,
      content: [
        { type: 'thinking', text: 'hidden' },
        { type: 'text', text: 'Hello!' },
        { type: 'tool_use', id: 't1', name: 'run_commands', input: { command: 'echo hello' } },
      ],
    },
  ];
  world.put(`${folder}.messages.json`, JSON.stringify({ version: 1, sessionId: 's_1', messages }, null, 2));
  world.put(`${folder}.json`, JSON.stringify({ session_id: 's_1', cwd: '/w' }));
  expect(await world.ingest()).toMatchObject({ sessions_new: 1, analyzed: 1, warnings: [] });
  expect(told(digestOf(world, 'cline:s_1'))).toEqual({
    prompts: ['Say hello'],
    outcome: 'Hello!',
    commands: ['echo hello'],
    files: [],
  });
  expect(world.stored('cline:s_1', 'session/s_1.json').toString()).toContain('/w');
});

test('Roo Code shows a task as a text; an answer that was taken out is no prompt', async () => {
  using world = new World();
  const say = (n: number, kind: string, text: string) => ({
    ts: MS + n * 1000,
    type: 'say',
    say: kind,
    text,
  });
  const path = `${TASK}/ui_messages.json`;
  const first = say(0, 'text', 'Fix the flaky test');
  world.put(path, JSON.stringify([first, say(1, 'text', 'a first idea'), say(2, 'text', 'pinned it')]));
  await world.ingest();
  world.put(path, JSON.stringify([first, say(2, 'text', 'pinned it')]));
  await world.ingest();
  const digest = digestOf(world, 'roo-code:1767225700000');
  expect(digest.prompts.map(({ text }) => text)).toEqual(['Fix the flaky test']);
  expect(digest.outcome).toBe('pinned it');
  expect(world.removed('roo-code:1767225700000')).toContain('a first idea');
});

test('the same task in two editors is two sessions where they differ, and one where they do not', async () => {
  using world = new World();
  const task = (text: string) => JSON.stringify([{ ts: MS, type: 'say', say: 'task', text }]);
  const path = (editor: string) =>
    `.config/${editor}/User/globalStorage/saoudrizwan.claude-dev/tasks/17/ui_messages.json`;
  world.put(path('Code'), task('one'));
  world.put(path('Cursor'), task('one'));
  expect(await world.ingest()).toMatchObject({ sessions_new: 1 });
  world.put(path('VSCodium'), task('two'));
  expect(await world.ingest()).toMatchObject({ sessions_new: 1 });
});

test('a session of Cline has its subagents, and the folder that is noted beside its messages', async () => {
  using world = new World();
  const message = (id: string, role: string, text: string) => ({
    id,
    role,
    ts: MS,
    content: [{ type: 'text', text }],
    ...(role === 'user' ? {} : { metrics: { inputTokens: 10, outputTokens: 5 }, modelInfo: { id: 'm' } }),
  });
  const document = (...messages: object[]) => JSON.stringify({ version: 1, messages });
  const folder = '.cline/data/sessions/s_1';
  const agent = document(message('c', 'user', 'sound the depth'), message('d', 'assistant', 'four metres'));
  world.put(`${folder}/agent_17_x.messages.json`, agent);
  world.put(
    `${folder}/s_1.messages.json`,
    document(message('a', 'user', 'Ask a helper'), message('b', 'assistant', 'The helper is done.')),
  );
  world.put(`${folder}/s_1.json`, JSON.stringify({ session_id: 's_1', cwd: '/w', workspace_root: '/' }));
  expect(await world.ingest()).toMatchObject({ sessions_new: 1, analyzed: 1, warnings: [] });
  expect([...listSessions(world.db)].map(({ uid, project }) => [uid as string, project])).toEqual([
    ['cline:s_1', '/w'],
  ]);
  const digest = digestOf(world, 'cline:s_1');
  expect(digest.prompts.map(({ text }) => text)).toEqual(['Ask a helper']);
  expect([digest.outcome, digest.tokens.input, digest.project]).toEqual(['The helper is done.', 20, '/w']);
  expect(digest.subagents).toEqual([{ id: 'agent_17_x', task: 'sound the depth', result: 'four metres' }]);
  expect(world.stored('cline:s_1', 'session/agent_17_x.messages.json').toString()).toBe(agent);
});

test('Roo Code: what lies in its folder of sessions is its own by its path, as what lies in that of tasks', () => {
  const root = '/home/me/.config/Code/User/globalStorage/rooveterinaryinc.roo-cline';
  for (const below of [
    '',
    '/',
    '/tasks',
    '/tasks/1/ui_messages.json',
    '/sessions',
    '/sessions/s_1/s_1.messages.json',
  ])
    expect([below, rooCode.rootOf(`${root}${below}`)]).toEqual([below, root]);
  expect(rooCode.rootOf(`${root}/settings/x.json`)).toBeNull();
});
