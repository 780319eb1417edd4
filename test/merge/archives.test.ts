/**
 * Every state that a session may have here, against everything that an archive may say of it, by the real import: a stranger's changes
 * nothing that is here, one's own loses nothing of either side, and the same again is nothing new.
 */
import { describe, expect, test } from 'bun:test';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  archiveOf,
  digestJson,
  type Forged,
  forgotten,
  inPieces,
  session,
} from '../../scripts/torture/forged-archive.ts';
import { exportStream } from '../../src/archive/export.ts';
import { type ImportReport, importStream } from '../../src/archive/import.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { analyzeSession, salvageSession } from '../../src/ingest/analyze.ts';
import { exportable } from '../../src/store/export.ts';
import { forgetSession } from '../../src/store/forget.ts';
import { openWritable } from '../../src/store/open.ts';
import {
  digestsOf,
  filesOf,
  findSession,
  listSessions,
  resolveSession,
  sessionIdOf,
} from '../../src/store/read.ts';
import { rebuild } from '../../src/store/repair/rebuild.ts';
import { logChunks } from '../../src/store/segments.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { setPinned } from '../../src/store/write-raw.ts';
import { loseByHand } from '../../src/store/write-sweep.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const ID = 'd0000000-0000-4000-8000-000000000001';
const UID = `claude-code:${ID}` as SessionUid;
const OTHER = 'd0000000-0000-4000-8000-000000000002';
const line = (word: string) => promptLine(ID, `${word} ${'of the bread '.repeat(5)}`);
const [A, B, C, X] = ['alpha', 'beta', 'gamma', 'xi'].map(line) as [string, string, string, string];
const OURS = A + B;
const FORGED = X.repeat(20);

/** What became of the session here. Another one lies beside it, which no archive names. */
const HERE: Readonly<Record<string, (world: World) => Promise<void>>> = {
  absent: async () => undefined,
  'not analyzed': (world) => ingested(world, false),
  analyzed: (world) => ingested(world, true),
  pinned: async (world) => {
    await ingested(world, true);
    setPinned(world.db, sessionIdOf(world.db, UID), true, world.now);
  },
  rewritten: async (world) => {
    await ingested(world, true);
    world.put(claudePath(ID), B);
    await world.ingest();
  },
  'with a sidecar': async (world) => {
    world.put(`.claude/projects/-home-me-project/${ID}/tool-results/r.txt`, 'spilled');
    await ingested(world, true);
  },
  evicted: async (world) => {
    await ingested(world, true);
    world.evict(UID);
  },
  lost: async (world) => {
    await ingested(world, false);
    await salvageSession({ db: world.db, clock: world.clock, external: null, host: world.host }, UID);
    const card = findSession(world.db, UID);
    if (card === null) throw new Error('no session');
    const victim = { uid: UID, generation: card.generation, storedBytes: card.storedBytes, reason: 'test' };
    loseByHand(world.db, victim, world.now);
  },
  forgotten: async (world) => {
    await ingested(world, true);
    forgetSession(world.db, UID, world.now);
  },
};

/** The same of a session that came with an archive of a stranger. */
const STRANGERS: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'live, of a stranger': async (world) => {
    await imported(world, forged({ main: OURS }), false);
  },
  'other bytes, live, of a stranger': async (world) => {
    await imported(world, forged({ main: FORGED }), false);
  },
  "a stranger's, evicted here": async (world) => {
    await imported(world, forged({ main: OURS }), false);
    world.evict(UID);
  },
  "a stranger's digest alone": async (world) => {
    await imported(world, forged({ main: X }, { evicted: true, digest: STRANGE }), false);
  },
  "a stranger's digest alone, pinned": async (world) => {
    await imported(world, forged({ main: X }, { evicted: true, digest: STRANGE }), false);
    setPinned(world.db, sessionIdOf(world.db, UID), true, world.now);
  },
};
const STRANGE = digestJson(UID, ['strange words']);

async function ingested(world: World, analyze: boolean): Promise<void> {
  world.put(claudePath(ID), OURS);
  await world.ingest({ analyze });
}

const forged = (files: Forged['files'], more: Partial<Forged> = {}) =>
  archiveOf(session({ uid: UID, files, ...more }));
const sound = digestJson(UID, ['a foreign prompt']);
const facts = {
  project: '/srv/elsewhere',
  title: 'mine now',
  branch: 'taken',
  parent_uid: `claude-code:${OTHER}`,
  started_at: '2026-01-01T00:00:00.000Z',
  ended_at: '2026-05-31T23:59:59.999Z',
  pinned: true,
};

/** What is left of bytes, with a claim about what they say. */
function saidOf(text: string): object {
  const sha256 = new Bun.CryptoHasher('sha256').update(text).digest('hex');
  const content = { records: 1, sha256: 'c0'.repeat(32) };
  return { generation: 1, key: 'main', raw_bytes: text.length, sha256, content };
}

/** What an archive says of it. */
const CLAIMS: Readonly<Record<string, Uint8Array>> = {
  'the same bytes': forged({ main: OURS }),
  'the same bytes, with a digest': forged({ main: OURS }, { digest: sound }),
  'the same bytes, with a digest of nothing': forged({ main: OURS }, { digest: digestJson(UID, []) }),
  'the same bytes, with a digest of no form': forged({ main: OURS }, { digest: '{"version":9}' }),
  'the same bytes, pinned, with other facts': forged({ main: OURS }, { row: facts }),
  'the beginning': forged({ main: A }),
  'more of the same': forged({ main: OURS + C }, { digest: digestJson(UID, ['alpha', 'beta', 'gamma']) }),
  'a longer forgery': forged({ main: FORGED }, { digest: sound, row: facts }),
  'something else': forged({ main: X }),
  'nothing at all': forged({ main: '' }),
  'a sidecar alone': forged({ 'tool-results/evil.txt': 'evil' }, { row: facts }),
  'more sidecars': forged({ main: OURS, 'tool-results/evil.txt': 'evil' }, { digest: sound }),
  'evicted, with our hash and a digest': forged({ main: OURS }, { evicted: true, digest: sound }),
  'evicted, with our hash and a digest of nothing': forged(
    { main: OURS },
    { evicted: true, digest: digestJson(UID, []) },
  ),
  'evicted, with our hash and a digest of no form': forged({ main: OURS }, { evicted: true, digest: '{}' }),
  'evicted, with a word on what our bytes say': forged(
    { main: OURS },
    { evicted: true, digest: sound, row: { tombstones: [saidOf(OURS)] } },
  ),
  'evicted as something else': forged({ main: X }, { evicted: true, digest: sound, row: facts }),
  'evicted, without a digest': forged({ main: OURS }, { evicted: true }),
  "evicted, with a stranger's digest": forged(
    {},
    { evicted: true, digest: sound, origin: { session: 'far.smx', digest: 'far.smx' } },
  ),
  "evicted, vouched for, with a stranger's digest": forged(
    {},
    { evicted: true, digest: sound, origin: { session: null, digest: 'far.smx' } },
  ),
  "a stranger's, longer, in a store of one's own": forged(
    { main: OURS + C },
    { digest: sound, row: facts, origin: { session: 'far.smx', digest: null } },
  ),
  forgotten: archiveOf(forgotten(UID)),
};

async function given(here: string): Promise<World> {
  const world = new World();
  world.put(claudePath(OTHER), promptLine(OTHER, 'another session'));
  await world.ingest();
  await (HERE[here] ?? STRANGERS[here])?.(world);
  return world;
}

function imported(world: World, archive: Uint8Array, trusted: boolean, isDry = false): Promise<ImportReport> {
  const { db, clock, host } = world;
  const signal = new AbortController().signal;
  return importStream(
    {
      read: db,
      write: isDry ? null : db,
      trusted,
      origin: 'in.smx',
      hardCapBytes: 1e9,
      signal,
      now: () => '2026-06-02T00:00:00.000Z' as Iso,
      progress: nothing,
      analyze: async (uid) => (await analyzeSession({ db, clock, host, external: null }, uid, signal)).ok,
    },
    inPieces(archive, 1000),
  );
}

const TABLES =
  'sessions files segments versions digests tombstones events forgotten sources counters contents'.split(' ');
/** Of no session alone. */
const WHOLE = ['counters', 'contents'];

/** Every row of the store, of all sessions or of all but one. */
function rows({ db }: World, but = ''): string {
  const id = db.get<{ id: number }>('SELECT id FROM sessions WHERE session_uid = $but', { but })?.id ?? -1;
  const of = (table: string) => (table === 'sessions' || table === 'forgotten' ? 'id' : 'session_id');
  return JSON.stringify(
    TABLES.filter((table) => but === '' || !WHOLE.includes(table)).map((table) =>
      db.all(
        `SELECT * FROM ${table} WHERE ${WHOLE.includes(table) ? '1' : `${of(table)} <> $id`} ORDER BY 1, 2, 3`,
        WHOLE.includes(table) ? {} : { id },
      ),
    ),
  );
}

const nothing = () => undefined;
const findings = ({ db }: Pick<World, 'db'>) => verify(db, nothing, () => false).findings;

/** All that was ever stored of it, live. */
const logOf = ({ db }: World) =>
  filesOf(db, UID)
    .filter(({ gone }) => !gone)
    .map((file) => Buffer.concat([...logChunks(db, UID, file)].map((each) => Buffer.from(each))).toString())
    .join('');

/** What an export of the store makes of an empty one, and which sessions it had. */
async function movedWhole(world: World, origin?: string): Promise<void> {
  const counts = { sessions: 0, live: 0, forgotten: 0, raw_bytes: 0 };
  const report = { ...counts, failed: [], left_out: [], interrupted: false };
  const uids = exportable(world.db);
  const options = {
    uids,
    forgotten: [],
    now: '2026-07-01T00:00:00.000Z' as Iso,
    signal: new AbortController().signal,
    progress: nothing,
  };
  const archive = Buffer.concat(await Array.fromAsync(exportStream(world.db, options, report)));
  using other = new World();
  const came = await imported(other, archive, true);
  expect([came.damaged, came.conflicts]).toEqual([[], []]);
  const about = ({ db }: World, uid: SessionUid) => {
    const found = findSession(db, uid);
    return [uid, found?.state, (uid === UID ? origin : undefined) ?? found?.origin, found?.pinned];
  };
  expect(exportable(other.db).map((uid) => about(other, uid))).toEqual(uids.map((uid) => about(world, uid)));
  expect(findings(other)).toEqual([]);
  if (findSession(world.db, UID)?.origin == null) return;
  using third = await given('live, of a stranger');
  const merged = await imported(third, archive, true);
  expect([merged.damaged, findings(third)], 'into a store that has it of a stranger too').toEqual([[], []]);
}

const EVERYWHERE = [...Object.keys(HERE), ...Object.keys(STRANGERS)];

describe.each(EVERYWHERE.filter((here) => here !== 'absent'))('%s here', (here) => {
  test('whatever a stranger says changes not a row', async () => {
    using world = await given(here);
    const before = rows(world);
    for (const [claim, archive] of Object.entries(CLAIMS)) {
      const dry = await imported(world, archive, false, true);
      const done = await imported(world, archive, false);
      expect([done.added, done.merged, done.forgotten], claim).toEqual([[], [], []]);
      expect({ ...dry, dry_run: false }, `a dry run of: ${claim}`).toEqual(done);
      expect(rows(world) === before, `${claim}: not a row has changed`).toBe(true);
    }
    expect(findings(world)).toEqual([]);
  });

  test('what a stranger has of it is told, where it is something else', async () => {
    using world = await given(here);
    const other = here.startsWith('other bytes') ? 'more of the same' : 'a longer forgery';
    const report = await imported(world, CLAIMS[other] ?? new Uint8Array(), false);
    const told =
      here === 'forgotten' ? report.left_forgotten : report.conflicts.map((each) => each.session_uid);
    expect(told).toEqual([UID]);
  });
});

test("a vouched session for which a stranger's digest stands is found by verify, and a rebuilt store marks it again", async () => {
  using world = await given("a stranger's digest alone");
  world.db.run(
    `INSERT INTO events (at, kind, session_id, session_uid, generation, reason)
     SELECT $at, 'vouched', id, session_uid, raw_generation, 'by a version before' FROM sessions WHERE session_uid = $uid`,
    { at: world.now, uid: UID },
  );
  world.db.run('UPDATE sessions SET origin = NULL WHERE session_uid = $uid', { uid: UID });
  expect(findings(world)).toMatchObject([{ session_uid: UID, cure: 'rebuild' }]);
  await movedWhole(world, 'in.smx');
  const into = join(world.folder, 'rebuilt.db');
  rebuild(world.db.path, into);
  const rebuilt = openWritable(into);
  try {
    expect(findings({ db: rebuilt })).toEqual([]);
    expect(findSession(rebuilt, UID)).toMatchObject({ origin: 'in.smx', state: 'evicted' });
  } finally {
    rebuilt.close();
  }
});

describe('absent here', () => {
  test.each(Object.keys(CLAIMS))('of a stranger comes, marked, and lets nothing go: %s', async (claim) => {
    using world = await given('absent');
    const before = rows(world, UID);
    await imported(world, CLAIMS[claim] ?? new Uint8Array(), false);
    expect(rows(world, UID) === before, 'what else is here is as it was').toBe(true);
    const came = findSession(world.db, UID);
    if (came !== null) {
      expect([came.origin, came.pinned]).toEqual(['in.smx', false]);
      const digests = world.db.all<{ origin: string | null; json: string }>(
        'SELECT d.origin, d.json FROM digests d JOIN sessions s ON s.id = d.session_id WHERE session_uid = $uid',
        { uid: UID },
      );
      for (const { origin, json } of digests)
        expect(origin === null, json).toBe(came.evictedAt === null && !json.includes('a foreign prompt'));
    }
    expect(findings(world)).toEqual([]);
    const again = rows(world);
    await imported(world, CLAIMS[claim] ?? new Uint8Array(), false);
    expect(rows(world) === again, 'the same again is nothing new').toBe(true);
    // This machine's own transcript of that id is stored all the same, and the id names it.
    world.put(claudePath(ID), OURS);
    await world.ingest();
    const own = resolveSession(world.db, ID);
    expect(world.stored(own.uid).toString()).toBe(OURS);
    expect(own.title?.startsWith('alpha')).toBe(true);
    expect(digestsOf(world.db, own.uid)[0]?.json).toContain('beta of the bread');
    expect(findings(world)).toEqual([]);
  });
});

describe.each(Object.keys(HERE))("%s here, and the archive is one's own", (here) => {
  test.each(Object.keys(CLAIMS))('nothing of either side is lost: %s', async (claim) => {
    using world = await given(here);
    const archive = CLAIMS[claim] ?? new Uint8Array();
    const [local, log, digests] = [findSession(world.db, UID), logOf(world), digestsOf(world.db, UID)];
    const others = rows(world, UID);
    const present = local?.evictedAt === null ? world.stored(UID).toString() : '';
    const dry = await imported(world, archive, true, true);
    const done = await imported(world, archive, true);
    expect({ ...dry, dry_run: false, stored_bytes_added: 0 }).toEqual({ ...done, stored_bytes_added: 0 });
    expect(rows(world, UID) === others || here === 'absent', 'what else is here is as it was').toBe(true);
    expect(findings(world)).toEqual([]);
    const now = findSession(world.db, UID);
    if (local !== null) {
      expect(now?.pinned, 'a pin stays').toBe(local.pinned || (now?.pinned ?? false));
      for (const part of log.split(/(?<=\n)/)) expect(logOf(world)).toContain(part);
      if (local.evictedAt === null) expect(world.stored(UID).toString().startsWith(present)).toBe(true);
    }
    if (here === 'forgotten') expect([now?.state, logOf(world)]).toEqual(['evicted', '']);
    // What may be evicted has a digest of something; and one that knew more than another stays.
    const [digest] = digestsOf(world.db, UID);
    if (now?.state === 'analyzed') expect(JSON.parse(digest?.json ?? '{}').prompts.length).toBeGreaterThan(0);
    const all = digestsOf(world.db, UID).map(({ json }) => json);
    if (here !== 'absent' && here !== 'forgotten' && digests.length > 0)
      expect(all.some((json) => json.includes('alpha of the bread') || json.includes('"alpha"'))).toBe(true);
    const before = rows(world);
    const again = await imported(world, archive, true);
    expect([again.added, again.merged], 'the same again is nothing new').toEqual([[], []]);
    expect(rows(world) === before, 'not a row').toBe(true);
    await movedWhole(world);
  });
});

describe.each(Object.keys(STRANGERS))("%s here, and the archive is one's own", (here) => {
  test.each(Object.keys(CLAIMS))(
    'nothing is lost, and who is vouched for has no digest of a stranger: %s',
    async (claim) => {
      using world = await given(here);
      const archive = CLAIMS[claim] ?? new Uint8Array();
      const [log, others, local] = [logOf(world), rows(world, UID), findSession(world.db, UID)];
      const dry = await imported(world, archive, true, true);
      const done = await imported(world, archive, true);
      expect({ ...dry, dry_run: false, stored_bytes_added: 0 }).toEqual({ ...done, stored_bytes_added: 0 });
      // Without a sound digest nothing of what was evicted can be taken.
      const isRefused = claim.startsWith('evicted, w') && /without a digest|of no form/.test(claim);
      const damaged = done.damaged.filter(
        ({ problem }) => !problem.startsWith('a digest of it was left out'),
      );
      if (!isRefused) expect(damaged).toEqual([]);
      expect(rows(world, UID) === others, 'what else is here is as it was').toBe(true);
      expect(findings(world)).toEqual([]);
      for (const part of log.split(/(?<=\n)/)) expect(logOf(world)).toContain(part);
      const now = findSession(world.db, UID);
      expect(now?.pinned || !local?.pinned, 'a pin stays').toBe(true);
      if (now?.origin === null) {
        const strange = digestsOf(world.db, UID).filter(({ generation }) => generation === now.generation);
        expect(strange.some(({ json }) => json === STRANGE)).toBe(false);
      }
      const before = rows(world);
      const again = await imported(world, archive, true);
      expect([again.added, again.merged], 'the same again is nothing new').toEqual([[], []]);
      expect(rows(world) === before, 'not a row').toBe(true);
      await movedWhole(world);
    },
  );
});

test("a stranger's digest is not one's own once an archive of one's own has evicted the session", async () => {
  using world = await given("a stranger's digest alone");
  await imported(world, forged({ main: OURS }, { evicted: true, digest: sound }), true);
  expect(digestsOf(world.db, UID).map(({ json }) => json)).toEqual([sound]);
  expect(findSession(world.db, UID)).toMatchObject({
    origin: null,
    state: 'evicted',
    title: 'a foreign title',
  });
  // Its transcript is known again: what was evicted there does not come back by itself.
  world.put(claudePath(ID), OURS);
  await world.ingest();
  expect(findSession(world.db, UID)?.state).toBe('evicted');
  expect(exportable(world.db).length).toBe(2);
});

test("a stranger's digest in an archive of one's own leaves alone what was evicted here as one's own", async () => {
  using world = await given('evicted');
  const before = rows(world);
  for (const claim of Object.keys(CLAIMS).filter((each) => each.includes("with a stranger's digest"))) {
    const report = await imported(world, CLAIMS[claim] ?? new Uint8Array(), true);
    expect([report.damaged, report.conflicts, report.unchanged], claim).toEqual([[], [], 1]);
  }
  expect(rows(world) === before, 'not a row').toBe(true);
});

test("the order of two archives of one's own does not matter for bytes", async () => {
  // Those that bring bytes, each of another kind.
  const names = [
    'the same bytes',
    'the beginning',
    'more of the same',
    'a longer forgery',
    'something else',
    'more sidecars',
  ];
  for (const [i, first] of names.entries())
    for (const second of names.slice(i + 1)) {
      const logs: string[] = [];
      for (const order of [
        [first, second],
        [second, first],
      ]) {
        using world = new World();
        for (const name of order) await imported(world, CLAIMS[name] ?? new Uint8Array(), true);
        logs.push(logOf(world).split('\n').sort().join('\n'));
      }
      expect(logs[0], `${first}, ${second}`).toBe(logs[1] ?? '');
    }
}, 60_000);

test("what came from a stranger is one's own once an archive of one's own has all of it", async () => {
  using world = await given('absent');
  await imported(world, forged({ main: OURS }), false);
  expect(findSession(world.db, UID)?.origin).toBe('in.smx');
  await imported(world, forged({ main: OURS }), true);
  expect(findSession(world.db, UID)?.origin).toBeNull();
});

test('what came from a stranger and was evicted here keeps no transcript of this machine from being stored', async () => {
  using world = await given('absent');
  await imported(world, forged({ main: OURS }), false);
  world.evict(UID);
  world.put(claudePath(ID), OURS);
  await world.ingest();
  expect(world.stored(resolveSession(world.db, ID).uid).toString()).toBe(OURS);
});

test('what was forgotten here comes from no stranger, not under the name of a second session of its id either', async () => {
  using world = await given('forgotten');
  const archive = archiveOf(
    session({ uid: `${UID}.0123abcd`, files: { main: OURS }, row: { native_id: ID } }),
  );
  const report = await imported(world, archive, false);
  expect([report.added, report.left_forgotten]).toEqual([[], [`${UID}.0123abcd` as SessionUid]]);
});

test('a forgery that came first gives way to what a person vouches for', async () => {
  using world = await given('absent');
  await imported(world, forged({ main: FORGED }), false);
  await imported(world, forged({ main: OURS }), true);
  expect(world.stored(UID).toString()).toBe(OURS);
  expect(logOf(world)).toContain(X);
});

test('the session of a stranger goes on by nothing but its own path', async () => {
  using world = await given('absent');
  await imported(world, forged({ main: A }), false);
  const path = world.put(claudePath(ID), A + B);
  await world.ingest();
  const [own] = [...listSessions(world.db)].filter(
    ({ uid, origin }) => uid.startsWith(UID) && origin === null,
  );
  expect(world.stored(own?.uid ?? '').toString()).toBe(A + B);
  expect(world.stored(UID).toString()).toBe(A);
  appendFileSync(path, C);
  await world.ingest();
  expect(world.stored(own?.uid ?? '').toString()).toBe(A + B + C);
  expect(join(world.home, claudePath(ID))).toBe(path);
});
