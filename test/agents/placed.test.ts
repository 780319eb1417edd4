// Agents with one file a session: their genuine recordings, put where the agent would have them, against a second reader.

import { expect, test } from 'bun:test';
import { antigravity } from '../../src/agents/antigravity.ts';
import { kimiCode } from '../../src/agents/kimi-code.ts';
import { mistralVibe } from '../../src/agents/mistral-vibe.ts';
import { factsOf, jsonl } from './facts.ts';
import { hasRecordings, heldInPlaces, type Said } from './genuine.ts';

type Json = Record<string, never>;
const idOf = (n: number) => `70000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const linesOf = (bytes: Buffer): readonly Json[] =>
  bytes
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
/** Every object of a value, whatever it lies in. */
function* objects(value: unknown): Generator<Record<string, unknown>> {
  if (Array.isArray(value)) for (const one of value) yield* objects(one);
  else if (typeof value === 'object' && value !== null) {
    yield Object.fromEntries(Object.entries(value));
    for (const one of Object.values(value)) yield* objects(one);
  }
}
const texts = (values: readonly unknown[]) =>
  values.filter((value) => typeof value === 'string' && value !== '').map(String);

const AGENTS: readonly {
  readonly id: string;
  readonly least: readonly [sessions: number, prompts: number, commands: number, written: number];
  readonly place: (n: number) => string;
  readonly read: (bytes: Buffer) => Said;
}[] = [
  {
    id: 'kiro-cli',
    least: [29, 40, 15, 2],
    place: (n) => `.kiro/sessions/cli/${idOf(n)}.jsonl`,
    read: (bytes) => {
      const uses = [...objects(linesOf(bytes))]
        .filter(({ kind }) => kind === 'toolUse')
        .map(({ data }) => [...objects(data)]);
      return {
        prompts: [...objects(linesOf(bytes))]
          .filter(({ kind }) => kind === 'Prompt')
          .flatMap(({ data }) =>
            texts([...objects(data)].filter(({ kind }) => kind === 'text').map(({ data: text }) => text)),
          ),
        commands: uses.flatMap(([use, input]) =>
          use?.['name'] === 'shell' ? texts([input?.['command']]) : [],
        ),
        written: uses.flatMap(([use, input]) => (use?.['name'] === 'write' ? texts([input?.['path']]) : [])),
      };
    },
  },
  {
    id: 'mistral-vibe',
    least: [30, 40, 5, 0],
    place: (n) => `.vibe/logs/session/session_20260501_100000_${String(n).padStart(8, '0')}/messages.jsonl`,
    read: (bytes) => {
      const all = [...objects(linesOf(bytes))];
      const calls = all.filter(
        ({ name, arguments: args }) => typeof name === 'string' && typeof args === 'string',
      );
      return {
        prompts: texts(
          all
            .filter(({ role, injected }) => role === 'user' && injected !== true)
            .map(({ content }) => content),
        ),
        commands: calls.flatMap(({ name, arguments: args }) =>
          name === 'bash' ? [JSON.parse(String(args)).command] : [],
        ),
        written: [],
      };
    },
  },
  {
    id: 'antigravity',
    least: [25, 40, 8, 0],
    place: (n) => `.gemini/antigravity-cli/brain/${idOf(n)}/.system_generated/logs/transcript.jsonl`,
    read: (bytes) => {
      const all = [...objects(linesOf(bytes))];
      return {
        prompts: all
          .filter(({ type }) => type === 'USER_INPUT')
          .map(
            ({ content }) =>
              /<USER_REQUEST>([\s\S]*?)<\/USER_REQUEST>/.exec(String(content))?.[1]?.trim() ?? '',
          ),
        commands: texts(
          all.map(({ CommandLine: line }) => (line === undefined ? undefined : JSON.parse(String(line)))),
        ),
        written: [],
      };
    },
  },
  {
    id: 'iflow',
    least: [1, 1, 0, 1],
    place: (n) => `.iflow/projects/-C-exp/session-${idOf(n)}.jsonl`,
    read: (bytes) => {
      const records = [...objects(linesOf(bytes))];
      return {
        prompts: texts(
          records
            .filter(({ type }) => type === 'user')
            .map(({ message }) => [...objects(message)][0]?.['content']),
        ),
        commands: [],
        written: texts(
          records
            .filter(({ type, name }) => type === 'tool_use' && (name === 'replace' || name === 'write_file'))
            .map(({ input }) => [...objects(input)][0]?.['file_path']),
        ),
      };
    },
  },
];

for (const { id, least, place, read } of AGENTS) {
  test.skipIf(!hasRecordings(`other/${id}`))(
    `${id}: all genuine recordings are stored exactly, and their digests have what a second reader finds`,
    async () => {
      const counts = await heldInPlaces(
        id,
        id,
        (n, name) => (name.endsWith('.jsonl') ? place(n) : null),
        read,
      );
      const found = [counts.sessions, counts.prompts, counts.commands, counts.written];
      for (const [i, count] of found.entries())
        expect([i, count >= (least[i] ?? 0), count]).toEqual([i, true, count]);
      console.log(`${id}: ${JSON.stringify(counts)}`);
    },
  );
}

test('Antigravity: each step ends the oldest call before it', () => {
  const call = (name: string, args: object) => ({ name, args });
  const facts = factsOf(antigravity, {
    bytes: jsonl(
      {
        step_index: 1,
        source: 'MODEL',
        type: 'PLANNER_RESPONSE',
        tool_calls: [
          call('run_command', { CommandLine: '"make"' }),
          call('run_command', { CommandLine: '"make test"' }),
        ],
      },
      {
        step_index: 2,
        source: 'MODEL',
        type: 'RUN_COMMAND',
        content: 'The command completed successfully.\nOutput:\nok',
      },
      {
        step_index: 3,
        source: 'MODEL',
        type: 'RUN_COMMAND',
        content: 'The command failed with exit code: 2\n',
      },
    ),
  });
  expect(facts.commands.map(({ command, exit }) => [command, exit])).toEqual([
    ['make', 0],
    ['make test', 2],
  ]);
});

test('Mistral Vibe: what it put in itself is a command that was typed, or a summary, never a prompt', () => {
  const injected = (content: string) => ({ role: 'user', content, injected: true, message_id: content });
  const facts = factsOf(mistralVibe, {
    bytes: jsonl(
      injected(
        'Manual `!` command result from the user. Use this as context only.\n\nCommand: `echo hi`\n\nhi',
      ),
      injected('You are continuing a trajectory after a context compaction.\n\nHere are some'),
    ),
  });
  expect(facts.prompts).toEqual([]);
  expect(facts.commands.map(({ command }) => command)).toEqual(['echo hi']);
  expect(facts.compactions.length).toBe(1);
});

test('Mistral Vibe: a file that search_replace changed is edited', () => {
  const call = (name: string, args: object) => ({
    id: name,
    type: 'function',
    function: { name, arguments: JSON.stringify(args) },
  });
  const facts = factsOf(mistralVibe, {
    bytes: jsonl({
      role: 'assistant',
      content: 'Done.',
      message_id: 'm',
      tool_calls: [
        call('search_replace', { file_path: '/p/a.ts', content: 'x' }),
        call('write_file', { path: '/p/b.ts', content: 'x' }),
      ],
    }),
  });
  expect([facts.edited, facts.written]).toEqual([['/p/a.ts'], ['/p/b.ts']]);
});

test('Kimi Code: a subagent has its own wire, and its prompt is its task', () => {
  expect(kimiCode.classify('sessions/wd/s1/agents/explore-1/wire.jsonl')).toMatchObject({
    role: 'subagent',
    nativeId: 's1',
  });
  const user = { role: 'user', content: [{ type: 'text', text: 'Look.' }], origin: { kind: 'user' } };
  const facts = factsOf(kimiCode, {
    role: 'subagent',
    key: 'agents/explore-1/wire.jsonl',
    bytes: jsonl(
      { type: 'context.append_message', message: user },
      {
        type: 'context.append_loop_event',
        event: { type: 'content.part', part: { type: 'text', text: 'Seen.' } },
      },
    ),
  });
  expect(facts.prompts).toEqual([]);
  expect(facts.subagents.get('explore-1')).toEqual({ task: 'Look.', result: 'Seen.' });
});

test('Kimi Code: a prompt is told once, and also where nothing came after it', () => {
  const input = (text: string) => [{ type: 'text', text }];
  const origin = { kind: 'user' };
  const prompt = (promptId: string, text: string) => ({
    type: 'turn.prompt',
    promptId,
    input: input(text),
    origin,
  });
  const message = (id: string, text: string) => ({
    type: 'context.append_message',
    message: { role: 'user', id, content: input(text), origin },
  });
  const facts = factsOf(kimiCode, {
    bytes: jsonl(
      ...[
        prompt('m1', 'one'),
        message('m1', 'one'),
        prompt('m2', 'killed'),
        prompt('m3', 'one'),
        message('m3', 'one'),
      ],
      // Of a version that gave them no id, and one that the person put in meanwhile.
      ...[{ ...prompt('', 'four'), promptId: undefined }, message('m4', 'four'), message('m5', 'five')],
    ),
  });
  expect(facts.prompts.map(({ text }) => text)).toEqual(['one', 'killed', 'one', 'four', 'five']);
});

test('Kimi Code: what has no place of its own lies in the folder that it keeps for the project', () => {
  const session = { nativeId: 'session_1', project: '/home/me/My project/', startedAt: null };
  const at = (role: 'main' | 'subagent', key: string) =>
    kimiCode.restorePath(session, { role, key, relPath: '' });
  const folder = 'sessions/wd_my-project_f80fc6474130/session_1';
  expect([at('main', 'main'), at('subagent', 'agents/agent-0/wire.jsonl')]).toEqual([
    `${folder}/agents/main/wire.jsonl`,
    `${folder}/agents/agent-0/wire.jsonl`,
  ]);
});
