// Qwen Code: what only this agent does, after `ChatRecord` in its `chatRecordingService.ts`.

import { expect, test } from 'bun:test';
import { qwenCode } from '../../src/agents/qwen-code/index.ts';
import { AGENTS } from '../../src/agents/registry.ts';
import { factsOf, jsonl } from './facts.ts';

const frame = { sessionId: 's', timestamp: '2026-05-01T10:00:00.000Z', cwd: '/w', version: '0.21.13' };
const record = (uuid: string, type: string, parts: unknown[], more: object = {}) => ({
  ...frame,
  uuid,
  type,
  message: { role: 'user', parts },
  ...more,
});
const system = (uuid: string, subtype: string, systemPayload: object) => ({
  ...frame,
  uuid,
  type: 'system',
  subtype,
  systemPayload,
});
const told = (...records: object[]) => factsOf(qwenCode, { bytes: jsonl(...records) });

test('an answer that comes in two records of one uuid, a thought first, is heard', () => {
  const facts = told(
    record('1', 'assistant', [{ text: 'hm', thought: true }]),
    record('1', 'assistant', [
      { text: 'yes' },
      { functionCall: { id: 'c', name: 'run_shell_command', args: { command: 'ls' } } },
    ]),
  );
  expect(facts.answers).toEqual(['yes']);
  expect(facts.commands.map(({ command }) => command)).toEqual(['ls']);
});

test('what the program wrote in a user\u2019s name is no prompt; what was typed is, without what a hook added', () => {
  const facts = told(
    record('1', 'user', [{ text: 'expanded' }], {
      systemPayload: { displayText: 'typed', hookContext: 'x' },
    }),
    record('2', 'user', [{ text: 'a task has ended' }], { subtype: 'notification' }),
    record('3', 'user', [{ text: 'on I go' }], { provenance: 'goal_control' }),
    record('4', 'user', [{ text: 'while it ran' }], { subtype: 'mid_turn_user_message' }),
    system('5', 'slash_command', { phase: 'invocation', rawCommand: '/summary' }),
    system('6', 'slash_command', { phase: 'result', rawCommand: '/summary' }),
  );
  expect(facts.prompts.map(({ text }) => text)).toEqual(['typed', 'while it ran', '/summary']);
});

test('a branch marks what it copied, and names its parent', () => {
  const facts = told(
    record('1', 'user', [{ text: 'old' }], { forkedFrom: { sessionId: 'p', messageUuid: '1' } }),
    record('2', 'user', [{ text: 'new' }]),
  );
  expect(facts.prompts.map(({ text, copied }) => [text, copied])).toEqual([
    ['old', true],
    ['new', false],
  ]);
  expect(facts.parents).toEqual(['p']);
});

test('a title, a compaction and a subtype that nobody knows', () => {
  const facts = told(
    system('1', 'custom_title', { customTitle: 'Mine', titleSource: 'manual' }),
    system('2', 'chat_compression', {
      info: {},
      compressedHistory: [{ role: 'user', parts: [{ text: 'so far' }] }],
    }),
    system('3', 'dream', {}),
  );
  expect([facts.titles, facts.compactions, facts.unknown]).toEqual([
    [['Mine', 'custom']],
    ['so far'],
    ['system dream'],
  ]);
});

test('a session that is archived is the same one, with what lies beside it', () => {
  const of = (name: string) => {
    const { role, nativeId, key } = qwenCode.classify(`projects/-p/chats/${name}`) ?? {};
    return [role, nativeId, key];
  };
  expect(of('archive/a.jsonl')).toEqual(of('a.jsonl'));
  expect(of('archive/a.worktree.json')).toEqual(['sidecar', 'a', 'chats/worktree.json']);
  expect([of('a.pr.json'), of('archive/a.pr.json')]).toEqual([
    ['sidecar', 'a', 'chats/pr.json'],
    ['sidecar', 'a', 'chats/pr.json'],
  ]);
  expect(of('a.other.json')).toEqual([undefined, undefined, undefined]);
  expect(of('archive/deeper/a.jsonl')).toEqual([undefined, undefined, undefined]);
  expect(qwenCode.rootOf('/x/projects/-p/chats/archive/a.jsonl')).toBe('/x');
  const session = { nativeId: 'a', project: '/p', startedAt: null };
  const file = { role: 'sidecar', key: 'chats/worktree.json', relPath: 'lost' } as const;
  expect(qwenCode.restorePath(session, file)).toBe('projects/-p/chats/a.worktree.json');
  const request = { ...file, key: 'chats/pr.json' };
  expect(qwenCode.restorePath(session, request)).toBe('projects/-p/chats/a.pr.json');
});

test('a transcript of Qwen Code that lies about is taken for nobody else\u2019s', () => {
  const bytes = Buffer.from(jsonl(record('1', 'user', [{ text: 'hello' }])));
  const takers = AGENTS.filter(
    (agent) => agent.looseName('a.jsonl') !== null && agent.peek(bytes, bytes) !== null,
  );
  expect(takers.map(({ id }) => id as string)).toEqual(['qwen-code']);
});
