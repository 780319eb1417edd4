/**
 * opencode before 1.2: trees of small files, in both their forms, and what becomes of them when opencode moves them into
 * its database and leaves them where they are.
 */
import { describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { opencode } from '../../src/agents/opencode/index.ts';
import type { Digest } from '../../src/domain/digest.ts';
import { wholeLines } from '../../src/files/contained/row-lines.ts';
import { listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { databaseOf } from '../support/stored-rows.ts';
import { CORPUS } from './genuine.ts';
import { OPENCODE_SCHEMA, type Rows } from './samples/opencode.ts';

const TARGET = { nativeId: 'x', project: null, startedAt: null };

const ROOT = '.local/share/opencode';
type Files = Readonly<Record<string, object>>;

/** A session of two turns as opencode 1.0 wrote it; `oldest` as it did before `storage` had no project above it. */
function tree(id: string, oldest = false, parent?: string): Files {
  const message = (name: string) =>
    oldest ? `${OLD}/message/${id}/${name}` : `storage/message/${id}/${name}`;
  const part = (of: string, name: string) =>
    oldest ? `${OLD}/part/${id}/${of}/${name}` : `storage/part/${of}/${name}`;
  const made = { time: { start: 1777629600000 } };
  const [one, two] = [`msg_${id}_1`, `msg_${id}_2`];
  const ids = { sessionID: id };
  return {
    [oldest ? `${OLD}/info/${id}.json` : `storage/session/p1/${id}.json`]: {
      id,
      directory: '/home/me/project',
      title: 'Greets',
      version: '1.0.0',
      parentID: parent,
      time: { created: 1777629600000, updated: 1777629660000 },
    },
    [message(`${one}.json`)]: { id: one, ...ids, role: 'user', time: { created: 1777629600000 } },
    [part(one, 'prt_1.json')]: { id: 'prt_1', ...ids, messageID: one, type: 'text', text: 'say hi' },
    [message(`${two}.json`)]: {
      id: two,
      ...ids,
      role: 'assistant',
      modelID: 'm',
      time: { created: 1777629601000 },
    },
    [part(two, 'prt_2.json')]: {
      id: 'prt_2',
      ...ids,
      messageID: two,
      type: 'tool',
      tool: 'bash',
      callID: 'c',
      state: {
        status: 'completed',
        input: { command: 'echo hi' },
        output: 'hi',
        metadata: { exit: 0 },
        ...made,
      },
    },
    [part(two, 'prt_3.json')]: { id: 'prt_3', ...ids, messageID: two, type: 'text', text: 'hi!' },
  };
}
const OLD = 'project/home-me/storage/session';

/** What opencode makes of a tree in its database: ids and times as columns, the rest of each record as JSON. */
function migrated(files: Files): Rows {
  return Object.entries(files).map(([path, record]): Rows[number] => {
    const { id, sessionID, messageID, directory, title, version, time, ...data } = record as Json;
    const at = Number((time as Json)?.['created'] ?? 1777629600000);
    const times = { time_created: at, time_updated: Number((time as Json)?.['updated'] ?? at) };
    if (path.includes('/message/'))
      return [
        'message',
        { id, session_id: sessionID, ...times, data: JSON.stringify({ ...data, time }) },
      ] as never;
    if (path.includes('/part/'))
      return [
        'part',
        { id, message_id: messageID, session_id: sessionID, ...times, data: JSON.stringify(data) },
      ] as never;
    return ['session', { id, project_id: 'p1', slug: 's', directory, title, version, ...times }] as never;
  });
}
type Json = { readonly [key: string]: unknown };

function put(world: World, files: Files): void {
  for (const [path, record] of Object.entries(files))
    world.put(`${ROOT}/${path}`, JSON.stringify(record, null, 2));
}

const digestOf = (world: World, uid: string): Digest => JSON.parse(world.digestJson(uid));
const linesOf = (world: World, uid: string) =>
  world
    .stored(uid)
    .toString()
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line));

describe.each([
  ['the tree', false],
  ['the oldest tree', true],
])('%s', (_, oldest) => {
  test('holds each file of the session once, as it is, and is digested', async () => {
    using world = new World();
    const files = tree('ses_1', oldest);
    put(world, {
      ...files,
      ...(oldest ? {} : { 'storage/todo/ses_1.json': [], 'storage/session_diff/ses_1.json': [] }),
    });
    put(world, tree('ses_2', oldest, 'ses_1'));
    world.put(`${ROOT}/storage/message/other/msg_9.json`, '{}');
    expect(await world.ingest()).toMatchObject({ sessions_new: 2, analyzed: 2, warnings: [] });
    const lines = linesOf(world, 'opencode:ses_1');
    const held = Object.fromEntries(lines.map(({ file, text }) => [file, JSON.parse(text)]));
    expect(held).toMatchObject(JSON.parse(JSON.stringify(files)));
    expect(lines.length).toBe(Object.keys(files).length + (oldest ? 0 : 2));
    for (const { file, text } of lines) expect(text).toBe(readFileSync(join(world.home, ROOT, file), 'utf8'));
    expect(digestOf(world, 'opencode:ses_1')).toMatchObject({
      title: 'Greets',
      project: '/home/me/project',
      outcome: 'hi!',
      prompts: [{ text: 'say hi' }],
      commands: [{ command: 'echo hi', exit: 0 }],
      records: { unknown: {} },
    });
    const child = [...listSessions(world.db)].find(({ uid }) => uid === 'opencode:ses_2');
    expect(child?.parentUid as string).toBe('opencode:ses_1');
    expect(await world.ingest()).toMatchObject({ files_read: 0, sessions_unchanged: 2 });
  });

  test('grows by what is new, and a part that is written anew counts once', async () => {
    using world = new World();
    const files = tree('ses_1', oldest);
    put(world, files);
    await world.ingest();
    const [path = '', record = {}] = Object.entries(files).at(-1) ?? [];
    put(world, {
      [path]: { ...record, text: 'hello!' },
      [path.replace('prt_3', 'prt_4')]: { ...record, id: 'prt_4', text: 'bye!' },
    });
    expect(await world.ingest()).toMatchObject({ sessions_grown: 1, warnings: [] });
    expect(world.removed('opencode:ses_1')).toContain('hi!');
    expect(digestOf(world, 'opencode:ses_1')).toMatchObject({
      outcome: 'bye!',
      prompts: [{ text: 'say hi' }],
    });
  });

  test('is one session with what is made of it in the database, and nothing of it is lost', async () => {
    using world = new World();
    const files = tree('ses_1', oldest);
    put(world, files);
    put(world, tree('ses_old', oldest));
    await world.ingest();
    const before = world.stored('opencode:ses_1').toString();
    const rows = migrated(files);
    world.put(`${ROOT}/opencode.db`, databaseOf(OPENCODE_SCHEMA, rows));
    // The database says what the tree said: nothing is stored.
    const nothing = { sessions_new: 0, sessions_grown: 0, stored_bytes_added: 0, warnings: [] };
    expect(await world.ingest()).toMatchObject(nothing);
    expect([...listSessions(world.db)].map(({ uid }) => uid as string).sort()).toEqual([
      'opencode:ses_1',
      'opencode:ses_old',
    ]);
    expect(world.stored('opencode:ses_1').toString()).toBe(before);
    expect(await world.ingest()).toMatchObject({ files_read: 0, ...nothing });
    // Later the database alone goes on.
    const more = { id: 'prt_9', messageID: 'msg_ses_1_2', sessionID: 'ses_1', type: 'text', text: 'more' };
    const session = rows.find(([table]) => table === 'session')?.[1] ?? {};
    const grown = rows.map(([table, row]): Rows[number] =>
      row === session ? [table, { ...row, time_updated: 1777629999000 }] : [table, row],
    );
    world.put(
      `${ROOT}/opencode.db`,
      databaseOf(OPENCODE_SCHEMA, [...grown, ...migrated({ 'x/part/y': more })]),
    );
    expect(await world.ingest()).toMatchObject({ sessions_new: 0, sessions_grown: 1, warnings: [] });
    expect(linesOf(world, 'opencode:ses_1').map(({ table }) => table)).toEqual([
      ...['message', 'part', 'message', 'part', 'part', 'part', 'session'],
    ]);
    for (const line of before.trimEnd().split('\n').slice(1))
      expect(world.removed('opencode:ses_1')).toContain(line);
    const digest = digestOf(world, 'opencode:ses_1');
    expect([digest.prompts.length, digest.commands[0]?.times ?? 1, digest.outcome]).toEqual([1, 1, 'more']);
  });

  test('stays evicted when it moves into the database, and comes back whole when it goes on there', async () => {
    using world = new World();
    const files = tree('ses_1', oldest);
    put(world, files);
    await world.ingest();
    await world.sweepAway('opencode:ses_1');
    const rows = migrated(files);
    world.put(`${ROOT}/opencode.db`, databaseOf(OPENCODE_SCHEMA, rows));
    expect(await world.ingest()).toMatchObject({ sessions_evicted: 1, stored_bytes_added: 0, warnings: [] });
    const more = { id: 'prt_9', messageID: 'msg_ses_1_2', sessionID: 'ses_1', type: 'text', text: 'more' };
    world.put(
      `${ROOT}/opencode.db`,
      databaseOf(OPENCODE_SCHEMA, [...rows, ...migrated({ 'x/part/y': more })]),
    );
    expect(await world.ingest()).toMatchObject({ sessions_grown: 1, warnings: [] });
    expect(linesOf(world, 'opencode:ses_1')).toHaveLength(7);
  });

  test('what is made for the import has every message and part, from the tree and from the database', async () => {
    using world = new World();
    const files = tree('ses_1', oldest);
    put(world, files);
    await world.ingest();
    const imported = () => {
      const lines = [...wholeLines([world.stored('opencode:ses_1')])];
      const text = [...(opencode.takesBack?.content(lines, TARGET) ?? ['null'])].join('');
      return JSON.parse(text);
    };
    const whole = (made: { messages: { info: Json; parts: Json[] }[] }) =>
      made.messages.flatMap(({ info, parts }) => [info, ...parts]);
    const expected = Object.entries(files).flatMap(([path, record]) =>
      /\/(message|part)\//.test(path) ? [record] : [],
    );
    expect(whole(imported())).toEqual(expected as Json[]);
    world.put(`${ROOT}/opencode.db`, databaseOf(OPENCODE_SCHEMA, migrated(files)));
    await world.ingest();
    expect(whole(imported())).toEqual(expected as Json[]);
    expect(imported().info).toMatchObject({ id: 'ses_1', directory: '/home/me/project', title: 'Greets' });
  });
});

const SYNTHETIC = join(CORPUS, 'synthetic/opencode/jazzyalex__agent-sessions/opencode/storage_v2');
const isThere = existsSync(SYNTHETIC);
if (!isThere) console.log('skipped: no trees in ../shared/corpus/synthetic/opencode');

test.skipIf(!isThere)(
  'the trees that another program is tested with are stored whole and digested',
  async () => {
    using world = new World();
    let files = 0;
    for (const name of readdirSync(SYNTHETIC, { recursive: true }).map(String)) {
      if (!statSync(join(SYNTHETIC, name)).isFile()) continue;
      const bytes = readFileSync(join(SYNTHETIC, name));
      // Its files are named otherwise than their ids, as opencode's never are.
      const id = /^(?:session|message)\//.test(name) ? JSON.parse(bytes.toString()).id : null;
      world.put(`${ROOT}/storage/${id === null ? name : name.replace(/[^/]+$/, `${id}.json`)}`, bytes);
      files += name.endsWith('.json') ? 1 : 0;
    }
    expect(await world.ingest()).toMatchObject({ sessions_new: 2, analyzed: 2, warnings: [] });
    const stored = ['opencode:s_stage0_small', 'opencode:s_stage0_large'].flatMap((uid) =>
      linesOf(world, uid),
    );
    expect(new Set(stored.map(({ file }) => file)).size).toBe(files);
    expect(digestOf(world, 'opencode:s_stage0_large')).toMatchObject({
      prompts: [{ text: 'Step 1' }, { text: 'Step 2' }],
      commands: [{ command: 'ls /non-existent-directory', exit: 1 }],
      files: { edited: ['/tmp/large/error.log'] },
      outcome: 'Ok',
      errors: ['The operation was aborted.'],
    });
    expect(digestOf(world, 'opencode:s_stage0_small')).toMatchObject({
      prompts: [{ text: 'Hello' }],
      commands: [{ command: 'ls', exit: 0 }],
    });
  },
);
