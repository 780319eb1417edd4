// Hermes Agent: genuine messages in a database of the published schema against a second reader, and what only this agent does.

import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hermes } from '../../src/agents/hermes/index.ts';
import type { Digest } from '../../src/domain/digest.ts';
import { filesOf, listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { databaseOf, expectRows } from '../support/stored-rows.ts';
import { factsOf } from './facts.ts';
import { CORPUS, hasRecordings } from './genuine.ts';
import { HERMES_SCHEMA, type HermesRows } from './samples/hermes.ts';

type Message = Readonly<Record<string, string | number>>;
const FOLDER = join(CORPUS, 'other/hermes');
const OTHERS = ['schema_version', 'system_prompts', 'state_meta'];

/** The messages of a recorded session, as rows. The recorder writes what is NULL as an empty text. */
function rowsOf(id: string, messages: readonly Message[]): HermesRows {
  const [first] = messages;
  const columns = [
    'role',
    'content',
    'tool_calls',
    'tool_call_id',
    'tool_name',
    'finish_reason',
    'display_kind',
  ];
  return [
    ['sessions', { id, source: 'cli', model: String(first?.['_model']), started_at: Number(first?.['_ts']) }],
    ...messages.map((message, n): HermesRows[number] => [
      'messages',
      {
        // Numbered through all sessions; the last digits of the id say which this is.
        id: Number(id.slice(-6)) * 1000 + n + 1,
        session_id: id,
        timestamp: Number(message['_ts']),
        ...Object.fromEntries(
          columns.map((name) => [name, message[name] === '' ? null : (message[name] ?? null)]),
        ),
      },
    ]),
  ];
}

/** A second reader, which knows nothing of the program: prompts, commands with their status, files, todos. */
function said(messages: readonly Message[]) {
  const calls = messages.flatMap((message) => {
    const list: { id: string; function: { name: string; arguments: string } }[] = JSON.parse(
      String(message['tool_calls'] === '' ? '[]' : message['tool_calls']),
    );
    return list.map((call) => {
      const result = messages.find((one) => one['tool_call_id'] === call.id)?.['content'];
      return { name: call.function.name, args: JSON.parse(call.function.arguments), result: String(result) };
    });
  });
  const typed = messages
    .filter(({ role }) => role === 'user')
    .map(({ content }) => String(content))
    .filter((text) => !text.startsWith('[ASYNC DELEGATION') && !text.startsWith('[Continuing toward'))
    .map((text) => {
      const [, skill] = text.match(/^\[IMPORTANT: The user has invoked the "(.*?)" skill/) ?? [];
      return skill === undefined
        ? text
        : `/${skill} ${text.split(' alongside the skill invocation: ').at(-1)}`;
    });
  const last = messages.findLast(({ role, content }) => role === 'assistant' && content !== '');
  return {
    prompts: typed,
    commands: calls
      .filter(({ name }) => name === 'terminal')
      .map(({ args, result }) => ({ command: args.command, exit: JSON.parse(result).exit_code })),
    written: calls.filter(({ name }) => name === 'write_file').map(({ args }) => args.path),
    edited: calls.filter(({ name }) => name === 'patch').map(({ args }) => args.path),
    todos: calls.filter(({ name }) => name === 'todo').at(-1)?.args.todos ?? [],
    tools: calls.length,
    outcome: String(last?.['content'] ?? '').trim(),
  };
}

const beginnings = (texts: readonly string[]) => texts.map((text) => text.trim().slice(0, 60).trimEnd());

test.skipIf(!hasRecordings('other/hermes'))(
  'all genuine messages are stored exactly, and their digests have what a second reader finds',
  async () => {
    using world = new World();
    world.now = '2026-09-01T00:00:00.000Z' as typeof world.now;
    const sessions = new Map(
      readdirSync(FOLDER).map((name, n) => {
        const lines = readFileSync(join(FOLDER, name), 'utf8').trim().split('\n');
        const messages: Message[] = lines.map((line) => JSON.parse(line));
        return [`2026080${(n % 9) + 1}_120000_${String(n).padStart(6, '0')}`, messages] as const;
      }),
    );
    const rows = [...sessions].flatMap(([id, messages]) => rowsOf(id, messages));
    world.put('.hermes/state.db', databaseOf(HERMES_SCHEMA, rows));
    expect(await world.ingest()).toMatchObject({ sessions_new: sessions.size, warnings: [] });
    const counts = { sessions: 0, prompts: 0, commands: 0, files: 0, tools: 0, todos: 0 };
    for (const [id, messages] of sessions) {
      expectRows(world.stored(`hermes:${id}`), databaseOf(HERMES_SCHEMA, rowsOf(id, messages)), OTHERS);
      const digest: Digest = JSON.parse(world.digestJson(`hermes:${id}`));
      const expected = said(messages);
      expect(beginnings(digest.prompts.map(({ text }) => text))).toEqual(beginnings(expected.prompts));
      expect(digest.commands.map(({ command, exit }) => ({ command, exit }))).toEqual(expected.commands);
      expect(digest.files.written).toEqual(expected.written);
      expect(digest.files.edited).toEqual(expected.edited);
      expect(digest.todos.map(({ status }) => status)).toEqual(
        expected.todos.map(({ status }: { status: string }) => status),
      );
      expect(Object.values(digest.tools).reduce((sum, count) => sum + count, 0)).toBe(expected.tools);
      expect(beginnings([digest.outcome ?? ''])).toEqual(beginnings([expected.outcome]));
      expect(digest.records.unknown).toEqual({});
      counts.sessions++;
      counts.prompts += expected.prompts.length;
      counts.commands += expected.commands.length;
      counts.files += expected.written.length + expected.edited.length;
      counts.tools += expected.tools;
      counts.todos += expected.todos.length;
    }
    expect(counts.prompts).toBeGreaterThan(30);
    expect(counts.commands).toBe(3);
    expect(counts.files).toBe(2);
    console.log(`hermes: ${JSON.stringify(counts)}`);
  },
);

const user = (
  id: string,
  content: string,
  more: Record<string, string | number> = {},
): HermesRows[number] => [
  'messages',
  { session_id: id, role: 'user', content, timestamp: 1_785_000_000, ...more },
];
const session = (id: string, more: Record<string, string | number> = {}): HermesRows[number] => [
  'sessions',
  { id, source: 'cli', started_at: 1_785_000_000, ...more },
];
const promptsOf = (world: World, uid: string) =>
  JSON.parse(world.digestJson(uid)).prompts.map(({ text }: { text: string }) => text);

describe('what a human said', () => {
  test('is no row that the program wrote in a human’s place, and a list of parts is its texts', async () => {
    using world = new World();
    const parts = `\u0000json:${JSON.stringify([{ type: 'text', text: 'look' }, { type: 'image_url' }])}`;
    const rows = [
      session('a'),
      user('a', '[CONTEXT COMPACTION — REFERENCE ONLY] Earlier turns', { _compressed_summary: 1 }),
      user('a', 'switched', { display_kind: 'model_switch' }),
      user('a', parts),
    ];
    world.put('.hermes/state.db', databaseOf(HERMES_SCHEMA, rows));
    await world.ingest();
    expect(promptsOf(world, 'hermes:a')).toEqual(['look']);
    expect(JSON.parse(world.digestJson('hermes:a')).compactions.length).toBe(1);
  });

  test('is not what another session asked of a subagent', async () => {
    using world = new World();
    const rows = [
      session('a'),
      user('a', 'mine'),
      session('b', { source: 'subagent', parent_session_id: 'a' }),
      user('b', 'its task'),
    ];
    world.put('.hermes/state.db', databaseOf(HERMES_SCHEMA, rows));
    await world.ingest();
    expect(promptsOf(world, 'hermes:b')).toEqual([]);
    expect(JSON.parse(world.digestJson('hermes:b')).subagents[0].task).toBe('its task');
    expect([...listSessions(world.db)].find(({ uid }) => uid === 'hermes:b')?.parentUid as string).toBe(
      'hermes:a',
    );
  });
});

test('a message that is hidden in its place changes its session, and only that one is read again', async () => {
  using world = new World();
  const rows = [session('a'), user('a', 'one'), user('a', 'two'), session('b'), user('b', 'other')];
  const path = world.put('.hermes/state.db', databaseOf(HERMES_SCHEMA, rows));
  await world.ingest();
  using owner = new Database(path);
  owner.run("UPDATE messages SET active = 0 WHERE content = 'two'");
  expect(await world.ingest()).toMatchObject({ sessions_grown: 1, sessions_unchanged: 1, files_read: 1 });
  expect(promptsOf(world, 'hermes:a')).toEqual(['one', 'two']);
});

test('every profile has a database of its own, and what else lies in its home is not looked at', async () => {
  using world = new World();
  world.put('.hermes/state.db', databaseOf(HERMES_SCHEMA, [session('a'), user('a', 'one')]));
  world.put('.hermes/profiles/coder/state.db', databaseOf(HERMES_SCHEMA, [session('b'), user('b', 'two')]));
  world.put('.hermes/hermes-agent/state.db', databaseOf(HERMES_SCHEMA, [session('c'), user('c', 'three')]));
  expect(await world.ingest()).toMatchObject({ sessions_new: 2, warnings: [] });
  const env = { HERMES_HOME: '/x/.hermes/profiles/coder' };
  expect(hermes.roots({ homeDir: '/home/me', env, platform: 'linux' })).toEqual(['/x/.hermes']);
});

describe('a session of files', () => {
  const document = (id: string) =>
    JSON.stringify({
      session_id: id,
      model: 'm',
      cwd: '/p',
      session_start: '2026-04-29T20:05:00',
      message_count: 2,
      messages: [
        { role: 'user', content: 'list it' },
        {
          role: 'assistant',
          content: 'done',
          tool_calls: [{ id: 'c', function: { name: 'terminal', arguments: '{"command":"ls"}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: '{"output":"x","exit_code":2,"error":null}' },
      ],
    });

  test('is taken where no database has it, with the lines that lie beside it told once', async () => {
    using world = new World();
    world.put('.hermes/state.db', databaseOf(HERMES_SCHEMA, [session('a'), user('a', 'in rows')]));
    world.put('.hermes/sessions/session_a.json', document('a'));
    world.put('.hermes/sessions/session_b.json', document('b'));
    world.put('.hermes/sessions/b.jsonl', `${JSON.stringify({ role: 'user', content: 'list it' })}\n`);
    world.put('.hermes/sessions/c.jsonl', `${JSON.stringify({ role: 'user', content: 'alone' })}\n`);
    world.put('.hermes/sessions/sessions.json', '{}');
    expect(await world.ingest()).toMatchObject({ sessions_new: 3, warnings: [] });
    expect(promptsOf(world, 'hermes:a')).toEqual(['in rows']);
    expect(promptsOf(world, 'hermes:b')).toEqual(['list it']);
    expect(promptsOf(world, 'hermes:c')).toEqual(['alone']);
    const digest: Digest = JSON.parse(world.digestJson('hermes:b'));
    expect(digest).toMatchObject({ project: '/p', outcome: 'done', commands: [{ command: 'ls', exit: 2 }] });
    const [, json, lines] = world.stored('hermes:b').toString().trimEnd().split('\n');
    expect(JSON.parse(json ?? '').text).toBe(document('b'));
    expect(JSON.parse(lines ?? '').file).toBe('sessions/b.jsonl');
    expect(filesOf(world.db, 'hermes:b' as Parameters<typeof filesOf>[1]).length).toBe(1);
  });
});

test('a database of the oldest form, with messages alone, has its sessions told by them', async () => {
  using world = new World();
  const schema = [
    `CREATE TABLE messages (id integer primary key autoincrement, session_id text not null, role text not null, content text,
       tool_call_id text, tool_calls text, tool_name text, timestamp real not null, token_count integer, finish_reason text)`,
  ];
  world.put(
    '.hermes/profiles/architect/state.db',
    databaseOf(schema, [user('01JCH1', 'why'), user('01JCH2', 'what')]),
  );
  expect(await world.ingest()).toMatchObject({ sessions_new: 2, warnings: [] });
  expect(promptsOf(world, 'hermes:01JCH1')).toEqual(['why']);
});

test('odd values are nothing, and no line stops the reader', () => {
  const line = (row: unknown) => `${JSON.stringify({ table: 'messages', row })}\n`;
  const facts = factsOf(hermes, {
    bytes: [
      line({ id: 1, role: 'assistant', content: null, tool_calls: '{"no":"list"}', timestamp: 'never' }),
      line({ id: 2, role: 'assistant', content: { blob: '/w==' }, tool_calls: '[1,null,{"function":7}]' }),
      line({ id: 3, role: 'tool', content: '[1', tool_call_id: 4 }),
      line({ id: 4, role: 'user', content: '\u0000json:{broken' }),
      '{"table":"hologram","row":{}}\n',
    ].join(''),
  });
  expect(facts).toMatchObject({ prompts: [], answers: [], unknown: ['hologram'] });
});
