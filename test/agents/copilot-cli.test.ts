// GitHub Copilot CLI: genuine recordings against a second reader, and what only this agent does.

import { expect, test } from 'bun:test';
import { copilotCli } from '../../src/ingest/agents/copilot-cli.ts';
import { type Facts, factsOf, jsonl } from './facts.ts';
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
  ...{ type, data, id: crypto.randomUUID(), timestamp: '2026-05-01T10:00:00.000Z' },
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

test('a session that was resumed has the tokens of each shutdown, and of the answers after the last', () => {
  const facts = read([
    answer('a', 5),
    shutdown(5),
    answer('b', 7),
    { ...shutdown(7), id: 'other' },
    answer('c', 3),
  ]);
  expect(sum(facts)).toBe(15);
  expect([...facts.usage.values()][0]?.tokens).toEqual({
    ...{ input: 6, cacheRead: 4, cacheWrite: 0, output: 5, reasoning: 0 },
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
