/** Transcripts made to do harm, one by one: each test is a hole that was there. Mutations of genuine ones: hostile-mutations. */
import { describe, expect, test } from 'bun:test';
import { claudeCode } from '../../src/agents/claude-code/index.ts';
import { codex } from '../../src/agents/codex/index.ts';
import { makeDigest } from '../../src/digest/digest.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';
import type { Digest } from '../../src/domain/digest.ts';
import { sessionUid } from '../../src/domain/ids.ts';
import { joined, matchLines } from '../../src/ingest/rewrite.ts';
import { digestOf, NOW, UID } from '../digest/samples.ts';

const AT = '2026-05-01T10:00:00.000Z';
const line = (record: unknown) => `${JSON.stringify(record)}\n`;
const asked = (content: unknown, uuid = 'u') =>
  line({ type: 'user', sessionId: 's', uuid, timestamp: AT, message: { role: 'user', content } });
const codexItem = (payload: unknown) => line({ timestamp: AT, type: 'response_item', payload });
const codexCall = (name: string, input: unknown) =>
  codexItem({ type: 'function_call', call_id: 'c', name, arguments: input });
const CODEX_META = line({ timestamp: AT, type: 'session_meta', payload: { id: 'a', cwd: '/home/ann' } });

async function digested(agent: AgentFormat, ...parts: string[]): Promise<Digest> {
  const made = await digestOf(agent, ...parts);
  // What is hostile may say nothing: what it costs to find that out counts all the same.
  if (!made.ok) return made.partial;
  return made.digest;
}

/**
 * How many times more sixteen times as much costs: about 16 where the cost is linear, 256 where it is quadratic.
 * Of this process's own time, for other tests run meanwhile; the best of three, for a collection may fall into one.
 */
async function growth(work: (times: number) => Promise<unknown>): Promise<number> {
  const best = async (times: number) => {
    let ms = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < 3; tries += 1) {
      const before = process.cpuUsage();
      await work(times);
      const { user, system } = process.cpuUsage(before);
      ms = Math.min(ms, (user + system) / 1000);
    }
    return ms;
  };
  // The first run compiles what it runs.
  await work(1);
  const small = await best(1);
  return (await best(16)) / Math.max(small, 0.5);
}
const LINEAR_GROWTH_MAX = 64;

describe('a line costs in proportion to its length', () => {
  const units: readonly (readonly [string, AgentFormat, (text: string) => string, string])[] = [
    ['tags that open and never close', claudeCode, asked, '<command-args>'],
    [
      'results that open and never close',
      claudeCode,
      (text) => asked(`<task-notification><task-id>a</task-id>${text}`),
      '<result>',
    ],
    [
      'names that open and never close',
      claudeCode,
      (text) => asked(`<command-message>${text}`),
      '<command-name>',
    ],
    ['starts of records', claudeCode, (text) => `${asked('x')}${text}\n`, '{"'],
    ['starts of records between NULs', claudeCode, (text) => `${asked('x')}${text}\n`, '{"a\0'],
    ['eight-bit escapes that never end', claudeCode, asked, '\u009d'],
    [
      'commands in a script',
      codex,
      (text) => CODEX_META + codexItem({ type: 'custom_tool_call', name: 'exec', input: text }),
      'cmd:"\\',
    ],
    [
      'files in a patch',
      codex,
      (text) =>
        CODEX_META +
        codexItem({ type: 'custom_tool_call', name: 'apply_patch', input: `*** Begin Patch\n${text}` }),
      '*** Add File: a\n',
    ],
    [
      'contexts without an end',
      codex,
      (text) => CODEX_META + codexItem({ type: 'message', role: 'user', content: [{ text }] }),
      '<environment_context>',
    ],
  ];
  for (const [name, agent, wrap, unit] of units) {
    test(name, async () => {
      const ratio = await growth((times) =>
        digested(agent, wrap(unit.repeat(Math.ceil((times * 24_000) / unit.length)))),
      );
      expect(ratio, 'sixteen times the bytes, in times').toBeLessThan(LINEAR_GROWTH_MAX);
    }, 120_000);
  }
});

describe('no record stops the reading of the others', () => {
  const HOSTILE_IDS = [
    '{"toString":1,"valueOf":1}',
    '['.repeat(50_000) + ']'.repeat(50_000),
    'null',
    '1e300',
  ];
  test('a terminal whose number is a record that no text can be made of', async () => {
    for (const id of HOSTILE_IDS) {
      const digest = await digested(
        codex,
        CODEX_META,
        codexCall('write_stdin', 'ID').replace('"ID"', `{"session_id":${id}}`),
        codexCall('exec_command', { cmd: 'make' }),
      );
      expect(digest.commands.map(({ command }) => command)).toEqual(['make']);
    }
  });

  test('nesting of 100,000 levels, whole and torn', async () => {
    const deep = '['.repeat(100_000);
    const digest = await digested(
      claudeCode,
      asked('before', '1'),
      `${'{"a":'.repeat(100_000)}\n`,
      `{"type":"user","sessionId":"s","message":{"content":${deep}${']'.repeat(100_000)}}}\n`,
      `${deep}\n`,
      asked('after', '2'),
    );
    expect(digest.prompts.map(({ text }) => text)).toEqual(['before', 'after']);
  });

  test('two hundred records whose newlines were lost are all read', async () => {
    const records = Array.from({ length: 200 }, (_, index) => asked(`prompt ${index}`, `${index}`).trim());
    for (const glue of ['', ' ', '\0', '\r']) {
      const digest = await digested(claudeCode, `${records.join(glue)}\n`);
      expect(digest.prompts.length, `glued by ${JSON.stringify(glue)}`).toBe(200);
    }
  });

  test('names of what every object has are names like any other', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '__defineGetter__'];
    const calls = names.map((name) => codexCall(name, {}));
    const types = names.map((type) => line({ timestamp: AT, type, payload: {} }));
    const polluted =
      '{"__proto__":{"type":"user","polluted":true},"constructor":{"prototype":{"polluted":true}}}\n';
    const digest = await digested(
      codex,
      CODEX_META,
      ...calls,
      ...types,
      polluted,
      codexCall('a', { cmd: 'b' }),
    );
    expect(JSON.parse(JSON.stringify(digest))).toEqual(digest);
    expect(Object.keys(digest.tools).sort()).toEqual([...names, 'a'].sort());
    expect(Object.values(digest.tools).every((count) => count === 1)).toBe(true);
    expect('polluted' in {}).toBe(false);
  });
});

describe('numbers', () => {
  test('tokens beyond all measure are whole numbers that JSON can hold', async () => {
    const answer = (id: string, tokens: unknown) =>
      line({
        type: 'assistant',
        sessionId: 's',
        uuid: id,
        message: {
          id,
          model: 'm',
          role: 'assistant',
          content: [],
          usage: { input_tokens: tokens, output_tokens: 1.5 },
        },
      });
    const digest = await digested(
      claudeCode,
      asked('x'),
      answer('1', 1e308),
      answer('2', 1e308),
      answer('3', -5),
    );
    // 2^53 - 1; and 1.5 counts as 1, three times.
    expect(digest.tokens).toMatchObject({ input: 9_007_199_254_740_991, output: 3 });
  });

  test('an exit status that is none is not told', async () => {
    for (const code of ['1e308', '0.5', '-1e15', '"0"', 'null']) {
      const digest = await digested(
        codex,
        CODEX_META,
        codexCall('exec_command', { cmd: 'make' }),
        `{"timestamp":"${AT}","type":"event_msg","payload":{"type":"exec_command_end","call_id":"c","exit_code":${code}}}\n`,
      );
      expect(digest.commands, code).toEqual([{ command: 'make', exit: null }]);
    }
  });

  test('a day or an hour that no calendar has is no time', async () => {
    for (const at of [
      '2026-02-30T10:00:00.000Z',
      '2026-02-29T10:00:00.000Z',
      '2026-04-31T00:00:00.000Z',
      '2026-05-02T24:00:00.000Z',
    ]) {
      const record = { type: 'user', sessionId: 's', uuid: at, timestamp: at, message: { content: 'x' } };
      const digest = await digested(claudeCode, line(record), asked('y'));
      expect([String(digest.started_at), String(digest.ended_at)], at).toEqual([AT, AT]);
    }
    const leap = {
      type: 'user',
      sessionId: 's',
      uuid: 'l',
      timestamp: '2024-02-29T10:00:00.000Z',
      message: { content: 'x' },
    };
    expect(String((await digested(claudeCode, line(leap))).ended_at)).toBe('2024-02-29T10:00:00.000Z');
  });

  test('times of the years 0 and 9999, and of no year at all, are as if absent', async () => {
    for (const at of [
      '0000-01-01T00:00:00.000Z',
      '9999-12-31T23:59:59.999Z',
      '+275760-09-13T00:00:00.000Z',
      1e300,
      -1,
    ]) {
      const record = {
        type: 'user',
        sessionId: 's',
        uuid: String(at),
        timestamp: at,
        message: { content: 'x' },
      };
      const digest = await digested(claudeCode, line(record), asked('y'));
      expect([String(digest.started_at), String(digest.ended_at)], String(at)).toEqual([AT, AT]);
      expect(digest.prompts.map((prompt) => String(prompt.at))).toEqual(['null', AT]);
    }
  });
});

describe('memory does not grow with the transcript', () => {
  const MIB = 1024 * 1024;
  const endless = 'x'.repeat(MIB);
  const tool = (name: string, id: string, input: unknown) =>
    line({
      type: 'assistant',
      sessionId: 's',
      uuid: id,
      message: { model: 'm', content: [{ type: 'tool_use', id, name, input }] },
    });
  const kinds: readonly (readonly [string, AgentFormat, (n: number) => string])[] = [
    [
      'short names cut out of long lines',
      codex,
      (n) =>
        codexItem({
          type: 'custom_tool_call',
          name: 'apply_patch',
          input: `*** Begin Patch\n*** Add File: /home/ann/project/src/components/file-${n}.ts\n${endless}`,
        }),
    ],
    [
      'prompts that no event confirms',
      codex,
      (n) => codexItem({ type: 'message', role: 'user', content: [{ text: n + endless }] }),
    ],
    [
      'ids of calls without a result',
      codex,
      (n) =>
        codexItem({ type: 'function_call', call_id: n + endless, name: 'shell', arguments: { cmd: 'a' } }),
    ],
    ['ids of records', claudeCode, (n) => asked('x', n + endless)],
    [
      'summaries of other sessions',
      claudeCode,
      (n) => line({ type: 'summary', leafUuid: `${n}`, summary: n + endless }),
    ],
    [
      'tasks of subagents that never answer',
      claudeCode,
      (n) => tool('Task', `${n}`, { description: n + endless }),
    ],
  ];
  for (const [name, agent, record] of kinds) {
    test(name, async () => {
      // So many MiB would be held; half of them is more than a collector that lags behind leaves.
      const records = 240;
      let heldMax = 0;
      Bun.gc(true);
      const before = process.memoryUsage().rss;
      async function* chunks() {
        yield Buffer.from(agent === codex ? CODEX_META : asked('first', 'first'));
        for (let n = 0; n < records; n += 1) {
          yield Buffer.from(record(n));
          if (n % 8 === 0) Bun.gc(true);
          heldMax = Math.max(heldMax, process.memoryUsage().rss - before);
        }
      }
      const made = await makeDigest({
        uid: UID,
        agent,
        rawBytes: records * MIB,
        now: NOW,
        files: [{ role: 'main', key: 'main', chunks: chunks() }],
      });
      expect(made.ok).toBe(true);
      expect(heldMax / MIB, 'MiB held of 240').toBeLessThan(records / 2);
    }, 60_000);
  }

  test('of lines of a million values no more is held than of one', async () => {
    const values = `{"type":"user","a":[${'[],'.repeat(MIB)}[]]}\n`;
    let heldMax = 0;
    Bun.gc(true);
    const before = process.memoryUsage().rss;
    async function* chunks() {
      yield Buffer.from(asked('first'));
      for (let n = 0; n < 24; n += 1) {
        yield Buffer.from(values);
        heldMax = Math.max(heldMax, process.memoryUsage().rss - before);
      }
    }
    const files = [{ role: 'main', key: 'main', chunks: chunks() }] as const;
    const made = await makeDigest({
      uid: UID,
      agent: claudeCode,
      rawBytes: 24 * values.length,
      now: NOW,
      files,
    });
    expect(made.ok && made.digest.records.read).toBe(25);
    expect(heldMax / MIB, 'MiB held; each line takes some 60').toBeLessThan(400);
  }, 60_000);

  test('of a rewritten file of millions of empty lines no list of lines is made', () => {
    const bytes = 4 * MIB;
    const rewritten = new Uint8Array(bytes).fill(10);
    rewritten[0] = 65;
    const before = process.memoryUsage().rss;
    const { extents, added } = matchLines([], [[0, bytes]], new Uint8Array(bytes).fill(10), rewritten, bytes);
    expect((process.memoryUsage().rss - before) / MIB, 'MiB, a list would take 600').toBeLessThan(200);
    expect(joined(extents)).toEqual([[bytes, bytes]]);
    expect(added.length, 'all of it is stored').toBe(bytes);
  });
});

test('an id becomes a file name that no system takes for a path, a flag or a device', () => {
  const hash = (text: string) => new Bun.CryptoHasher('sha256').update(text).digest('hex');
  const ids = [
    '../../x',
    '/etc/passwd',
    '..',
    '.',
    '',
    '-rf',
    'CON',
    'nul.txt',
    'Com1',
    'a b',
    'a\0b',
    'a\nb',
    'é',
    'x'.repeat(4096),
  ];
  const uids = ids.map((id) => String(sessionUid(claudeCode.id, id, hash)));
  expect(uids.filter((uid) => !/^claude-code:x-[0-9a-f]{32}$/.test(uid))).toEqual([]);
  expect(new Set(uids).size, 'and stay distinct').toBe(ids.length);
  for (const id of ['CONTEXT', 'console.1', 'computer', '8c816805-0000-4000-8000-000000000000'])
    expect(String(sessionUid(claudeCode.id, id, hash))).toBe(`claude-code:${id}`);
});
