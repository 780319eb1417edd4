/**
 * A rewrite that says nothing new stores next to nothing, doubles nothing and wakes nothing; whatever says something else is
 * stored, and nothing of what was there is lost.
 */
import { describe, expect, test } from 'bun:test';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { codexContent } from '../../src/agents/codex/content.ts';
import { ALL_MEMBERS, type ContentForm, canonicalText, exactRecord } from '../../src/domain/content.ts';
import type { Digest } from '../../src/domain/digest.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { compareContent, hashContent } from '../../src/ingest/content/content.ts';
import { findSession } from '../../src/store/read.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { CORPUS } from '../agents/genuine.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { Home } from '../support/home.ts';
import '../support/seed.ts';

type Json = { readonly [key: string]: unknown };

const bytes = (text: string) => new TextEncoder().encode(text);
async function* streamed(text: string): AsyncGenerator<Uint8Array> {
  yield bytes(text);
}
const compared = (form: ContentForm, before: string, after: string) =>
  compareContent(form, [bytes(before)], streamed(after), 'start');

/** Another writing of the same value: keys the other way round, white space, escaped characters. */
function otherwise(value: unknown): string {
  if (Array.isArray(value)) return `[ ${value.map(otherwise).join(' ,\t')} ]`;
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .reverse()
      .map(([key, member]) => `${otherwise(key)} : ${otherwise(member)}`)
      .join(' , ')} }`;
  if (typeof value !== 'string') return JSON.stringify(value);
  return JSON.stringify(value).replace(/[a-f]/g, (char, at: number, text: string) =>
    /\\[^"]?$|\\u[0-9a-f]{0,4}$/.test(text.slice(Math.max(0, at - 6), at))
      ? char
      : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

describe('what a record says', () => {
  const members = fc.dictionary(fc.string(), fc.jsonValue());

  test('is the same behind a mark of byte order', async () => {
    const text = '{"a":1}\n{"b":2}\n';
    expect(await compared(ALL_MEMBERS, text, `\ufeff${text}`)).toBe('same');
    expect(await compared(ALL_MEMBERS, `\ufeff${text}`, `${text}{"c":3}\n`)).toBe('grown');
  });

  test('is the same in every writing', () => {
    fc.assert(
      fc.property(members, (record) => {
        const plain: unknown = JSON.parse(JSON.stringify(record));
        expect(JSON.parse(otherwise(plain))).toEqual(plain as Json);
        expect(canonicalText(exactRecord(otherwise(plain)))).toBe(
          canonicalText(exactRecord(JSON.stringify(record))),
        );
      }),
    );
  });

  test('is another where any value is another, the last digit of a long number too', () => {
    fc.assert(
      fc.property(members, members, (one, other) => {
        const [a, b] = [one, other].map((each) => JSON.parse(JSON.stringify(each)));
        expect(canonicalText(a) === canonicalText(b)).toBe(Bun.deepEquals(a, b, true));
      }),
    );
    const long = (digit: number) => canonicalText(exactRecord(`{"n":900719925474099${digit},"t":"9"}`));
    expect(new Set([1, 2, 3, 4].map(long)).size).toBe(4);
    const small = (text: string) => canonicalText(exactRecord(`{"id":"1234567890123456","n":${text}}`));
    expect(small('0.10000000000000001')).not.toBe(small('0.1'));
    const half = (text: string) => canonicalText(JSON.parse(text));
    expect(half('"\\ud800"')).not.toBe(half('"\\ud801"'));
    expect(half('["a","b"]')).not.toBe(half('["a\\",\\"b"]'));
  });

  test('brackets nested a hundred thousand deep are no content that can be told, and stop nothing', async () => {
    const deep = `{"type":"response_item","payload":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`;
    expect(await compared(codexContent, deep, deep.replace('{', '{ '))).toBeOneOf(['different', 'same']);
    const hash = await hashContent(codexContent, [bytes(deep)]);
    expect(hash === null || hash.records === 1).toBe(true);
  });
});

/** Lines of a small world: two that say something, each in two writings, one that says nothing, one that is torn. */
const LINES = ['{"a":1}', '{ "a" : 1 }\r', '{"b":2}', '', '{"a":'];
const SAYS = ['a', 'a', 'b', null, 'torn'];

/** All texts of up to three of them. */
function* texts(): Generator<{ text: string; says: string[] }> {
  for (let length = 0; length <= 3; length += 1)
    for (let n = 0; n < LINES.length ** length; n += 1) {
      const picked = Array.from({ length }, (_, i) => Math.floor(n / LINES.length ** i) % LINES.length);
      yield {
        text: picked.map((i) => `${LINES[i]}\n`).join(''),
        says: picked.flatMap((i) => SAYS[i] ?? []),
      };
    }
}

describe.each([true, false])('two versions, order counts: %p', (isOrdered) => {
  const form: ContentForm = { ...ALL_MEMBERS, isOrdered };

  test('stand to each other as what they say does, in all of a small world', async () => {
    const all = [...texts()];
    const wrong: unknown[] = [];
    for (const before of all)
      for (const after of all) {
        const came = await compared(form, before.text, after.text);
        const right = standing(before.says, after.says, isOrdered);
        if (came !== right) wrong.push({ before, after, came, right });
      }
    expect(wrong).toEqual([]);
  });

  test('differ where a byte of what is no record does, the one before a line’s end too', async () => {
    expect(await compared(form, '{"a":1}\n{"b"\n', '{"a":1}\r\n{"b"\n')).toBe('same');
    expect(await compared(form, '{"a":1}\n{"b"\n', '{"a":1}\n{"b"\r\n')).toBe('different');
  });

  test('have one hash exactly where they say the same', async () => {
    const seen = new Map<string, string>();
    for (const { text, says } of texts()) {
      const key = JSON.stringify(isOrdered ? says : says.toSorted());
      const hash = await hashContent(form, [bytes(text)]);
      expect(hash?.records).toBe(says.length);
      const hex = Buffer.from(hash?.sha256 ?? []).toString('hex');
      expect(seen.get(key) ?? hex).toBe(hex);
      seen.set(key, hex);
    }
    expect(new Set(seen.values()).size).toBe(seen.size);
  });
});

function standing(before: readonly string[], after: readonly string[], isOrdered: boolean): string {
  if (isOrdered) {
    const common = Math.min(before.length, after.length);
    if (!before.slice(0, common).every((said, i) => said === after[i])) return 'different';
    return before.length === after.length ? 'same' : before.length < after.length ? 'grown' : 'shorter';
  }
  const without = (list: readonly string[], less: readonly string[]) => {
    const left = [...list];
    for (const said of less) {
      const at = left.indexOf(said);
      if (at >= 0) left.splice(at, 1);
    }
    return left.length;
  };
  const [lost, more] = [without(before, after), without(after, before)];
  if (lost > 0) return more > 0 ? 'different' : 'shorter';
  return more > 0 ? 'grown' : 'same';
}

const ID = '019e5677-ffe8-7e81-ba9c-f68dbed1be95';
const UID = `codex:${ID}`;
const PATH = `.codex/sessions/2026/05/23/rollout-2026-05-23T20-12-45-${ID}.jsonl`;

/** A rollout as Codex 0.130 wrote it. */
function rollout(turns: number): Json[] {
  let second = 0;
  const at = () => new Date(Date.UTC(2026, 4, 23, 20, 13, second++)).toISOString();
  const event = (payload: Json) => ({ timestamp: at(), type: 'event_msg', payload });
  const item = (payload: Json) => ({ timestamp: at(), type: 'response_item', payload });
  const total = (n: number) => ({ input_tokens: 100 * n, cached_input_tokens: 10, output_tokens: n });
  return [
    {
      timestamp: at(),
      type: 'session_meta',
      payload: {
        id: ID,
        timestamp: at(),
        cwd: '/srv/forge',
        cli_version: '0.130.0',
        base_instructions: null,
      },
    },
    ...Array.from({ length: turns }, (_, n): Json[] => [
      {
        timestamp: at(),
        type: 'turn_context',
        payload: { turn_id: `t${n}`, cwd: '/srv/forge', model: 'gpt' },
      },
      item({ type: 'message', role: 'user', content: [{ type: 'input_text', text: `temper blade ${n}` }] }),
      event({ type: 'user_message', message: `temper blade ${n}`, images: [], local_images: [] }),
      item({ type: 'reasoning', summary: [], metadata: { turn_id: `t${n}` } }),
      item({
        type: 'function_call',
        name: 'exec_command',
        call_id: `call_${n}`,
        arguments: JSON.stringify({ cmd: `make blade-${n}` }),
      }),
      event({
        type: 'exec_command_end',
        call_id: `call_${n}`,
        command: ['sh', '-c', `make blade-${n}`],
        cwd: '/srv/forge',
        stdout: '',
        stderr: '',
        aggregated_output: `forged ${n}`,
        exit_code: 0,
      }),
      item({
        type: 'function_call_output',
        call_id: `call_${n}`,
        output: `Process exited with code 0\n${n}`,
      }),
      event({ type: 'agent_message', message: `blade ${n} is tempered`, phase: 'final_answer' }),
      item({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: `blade ${n}` }] }),
      event({ type: 'token_count', info: { total_token_usage: total(n + 1) }, rate_limits: { used: 1.0 } }),
    ]).flat(),
  ];
}

/** What `codex migrate-rollouts` of 0.171 makes of it, as it was seen to do. */
function migrated(records: readonly Json[]): Json[] {
  return records.map((record, ordinal) => {
    const { timestamp, type } = record;
    const { metadata: _, ...payload } = record['payload'] as Json;
    const completed = (item: Json) => ({
      type: 'item_completed',
      thread_id: ID,
      turn_id: 't',
      item,
      completed_at_ms: 1,
    });
    const { message, call_id: id } = payload as { message?: string; call_id?: string };
    const { command, exit_code, aggregated_output } = payload as Json;
    const told: Readonly<Record<string, Json>> = {
      user_message: completed({ type: 'UserMessage', id: 'i', content: [{ type: 'text', text: message }] }),
      agent_message: completed({ type: 'AgentMessage', id: 'i', content: [{ type: 'Text', text: message }] }),
      exec_command_end: completed({
        type: 'CommandExecution',
        id,
        command,
        cwd: 'file:///srv/forge',
        status: 'completed',
        aggregated_output,
        exit_code,
      }),
      token_count: { ...payload, rate_limits: null },
    };
    const meta = { session_id: ID, ...payload, history_mode: 'paginated' };
    const written =
      type === 'session_meta'
        ? meta
        : type === 'turn_context'
          ? { ...payload, personality: 'plain' }
          : payload['type'] === 'reasoning'
            ? { ...payload, content: null, encrypted_content: null }
            : (told[String(payload['type'])] ?? payload);
    return { timestamp, ordinal, type, payload: written };
  });
}

const jsonl = (records: readonly Json[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');
const digestOf = (world: World, uid = UID): Digest => JSON.parse(world.digestJson(uid));
const stateOf = (world: World, uid = UID) => findSession(world.db, uid as SessionUid)?.state;
const findings = (world: World) =>
  verify(
    world.db,
    () => undefined,
    () => false,
  ).findings;

describe('a rollout that Codex has migrated', () => {
  test('stores nothing, wakes nothing and changes no digest', async () => {
    using world = new World();
    const path = world.put(PATH, jsonl(rollout(3)));
    await world.ingest();
    const [before, stored] = [digestOf(world), world.stored(UID).toString()];
    writeFileSync(path, jsonl(migrated(rollout(3))));
    expect(await world.ingest()).toMatchObject({
      sessions_grown: 0,
      sessions_unchanged: 1,
      stored_bytes_added: 0,
      analyzed: 0,
      warnings: [],
    });
    expect([digestOf(world), world.stored(UID).toString()]).toEqual([before, stored]);
    // The next ingest need not look at it again.
    expect(await world.ingest()).toMatchObject({ files_read: 0 });
    expect(findings(world)).toEqual([]);
  });

  test('is stored as it is once it goes on, and each prompt is told once', async () => {
    using world = new World();
    const path = world.put(PATH, jsonl(rollout(3)));
    await world.ingest();
    const before = digestOf(world);
    writeFileSync(path, jsonl(migrated(rollout(3))));
    await world.ingest();
    writeFileSync(path, jsonl(migrated(rollout(4))));
    expect(await world.ingest()).toMatchObject({ sessions_grown: 1, analyzed: 1, warnings: [] });
    expect(world.stored(UID).toString()).toBe(readFileSync(path, 'utf8'));
    const after = digestOf(world);
    expect(after.prompts.map(({ text }) => text)).toEqual([0, 1, 2, 3].map((n) => `temper blade ${n}`));
    expect(after.commands.map(({ command, times }) => [command, times ?? 1])).toEqual(
      [0, 1, 2, 3].map((n) => [`make blade-${n}`, 1]),
    );
    expect(after.title).toBe(before.title);
    expect(after.tokens.output).toBe(4);
    // From here on it is appended to.
    appendFileSync(path, jsonl(migrated(rollout(5))).slice(jsonl(migrated(rollout(4))).length));
    expect(await world.ingest()).toMatchObject({ sessions_grown: 1 });
    expect(world.stored(UID).toString()).toBe(readFileSync(path, 'utf8'));
    expect(digestOf(world).prompts.length).toBe(5);
    expect(findings(world)).toEqual([]);
  });

  /** Each way in which a session goes. */
  const WAYS: Readonly<Record<string, readonly (readonly [code: number, ...args: string[]])[]>> = {
    'by a sweep': [
      [0, 'ingest'],
      [0, 'sweep', '--yes', '--soft-cap', '0', '--max-age-days', 'off'],
    ],
    'by hand': [
      [0, 'ingest'],
      [0, 'evict', UID, '--yes'],
    ],
    'as a loss of a sweep': [
      [0, 'ingest', '--no-analyze'],
      [3, 'sweep', '--yes', '--soft-cap', '0', '--hard-cap', '1', '--no-analyze'],
    ],
    'as a loss by hand': [
      [0, 'ingest', '--no-analyze'],
      [3, 'evict', UID, '--yes', '--data-loss'],
    ],
  };

  test.each(Object.keys(WAYS))(
    'evicted %s it stays so, and comes back whole with the next turn',
    async (way) => {
      using home = new Home();
      const told = async (...args: string[]) => {
        const { code, out, err } = await home.run([...args, '--json']);
        expect([code, err]).toEqual([0, '']);
        return JSON.parse(out);
      };
      home.write(PATH, jsonl(rollout(3)));
      for (const [code, ...args] of WAYS[way] ?? []) {
        const { code: was, err } = await home.run(args);
        expect([args, was, err]).toEqual([args, code, expect.anything()]);
      }
      home.write(PATH, jsonl(migrated(rollout(3))));
      expect(await told('ingest')).toMatchObject({ sessions_evicted: 1, stored_bytes_added: 0 });
      expect(await told('ingest')).toMatchObject({ files_read: 0 });
      home.write(PATH, jsonl(migrated(rollout(4))));
      expect(await told('ingest')).toMatchObject({ sessions_grown: 1, analyzed: 1 });
      expect((await home.run(['show', UID, '--raw'])).bytes.toString()).toBe(jsonl(migrated(rollout(4))));
      const { digest } = await told('show', UID);
      expect(digest.prompts.length).toBe(4);
      expect((await home.run(['verify'])).code).toBe(0);
    },
  );

  test('that lost a turn on the way is no rewrite that says the same', async () => {
    using world = new World();
    const path = world.put(PATH, jsonl(rollout(3)));
    await world.ingest();
    writeFileSync(path, jsonl(migrated(rollout(3)).filter(({ ordinal }) => ordinal !== 12)));
    expect(await world.ingest()).toMatchObject({ sessions_grown: 1 });
    expect(world.stored(UID).toString()).toBe(readFileSync(path, 'utf8'));
    expect(digestOf(world).prompts.length).toBe(3);
  });

  test('whose command ended otherwise is no rewrite that says the same', async () => {
    using world = new World();
    const path = world.put(PATH, jsonl(rollout(1)));
    await world.ingest();
    world.evict(UID);
    writeFileSync(path, jsonl(migrated(rollout(1))).replace('"exit_code":0', '"exit_code":1'));
    expect(await world.ingest()).toMatchObject({ sessions_grown: 1 });
    expect(stateOf(world)).toBe('analyzed');
  });
});

test('an event of Codex that no version of this program knows is content', async () => {
  const line = (type: string, said: string) =>
    JSON.stringify({ timestamp: '2026-05-01T10:00:00.000Z', type: 'event_msg', payload: { type, said } });
  const text = (said: string) => `${line('an_event_to_come', said)}\n`;
  expect(await compared(codexContent, text('one thing'), text('another'))).toBe('different');
  expect(await compared(codexContent, text('one thing'), '')).toBe('shorter');
});

describe('a transcript of Claude Code that some program has written anew', () => {
  const ids = '31111111-1111-4111-8111-111111111111';
  const uid = `claude-code:${ids}`;
  const lines = () => [1, 2, 3].map((n) => promptLine(ids, `words ${n}`, `2026-05-01T10:0${n}:00.000Z`));
  const anew = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => `${otherwise(JSON.parse(line))}\r\n`)
      .join('');

  test('in another order of keys, with white space, escapes and CRLF, says nothing new', async () => {
    using world = new World();
    const path = world.put(claudePath(ids), lines().join(''));
    await world.ingest();
    writeFileSync(path, anew(lines().join('')));
    expect(await world.ingest()).toMatchObject({ stored_bytes_added: 0, analyzed: 0, sessions_unchanged: 1 });
    expect(world.stored(uid).toString()).toBe(lines().join(''));
    appendFileSync(path, promptLine(ids, 'words 4', '2026-05-01T10:04:00.000Z'));
    expect(await world.ingest()).toMatchObject({ sessions_grown: 1 });
    expect(world.stored(uid).toString()).toBe(readFileSync(path, 'utf8'));
    expect(digestOf(world, uid).prompts.map(({ text }) => text)).toEqual(
      [1, 2, 3, 4].map((n) => `words ${n}`),
    );
  });

  test('and changed in one word is stored, and the old word is kept', async () => {
    using world = new World();
    const path = world.put(claudePath(ids), lines().join(''));
    await world.ingest();
    writeFileSync(path, anew(lines().join('').replace('words 2', 'others')));
    expect(await world.ingest()).toMatchObject({ sessions_grown: 1 });
    expect(world.stored(uid).toString()).toBe(readFileSync(path, 'utf8'));
    expect(world.removed(uid)).toContain('words 2');
  });
});

const RECORDED = join(CORPUS, 'recorded/codex-migrated');
const isThere = existsSync(RECORDED);
if (!isThere) console.log('skipped: no migrated rollout in ../shared/corpus/recorded');

test.skipIf(!isThere)('what Codex itself has migrated says the same before and after', async () => {
  const [before, after] = ['before', 'after'].map((name) =>
    readFileSync(join(RECORDED, `${name}.jsonl`), 'utf8'),
  );
  expect(await compared(codexContent, before ?? '', after ?? '')).toBe('same');
});
