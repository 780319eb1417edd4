// OpenClaw's database since 2026.9: a session in it is the transcript that it was, before the move, after it, and back.
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { planRestore, type Shared } from '../../src/cli/commands/restore.plan.ts';
import type { SessionRow } from '../../src/domain/session.ts';
import type { Iso } from '../../src/domain/time.ts';
import { findSession, listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { restoreAll } from '../support/restored.ts';
import { DATABASE, openClawDatabase, type Rows, recordedRows, rowsOfLines } from './openclaw-database.ts';
import { digestOf, session, uids } from './pi-sessions.ts';

const SESSIONS = '.openclaw/agents/main/sessions';
const linesOf = (text: string) => text.trimEnd().split('\n');
const transcriptIn = (rows: Rows) =>
  rows.flatMap(([table, row]) => (table === 'transcript_events' ? [`${row['event_json']}\n`] : [])).join('');

function worldOf(rows: Rows): World {
  const world = new World();
  world.now = '2026-12-01T00:00:00.000Z' as Iso;
  world.put(DATABASE, openClawDatabase(rows));
  return world;
}

test('a recorded database: its session is told as the script of the recording has it', async () => {
  const rows = recordedRows('2026.9.6');
  using world = worldOf(rows);
  expect(await world.ingest()).toMatchObject({ sessions_new: 1, analyzed: 1, warnings: [] });
  const uid = 'openclaw:256d6384-0de4-48d2-a6b8-f2f42865f9c5';
  expect(listSessions(world.db)).toMatchObject([
    {
      uid,
      project: '/home/dev/agents/h/openclaw/project',
      startedAt: '2026-11-30T01:39:27.330Z',
      endedAt: '2026-11-30T01:39:28.691Z',
      analyzeError: null,
      title: 'Write the notes file, then run the failing command, please. Marker ALPHA-ONE.',
    },
  ]);
  expect(digestOf(world, uid)).toMatchObject({
    prompts: [{ text: 'Write the notes file, then run the failing command, please. Marker ALPHA-ONE.' }],
    outcome: 'All done: the file is written, the command failed with status 3.',
    files: { read: [], written: ['notes/made-here.txt'], edited: [] },
    commands: [{ command: 'echo to-stdout; echo oops-on-stderr >&2; exit 3', exit: 3, failed: true }],
    models: ['mock-model'],
    tools: { write: 1, exec: 1 },
    errors: [],
    parent: null,
    tokens: { input: 2550, cacheRead: 600, cacheWrite: 0, output: 135, reasoning: 0 },
    records: { read: 12, unreadable: 0, unknown: {} },
  });
  expect(world.stored(uid).toString()).toBe(transcriptIn(rows));
});

test('a recorded upgrade: what was a file before is one session, in whatever order it is met', async () => {
  const rows = recordedRows('upgraded');
  const id = '69964442-364c-4842-b291-38facb4603cd';
  const before = `${SESSIONS}/${id}.jsonl`;
  const after = `.openclaw/agents/main/session-sqlite-import-archive/agent_main_main.${id}.jsonl.imported-1796004042291`;
  for (const known of ['nothing', 'the file', 'the database'] as const) {
    using world = worldOf(rows);
    if (known !== 'nothing') {
      if (known === 'the file') rmSync(join(world.home, DATABASE));
      if (known === 'the file') world.put(before, transcriptIn(rows));
      await world.ingest();
      rmSync(join(world.home, before), { force: true });
      world.put(DATABASE, openClawDatabase(rows));
    }
    world.put(after, transcriptIn(rows));
    const report = await world.ingest();
    expect(report).toMatchObject({ sessions_new: known === 'nothing' ? 1 : 0, warnings: [] });
    if (known !== 'nothing') expect(report.stored_bytes_added).toBe(0);
    expect(uids(world)).toEqual([`openclaw:${id}`]);
    expect(digestOf(world, `openclaw:${id}`)).toMatchObject({
      prompts: [{}, { text: 'RESUMED: what is in the notes? Marker BETA-TWO' }],
      tokens: { input: 3400, cacheRead: 800, cacheWrite: 0, output: 180, reasoning: 0 },
    });
    expect(await world.ingest()).toMatchObject({ files_read: 0, sessions_unchanged: 1 });
  }
});

test('an evicted session that moves into the database stays evicted, and one that goes on there comes back', async () => {
  const text = session('a1', 'moor the barge');
  const more = JSON.stringify({
    type: 'message',
    id: 'e3',
    timestamp: '2026-05-01T10:00:03.000Z',
    message: { role: 'user', content: 'and the tug' },
  });
  using world = new World();
  const path = world.put(`${SESSIONS}/a1.jsonl`, text);
  await world.ingest();
  world.evict('openclaw:a1');
  rmSync(path);
  world.put(DATABASE, openClawDatabase(rowsOfLines('a1', linesOf(text))));
  expect(await world.ingest()).toMatchObject({ sessions_new: 0, sessions_grown: 0, stored_bytes_added: 0 });
  expect(listSessions(world.db)).toMatchObject([{ uid: 'openclaw:a1', state: 'evicted' }]);
  world.put(DATABASE, openClawDatabase(rowsOfLines('a1', [...linesOf(text), more])));
  expect(await world.ingest()).toMatchObject({ sessions_new: 0, warnings: [] });
  expect(uids(world)).toEqual(['openclaw:a1']);
  expect(world.stored('openclaw:a1').toString()).toBe(`${text}${more}\n`);
});

test('another conversation under the same id is a session of its own, and takes nothing from the first', async () => {
  const text = session('a1', 'moor the barge');
  using world = new World();
  const path = world.put(`${SESSIONS}/a1.jsonl`, text);
  await world.ingest();
  rmSync(path);
  const other = session('a1', 'paint the hull').replace('10:00:00.000Z', '11:00:00.000Z');
  world.put(DATABASE, openClawDatabase(rowsOfLines('a1', linesOf(other))));
  await world.ingest();
  expect(uids(world).length).toBe(2);
  expect(world.stored('openclaw:a1').toString()).toBe(text);
});

test('an entry that OpenClaw wrote anew in its place changes the session, and the former one is kept', async () => {
  const [header = '', prompt = '', answer = ''] = linesOf(session('a1', 'moor the barge'));
  using world = worldOf(rowsOfLines('a1', [header, prompt, answer]));
  await world.ingest();
  const changed = answer.replace('did moor', 'did not moor');
  world.put(DATABASE, openClawDatabase(rowsOfLines('a1', [header, prompt, changed])));
  expect(await world.ingest()).toMatchObject({ sessions_new: 0, warnings: [] });
  expect(uids(world)).toEqual(['openclaw:a1']);
  expect(world.stored('openclaw:a1').toString()).toBe(`${[header, prompt, changed].join('\n')}\n`);
  expect(world.removed('openclaw:a1')).toContain('did moor');
});

describe('a changed entry of the same length is seen', () => {
  const at = Date.parse('2026-05-01T10:00:00.000Z');
  const before = linesOf(session('a1', 'moor the barge'));
  const after = before.map((line) => line.replaceAll('moor', 'MOOR'));
  const now = rowsOfLines('b2', linesOf(session('b2', 'paint the hull')));
  /** The window of `a1` says these times; where `isOld`, that of `b2` is a month younger. */
  const rowsOf = (lines: readonly string[], isOld: boolean, packed: boolean, says: object): Rows =>
    [...rowsOfLines('a1', lines, { packed }), ...now].map(([table, row]) => {
      if (table !== 'session_windows') return [table, row];
      if (row['session_id'] === 'a1') return [table, { ...row, ...says }];
      return [table, isOld ? { ...row, updated_at: at + 30 * 86_400_000 } : row];
    });

  test.each([
    ['within the week, whatever the database says of it', false, {}],
    ['later, where the session was updated', true, { updated_at: at + 60_000 }],
    ['later, where its transcript was updated', true, { transcript_updated_at: at + 60_000 }],
  ])('%s', async (_, isOld, says) => {
    for (const packed of [false, true]) {
      using world = worldOf(rowsOf(before, isOld, packed, {}));
      await world.ingest();
      expect(await world.ingest()).toMatchObject({ files_read: 0, sessions_unchanged: 2 });
      world.put(DATABASE, openClawDatabase(rowsOf(after, isOld, packed, says)));
      expect(await world.ingest()).toMatchObject({ sessions_new: 0, warnings: [] });
      expect(world.stored('openclaw:a1').toString()).toBe(`${after.join('\n')}\n`);
      expect(world.removed('openclaw:a1')).toContain('did moor');
      expect(await world.ingest()).toMatchObject({ files_read: 0, stored_bytes_added: 0 });
    }
  });

  test('later, where nothing says so, by a full ingest', async () => {
    using world = worldOf(rowsOf(before, true, false, {}));
    await world.ingest();
    world.put(DATABASE, openClawDatabase(rowsOf(after, true, false, {})));
    await world.ingest({ full: true });
    expect(world.stored('openclaw:a1').toString()).toBe(`${after.join('\n')}\n`);
  });
});

test('the name that a person gave and the session that it came from are those of the database', async () => {
  const text = linesOf(session('b2', 'moor the barge'));
  using world = worldOf([
    ...rowsOfLines('a1', linesOf(session('a1', 'paint the hull'))),
    ...rowsOfLines('b2', text, { label: 'The barge', fork_source_session_id: 'a1' }),
  ]);
  await world.ingest();
  expect(
    listSessions(world.db).map(({ uid, title, parentUid }) => [uid, title, parentUid] as unknown),
  ).toEqual(expect.arrayContaining([['openclaw:b2', 'The barge', 'openclaw:a1']]));
});

test('a restored session is the transcript, where OpenClaw had it before, and known there again', async () => {
  const rows = recordedRows('2026.9.6');
  using world = worldOf(rows);
  await world.ingest();
  rmSync(join(world.home, DATABASE));
  expect((await restoreAll(world, null)).failed).toEqual([]);
  const path = join(world.home, SESSIONS, '256d6384-0de4-48d2-a6b8-f2f42865f9c5.jsonl');
  expect(readFileSync(path, 'utf8')).toBe(transcriptIn(rows));
  expect(existsSync(join(world.home, DATABASE))).toBe(false);
  expect(await world.ingest()).toMatchObject({ sessions_new: 0, stored_bytes_added: 0, warnings: [] });
});

test('whatever the lines hold, compressed or not: they are stored as they are', async () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }).map((text) => JSON.stringify({ type: 'custom', text })),
    fc.jsonValue().map((value) => JSON.stringify({ type: 'custom', value })),
    fc.constant(JSON.stringify({ type: 'custom', text: 'x'.repeat(100_000) })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 8 }), fc.boolean(), async (lines, packed) => {
      const all = [...linesOf(session('a1', 'moor the barge')), ...lines];
      using world = worldOf(rowsOfLines('a1', all, { packed }));
      expect((await world.ingest()).warnings).toEqual([]);
      expect(world.stored('openclaw:a1').toString()).toBe(`${all.join('\n')}\n`);
      expect(digestOf(world, 'openclaw:a1').prompts).toMatchObject([{ text: 'moor the barge' }]);
    }),
    { numRuns: 15 },
  );
});

test.each([
  ['says another length', { event_utf8_bytes: 7 }],
  ['is no zstd', { event_zstd: Buffer.from('not at all') }],
  ['says no length', { event_utf8_bytes: null }],
])('a compressed line that %s: its session is named and left, all others are stored', async (_, wrong) => {
  const broken: Rows = rowsOfLines('a1', linesOf(session('a1', 'moor the barge')), { packed: true }).map(
    ([table, row]) =>
      table === 'transcript_events' && row['seq'] === 1 ? [table, { ...row, ...wrong }] : [table, row],
  );
  using world = worldOf([...broken, ...rowsOfLines('b2', linesOf(session('b2', 'paint the hull')))]);
  const { warnings } = await world.ingest();
  expect(warnings.length).toBe(1);
  expect(warnings.join()).toContain('a1');
  expect(uids(world)).toEqual(['openclaw:b2']);
});

test('where OpenClaw has its database, a restored transcript is named by an index that its own import reads', async () => {
  const rows = recordedRows('2026.9.6');
  const [id, other] = ['256d6384-0de4-48d2-a6b8-f2f42865f9c5', 'b2'];
  using world = worldOf([...rows, ...rowsOfLines(other, linesOf(session(other, 'paint the hull')))]);
  await world.ingest();
  const uidOf = (nativeId: string) => findSession(world.db, `openclaw:${nativeId}` as never) as SessionRow;
  const plan = (nativeId: string, shared: Shared) =>
    planRestore(
      { host: world.host, settings: { storePath: join(world.folder, 'store', 's.db') } },
      world.db,
      uidOf(nativeId),
      { to: null, force: false },
      shared,
    );
  const shared: Shared = { trees: new Map(), taken: new Map() };
  const [first, second] = [plan(id, shared), plan(other, shared)];
  expect(first.made?.path).toBe(join(world.home, SESSIONS, 'sessions.json'));
  expect(JSON.parse(Buffer.concat([...(first.made?.chunks ?? [])]).toString())).toEqual({
    [`agent:main:restored:${id}`]: {
      sessionId: id,
      sessionFile: `${id}.jsonl`,
      updatedAt: Date.parse('2026-11-30T01:39:28.691Z'),
    },
  });
  expect(first.importing?.join(' ')).toBe(
    'openclaw doctor --session-sqlite import --session-sqlite-all-agents',
  );
  expect(first.resume.argv).toEqual(['openclaw', 'agent', '--local', '--session-id', id]);
  // One index has one place: the next one waits until it is taken in, and that is said.
  expect([second.made, second.importing]).toEqual([null, null]);
  expect(second.resume.needs).toContain('then restore this session again');
  // An older OpenClaw has no database, and reads the transcript as it is.
  rmSync(join(world.home, DATABASE));
  const older = plan(id, { trees: new Map(), taken: new Map() });
  expect([older.made, older.importing, older.resume.needs]).toEqual([null, null, undefined]);
});

test('an index of OpenClaw that is there is never replaced, by --force neither', async () => {
  using world = worldOf(rowsOfLines('a1', linesOf(session('a1', 'moor the barge'))));
  await world.ingest();
  world.put(`${SESSIONS}/sessions.json`, '{"agent:main:main":{}}');
  const planned = planRestore(
    { host: world.host, settings: { storePath: join(world.folder, 'store', 's.db') } },
    world.db,
    findSession(world.db, 'openclaw:a1' as never) as SessionRow,
    { to: null, force: true },
  );
  expect([planned.made, planned.importing]).toEqual([null, null]);
});
