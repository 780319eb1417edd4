/** What an agent changed in a file is part of the conversation, as the agents tell it: pieces, whole files, patches. */
import { expect, test } from 'bun:test';
import { Conversation, type Turn } from '../../src/digest/conversation.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { retellMain } from '../../src/ingest/analyze.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { id } from '../support/filled.ts';

const AT = '2026-05-01T10:00:00.000Z';

function claudeCalls(calls: readonly { readonly name: string; readonly input: unknown }[]): string {
  const content = calls.map(({ name, input }, n) => ({ type: 'tool_use', id: `toolu_${n}`, name, input }));
  const message = { id: 'msg_1', role: 'assistant', model: 'm', content };
  return `${JSON.stringify({ type: 'assistant', uuid: 'a1', sessionId: id(1), timestamp: AT, cwd: '/p', message })}\n`;
}

async function told(path: string, text: string, agent: string, native: string) {
  using world = new World();
  world.put(path, text);
  await world.ingest({ analyze: false });
  const turns: Turn[] = [];
  const conversation = new Conversation((page) => turns.push(...page));
  const uid = `${agent}:${native}` as SessionUid;
  await retellMain({ db: world.db, host: world.host }, uid, conversation, new AbortController().signal);
  conversation.finish();
  return { turns };
}

const changesOf = ({ turns }: { readonly turns: readonly Turn[] }) =>
  turns
    .filter(({ diff }) => diff.length > 0)
    .map(({ text, outcome, diff }) => [text, outcome, diff.map((line) => line.sign + line.text)]);

test('Claude Code: an edit, several in one call, a file written whole', async () => {
  const calls = [
    { name: 'Edit', input: { file_path: '/p/a.ts', old_string: 'one\ntwo', new_string: 'one\nTWO' } },
    {
      name: 'MultiEdit',
      input: {
        file_path: '/p/b.ts',
        edits: [
          { old_string: 'x', new_string: 'y' },
          { old_string: 'p', new_string: '' },
        ],
      },
    },
    { name: 'Write', input: { file_path: '/p/c.ts', content: 'new\nfile' } },
  ];
  const text = promptLine(id(1), 'change them') + claudeCalls(calls);
  expect(changesOf(await told(claudePath(id(1)), text, 'claude-code', id(1)))).toEqual([
    ['edited /p/a.ts', '+1 -1', [' one', '-two', '+TWO']],
    ['edited /p/b.ts', '+1 -2', ['-x', '+y', '…', '-p']],
    ['wrote /p/c.ts', '+2 -0', ['+new', '+file']],
  ]);
});

test('the same file edited again right away is one turn with both changes', async () => {
  const edit = (from: string, to: string) => ({
    name: 'Edit',
    input: { file_path: '/p/a.ts', old_string: from, new_string: to },
  });
  const text = promptLine(id(1), 'twice') + claudeCalls([edit('a', 'b'), edit('c', 'd')]);
  expect(changesOf(await told(claudePath(id(1)), text, 'claude-code', id(1)))).toEqual([
    ['edited /p/a.ts', '+2 -2', ['-a', '+b', '…', '-c', '+d']],
  ]);
});

test('a flood of changes is cut, and says so', async () => {
  const content = Array.from({ length: 5_000 }, (_, n) => `line ${n}`).join('\n');
  const text =
    promptLine(id(1), 'much') + claudeCalls([{ name: 'Write', input: { file_path: '/p/big', content } }]);
  const [turn] = (await told(claudePath(id(1)), text, 'claude-code', id(1))).turns.slice(-1);
  expect(turn?.diff).toHaveLength(400);
  expect(turn?.outcome).toBe('+400 -0 and more');
});
