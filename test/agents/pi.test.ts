// pi and its family: genuine recordings against a second reader, and what only these agents do.

import { expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { ohMyPi, openClaw, pi } from '../../src/agents/pi/index.ts';
import { filesOf, listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { factsOf, jsonl } from './facts.ts';
import { countFiles, hasRecordings, heldAgainst, type Said } from './genuine.ts';

function said(bytes: Buffer): Said {
  const messages = bytes
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === 'message')
    .map(({ message }) => message);
  const texts = (content: unknown) =>
    typeof content === 'string'
      ? content
      : (Array.isArray(content) ? content : [])
          .flatMap(({ type, text }) => (type === 'text' ? [text] : []))
          .join('\n');
  const calls = messages
    .filter(({ role }) => role === 'assistant')
    .flatMap(({ content }) => content)
    .filter(({ type }) => type === 'toolCall');
  return {
    prompts: messages
      .filter(({ role }) => role === 'user')
      .map(({ content }) => texts(content))
      .filter(Boolean),
    written: calls.flatMap(({ name, arguments: args }) =>
      name === 'write' || name === 'edit' ? [args.path] : [],
    ),
    commands: [
      ...calls.flatMap(({ name, arguments: args }) => (name === 'bash' ? [args.command] : [])),
      ...messages.flatMap(({ role, command }) => (role === 'bashExecution' ? [command] : [])),
    ],
  };
}

test.skipIf(!hasRecordings('home/.pi'))(
  'all genuine recordings are stored exactly, and their digests have what a second reader finds',
  async () => {
    const counts = await heldAgainst('pi', '.pi', said);
    expect(counts.files).toBe(countFiles('home/.pi', ['.jsonl']));
    expect(counts.prompts).toBeGreaterThan(100);
    expect(counts.commands).toBeGreaterThan(200);
    expect(counts.written).toBeGreaterThan(50);
    console.log(`pi: ${JSON.stringify(counts)}`);
  },
);

test('the id is that of the header, whatever the name of the file says', () => {
  const head = Buffer.from(
    jsonl(
      {
        type: 'session',
        version: 3,
        id: 'from-the-header',
        timestamp: '2026-05-01T10:00:00.000Z',
        cwd: '/p',
      },
      { type: 'session_info', name: 'What it is called', timestamp: '2026-05-01T10:00:01.000Z' },
    ),
  );
  expect(pi.peek(head, head)).toMatchObject({
    nativeId: 'from-the-header',
    project: '/p',
    title: 'What it is called',
  });
});

test('a command that the person ran with ! is a command with its status', () => {
  const message = { role: 'bashExecution', command: 'make', output: 'no', exitCode: 2 };
  const entry = { type: 'message', id: 'a', timestamp: '2026-05-01T10:00:00.000Z', message };
  expect(factsOf(pi, { bytes: jsonl(entry) }).commands).toMatchObject([
    { command: 'make', exit: 2, failed: true },
  ]);
});

test('copies that OpenClaw sets aside belong to the session that they are of', () => {
  expect(openClaw.classify('agents/main/sessions/a1.jsonl')).toMatchObject({ role: 'main', nativeId: 'a1' });
  expect(openClaw.classify('agents/main/sessions/a1.checkpoint.11-22.jsonl')).toMatchObject({
    role: 'sidecar',
    nativeId: 'a1',
    key: 'checkpoint.11-22.jsonl',
  });
  expect(openClaw.classify('agents/main/sessions/a1.jsonl.deleted.2026')).toMatchObject({
    role: 'sidecar',
    nativeId: 'a1',
  });
  expect(openClaw.classify('agents/main/sessions/sessions.json')).toBeNull();
});

test('what OpenClaw renames when a session is reset or deleted is its transcript still', async () => {
  using world = new World();
  const folder = '.openclaw/agents/main/sessions';
  const text = jsonl(
    { type: 'session', version: 3, id: 'a1', timestamp: '2026-05-01T10:00:00Z', cwd: '/p' },
    { type: 'message', id: 'm1', message: { role: 'user', content: 'Hello there.' } },
  );
  const path = world.put(`${folder}/a1.jsonl`, text);
  await world.ingest();
  rmSync(path);
  world.put(`${folder}/a1.jsonl.reset.2026-05-02T10-00-00.000Z`, text);
  world.put(`${folder}/b2.jsonl.deleted.20260502-100000`, text.replaceAll('a1', 'b2'));
  const report = await world.ingest();
  expect([report.sessions_new, report.sessions_grown, report.warnings]).toEqual([1, 0, []]);
  const sessions = [...listSessions(world.db)];
  expect(sessions.map(({ uid, title }) => [uid as string, title]).sort()).toEqual([
    ['openclaw:a1', 'Hello there.'],
    ['openclaw:b2', 'Hello there.'],
  ]);
  for (const { uid } of sessions) expect(filesOf(world.db, uid).map(({ key }) => key)).toEqual(['main']);
});

test('a patch of OpenClaw changes the files that it names, and none where it failed', () => {
  const call = (id: string, name: string) => ({
    type: 'message',
    message: {
      role: 'assistant',
      content: [
        {
          type: 'toolCall',
          id,
          name: 'apply_patch',
          arguments: { input: `*** Begin Patch\n*** Update File: ${name}\n@@\n-a\n+b\n*** End Patch` },
        },
      ],
    },
  });
  const result = (id: string, isError: boolean) => ({
    type: 'message',
    message: { role: 'toolResult', toolCallId: id, isError, content: [{ type: 'text', text: 'told' }] },
  });
  const session = { type: 'session', version: 3, id: 's', cwd: '/w' };
  const told = factsOf(openClaw, {
    bytes: jsonl(session, call('1', 'good.ts'), result('1', false), call('2', 'bad.ts'), result('2', true)),
  });
  expect([told.written, told.edited]).toEqual([[], ['good.ts']]);
});

test.each([
  ['reasoning', pi],
  ['reasoningTokens', openClaw],
] as const)('tokens of reasoning are read by the name that each has for them: %s', (name, agent) => {
  const usage = { input: 810, output: 51, cacheRead: 200, cacheWrite: 0, [name]: 7, totalTokens: 1061 };
  const message = { role: 'assistant', model: 'm', usage, content: [] };
  const told = factsOf(agent, { bytes: jsonl({ type: 'message', id: '1', message }) });
  expect([...told.usage.values()].map(({ tokens }) => tokens)).toEqual([
    { input: 810, output: 51, cacheRead: 200, cacheWrite: 0, reasoning: 7 },
  ]);
});

test('Oh My Pi: a list of todos stands in the result of each call, and what a subagent was to do in that of its own', () => {
  const result = (toolName: string, details: object) => ({
    type: 'message',
    message: { role: 'toolResult', toolCallId: toolName, toolName, details, content: [] },
  });
  const phase = (name: string, ...tasks: [string, string][]) => ({
    name,
    tasks: tasks.map(([content, status]) => ({ content, status })),
  });
  const told = factsOf(ohMyPi, {
    bytes: jsonl(
      result('todo', { op: 'init', phases: [phase('One', ['count', 'in_progress'])] }),
      result('todo', {
        op: 'done',
        phases: [phase('One', ['count', 'completed']), phase('Two', ['greet', 'pending'])],
      }),
      result('todo', { op: 'view' }),
      result('task', {
        results: [],
        progress: [{ id: 'RipeHeron', agent: 'task', task: 'All of it', assignment: 'Fetch it' }],
      }),
    ),
  });
  expect([...told.todos.values()]).toEqual([
    { text: 'count', status: 'completed' },
    { text: 'greet', status: 'pending' },
  ]);
  expect([...told.subagents]).toEqual([['RipeHeron', { task: 'Fetch it', kind: 'task' }]]);
});
