/** Files of one id, as synced folders, renamed projects, resumes and forks leave them: each conversation is a session, with facts of its own. */
import { describe, expect, test } from 'bun:test';
import { appendFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listenToDecisions } from '../../src/domain/decisions.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { filesOf, findSession, listSessions } from '../../src/store/read.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const ID = '41111111-1111-4111-8111-111111111111';
const UID = `claude-code:${ID}` as SessionUid;
const KILN = claudePath(ID, '-srv-kiln');
const ORCHARD = claudePath(ID, '-srv-orchard');

const line = (text: string, minute: number, cwd = '/srv/kiln') =>
  promptLine(ID, text, `2026-05-01T10:${String(minute).padStart(2, '0')}:00.000Z`).replace(
    '/home/me/project',
    cwd,
  );
const talk = (cwd: string, ...texts: string[]) => texts.map((text, n) => line(text, n, cwd)).join('');

/** What is stored of each session, by its title. */
function stored(world: World): Record<string, string> {
  const sessions = [...listSessions(world.db)].filter(({ evictedAt }) => evictedAt === null);
  const texts = sessions.map(({ uid, title }) => [title ?? uid, world.stored(uid).toString()] as const);
  expect(new Set(texts.map(([title]) => title)).size).toBe(texts.length);
  mustVerify(world);
  return Object.fromEntries(texts);
}

function mustVerify({ db }: World): void {
  const { findings } = verify(
    db,
    () => undefined,
    () => false,
  );
  expect(findings).toEqual([]);
}

/** What is known of each session, by its title. */
const facts = (world: World) =>
  Object.fromEntries(
    [...listSessions(world.db)].map(({ title, project, startedAt, endedAt }) => [
      title,
      [project, startedAt?.slice(11, 16), endedAt?.slice(11, 16)],
    ]),
  );

describe('two transcripts of one id in two projects', () => {
  const kiln = talk('/srv/kiln', 'fire the kiln');
  const orchard = talk('/srv/orchard', 'prune the trees', 'and the hedge');

  test.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])('are two sessions with facts of their own (at once: %p, analyzed: %p)', async (atOnce, analyze) => {
    using world = new World();
    world.put(KILN, kiln);
    if (!atOnce) await world.ingest({ analyze });
    world.put(ORCHARD, orchard);
    await world.ingest({ analyze });
    expect(stored(world)).toEqual({ 'fire the kiln': kiln, 'prune the trees': orchard });
    expect(facts(world)).toEqual({
      'fire the kiln': ['/srv/kiln', '10:00', '10:00'],
      'prune the trees': ['/srv/orchard', '10:00', '10:01'],
    });
  });

  test('stay so when one is deleted and the other goes on', async () => {
    using world = new World();
    world.put(KILN, kiln);
    const gone = world.put(ORCHARD, orchard);
    await world.ingest();
    rmSync(gone);
    appendFileSync(world.put(KILN, kiln), line('let it cool', 30));
    await world.ingest();
    expect(stored(world)).toEqual({
      'fire the kiln': kiln + line('let it cool', 30),
      'prune the trees': orchard,
    });
    expect(facts(world)['fire the kiln']).toEqual(['/srv/kiln', '10:00', '10:30']);
  });

  test('stay so where one was evicted and the other is met only then', async () => {
    using world = new World();
    const gone = world.put(KILN, kiln);
    await world.ingest();
    world.evict(UID);
    rmSync(gone);
    world.put(ORCHARD, orchard);
    expect(await world.ingest()).toMatchObject({ sessions_new: 1, sessions_grown: 0 });
    expect(findSession(world.db, UID)?.state).toBe('evicted');
    expect(stored(world)).toEqual({ 'prune the trees': orchard });
  });

  test('are known again where they have changed places', async () => {
    using world = new World();
    const [a, b] = [world.put(KILN, kiln), world.put(ORCHARD, orchard)];
    await world.ingest();
    renameSync(a, `${a}.tmp`);
    renameSync(b, a);
    renameSync(`${a}.tmp`, b);
    expect(await world.ingest()).toMatchObject({ sessions_new: 0, sessions_grown: 0, stored_bytes_added: 0 });
    expect(stored(world)).toEqual({ 'fire the kiln': kiln, 'prune the trees': orchard });
  });

  test('are taken or left by a project of their own', async () => {
    for (const [out, left] of [
      ['/srv/kiln', 'prune the trees'],
      ['/srv/orchard', 'fire the kiln'],
    ] as const) {
      using world = new World();
      world.put(KILN, kiln);
      world.put(ORCHARD, orchard);
      await world.ingest({ exclude: [out] });
      expect(Object.keys(stored(world))).toEqual([left]);
    }
  });
});

test('a talk that was copied and went on in both places is two sessions, and nothing of either is lost', async () => {
  using world = new World();
  const begun = talk('/srv/kiln', 'fire the kiln');
  const [a, b] = [world.put(KILN, begun), world.put(ORCHARD, begun)];
  expect(await world.ingest()).toMatchObject({ sessions_new: 1 });
  appendFileSync(a, line('here', 5));
  appendFileSync(b, line('there', 6));
  await world.ingest();
  const texts = [...listSessions(world.db)].map(({ uid }) => world.stored(uid).toString());
  expect(texts.sort()).toEqual([begun + line('here', 5), begun + line('there', 6)]);
});

test.each([true, false])(
  'of conflict copies the file that is named by the id keeps it (longer copy: %p)',
  async (isLonger) => {
    using world = new World();
    const own = talk('/srv/kiln', 'fire the kiln', 'let it cool');
    const copy = isLonger ? own + line('more', 9) : talk('/srv/kiln', 'something else');
    world.put(KILN.replace('.jsonl', ' (conflicted copy).jsonl'), copy);
    world.put(KILN, own);
    await world.ingest();
    expect(world.stored(UID).toString()).toBe(isLonger ? copy : own);
    expect([...listSessions(world.db)].length).toBe(isLonger ? 1 : 2);
    // Nothing is read again, and nothing changes its owner.
    expect(await world.ingest()).toMatchObject({ files_read: 0, sessions_new: 0, sessions_grown: 0 });
  },
);

test('a moved transcript that its agent then writes anew stays its session', async () => {
  using world = new World();
  const from = world.put(KILN, talk('/srv/kiln', 'one', 'two', 'three'));
  await world.ingest();
  const to = world.put(ORCHARD, talk('/srv/kiln', 'one', 'two', 'three'));
  rmSync(from);
  await world.ingest();
  const shorter = line('one', 0) + line('three', 2);
  writeFileSync(to, shorter);
  expect(await world.ingest()).toMatchObject({ sessions_new: 0, sessions_grown: 1 });
  expect(world.stored(UID).toString()).toBe(shorter);
  expect(world.removed(UID)).toContain('"two"');
});

test.each([true, false])(
  'a renamed project is where its session was last met (analyzed: %p)',
  async (analyze) => {
    using world = new World();
    const from = world.put(KILN, talk('/srv/kiln', 'fire the kiln'));
    await world.ingest({ analyze });
    const to = world.put(ORCHARD, talk('/srv/kiln', 'fire the kiln'));
    rmSync(from);
    appendFileSync(to, line('now here', 20, '/srv/orchard'));
    await world.ingest({ analyze });
    expect(facts(world)['fire the kiln']).toEqual(['/srv/orchard', '10:00', '10:20']);
    expect(filesOf(world.db, UID).map(({ relPath }) => relPath)).toEqual([ORCHARD.slice('.claude/'.length)]);
    if (analyze) expect(JSON.parse(world.digestJson(UID)).project).toBe('/srv/orchard');
  },
);

describe('what a resume of Gemini CLI leaves behind', () => {
  const gemini = '51111111-1111-4111-8111-111111111111';
  const path = (n: number) => `.gemini/tmp/shop/chats/session-2026-05-0${n}T10-00-51111111.jsonl`;
  const jsonl = (...records: object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');
  const header = (n: number) => ({
    sessionId: gemini,
    projectHash: 'h',
    kind: 'main',
    startTime: `2026-05-0${n}T10:00:00.000Z`,
    lastUpdated: `2026-05-0${n}T10:00:00.000Z`,
  });
  const context = (n: number) => ({
    $set: {
      messages: [
        {
          id: `c${n}`,
          timestamp: `2026-05-0${n}T10:00:00.000Z`,
          type: 'user',
          content: [{ text: '<session_context>\nThis is the Gemini CLI.' }],
        },
      ],
    },
  });
  const said = jsonl(header(1), context(1), {
    id: 'm1',
    timestamp: '2026-05-01T10:00:05.000Z',
    type: 'user',
    content: [{ text: 'varnish it' }],
  });

  test.each(['before', 'at once', 'after', 'evicted'])('is no session of its own (met %s)', async (when) => {
    using world = new World();
    const leftover = jsonl(header(2), context(2));
    if (when === 'before') {
      world.put(path(2), leftover);
      await world.ingest();
    }
    world.put(path(1), said);
    if (when === 'after' || when === 'evicted') await world.ingest();
    if (when === 'evicted') world.evict(`gemini-cli:${gemini}`);
    world.put(path(2), leftover);
    await world.ingest();
    const sessions = [...listSessions(world.db)];
    expect(sessions.map(({ title, endedAt }) => [title, endedAt as string])).toEqual([
      ['varnish it', '2026-05-01T10:00:05.000Z'],
    ]);
    if (when === 'evicted') expect(sessions[0]?.state).toBe('evicted');
    else expect(world.stored(`gemini-cli:${gemini}`).toString()).toBe(said);
  });
});

test.each([true, false])('a clock that was behind leaves no times behind (analyzed: %p)', async (analyze) => {
  using world = new World();
  world.put(KILN, talk('/srv/kiln', 'fire the kiln', 'let it cool'));
  world.now = '2020-01-01T00:00:00.000Z' as Iso;
  await world.ingest({ analyze });
  expect(findSession(world.db, UID)).toMatchObject({ startedAt: null, endedAt: null });
  world.now = '2026-06-01T00:00:00.000Z' as Iso;
  await world.ingest({ analyze });
  expect(facts(world)['fire the kiln']).toEqual(['/srv/kiln', '10:00', '10:01']);
  if (analyze)
    expect(JSON.parse(world.digestJson(UID))).toMatchObject({ ended_at: '2026-05-01T10:01:00.000Z' });
});

test.each([
  ['in one ingest', false],
  ['in two', true],
])(
  'a copy that goes on while its session was cut back is a session of its own: %s',
  async (_, isSeenBetween) => {
    using world = new World();
    const [one = '', ...more] = ['one', 'two', 'three', 'four'].map((text, n) => line(text, n));
    world.put(KILN, one + more.join(''));
    const before = one + more.slice(0, 2).join('');
    const copy = world.put(claudePath(ID, '-srv-copy'), before);
    await world.ingest();
    world.put(KILN, one);
    if (isSeenBetween) await world.ingest();
    appendFileSync(copy, line('five', 5));
    await world.ingest();
    expect(world.stored(UID).toString()).toBe(one);
    const [other] = [...listSessions(world.db)].filter(({ uid }) => uid !== UID);
    expect(world.stored(other?.uid ?? '').toString()).toBe(before + line('five', 5));
    mustVerify(world);
  },
);

test.each([
  ['beside the file of its session is a conversation of its own', true],
  ['in another place, where that file is gone, is the session', false],
])('what goes on from what is left of a session that was cut back: %s', async (_, isThere) => {
  using world = new World();
  const [one = '', two = '', three = ''] = ['one', 'two', 'three'].map((text, n) => line(text, n));
  world.put(KILN, one + two + three);
  await world.ingest();
  const kiln = world.put(KILN, one + two);
  if (!isThere) {
    await world.ingest();
    rmSync(kiln);
  }
  const now = one + two + line('five', 5);
  world.put(claudePath(ID, '-srv-copy'), now);
  await world.ingest();
  // It never said what the session has said.
  const others = listSessions(world.db).filter(({ uid }) => uid !== UID);
  expect(others).toHaveLength(isThere ? 1 : 0);
  expect(world.stored(others[0]?.uid ?? UID).toString()).toBe(now);
  if (isThere) expect(world.stored(UID).toString()).toBe(one + two);
  mustVerify(world);
});

test.each([
  ['another way', 'one two four', true, ['one', 'one two four']],
  ['another way, and its own file is gone', 'one two four', false, ['one two four']],
  ['from all that it was', 'one two three four', true, ['one two three four']],
  ['not at all: it is what was evicted', 'one two three', true, ['one']],
])(
  'a copy beside a session that came back with less from its eviction goes on %s',
  async (_, copy, isThere, now) => {
    using world = new World();
    const minutes = ['one', 'two', 'three', 'four'];
    const said = (words: string) =>
      words
        .split(' ')
        .map((word) => line(word, minutes.indexOf(word)))
        .join('');
    world.put(KILN, said('one two three'));
    world.put(claudePath(ID, '-srv-copy'), said('one'));
    await world.ingest();
    await world.sweepAway(UID);
    const own = world.put(KILN, said('one'));
    await world.ingest();
    expect(world.stored(UID).toString()).toBe(said('one'));
    if (!isThere) rmSync(own);
    world.put(claudePath(ID, '-srv-copy'), said(copy));
    for (const full of [false, true]) {
      await world.ingest({ full });
      const others = [...listSessions(world.db)].filter(({ uid }) => uid !== UID);
      const all = [UID, ...others.map(({ uid }) => uid)].map((uid) => world.stored(uid).toString());
      expect(all).toEqual(now.map(said));
    }
    mustVerify(world);
  },
);

test.each(['evicted', 'live'])(
  'a transcript that comes to what lay beside it is of that session: %s',
  async (state) => {
    using world = new World();
    const beside = line('asked', 1);
    world.put(KILN.replace(/\.jsonl$/, '/subagents/agent-a1.jsonl'), beside);
    // As an ingest leaves it that is killed before it comes to the transcript.
    await world.ingest();
    if (state === 'evicted') world.lose(UID);
    const transcript = line('one', 2);
    world.put(KILN, transcript);
    await world.ingest();
    expect(listSessions(world.db).map(({ uid }) => uid as string)).toEqual([UID]);
    expect(world.stored(UID).toString()).toBe(transcript);
    expect(world.stored(UID, 'subagents/agent-a1.jsonl').toString()).toBe(beside);
    mustVerify(world);
  },
);

test.each([
  ['left alone', 'no'],
  ['looked at again', 'touched'],
])(
  'an empty file that was met beside a session which was emptied and evicted is not that session: %s',
  async (_, between) => {
    using world = new World();
    const kiln = world.put(KILN, line('one', 1) + line('two', 2));
    const empty = claudePath(ID, '-srv-empty');
    world.put(empty, '');
    await world.ingest();
    world.put(KILN, '');
    await world.ingest();
    await world.sweepAway(UID);
    if (between === 'touched') utimesSync(join(world.home, empty), 1_780_000_000, 1_780_000_000);
    await world.ingest();
    rmSync(kiln);
    world.put(empty, line('of another', 3));
    await world.ingest();
    const others = listSessions(world.db).filter(({ uid }) => uid !== UID);
    expect(others.map(({ uid }) => world.stored(uid).toString())).toEqual([line('of another', 3)]);
    expect(findSession(world.db, UID as SessionUid)?.evictedAt).not.toBeNull();
  },
);

test('a copy of what a session was before it was cut back brings nothing back, looked at in full or not', async () => {
  using world = new World();
  const [one = '', ...more] = ['one', 'two', 'three'].map((text, n) => line(text, n));
  world.put(KILN, one + more.join(''));
  world.put(claudePath(ID, '-srv-copy'), one + more[0]);
  await world.ingest();
  world.put(KILN, one);
  await world.ingest();
  await world.ingest({ full: true });
  expect(world.stored(UID).toString()).toBe(one);
  expect(listSessions(world.db)).toHaveLength(1);
});

test('what is appended to a copy while it is told for one is stored', async () => {
  using world = new World();
  const [one = '', two = '', three = ''] = ['one', 'two', 'three'].map((text, n) => line(text, n));
  world.put(KILN, one + two + three);
  await world.ingest();
  world.put(KILN, one);
  await world.ingest();
  const copy = world.put(claudePath(ID, '-srv-copy'), one + two);
  let told = 0;
  listenToDecisions((_, __, decision) => {
    if (!decision.startsWith('copy: ') || told > 0) return;
    told += 1;
    appendFileSync(copy, line('five', 5));
  });
  try {
    await world.ingest();
  } finally {
    listenToDecisions(null);
  }
  expect(told).toBe(1);
  await world.ingest();
  const all = [...listSessions(world.db)].map(({ uid }) => world.stored(uid).toString()).join('');
  expect(all).toContain(line('five', 5));
});

test('a new copy of what a session was before it was written anew is no session', async () => {
  using world = new World();
  const [one = '', two = '', three = ''] = ['one', 'two', 'three'].map((text, n) => line(text, n));
  world.put(KILN, one + two + three);
  await world.ingest();
  world.put(KILN, two + three + line('four', 4));
  await world.ingest();
  world.put(claudePath(ID, '-srv-copy'), one + two);
  await world.ingest();
  expect([...listSessions(world.db)].map(({ uid }) => uid)).toEqual([UID]);
  mustVerify(world);
});

test('a transcript that was compressed when it was met, and is shorter and plain again, is what it is now', async () => {
  using world = new World();
  const path =
    '.codex/sessions/2026/05/01/rollout-2026-05-01T10-00-00-33333333-3333-4333-8333-333333333333.jsonl';
  const said = (n: number) =>
    `${JSON.stringify({ timestamp: `2026-05-01T10:00:0${n}.000Z`, type: 'event_msg', payload: { type: 'user_message', message: `hello ${n}` } })}\n`;
  const plain = world.put(path, said(1));
  await world.ingest();
  rmSync(plain);
  const compressed = world.put(`${path}.zst`, Bun.zstdCompressSync(Buffer.from(said(1) + said(2) + said(3))));
  await world.ingest();
  rmSync(compressed);
  world.put(path, said(1) + said(2));
  await world.ingest();
  expect(world.stored('codex:33333333-3333-4333-8333-333333333333').toString()).toBe(said(1) + said(2));
});

test('a file beside a transcript that became a session of its own draws no other conversation into it', async () => {
  using world = new World();
  const sub = (project: string) => `.claude/projects/${project}/${ID}/subagents/agent-aaaaaaaa.jsonl`;
  for (const project of ['-srv-orchard', '-srv-pears'])
    world.put(claudePath(ID, project), talk('/srv/orchard', 'plant a pear'));
  world.put(sub('-srv-orchard'), line('dig a hole', 1, '/srv/orchard'));
  world.put(sub('-srv-pears'), line('find a rootstock', 1, '/srv/orchard'));
  await world.ingest();
  world.put(KILN, talk('/srv/kiln', 'fire the kiln'));
  await world.ingest();
  const kiln = [...listSessions(world.db)].find(({ title }) => title === 'fire the kiln');
  expect(filesOf(world.db, kiln?.uid ?? UID).map(({ key }) => key)).toEqual(['main']);
  mustVerify(world);
});

test('what differs from a twin is a twin of the same id: its name has one mark, and verify has no word on it', async () => {
  using world = new World();
  const sub = (project: string) => `.claude/projects/${project}/${ID}/subagents/agent-aaaaaaaa.jsonl`;
  world.put(KILN, talk('/srv/kiln', 'fire the kiln'));
  await world.ingest();
  // A twin, and a copy of it beside which another file claims to be its subagent.
  for (const project of ['-srv-orchard', '-srv-pears'])
    world.put(claudePath(ID, project), talk('/srv/orchard', 'plant a pear'));
  world.put(sub('-srv-orchard'), line('dig a hole', 1, '/srv/orchard'));
  world.put(sub('-srv-pears'), line('find a rootstock', 1, '/srv/orchard'));
  await world.ingest();
  const uids = [...listSessions(world.db)].map(({ uid }) => uid);
  expect(uids).toHaveLength(3);
  for (const uid of uids) expect(uid.slice(UID.length)).toMatch(/^(?:\.[0-9a-f]{8})?$/);
  await world.ingest();
  expect([...listSessions(world.db)].map(({ uid }) => uid)).toEqual(uids);
  mustVerify(world);
});
