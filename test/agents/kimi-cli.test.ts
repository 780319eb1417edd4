// Kimi CLI: what only its sessions do. From its source (MoonshotAI/kimi-cli).

import { expect, test } from 'bun:test';
import { kimiCli } from '../../src/agents/kimi-cli/index.ts';
import { factsOf, jsonl } from './facts.ts';
import { sentOf } from './samples/kimi-cli.ts';

const ID = '019e6b6d-22e2-4191-83bd-8cc6b1af4b43';
const wire = (type: string, payload: object, timestamp = 1_777_629_600.5) => ({
  timestamp,
  message: { type, payload },
});
const call = (id: string, name: string, args: object) => ({
  type: 'function',
  id,
  function: { name, arguments: JSON.stringify(args) },
});
const result = (tool_call_id: string, is_error: boolean, output: unknown, message: string) => ({
  tool_call_id,
  return_value: { is_error, output, message, display: [] },
});
const nested = (event: object, more: object) => wire('SubagentEvent', { ...more, event });
const turn = (n: number) => ({
  prompt: `prompt ${n}`,
  answer: `answer ${n}`,
  command: `make ${n}`,
  output: 'made',
  written: `/p/${n}.ts`,
});

test('of a session with both forms the events are told, and what was sent adds folder and summary alone', () => {
  const summary = { type: 'text', text: 'We fixed it.' };
  const prefix = {
    type: 'text',
    text: '<system>Previous context has been compacted. Here is the compaction output:</system>',
  };
  const facts = factsOf(
    kimiCli,
    {
      bytes: jsonl(
        wire('TurnBegin', { user_input: 'Go.' }),
        wire('ContentPart', { type: 'text', text: 'Gone.' }),
      ),
    },
    {
      key: 'model.jsonl',
      bytes: jsonl(...sentOf({ cwd: '/p', turns: [turn(1)] }), { role: 'user', content: [prefix, summary] }),
    },
  );
  expect(facts.prompts).toEqual([{ text: 'Go.', at: '2026-05-01T10:00:00.500Z', copied: false }]);
  expect(facts.answers).toEqual(['Gone.']);
  expect([facts.projects, facts.compactions, facts.tools]).toEqual([['/p'], ['We fixed it.'], {}]);
});

test('before there were events, what was sent is told, and a copy that was set aside not twice', () => {
  const facts = factsOf(
    kimiCli,
    { key: 'model-000001.jsonl', bytes: jsonl(...sentOf({ cwd: '/p', turns: [turn(1), turn(2)] })) },
    { key: 'model.jsonl', bytes: jsonl(...sentOf({ cwd: '/p', turns: [turn(1), turn(3)] })) },
  );
  expect(facts.prompts.map(({ text }) => text)).toEqual(['prompt 1', 'prompt 2', 'prompt 3']);
  expect(facts.tools).toEqual({ WriteFile: 3, Shell: 3 });
  expect(facts.commands.map(({ exit }) => exit)).toEqual([0, 0, 0]);
  expect(facts.written).toEqual(['/p/1.ts', '/p/2.ts', '/p/3.ts']);
  expect(facts.unknown).toEqual([]);
});

test('a command that failed has its status; a refusal is in the words of the human', () => {
  const facts = factsOf(kimiCli, {
    bytes: jsonl(
      wire('ToolCall', call('1', 'Shell', { command: 'false' })),
      wire(
        'ToolResult',
        result('1', true, [{ type: 'text', text: 'no' }], 'Command failed with exit code: 7.'),
      ),
      wire('ToolCall', call('2', 'ReadFile', { path: '/p/a' })),
      wire('ToolResult', result('2', true, '', '`/p/a` does not exist.')),
      wire('ApprovalResponse', { request_id: 'r', response: 'reject', feedback: 'Not like this.' }),
      wire('SteerInput', { user_input: 'Faster.' }),
    ),
  });
  expect(facts.commands).toEqual([{ id: '1', command: 'false', exit: 7, failed: true, output: 'no' }]);
  expect(facts.errors).toEqual(['`/p/a` does not exist.']);
  expect(facts.prompts.map(({ text }) => text)).toEqual(['Not like this.', 'Faster.']);
});

test('the list of what is to do is the last one, in all its spellings', () => {
  const todos = (...list: object[]) => wire('ToolCall', call('', 'SetTodoList', { todos: list }));
  const facts = factsOf(kimiCli, {
    bytes: jsonl(
      todos({ title: 'a', status: 'Pending' }),
      todos({ title: 'a', status: 'done' }, { title: 'b', status: 'In Progress' }),
    ),
  });
  expect([...facts.todos.values()]).toEqual([
    { text: 'a', status: 'completed' },
    { text: 'b', status: 'in_progress' },
  ]);
});

test('what a subagent did is told once, from the events of the session or from its own', () => {
  const shell = wire('ToolCall', call('s1', 'Shell', { command: 'ls' }));
  const done = wire('ToolResult', result('s1', false, 'a', 'Command executed successfully.'));
  const usage = wire('StatusUpdate', { message_id: 'm1', token_usage: { input_other: 1, output: 2 } });
  const asked = wire('TurnBegin', { user_input: 'Look.' });
  const said = wire('ContentPart', { type: 'text', text: 'Seen.' });
  const own = [asked, shell, done, usage, said];
  const by = { parent_tool_call_id: 'c1', agent_id: 'agent-1', subagent_type: 'explore' };
  const facts = factsOf(
    kimiCli,
    { bytes: jsonl(...own.map(({ message }) => nested(message, by))) },
    { role: 'subagent', key: 'subagents/agent-1/wire.jsonl', bytes: jsonl(...own) },
  );
  expect([facts.tools, facts.prompts, facts.answers]).toEqual([{ Shell: 1 }, [], []]);
  expect(facts.commands).toEqual([{ id: 's1', command: 'ls', exit: 0, failed: false, output: 'a' }]);
  expect([...facts.usage.keys()]).toEqual(['m1']);
  expect([...facts.subagents]).toEqual([['agent-1', { kind: 'explore', task: 'Look.', result: 'Seen.' }]]);
});

test('a subagent of before had no events of its own: those of the session tell it', () => {
  const facts = factsOf(kimiCli, {
    bytes: jsonl(
      wire('ToolCall', call('c1', 'Task', { prompt: 'Look.', subagent_name: 'coder', description: 'x' })),
      nested({ type: 'ContentPart', payload: { type: 'text', text: 'Seen.' } }, { task_tool_call_id: 'c1' }),
      nested({ type: 'Hologram', payload: {} }, { task_tool_call_id: 'c1' }),
    ),
  });
  expect([...facts.subagents]).toEqual([['c1', { task: 'Look.', kind: 'coder', result: 'Seen.' }]]);
  expect(facts.unknown).toEqual(['Hologram']);
});

test('each file of a session is known by its place, in all its generations', () => {
  const of = (name: string) => {
    const { role, nativeId, key } = kimiCli.classify(`sessions/0123/${name}`) ?? {};
    return [role, nativeId, key];
  };
  expect(of(`${ID}/wire.jsonl`)).toEqual(['main', ID, 'main']);
  expect(of(`${ID}/context.jsonl`)).toEqual(['main', ID, 'model.jsonl']);
  expect(of(`${ID}/context_2.jsonl`)).toEqual(['main', ID, 'model-000002.jsonl']);
  expect(of(`${ID}/state.json`)).toEqual(['sidecar', ID, 'state.json']);
  expect(of(`${ID}/subagents/a/wire.jsonl`)).toEqual(['subagent', ID, 'subagents/a/wire.jsonl']);
  expect(of(`${ID}/subagents/a/context.jsonl`)).toEqual(['sidecar', ID, 'subagents/a/context.jsonl']);
  expect(of(`${ID}.jsonl`)).toEqual(['main', ID, 'model.jsonl']);
  expect(of(`${ID}_1.jsonl`)).toEqual(['main', ID, 'model-000001.jsonl']);
  expect(of(`${ID}_sub_1.jsonl`)).toEqual(['sidecar', ID, 'sub_1.jsonl']);
  expect(of('named.jsonl')).toEqual(['main', 'named', 'model.jsonl']);
});

test('a file whose place is lost goes where Kimi CLI looks: by the MD5 of the project', () => {
  const session = { nativeId: ID, project: '/home/me/project', startedAt: null };
  const lost = (key: string) => kimiCli.restorePath(session, { role: 'main', key, relPath: 'x' });
  const folder = `sessions/${new Bun.CryptoHasher('md5').update('/home/me/project').digest('hex')}/${ID}`;
  expect(['main', 'model.jsonl', 'model-000012.jsonl', 'state.json'].map(lost)).toEqual(
    ['wire.jsonl', 'context.jsonl', 'context_12.jsonl', 'state.json'].map((name) => `${folder}/${name}`),
  );
});
