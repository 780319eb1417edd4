/**
 * What stands in a transcript beside its content is stored too: settings and counters that are other ones, a record of another session that
 * came to it. Only what the agent itself wrote in a new form, and white space, is nothing (`content.test.ts`).
 */
import { describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import type { SessionUid } from '../../src/domain/ids.ts';
import { filesOf } from '../../src/store/read.ts';
import { logChunks } from '../../src/store/segments.ts';
import { World } from '../support/bench-world.ts';

type Json = { readonly [key: string]: unknown };

const ID = '019e5677-ffe8-7e81-ba9c-f68dbed1be95';
const at = (second: number) => new Date(Date.UTC(2026, 4, 23, 20, 13, second)).toISOString();
const jsonl = (records: readonly Json[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');

const CODEX = {
  uid: `codex:${ID}`,
  path: `.codex/sessions/2026/05/23/rollout-2026-05-23T20-12-45-${ID}.jsonl`,
  lines: [
    { timestamp: at(0), type: 'session_meta', payload: { id: ID, timestamp: at(0), cwd: '/srv/forge' } },
    { timestamp: at(1), type: 'turn_context', payload: { turn_id: 't', model: 'gpt' } },
    { timestamp: at(2), type: 'event_msg', payload: { type: 'user_message', message: 'temper', images: [] } },
    {
      timestamp: at(3),
      type: 'event_msg',
      payload: { type: 'exec_command_end', call_id: 'c', command: ['make'], exit_code: 0, duration: 1 },
    },
    { timestamp: at(4), type: 'event_msg', payload: { type: 'agent_message', message: 'done' } },
    { timestamp: at(5), type: 'event_msg', payload: { type: 'token_count', info: { total: 7 } } },
  ] as readonly Json[],
  aside: {
    timestamp: at(0),
    type: 'session_meta',
    payload: { id: 'of-another', timestamp: at(0), cwd: '/' },
  },
};

const GEMINI_ID = '0f5a2a0e-4b7a-4f0e-8d53-1c7d4b0a9c11';
const GEMINI = {
  uid: `gemini-cli:${GEMINI_ID}`,
  path: `.gemini/tmp/forge/chats/session-2026-05-23T20-13-${GEMINI_ID.slice(0, 8)}.jsonl`,
  lines: [
    { sessionId: GEMINI_ID, projectHash: 'h', startTime: at(0), lastUpdated: at(0), kind: 'main' },
    { id: 'u1', timestamp: at(1), type: 'user', content: [{ text: 'temper' }] },
    { $set: { lastUpdated: at(1) } },
    { id: 'g1', timestamp: at(2), type: 'gemini', content: 'done' },
    { $set: { lastUpdated: at(2) } },
  ] as readonly Json[],
  aside: { $set: { lastUpdated: at(9) } },
};

/** A copy of a record with every text and number at any depth another one, but for those that tell whose it is. */
function changed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(changed);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [
        key,
        /^(?:id|type|timestamp|sessionId)$/.test(key) ? member : changed(member),
      ]),
    );
  return typeof value === 'number' ? value + 1 : typeof value === 'string' ? `${value}x` : value;
}

describe.each([
  ['codex', CODEX],
  ['gemini-cli', GEMINI],
])('%s', (_, { uid, path, lines, aside }) => {
  const versions: [string, readonly Json[]][] = lines
    .flatMap((line, n) => [
      [`line ${n} changed`, lines.with(n, changed(line) as Json)],
      [`line ${n} left out`, lines.toSpliced(n, 1)],
      [`line ${n} twice`, lines.toSpliced(n, 0, line)],
      [`another record before line ${n}`, lines.toSpliced(n, 0, aside)],
      // Whoever is the first line's session is another matter.
    ])
    .filter(([name]) => !/ line 0$|line 0 (?:changed|left out)/.test(name as string)) as [string, Json[]][];

  test.each(versions)(
    '%s: the file is stored as it is, and no line that was there is lost',
    async (_name, now) => {
      using world = new World();
      const file = world.put(path, jsonl(lines));
      await world.ingest();
      expect(world.stored(uid).toString()).toBe(jsonl(lines));
      writeFileSync(file, jsonl(now));
      expect(await world.ingest()).toMatchObject({ sessions_new: 0, warnings: [] });
      expect(world.stored(uid).toString()).toBe(readFileSync(file, 'utf8'));
      const [log] = filesOf(world.db, uid as SessionUid).map((each) =>
        Buffer.concat([...logChunks(world.db, uid as SessionUid, each)].map((chunk) => Buffer.from(chunk))),
      );
      for (const line of lines) expect(log?.includes(JSON.stringify(line))).toBe(true);
      expect(await world.ingest()).toMatchObject({ files_read: 0 });
    },
  );

  test('with white space in every line: nothing is stored', async () => {
    using world = new World();
    const file = world.put(path, jsonl(lines));
    await world.ingest();
    writeFileSync(file, jsonl(lines).replaceAll('":', '" : ').replaceAll('\n', '\r\n'));
    expect(await world.ingest()).toMatchObject({ stored_bytes_added: 0, sessions_unchanged: 1 });
    expect(world.stored(uid).toString()).toBe(jsonl(lines));
  });
});
