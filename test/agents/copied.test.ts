/**
 * History that a child repeats from its parent is marked and not counted: spawned and forked threads of Codex, sidechains
 * and forks of Claude Code, in the shapes that versions gave them. Numbers are worked out by hand.
 */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { claudeCode } from '../../src/agents/claude-code/index.ts';
import { codex } from '../../src/agents/codex/index.ts';
import { opencode } from '../../src/agents/opencode/index.ts';
import { type DigestSource, makeDigest } from '../../src/digest/digest.ts';
import type { Digest } from '../../src/domain/digest.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { peekAt } from '../../src/ingest/discover/peek.ts';
import { SEED } from '../support/seed.ts';
import { endsOf, FORMS, linesIn } from './forms.ts';
import { CORPUS, hasRecordings } from './genuine.ts';

type Line = Readonly<Record<string, unknown>>;
const bytesOf = (lines: readonly object[]) =>
  Buffer.from(lines.map((one) => `${JSON.stringify(one)}\n`).join(''));

async function digestOf(
  agent: DigestSource['agent'],
  ...files: readonly (readonly [string, Buffer])[]
): Promise<Digest> {
  const made = await makeDigest({
    uid: 'x:1' as SessionUid,
    agent,
    rawBytes: 1e6,
    now: '2026-12-01T00:00:00.000Z' as Iso,
    files: files.map(([key, bytes]) => ({
      role: key === 'main' ? 'main' : 'subagent',
      key,
      chunks: [bytes],
    })),
  });
  return made.ok ? made.digest : made.partial;
}

/** A UUID of version 7 that carries a time. */
function uuidAt(time: string, n: number): string {
  const ms = Date.parse(time).toString(16).padStart(12, '0');
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-${String(n).padStart(12, '0')}`;
}

const BEFORE = '2026-08-01T10:00:00.000Z';
const SPAWNED = '2026-08-02T10:00:00.000Z';
const PARENT = uuidAt(BEFORE, 1);
const CHILD = uuidAt(SPAWNED, 2);
const after = (time: string, seconds: number) => new Date(Date.parse(time) + seconds * 1000).toISOString();
const usage = (n: number) => ({ input_tokens: 100 * n, cached_input_tokens: 40 * n, output_tokens: 20 * n });

/** A turn of the nth: 60 in, 40 from cache, 20 out; `total` the thread's so far, in turns. */
function turn(prompt: string, time: string, total: number, turnId: string | null): Line[] {
  const line = (seconds: number, type: string, payload: object) => ({
    timestamp: after(time, seconds),
    type,
    payload,
  });
  const id = turnId === null ? {} : { turn_id: turnId };
  const info = { total_token_usage: usage(total), last_token_usage: usage(1) };
  return [
    line(0, 'event_msg', { type: 'task_started', ...id }),
    line(0, 'turn_context', { cwd: '/p', model: 'm', ...id }),
    line(1, 'event_msg', { type: 'user_message', message: prompt }),
    line(2, 'response_item', {
      type: 'function_call',
      name: 'shell',
      call_id: `c ${prompt}`,
      arguments: JSON.stringify({ command: ['bash', '-lc', `make ${prompt.split(' ')[0]}`] }),
    }),
    line(3, 'response_item', {
      type: 'function_call_output',
      call_id: `c ${prompt}`,
      output: 'Process exited with code 0\nOutput:\nok',
    }),
    line(9, 'event_msg', { type: 'token_count', info }),
    line(9, 'event_msg', { type: 'agent_message', message: `${prompt}: done` }),
  ];
}

const spawn = { subagent: { thread_spawn: { parent_thread_id: PARENT, depth: 1 } } };
const metaAt = (time: string, id: string, more: object = {}): Line => ({
  timestamp: time,
  type: 'session_meta',
  payload: { id, cwd: '/p', timestamp: time, ...more },
});
const asked = ['grind the rye', 'sieve the flour', 'bag the bran'];
const parentTurns = (withIds: boolean) =>
  asked.flatMap((prompt, n) =>
    turn(prompt, after(BEFORE, 30 * n), n + 1, withIds ? uuidAt(after(BEFORE, 30 * n), n) : null),
  );
const ownTurn = (total: number, withIds: boolean) =>
  turn('count the bags', after(SPAWNED, 20), total, withIds ? uuidAt(after(SPAWNED, 20), 9) : null);
const burst = (lines: readonly Line[]) => lines.map((line) => ({ ...line, timestamp: after(SPAWNED, 0.2) }));
const spawned = (more: object = {}) => metaAt(SPAWNED, CHILD, { source: spawn, ...more });

const SHAPES: readonly [string, readonly Line[]][] = [
  [
    'at the parent’s times, without a second identity',
    [spawned(), ...parentTurns(true), ...ownTurn(4, true)],
  ],
  ['the same without ids of turns', [spawned(), ...parentTurns(false), ...ownTurn(4, false)]],
  [
    'at the parent’s times, behind its identity',
    [spawned(), metaAt(BEFORE, PARENT), ...parentTurns(false), ...ownTurn(4, false)],
  ],
  [
    'stamped anew, behind the parent’s identity',
    [spawned(), ...burst([metaAt(BEFORE, PARENT), ...parentTurns(false)]), ...ownTurn(4, false)],
  ],
  ['stamped anew, told by ids of turns alone', [spawned(), ...burst(parentTurns(true)), ...ownTurn(4, true)]],
  [
    'stamped anew, told by nothing but the burst',
    [spawned(), ...burst(parentTurns(false)), ...ownTurn(4, false)],
  ],
  ['not at all, but the counter goes on from its total', [spawned(), ...ownTurn(4, true)]],
  ['not at all, and counts anew', [spawned(), ...ownTurn(1, true)]],
  ['not at all, in a version without ids of turns', [spawned(), ...ownTurn(1, false)]],
  [
    'as a fork',
    [
      spawned({ forked_from_id: PARENT }),
      ...burst([metaAt(BEFORE, PARENT), ...parentTurns(true)]),
      ...ownTurn(4, true),
    ],
  ],
];

describe('a subagent of Codex that repeats its parent', () => {
  const cases = SHAPES.flatMap(([what, lines]) =>
    [{ name: 'compact' }, ...FORMS].map((form) => [what, form.name, lines, form] as const),
  );
  test.each(cases)('%s; %s', async (_what, _form, lines, form) => {
    const bytes = linesIn(form, bytesOf(lines), SEED);
    const digest = await digestOf(codex, ['main', bytes]);
    const { input, cacheRead, output } = digest.tokens;
    expect([input, cacheRead, output]).toEqual([60, 40, 20]);
    expect({ started: digest.started_at, title: digest.title, parent: digest.parent }).toEqual({
      started: SPAWNED as Iso,
      title: 'count the bags',
      parent: PARENT,
    });
    expect(digest.commands).toEqual([{ command: 'make count', exit: 0 }]);
    expect([digest.prompts, digest.outcome]).toEqual([[], 'count the bags: done']);
    expect(peekAt(codex, endsOf(bytes))).toMatchObject({
      startedAt: SPAWNED,
      endedAt: after(SPAWNED, 29),
      title: 'count the bags',
      parentNativeId: PARENT,
    });
  });

  test('that has said nothing of its own yet has the name it was given, and no prompt of its parent', async () => {
    const bytes = bytesOf([
      spawned({ agent_path: ['', 'root', 'delegate_it'].join('/') }),
      ...parentTurns(true),
    ]);
    const digest = await digestOf(codex, ['main', bytes]);
    expect([digest.title, digest.tokens.output, digest.started_at]).toEqual([
      'delegate_it',
      0,
      SPAWNED as Iso,
    ]);
    expect(peekAt(codex, endsOf(bytes))).toMatchObject({ title: 'delegate_it', endedAt: SPAWNED });
  });
});

test('a thread of Codex without a parent holds nothing copied, whatever its clock did', async () => {
  const lines = [metaAt(SPAWNED, CHILD), ...turn('grind the rye', BEFORE, 3, null), ...ownTurn(4, true)];
  const digest = await digestOf(codex, ['main', bytesOf(lines)]);
  expect([digest.tokens.input, digest.prompts.map(({ copied }) => copied)]).toEqual([
    240,
    [undefined, undefined],
  ]);
});

const claude = (minute: number, type: string, message: object, more: object = {}): Line => ({
  type,
  uuid: `u${minute}`,
  sessionId: 'own',
  cwd: '/p',
  isSidechain: false,
  timestamp: `2026-08-20T09:${String(minute).padStart(2, '0')}:00.000Z`,
  message,
  ...more,
});
const says = (minute: number, text: string, more: object = {}) =>
  claude(minute, 'user', { role: 'user', content: text }, more);
const answers = (minute: number, id: string, request: string, more: object = {}, tokens = [100, 20]) =>
  claude(
    minute,
    'assistant',
    {
      role: 'assistant',
      id,
      model: 'm',
      content: [{ type: 'text', text: `answer ${id}` }],
      usage: { input_tokens: tokens[0], output_tokens: tokens[1] },
    },
    { requestId: request, ...more },
  );
const SIDE = { isSidechain: true, agentId: 'btw' };

describe('a sidechain of Claude Code that repeats answers under other requests', () => {
  const main = [
    says(1, 'thread the loom'),
    answers(2, 'm1', 'r1'),
    says(3, 'tighten it'),
    answers(4, 'm2', 'r2'),
  ];
  const side = [
    ...[says(1, 'thread the loom', SIDE), answers(2, 'm1', 's1', SIDE), answers(4, 'm2', 's2', SIDE)],
    ...[says(5, 'which yarn', SIDE), answers(6, 'm9', 's9', SIDE, [7, 3])],
  ];
  const tokens = async (...files: readonly (readonly [string, Buffer])[]) => {
    const { input, output } = (await digestOf(claudeCode, ...files)).tokens;
    return [input, output];
  };

  test('in a file of its own, inline, and before what it repeats', async () => {
    expect(await tokens(['main', bytesOf(main)], ['subagents/agent-btw.jsonl', bytesOf(side)])).toEqual([
      207, 43,
    ]);
    expect(await tokens(['main', bytesOf([...main, ...side])])).toEqual([207, 43]);
    expect(await tokens(['main', bytesOf([...side, ...main])])).toEqual([207, 43]);
  });

  test('answers of the session itself with one id and two requests are two', async () => {
    expect(await tokens(['main', bytesOf([answers(1, 'm1', 'r1'), answers(2, 'm1', 'r2')])])).toEqual([
      200, 40,
    ]);
  });
});

describe('a fork of Claude Code', () => {
  const copied = { requestSessionId: 'parent' };
  const lines = [
    ...[says(1, 'thread the loom'), answers(2, 'm1', 'r1', copied), says(3, 'tighten it')],
    ...[answers(4, 'm2', 'r2', copied), says(10, 'in the fork'), answers(11, 'm3', 'r3'), says(12, 'and on')],
  ];

  test.each([{ name: 'compact' }, ...FORMS].map((form) => [form.name, form] as const))(
    'marks what it copied, counts it once and names its parent; %s',
    async (_name, form) => {
      const bytes = linesIn(form, bytesOf(lines), SEED);
      const digest = await digestOf(claudeCode, ['main', bytes]);
      expect(digest.prompts.map(({ text, copied: isCopied }) => [text, isCopied ?? false])).toEqual([
        ...[['thread the loom', true] as [string, boolean], ['tighten it', true] as [string, boolean]],
        ...[['in the fork', false] as [string, boolean], ['and on', false] as [string, boolean]],
      ]);
      expect([digest.tokens.input, digest.tokens.output, digest.parent]).toEqual([100, 20, 'parent']);
      expect(digest.title).toBe('in the fork');
      expect(peekAt(claudeCode, endsOf(bytes))).toMatchObject({
        parentNativeId: 'parent',
        title: 'in the fork',
      });
    },
  );

  test('is not named by what it copied, where the first look saw nothing else, nor by its last prompt', async () => {
    const long = [
      ...lines.slice(0, 2),
      ...Array.from({ length: 200 }, (_, n) => answers(4, `c${n}`, `q${n}`, copied)),
      ...lines.slice(2),
      ...Array.from({ length: 20 }, (_, n) => answers(13, `o${n}`, `p${n}`)),
      says(14, 'and in the end'),
    ];
    const bytes = bytesOf(long);
    const [head, tail] = [bytes.subarray(0, 20_000), bytes.subarray(-2000)];
    expect(claudeCode.peek(head, tail)?.title).toBe('thread the loom');
    const told = { uid: 'x:1' as SessionUid, rawBytes: 1e6, now: '2026-12-01T00:00:00.000Z' as Iso };
    const files = [{ role: 'main', key: 'main', chunks: [bytes] }] as const;
    const made = await makeDigest({ ...told, agent: claudeCode, peekTitle: 'thread the loom', files });
    expect(made.ok && made.digest.title).toBe('in the fork');
  });

  test('a session that was only gone on with copied nothing', async () => {
    const own = lines.map((line) => ({
      ...line,
      ...('requestSessionId' in line ? { requestSessionId: 'own' } : {}),
    }));
    const digest = await digestOf(claudeCode, ['main', bytesOf(own)]);
    expect([digest.tokens.input, digest.parent, digest.title]).toEqual([300, null, 'thread the loom']);
    expect(digest.prompts.some(({ copied: isCopied }) => isCopied)).toBe(false);
  });
});

const RECORDED = 'recorded/claude-headless-fork/.claude/projects/-home-dev-agents-projects-claude2';

describe.if(hasRecordings('recorded'))('recordings', () => {
  test('of a fork of Claude Code 2.1.332: two answers of its own', async () => {
    const bytes = readFileSync(join(CORPUS, RECORDED, 'cb163774-d8c5-48d6-be2f-67c2f2466188.jsonl'));
    const digest = await digestOf(claudeCode, ['main', bytes]);
    expect([digest.tokens.input, digest.tokens.output]).toEqual([2000, 100]);
    expect(digest.parent).toBe('18e32acc-9e6e-4b90-bf06-d03dd8408ad6');
    const own = digest.prompts.filter(({ copied }) => copied !== true).map(({ text }) => text);
    expect(own).toEqual(['in the fork', 'continued']);
    const names = digest.prompts.filter(({ copied }) => copied === true).map(({ text }) => text);
    expect(names).toEqual(['after the compaction', 'mock:plan please', 'after the restore']);
  });

  test('of a subagent of Codex 0.171: one answer of its own, the name it was given', async () => {
    const path = 'recorded/codex-code-mode/.codex/sessions/2026/11/30';
    const name = 'rollout-2026-11-30T01-38-07-01a22a1a-28ac-7982-828a-b73769ed5938.jsonl';
    const bytes = readFileSync(join(CORPUS, path, name));
    const { tokens, title, started_at } = await digestOf(codex, ['main', bytes]);
    expect([tokens.input, tokens.cacheRead, tokens.output]).toEqual([800, 200, 50]);
    expect([title, started_at as string | null]).toEqual(['delegate_it', '2026-11-30T01:38:07.160Z']);
  });
});

describe('a fork of opencode', () => {
  const FORKED_AT = Date.parse('2026-08-02T10:00:00.000Z');
  const SAID_AT = FORKED_AT - 3_600_000;
  /** As opencode makes an id: the last digits of the milliseconds, a counter, and letters. */
  const idAt = (ms: number, n: number) =>
    `msg_${(ms % 16 ** 9).toString(16).padStart(9, '0')}${n.toString(16).padStart(3, '0')}c1U3DIsYKSKW7X`;
  const row = (table: string, value: object) => ({ table, row: value });
  const tokens = { input: 10, output: 5, reasoning: 2, cache: { read: 3, write: 1 } };
  const turnOf = (mintedMs: number, saidMs: number, prompt: string) =>
    (['user', 'assistant'] as const).flatMap((role, n) => {
      const id = idAt(mintedMs + n, n);
      const about = role === 'user' ? {} : { modelID: 'm', tokens };
      const text = role === 'user' ? prompt : `${prompt}, done`;
      const state = { status: 'completed', input: { command: `echo ${prompt}` }, metadata: { exit: 0 } };
      const parts = [
        { type: 'text', text },
        ...(role === 'user' ? [] : [{ type: 'tool', tool: 'bash', callID: id, state }]),
      ];
      return [
        row('message', { id, data: JSON.stringify({ role, time: { created: saidMs + n }, ...about }) }),
        ...parts.map((data, k) =>
          row('part', {
            id: `prt_${id}_${k}`,
            message_id: id,
            time_created: saidMs + n,
            data: JSON.stringify(data),
          }),
        ),
      ];
    });
  const digestFrom = (mintedMs: number) =>
    digestOf(opencode, [
      'main',
      bytesOf([
        { format: 'session-memory rows', version: 1, agent: 'opencode', id: 's1' },
        ...turnOf(mintedMs, SAID_AT, 'moor it'),
        ...turnOf(FORKED_AT + 5000, FORKED_AT + 5001, 'sail it'),
        row('session', { id: 's1', directory: '/p', title: 'Boats (fork #1)', time_created: FORKED_AT }),
      ]),
    ]);

  test('marks what it repeats, and counts its own alone', async () => {
    const digest = await digestFrom(FORKED_AT);
    expect(digest.prompts.map(({ text, copied }) => [text, copied === true])).toEqual([
      ['moor it', true],
      ['sail it', false],
    ]);
    expect(digest.tokens).toEqual({ input: 10, cacheRead: 3, cacheWrite: 1, output: 7, reasoning: 2 });
    expect(digest.commands.map(({ command }) => command)).toEqual(['echo sail it']);
    expect([digest.outcome, digest.started_at]).toEqual(['sail it, done', new Date(FORKED_AT).toISOString()]);
  });

  test('is none where ids are as old as what they name, to the millisecond or two, before or after', async () => {
    for (const earlier of [0, 2, -2]) {
      const digest = await digestFrom(SAID_AT - earlier);
      expect([earlier, digest.prompts.some(({ copied }) => copied === true), digest.tokens.input]).toEqual([
        ...[earlier, false, 20],
      ]);
    }
  });
});
