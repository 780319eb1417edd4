// Gemini CLI: genuine recordings against a second reader, and what only this agent does.

import { describe, expect, test } from 'bun:test';
import { geminiCli } from '../../src/agents/gemini-cli/index.ts';
import { World } from '../support/bench-world.ts';
import { factsOf, jsonl } from './facts.ts';
import { countFiles, hasRecordings, heldAgainst, type Said } from './genuine.ts';

type Json = { readonly [key: string]: unknown };

/** Every object of a JSON value, whatever it lies in. */
function* objects(value: unknown): Generator<Json> {
  if (Array.isArray(value)) for (const one of value) yield* objects(one);
  else if (typeof value === 'object' && value !== null) {
    yield Object.fromEntries(Object.entries(value));
    for (const one of Object.values(value)) yield* objects(one);
  }
}

function said(bytes: Buffer, path: string): Said {
  const text = bytes.toString();
  const values: unknown[] = path.endsWith('.json')
    ? [JSON.parse(text)]
    : text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
  const all = [...objects(values)];
  // The model is made to answer this to the summary of a compaction, which stands before it.
  const isAnswered = (next: Json | undefined) =>
    JSON.stringify(next?.['content'] ?? '').includes('Got it. Thanks for the additional context!');
  const summaries = new Set(
    all
      .flatMap((one) => (Array.isArray(one['messages']) ? [one['messages']] : []))
      .flatMap((list: Json[]) => list.filter((_, n) => isAnswered(list[n + 1])).map(({ id }) => id)),
  );
  const prompts = all
    .filter((one) => one['type'] === 'user' && !summaries.has(one['id']))
    .flatMap((one) => {
      const shown = one['displayContent'] ?? one['content'];
      const parts =
        typeof shown === 'string' ? [shown] : [...objects(shown)].map((part) => String(part['text'] ?? ''));
      const whole = parts.join('\n').trim();
      return /^$|^<session_context>|^System: Please continue/.test(whole) ? [] : [whole];
    });
  const done = all.filter((one) => one['status'] === 'success' && typeof one['args'] === 'object');
  const argument = (one: Json, name: string) =>
    [...objects(one['args'])].map((args) => args[name]).filter((value) => typeof value === 'string');
  return {
    prompts,
    written: done
      .filter(({ name }) => name === 'write_file' || name === 'replace')
      .flatMap((one) => argument(one, 'file_path')),
    commands: all
      .filter(({ name }) => name === 'run_shell_command')
      .flatMap((one) => argument(one, 'command')),
  };
}

test.skipIf(!hasRecordings('home/.gemini'))(
  'all genuine recordings are stored exactly, and their digests have what a second reader finds',
  async () => {
    const counts = await heldAgainst('gemini-cli', '.gemini', said);
    expect(counts.files).toBe(countFiles('home/.gemini', ['.json', '.jsonl']));
    expect(counts.prompts).toBeGreaterThan(50);
    expect(counts.commands).toBeGreaterThan(5);
    expect(counts.written).toBe(1);
    console.log(`gemini-cli: ${JSON.stringify(counts)}`);
  },
);

const user = (id: string, content: unknown) => ({
  id,
  timestamp: '2026-05-01T10:00:00.000Z',
  type: 'user',
  content,
});
const HEADER = { sessionId: 'a', projectHash: 'b', startTime: '2026-05-01T10:00:00.000Z' };

describe('what a human said', () => {
  test('and took back by a rewind is told, and once though all messages are set again', () => {
    const lines = [
      HEADER,
      user('1', 'one'),
      user('2', [{ text: 'two' }]),
      { $rewindTo: '2' },
      { $set: { messages: [user('1', 'one')] } },
      user('3', 'three'),
    ];
    expect(factsOf(geminiCli, { bytes: jsonl(...lines) }).prompts.map(({ text }) => text)).toEqual([
      'one',
      'two',
      'three',
    ]);
  });

  test('is what was shown, not what a mention was expanded to', () => {
    const typed = { ...user('1', '@a.txt\n--- content of a.txt ---'), displayContent: '@a.txt' };
    expect(factsOf(geminiCli, { bytes: jsonl(HEADER, typed) }).prompts.map(({ text }) => text)).toEqual([
      '@a.txt',
    ]);
  });
});

test('an old .json that lies beside the .jsonl made of it is one session, each prompt once', async () => {
  using world = new World();
  const folder = '.gemini/tmp/p/chats/session-2026-05-01T10-00-aaaaaaaa';
  world.put(`${folder}.json`, JSON.stringify({ ...HEADER, messages: [user('1', 'one')] }, null, 2));
  world.put(`${folder}.jsonl`, jsonl(HEADER, user('1', 'one'), user('2', 'two')));
  expect(await world.ingest()).toMatchObject({ sessions_new: 1, warnings: [] });
  expect(world.stored('gemini-cli:a', 'chat.json').toString()).toStartWith('{\n');
  const { prompts } = JSON.parse(world.digestJson('gemini-cli:a'));
  expect(prompts.map(({ text }: { text: string }) => text)).toEqual(['one', 'two']);
});

test('a .json that is written anew keeps what was taken out of it, and stores no message twice', async () => {
  using world = new World();
  const path = '.gemini/tmp/p/chats/session-2026-05-01T10-00-aaaaaaaa.json';
  const long = 'x'.repeat(20_000);
  const chat = (...texts: string[]) =>
    JSON.stringify({
      ...HEADER,
      lastUpdated: `2026-05-01T10:00:0${texts.length}.000Z`,
      messages: texts.map((text) => user(text.slice(0, 9), text)),
    });
  world.put(path, chat(`first ${long}`, 'second'));
  await world.ingest();
  world.put(path, chat(`first ${long}`, 'third', 'fourth'));
  expect(await world.ingest()).toMatchObject({ sessions_grown: 1, analyzed: 1 });
  expect(world.stored('gemini-cli:a', 'chat.json').toString()).toBe(chat(`first ${long}`, 'third', 'fourth'));
  expect(world.removed('gemini-cli:a', 'chat.json')).toContain('second');
  expect(world.removed('gemini-cli:a', 'chat.json').length).toBeLessThan(500);
  const { prompts } = JSON.parse(world.digestJson('gemini-cli:a'));
  expect(prompts.map(({ text }: { text: string }) => text.slice(0, 6)).sort()).toEqual([
    'first ',
    'fourth',
    'second',
    'third',
  ]);
});
