/** A first look passes most lines of a head over: none of those that can tell something. */
import { expect, test } from 'bun:test';
import { claudeCode } from '../../src/agents/claude-code/index.ts';
import { codex } from '../../src/agents/codex/index.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';

const look = (agent: AgentFormat, records: readonly object[]) => {
  const bytes = new TextEncoder().encode(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  return agent.peek(bytes, bytes.subarray(-200));
};

const at = (minute: number) => `2026-05-01T10:${String(minute).padStart(2, '0')}:00.000Z`;
const claude = (minute: number, about: object) => ({
  sessionId: 's',
  cwd: '/p',
  gitBranch: 'HEAD',
  uuid: `u${minute}`,
  timestamp: at(minute),
  ...about,
});
const said = (text: string) => ({ type: 'user', message: { role: 'user', content: text } });
const result = (text: string) => ({
  type: 'user',
  message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: text }] },
});
const answer = { type: 'assistant', message: { role: 'assistant', content: [{ type: 'text', text: 'ok' }] } };

const CLAUDE: readonly [string, readonly object[], object][] = [
  [
    'the first prompt is the title',
    [claude(1, said('first')), claude(2, said('second'))],
    { title: 'first' },
  ],
  [
    'a title that is given later wins over the prompt',
    [
      claude(1, said('first')),
      claude(2, answer),
      { type: 'custom-title', customTitle: 'mine', sessionId: 's' },
    ],
    { title: 'mine' },
  ],
  [
    'a branch that is checked out later',
    [
      claude(1, said('first')),
      claude(2, { ...answer, gitBranch: '' }),
      claude(3, { ...answer, gitBranch: 'HEADroom' }),
    ],
    { branch: 'HEADroom' },
  ],
  [
    'what a tool printed is no branch',
    [claude(1, said('first')), claude(2, result('"gitBranch":"forged"'))],
    { branch: null },
  ],
  [
    'a fork that says so later',
    [claude(1, said('first')), claude(2, { ...answer, forkedFrom: { sessionId: 'parent' } })],
    { parentNativeId: 'parent' },
  ],
  [
    'a summary whose leaf is the result of a tool, far behind the prompt',
    [
      { type: 'summary', summary: 'of it all', leafUuid: 'u9' },
      claude(1, said('first')),
      claude(2, answer),
      claude(9, result('done')),
    ],
    { title: 'of it all' },
  ],
  [
    'a title whose kind stands far behind',
    [claude(1, said('first')), { customTitle: 'x'.repeat(90), sessionId: 's', type: 'custom-title' }],
    { title: 'x'.repeat(90) },
  ],
  [
    'times of lines that are passed over',
    [claude(5, said('first')), claude(2, answer), claude(8, answer)],
    { startedAt: at(2), endedAt: at(8) },
  ],
];

test.each(CLAUDE)('Claude Code: %s', (_what, records, told) => {
  expect(look(claudeCode, records)).toMatchObject({ nativeId: 's', project: '/p', ...told });
});

const item = (minute: number, type: string, payload: object) => ({ timestamp: at(minute), type, payload });
const meta = item(0, 'session_meta', { id: 'x', cwd: '/p', timestamp: at(0) });
const message = (role: string, text: string) => ({
  type: 'message',
  role,
  content: [{ type: 'input_text', text }],
});
const output = item(2, 'response_item', { type: 'function_call_output', call_id: 'c', output: 'message' });

const CODEX: readonly [string, readonly object[], object][] = [
  [
    'a prompt behind instructions and the output of tools',
    [
      meta,
      item(1, 'response_item', message('developer', 'be brief')),
      output,
      item(3, 'response_item', message('user', 'hello')),
    ],
    { title: 'hello' },
  ],
  [
    'what Codex notes as the user’s wins over what only may be',
    [
      meta,
      item(1, 'response_item', message('user', 'may be')),
      output,
      item(3, 'event_msg', { type: 'user_message', message: 'is' }),
      item(4, 'event_msg', { type: 'user_message', message: 'later' }),
    ],
    { title: 'is' },
  ],
  [
    'a later form of the same',
    [
      meta,
      item(1, 'event_msg', {
        type: 'item_completed',
        item: { type: 'UserMessage', content: [{ text: 'hi' }] },
      }),
    ],
    { title: 'hi' },
  ],
  [
    'where the first record names no folder, a later one does',
    [
      item(0, 'session_meta', { id: 'x', timestamp: at(0) }),
      item(1, 'event_msg', { type: 'user_message', message: 'is' }),
      item(2, 'turn_context', { cwd: '/p' }),
    ],
    { title: 'is' },
  ],
];

test('two records on one line, and blanks behind colons', () => {
  const bytesOf = (text: string) => new TextEncoder().encode(text);
  const first = `${JSON.stringify(claude(1, said('first')))}\n`;
  const glued = bytesOf(
    `${first}${JSON.stringify(claude(2, answer))}${JSON.stringify({ type: 'custom-title', customTitle: 'mine', sessionId: 's' })}\n`,
  );
  expect(claudeCode.peek(glued, new Uint8Array(0))?.title).toBe('mine');
  const spaced = bytesOf(
    `${first}${JSON.stringify(claude(2, { ...answer, gitBranch: 'b' })).replaceAll('":', '": ')}\n`,
  );
  expect(claudeCode.peek(spaced, new Uint8Array(0))?.branch).toBe('b');
  const prompt = item(3, 'event_msg', { type: 'user_message', message: 'hello' });
  const codexGlued = bytesOf(`${JSON.stringify(meta)}\n${JSON.stringify(output)}${JSON.stringify(prompt)}\n`);
  expect(codex.peek(codexGlued, new Uint8Array(0))?.title).toBe('hello');
});

test.each(CODEX)('Codex: %s', (_what, records, told) => {
  expect(look(codex, records)).toMatchObject({ nativeId: 'x', project: '/p', ...told });
});
