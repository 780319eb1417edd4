/**
 * Equal meaning, equal result, by facts worked out by hand: a time within a text or a result is none of the record's; records larger than a look
 * at a file's ends tell the same in each form; and a store made of files in another form lists the same and evicts in the same order.
 */
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { agentById } from '../../src/agents/registry.ts';
import { makeDigest } from '../../src/digest/digest.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { peekAt } from '../../src/ingest/discover/peek.ts';
import { Program } from '../support/program.ts';
import { SEED } from '../support/seed.ts';
import { endsOf, FORMS, type Form, linesIn } from './forms.ts';

const COMPACT: Form = { name: 'compact' };
const ALL = [COMPACT, ...FORMS];
const NOW = '2026-11-24T12:00:00.000Z' as Iso;
const at = (minute: number) => `2026-05-01T10:${String(minute).padStart(2, '0')}:00.000Z`;
const EARLY = '2020-01-01T00:00:00.000Z';
const LATE = '2026-10-01T00:00:00.000Z';

const agentOf = (id: string): AgentFormat => {
  const agent = agentById(id);
  if (agent === null) throw new Error(id);
  return agent;
};

async function timesOf(agent: AgentFormat, bytes: Uint8Array) {
  const peek = peekAt(agent, endsOf(bytes));
  const files = [{ role: 'main', key: 'main', chunks: [bytes] }] as const;
  const made = await makeDigest({ uid: 'x:1' as SessionUid, agent, rawBytes: bytes.length, now: NOW, files });
  const { started_at, ended_at } = made.ok ? made.digest : made.partial;
  return { before: [peek?.startedAt, peek?.endedAt], after: [started_at, ended_at] };
}

const claude = (minute: number | null, about: object) => ({
  parentUuid: null,
  sessionId: 's',
  cwd: '/p',
  uuid: `u${minute}`,
  gitBranch: 'HEAD',
  ...about,
  ...(minute === null ? {} : { timestamp: at(minute) }),
});
const result = (id: string, told: object) => ({
  type: 'user',
  message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'done', ...told }] },
});
const within = { timestamp: LATE, deep: [{ timestamp: EARLY }] };
const text = `{"timestamp":"${LATE}"} and "timestamp":"${EARLY}"`;
const call = (id: string, name: string) => ({
  type: 'assistant',
  message: {
    role: 'assistant',
    id: `m${id}`,
    model: 'm',
    usage: { input_tokens: 1, output_tokens: 1 },
    content: [{ type: 'tool_use', id, name, input: { command: 'make', file_path: '/f', ...within } }],
  },
});
const codex = (minute: number | null, type: string, payload: object) => ({
  ...(minute === null ? {} : { timestamp: at(minute) }),
  type,
  payload,
});

const NESTED: readonly [string, string, readonly object[]][] = [
  [
    'claude-code',
    'results, inputs and texts; a record without a time of its own',
    [
      claude(1, { type: 'user', message: { role: 'user', content: text } }),
      claude(2, call('a', 'Read')),
      claude(3, { ...result('a', {}), toolUseResult: within }),
      claude(4, call('b', 'Bash')),
      claude(5, { toolUseResult: within, ...result('b', { content: text }) }),
      claude(null, { ...result('c', {}), toolUseResult: within }),
      claude(null, { type: 'progress', data: within }),
      claude(6, { type: 'assistant', message: { role: 'assistant', content: [{ type: 'text', text }] } }),
      {
        type: 'file-history-snapshot',
        messageId: 'x',
        snapshot: { timestamp: at(7), trackedFileBackups: { a: within } },
      },
    ],
  ],
  [
    'codex',
    'payloads and their outputs',
    [
      codex(1, 'session_meta', { id: 'x', cwd: '/p', timestamp: at(1), git: within }),
      codex(2, 'event_msg', { type: 'user_message', message: text, extra: within }),
      codex(3, 'response_item', { type: 'reasoning', summary: [within] }),
      codex(4, 'response_item', { type: 'function_call_output', call_id: 'c', output: text, ...within }),
      codex(null, 'response_item', { type: 'reasoning', summary: [within], ...within }),
      codex(7, 'event_msg', { type: 'agent_message', message: text }),
    ],
  ],
  [
    'pi',
    'messages of its own form',
    [
      { type: 'session', version: 3, id: 'x', cwd: '/p', timestamp: at(1) },
      {
        type: 'message',
        id: 'a',
        timestamp: at(2),
        message: { role: 'user', content: text, details: within },
      },
      {
        type: 'message',
        id: 'b',
        timestamp: at(7),
        message: { role: 'toolResult', content: [], details: within },
      },
    ],
  ],
  [
    'gemini-cli',
    'results of its tools',
    [
      { sessionId: 'x', projectHash: 'h', startTime: at(1), lastUpdated: at(1), kind: 'main' },
      { id: 'a', type: 'user', timestamp: at(2), content: text },
      {
        id: 'b',
        type: 'gemini',
        timestamp: at(7),
        content: 'ok',
        toolCalls: [
          { id: 'c', name: 'x', args: within, status: 'success', timestamp: LATE, result: [within] },
        ],
      },
    ],
  ],
  [
    'kiro-cli',
    'metadata of messages alone',
    [
      {
        version: 'v1',
        kind: 'Prompt',
        data: { content: [{ kind: 'text', data: text }], meta: { timestamp: at(1) } },
      },
      {
        version: 'v1',
        kind: 'ToolResults',
        timestamp: LATE,
        data: { content: [within], meta: { timestamp: at(7) } },
      },
    ],
  ],
];

describe('a time within a text or a result is none of the record’s', () => {
  const cases = NESTED.flatMap((one) =>
    ALL.map((form) => [one[0], one[1], form.name, one[2], form] as const),
  );
  test.each(cases)('%s: %s; %s', async (id, _what, _form, records, form) => {
    const lines = Buffer.from(records.map((one) => `${JSON.stringify(one)}\n`).join(''));
    const times = await timesOf(agentOf(id), linesIn(form, lines, SEED));
    expect(times).toEqual({ before: [at(1), at(7)] as Iso[], after: [at(1), at(7)] as Iso[] });
  });
});

const KIB = 1024;
const long = (bytes: number) => 'Ünïcode "quoted" / text\n'.repeat(Math.ceil(bytes / 24));

const LARGE: readonly [string, string, readonly object[], object][] = [
  [
    'claude-code',
    'a first prompt and a last result that no look holds',
    [
      claude(1, { type: 'user', message: { role: 'user', content: `cast it ${long(600 * KIB)}` } }),
      ...Array.from({ length: 30 }, (_, n) => claude(2 + n, result('a', { content: long(20 * KIB) }))),
      claude(40, {
        ...result('a', { content: long(400 * KIB) }),
        toolUseResult: { content: long(400 * KIB) },
      }),
    ],
    { nativeId: 's', project: '/p', startedAt: at(1), endedAt: at(40) },
  ],
  [
    'codex',
    'a first line with an endless system prompt',
    [
      codex(1, 'session_meta', {
        id: 'x',
        timestamp: at(1),
        base_instructions: { text: long(500 * KIB) },
        cwd: '/p',
        git: { branch: 'main' },
        forked_from_id: 'parent',
      }),
      ...Array.from({ length: 30 }, (_, n) =>
        codex(2 + n, 'response_item', {
          type: 'message',
          role: 'developer',
          content: [{ text: long(20 * KIB) }],
        }),
      ),
      codex(35, 'event_msg', { type: 'user_message', message: `cast it ${long(300 * KIB)}` }),
      codex(40, 'response_item', { type: 'function_call_output', call_id: 'c', output: long(300 * KIB) }),
    ],
    {
      nativeId: 'x',
      project: '/p',
      branch: 'main',
      parentNativeId: 'parent',
      startedAt: at(1),
      endedAt: at(40),
    },
  ],
  [
    'pi',
    'a first prompt and a last result that no look holds',
    [
      { type: 'session', version: 3, id: 'x', cwd: '/p', timestamp: at(1) },
      {
        type: 'message',
        id: 'a',
        timestamp: at(2),
        message: { role: 'user', content: `cast it ${long(600 * KIB)}` },
      },
      ...Array.from({ length: 30 }, (_, n) => ({
        type: 'message',
        timestamp: at(3 + n),
        message: { role: 'toolResult', content: long(20 * KIB) },
      })),
      { type: 'message', timestamp: at(40), message: { role: 'toolResult', content: long(400 * KIB) } },
    ],
    { nativeId: 'x', project: '/p', startedAt: at(1), endedAt: at(40) },
  ],
];

describe('records larger than a look tell the same', () => {
  const cases = LARGE.flatMap((one) => ALL.map((form) => [one[0], one[1], form.name, one, form] as const));
  test.each(cases)('%s: %s; %s', (id, _what, _form, [, , records, told], form) => {
    const lines = Buffer.from(records.map((one) => `${JSON.stringify(one)}\n`).join(''));
    const peek = peekAt(agentOf(id), endsOf(linesIn(form, lines, SEED)));
    expect(peek).toMatchObject(told);
    expect(peek?.title).toStartWith('cast it Ünïcode "quoted" / text');
  });
});

const BUNDLED = join(import.meta.dir, '../../src/demo-samples');

/** A store of the bundled recordings, written in a form and not analyzed yet: what it lists, and what it would lose first. */
async function listed(form: Form) {
  using program = new Program();
  program.env = { SESSION_MEMORY_NOW: '2026-11-24T12:00:00.000Z' };
  for (const [agent, place] of [
    ['claude-code', '.claude/projects/-p'],
    ['codex', '.codex/sessions/2026/05/31'],
  ] as const)
    for (const name of readdirSync(join(BUNDLED, agent)))
      program.put(`${place}/${name}`, linesIn(form, readFileSync(join(BUNDLED, agent, name)), SEED));
  expect((await program.run('ingest', '--no-analyze')).code).toBe(0);
  const rows = (await program.run('list', '--json')).json();
  const plan = await program.run(
    'sweep',
    '--dry-run',
    '--json',
    '--no-analyze',
    '--soft-cap',
    '0',
    '--hard-cap',
    '0',
  );
  return { rows, plan: plan.json() };
}

test('a store of files in another form lists the same, and loses the same first', async () => {
  const facts = async (form: Form) => {
    const { rows, plan } = await listed(form);
    const list = Array.isArray(rows) ? rows : (rows as { sessions: unknown[] }).sessions;
    const keys = [
      'session_uid',
      'title',
      'project',
      'branch',
      'started_at',
      'ended_at',
      'parent',
      'parent_uid',
    ];
    const told = list.map((row: Record<string, unknown>) => keys.map((key) => row[key]));
    return { told, lost: (plan as { plan: { worst_case_data_loss: string[] } }).plan.worst_case_data_loss };
  };
  const compact = await facts(COMPACT);
  expect([compact.told.length, compact.lost.length]).toEqual([9, 9]);
  // One of them is damaged.
  expect(compact.told.filter((row) => row[5] !== null).length).toBe(8);
  for (const form of FORMS) expect({ form, ...(await facts(form)) }).toEqual({ form, ...compact });
}, 60_000);
