// GitHub Copilot CLI: genuine recordings against a second reader, and what only this agent does.

import { expect, test } from 'bun:test';
import { copilotCli } from '../../src/agents/copilot-cli/index.ts';
import type { DocumentPart } from '../../src/domain/facts.ts';
import { digestsOf, filesOf, listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { emptyFacts, type Facts, factsOf, jsonl, sinkInto } from './facts.ts';
import { countFiles, hasRecordings, heldAgainst, type Said } from './genuine.ts';

function said(bytes: Buffer): Said {
  const events = bytes
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const started = events.filter(
    ({ type }) => type === 'tool.execution_start' || type === 'tool.user_requested',
  );
  return {
    prompts: events
      .filter((event) => event.type === 'user.message' && event.agentId === undefined)
      .filter(({ data }) => data.isAutopilotContinuation !== true)
      .map(({ data }) => data.content),
    written: started.flatMap(({ data }) => (data.toolName === 'create' ? [data.arguments.path] : [])),
    commands: started.flatMap(({ data }) => data.arguments.command ?? []),
  };
}

test.skipIf(!hasRecordings('home/.copilot'))(
  'all genuine recordings are stored exactly, and their digests have what a second reader finds',
  async () => {
    const counts = await heldAgainst('copilot-cli', '.copilot', said);
    expect(counts.files).toBe(countFiles('home/.copilot', ['.jsonl']));
    expect(counts.prompts).toBeGreaterThan(50);
    expect(counts.commands).toBeGreaterThan(20);
    console.log(`copilot-cli: ${JSON.stringify(counts)}`);
  },
);

const event = (type: string, data: object, more: object = {}) => ({
  type,
  data,
  id: crypto.randomUUID(),
  timestamp: '2026-05-01T10:00:00.000Z',
  ...more,
});
const answer = (content: string, outputTokens: number, more: object = {}) =>
  event('assistant.message', {
    messageId: 'm',
    model: 'gpt-x',
    content,
    toolRequests: [],
    outputTokens,
    ...more,
  });
const shutdown = (output: number) =>
  event('session.shutdown', {
    modelMetrics: { 'gpt-x': { usage: { inputTokens: 10, outputTokens: output, cacheReadTokens: 4 } } },
  });

const read = (records: readonly object[]): Facts => factsOf(copilotCli, { bytes: jsonl(...records) });
const sum = (facts: Facts) => [...facts.usage.values()].reduce((all, { tokens }) => all + tokens.output, 0);

test('a resumed session has the tokens of its last shutdown, whose sums go on, and of the answers after it', () => {
  const facts = read([
    answer('a', 5),
    shutdown(5),
    answer('b', 7),
    { ...shutdown(12), id: 'other' },
    answer('c', 3),
  ]);
  expect(sum(facts)).toBe(15);
  expect([...facts.usage.values()][0]?.tokens).toEqual({
    input: 6,
    cacheRead: 4,
    cacheWrite: 0,
    output: 12,
    reasoning: 0,
  });
});

test('pieces of one answer are one answer', () => {
  const pieces = [0, 1, 2].map((chunkIndex) => {
    const piece = answer(`part ${chunkIndex} `, 9);
    return { ...piece, data: { ...piece.data, chunkIndex, chunkCount: 3 } };
  });
  const facts = read(pieces);
  expect(facts.answers.at(-1)).toBe('part 0 part 1 part 2 ');
  expect(sum(facts)).toBe(9);
});

test('what an agent says to its subagent is a task, no prompt', () => {
  const facts = read([
    event('subagent.started', { toolCallId: 'call-1', agentName: 'explore' }, { agentId: 'call-1' }),
    event('user.message', { content: 'Look at the tests.', source: 'agent' }, { agentId: 'call-1' }),
    event(
      'assistant.message',
      { messageId: 'x', content: 'They fail.', toolRequests: [] },
      { agentId: 'call-1' },
    ),
  ]);
  expect(facts.prompts).toEqual([]);
  expect(facts.subagents.get('call-1')).toEqual({
    kind: 'explore',
    task: 'Look at the tests.',
    result: 'They fail.',
  });
});

test('a session of the releases before the folders is one file', () => {
  expect(copilotCli.classify('session-state/abc.jsonl')).toMatchObject({ role: 'main', nativeId: 'abc' });
  const session = { nativeId: 'abc', project: '/p', startedAt: null };
  expect(
    copilotCli.restorePath(session, { role: 'main', key: 'main', relPath: 'session-state/abc.jsonl' }),
  ).toBe('session-state/abc.jsonl');
});

test('files of apply_patch, whose arguments are a text, are told', () => {
  const patch = [
    '*** Begin Patch',
    ...['*** Update File: /p/old.ts', '*** Move to: /p/moved.ts', '@@', '-a', '+*** Add File: /p/no.ts'],
    ...['*** Add File: /p/new.ts', '+x', '*** Delete File: /p/gone.ts', '*** End Patch'],
  ].join('\n');
  const facts = read([
    event('tool.execution_start', { toolCallId: 't', toolName: 'apply_patch', arguments: patch }),
  ]);
  expect(facts.written).toEqual(['/p/moved.ts', '/p/new.ts']);
  expect(facts.edited).toEqual(['/p/old.ts', '/p/gone.ts']);
});

const OLD = 'history-session-state/session_abc_1760182820882.json';
const KEY = 'timeline/session_1760182820882.json';

/** A document of the first generation, as the one recording that is public has it. */
function document(turns: readonly number[], more: object = {}): string {
  const time = (n: number, second: number) => `2025-10-11T11:4${n}:0${second}.000Z`;
  const entry = (n: number, second: number, type: string, rest: object) => ({
    id: `${type}-${n}-${second}`,
    timestamp: time(n, second),
    type,
    ...rest,
  });
  const call = (n: number, name: string, args: object, log: string, type = 'success') =>
    entry(n, 2, 'tool_call_completed', {
      id: `${name}-${n}`,
      callId: `toolu_${name}_${n}`,
      name,
      toolTitle: name,
      arguments: args,
      result: { type, log },
    });
  const timeline = turns.flatMap((n) => [
    entry(n, 0, 'info', { text: 'Connected to GitHub MCP Server' }),
    entry(n, 1, 'user', { text: `prompt ${n}` }),
    call(n, 'bash', { command: `make ${n}`, sessionId: 'main' }, 'made\n<exited with exit code 2>'),
    call(n, 'str_replace_editor', { command: 'create', path: `/p/${n}.ts`, file_text: 'x' }, 'diff'),
    entry(n, 5, 'copilot', { text: `answer ${n}` }),
  ]);
  const reminder =
    '\n\n<current_datetime>2025-10-11T11:40:25.661Z</current_datetime>\n\n<reminder>x</reminder>';
  const chatMessages = turns.flatMap((n) => [
    { role: 'user', content: `prompt ${n}${reminder}` },
    { content: `answer ${n}`, role: 'assistant' },
  ]);
  const all = { sessionId: 'abc', startTime: time(turns[0] ?? 0, 0), chatMessages, timeline, ...more };
  return JSON.stringify(all, null, 2);
}

function readDocument(...parts: readonly [part: DocumentPart, text: string][]): Facts {
  const facts = emptyFacts();
  const reader = copilotCli.reader(sinkInto(facts));
  reader.begin({ role: 'main', key: KEY });
  for (const [part, text] of parts) reader.part?.(Buffer.from(text), part);
  reader.end();
  return facts;
}

test('a session of the first generation is one document, told by its timeline', () => {
  const facts = readDocument(['present', document([1, 2])]);
  expect(facts.prompts.map(({ text, at }) => [text, at])).toEqual([
    ['prompt 1', '2025-10-11T11:41:01.000Z'],
    ['prompt 2', '2025-10-11T11:42:01.000Z'],
  ]);
  expect(facts.commands.map(({ command, exit }) => [command, exit])).toEqual([
    ['make 1', 2],
    ['make 2', 2],
  ]);
  expect([facts.written, facts.answers.at(-1), facts.unknown]).toEqual([
    ['/p/1.ts', '/p/2.ts'],
    'answer 2',
    [],
  ]);
});

test('what a document said before it was written anew is told once; a type that it does not have is counted once', () => {
  const odd = { type: 'hologram', id: 'h', timestamp: '2025-10-11T11:49:00.000Z' };
  const withOdd = document([1], { timeline: [...JSON.parse(document([1])).timeline, odd] });
  const facts = readDocument(['removed', withOdd.slice(withOdd.indexOf('"timeline"'))], ['present', withOdd]);
  expect(facts.prompts.map(({ text }) => text)).toEqual(['prompt 1']);
  expect([facts.tools, facts.unknown]).toEqual([{ bash: 1, str_replace_editor: 1 }, ['hologram']]);
});

test('a document without a timeline is told by its messages, without what Copilot puts behind a prompt', () => {
  const call = { id: 'c', function: { name: 'bash', arguments: '{"command":"ls"}' } };
  const chatMessages = [
    ...JSON.parse(document([1])).chatMessages,
    { role: 'assistant', tool_calls: [call] },
    { role: 'tool', tool_call_id: 'c', content: 'a\n<exited with exit code 0>' },
  ];
  const facts = readDocument(['present', document([1], { timeline: undefined, chatMessages })]);
  expect(facts.prompts.map(({ text }) => text)).toEqual(['prompt 1']);
  expect(facts.commands.map(({ command, exit }) => [command, exit])).toEqual([['ls', 0]]);
});

test('a document is stored, grows by what is new, keeps what is taken out, and goes back to its place', async () => {
  using world = new World();
  const take = async (text: string) => {
    world.put(`.copilot/${OLD}`, text);
    return await world.ingest();
  };
  const first = document([1, 2]);
  expect(await take(first)).toMatchObject({ sessions_new: 1, analyzed: 1, warnings: [] });
  const [row] = [...listSessions(world.db)];
  if (row === undefined) throw new Error('no session');
  expect([row.uid as string, row.title]).toEqual(['copilot-cli:abc', 'prompt 1']);
  expect([row.startedAt as string, row.endedAt as string]).toEqual([
    '2025-10-11T11:41:00.000Z',
    '2025-10-11T11:42:05.000Z',
  ]);
  const second = document([2, 3]);
  expect(await take(second)).toMatchObject({ sessions_grown: 1, analyzed: 1, warnings: [] });
  const [file] = filesOf(world.db, row.uid);
  expect([file?.key, file?.relPath]).toEqual([KEY, OLD]);
  expect(world.stored(row.uid, KEY).toString()).toBe(second);
  expect(file?.logBytes).toBeLessThan(first.length + second.length * 0.7);
  const digest = JSON.parse(digestsOf(world.db, row.uid).at(-1)?.json ?? 'null');
  const prompts: readonly { readonly text: string }[] = digest.prompts;
  expect(prompts.map(({ text }) => text).sort()).toEqual(['prompt 1', 'prompt 2', 'prompt 3']);
  const session = { nativeId: 'abc', project: null, startedAt: null };
  const restored = (relPath: string) => copilotCli.restorePath(session, { role: 'main', key: KEY, relPath });
  expect([restored(OLD), restored('lost')]).toEqual([OLD, OLD]);
});

test('a torn document is kept, and what stands in it is told', async () => {
  using world = new World();
  const torn = document([1, 2]).slice(0, -40);
  world.put(`.copilot/${OLD}`, torn);
  expect(await world.ingest()).toMatchObject({ sessions_new: 1, analyzed: 1 });
  const [row] = [...listSessions(world.db)];
  if (row === undefined) throw new Error('no session');
  expect(world.stored(row.uid, KEY).toString()).toBe(torn);
  expect(digestsOf(world.db, row.uid).at(-1)?.json).toContain('prompt 2');
});

test('a session that lies in two generations is one, and told once', async () => {
  using world = new World();
  world.put(`.copilot/${OLD}`, document([1]));
  world.put(
    '.copilot/session-state/abc.jsonl',
    jsonl(event('session.start', { sessionId: 'abc' }), event('user.message', { content: 'prompt 1' })),
  );
  expect(await world.ingest()).toMatchObject({ sessions_new: 1, warnings: [] });
  const [row] = [...listSessions(world.db)];
  if (row === undefined) throw new Error('no session');
  expect(filesOf(world.db, row.uid).map(({ key }) => key)).toEqual(['main', KEY]);
  expect(JSON.parse(digestsOf(world.db, row.uid).at(-1)?.json ?? 'null').prompts.length).toBe(1);
});
