// makeDigest as a whole, with a reader of our own that knows `prompt TEXT`, `run COMMAND` and `new`, and fails on the rest:
// what is an analysis and what is none.

import { describe, expect, test } from 'bun:test';
import { AGENTS } from '../../src/agents/registry.ts';
import { type DigestSource, makeDigest } from '../../src/digest/digest.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';
import type { RecordReader } from '../../src/domain/facts.ts';
import { NOW, UID } from './samples.ts';

const agent: AgentFormat = {
  ...(AGENTS[0] as AgentFormat),
  reader(sink): RecordReader {
    let calls = 0;
    return {
      begin: () => undefined,
      line(line) {
        const [word, ...rest] = Buffer.from(line).toString().split(' ');
        if (word === 'prompt') sink.prompt(rest.join(' '), null);
        else if (word === 'run') sink.command(String(calls++), rest.join(' '), null);
        else if (word === 'new') sink.unknown('new');
        else return word === 'skip' ? 'skipped' : 'unreadable';
        return 'read';
      },
      end: () => undefined,
    };
  },
};

function made(main: string | readonly (string | Uint8Array)[], change: Partial<DigestSource> = {}) {
  const chunks = [main].flat().map((chunk) => Buffer.from(chunk));
  return makeDigest({
    uid: UID,
    agent,
    rawBytes: 1000,
    now: NOW,
    files: [{ role: 'main', key: 'main', chunks }],
    ...change,
  });
}

describe('an analysis', () => {
  test('tells of the records that it read and counts those that it could not', async () => {
    const outcome = await made('prompt fix it\n\0\0\nskip\nrun make');
    expect(outcome.ok).toBe(true);
    if (!outcome.ok) return;
    expect(outcome.digest.prompts).toEqual([{ at: null, text: 'fix it' }]);
    expect(outcome.digest.commands).toEqual([{ command: 'make', exit: null }]);
    expect(outcome.digest.records).toEqual({ read: 3, unreadable: 1, unknown: {} });
    expect(JSON.parse(outcome.json)).toEqual(outcome.digest);
    expect(outcome.digest.partial).toBeUndefined();
  });

  test('reads bytes however they come, and all files', async () => {
    const bytes = Buffer.from('prompt one\nprompt ü\n');
    const whole = await made([bytes]);
    const pieces = await made([...bytes].map((byte) => Uint8Array.of(byte)));
    expect(pieces).toEqual(whole);
    async function* later() {
      yield Buffer.from('prompt of a sub');
      yield Buffer.from('agent');
    }
    const two = await made('', {
      files: [
        { role: 'main', key: 'main', chunks: [Buffer.from('prompt one')] },
        { role: 'subagent', key: 'subagents/a.jsonl', chunks: later() },
      ],
    });
    expect(two.ok && two.digest.prompts.map(({ text }) => text)).toEqual(['one', 'of a subagent']);
  });

  test('ends a line where the bytes of a rewrite begin', async () => {
    const chunks = [Buffer.from('prompt toprompt whole\n')];
    const outcome = await made('', { files: [{ role: 'main', key: 'main', chunks, breaks: [9] }] });
    expect(outcome.ok && outcome.digest.prompts.map(({ text }) => text)).toEqual(['to', 'whole']);
  });

  test('redacts before it cuts, so that half a secret does not stay', async () => {
    const secret = `gh${'p_'}${'aB3dE5gH7jK9mN2p'.repeat(3).slice(0, 36)}`;
    for (const before of [1970, 1990, 1999, 2005]) {
      const outcome = await made(`prompt ${'x'.repeat(before)} ${secret} ${'y'.repeat(3000)}`);
      expect(outcome.ok && outcome.json).not.toContain(secret.slice(0, 12));
    }
  });

  test('lets other work run while it reads a long transcript', async () => {
    const chunk = Buffer.from(`skip ${'x'.repeat(1 << 20)}\n`);
    let turns = 0;
    let reading = true;
    const other = (async () => {
      while (reading) {
        turns++;
        await Bun.sleep(0);
      }
    })();
    await made(Array.from({ length: 64 }, () => chunk));
    reading = false;
    await other;
    expect(turns).toBeGreaterThan(4);
  });

  test('does not hold what it reads: no chunk is needed once it was read', async () => {
    const buffer = Buffer.from('prompt 1\n');
    function* chunks() {
      for (const digit of '123') {
        buffer[7] = digit.charCodeAt(0);
        yield buffer;
      }
    }
    const outcome = await made('', { files: [{ role: 'main', key: 'main', chunks: chunks() }] });
    expect(outcome.ok && outcome.digest.prompts.map(({ text }) => text)).toEqual(['1', '2', '3']);
  });
});

describe('no analysis', () => {
  const why = async (text: string, change: Partial<DigestSource> = {}) => {
    const outcome = await made(text, change);
    return outcome.ok ? 'ok' : outcome.why;
  };

  test('of nothing but unreadable records', async () => {
    expect(await why('x\ny\n')).toBe('no readable record in 2 lines');
    expect(await why('\0\0\0')).toBe('no readable record in 1 line');
  });

  test('of nothing at all', async () => {
    expect(await why('')).toBe('no record at all');
    expect(await why('\n\n')).toBe('no record at all');
    expect(await why('', { files: [] })).toBe('no record at all');
  });

  test('of records that are all of a kind that nobody knows', async () => {
    expect(await why('new\nnew\n')).toBe('no known record in 2 lines');
  });

  test('of a main transcript without a readable record, whatever its subagents hold', async () => {
    const files = ['x\n', 'prompt p\n'].map((text, index) => ({
      role: index === 0 ? ('main' as const) : ('subagent' as const),
      key: String(index),
      chunks: [Buffer.from(text)],
    }));
    expect(await why('', { files })).toBe('no readable record in 1 line of the main transcript');
    expect(await why('', { files: files.slice(1) })).toBe('ok');
  });

  test('still tells what there is, marked as partial', async () => {
    const outcome = await made('x\n', { peekTitle: 'From the index' });
    expect(outcome.ok).toBe(false);
    if (outcome.ok) return;
    expect([outcome.partial.partial, outcome.partial.title, outcome.partial.records.unreadable]).toEqual([
      true,
      'From the index',
      1,
    ]);
    expect(JSON.parse(outcome.partialJson)).toEqual(outcome.partial);
  });

  test('a source that fails to be read is not passed off as a session that ended there', async () => {
    function* broken() {
      yield Buffer.from('prompt p\n');
      throw new Error('segment 2 is damaged');
    }
    const files = [{ role: 'main' as const, key: 'main', chunks: broken() }];
    await expect(made('', { files })).rejects.toThrow('segment 2 is damaged');
  });
});
