/** The list of sessions, loaded and searched a piece at a time: what an older request finds never overwrites a newer one. */
import { afterAll, beforeAll, describe, expect, spyOn, test } from 'bun:test';
import { agentId, type SessionUid } from '../../src/domain/ids.ts';
import { addMs, type Iso } from '../../src/domain/time.ts';
import { matchingIds, numbersOf, titlesPage } from '../../src/store/browse.ts';
import { describeSession, ensureSession, setPinned } from '../../src/store/write-raw.ts';
import type { Catalogue } from '../../src/tui/catalogue.ts';
import { Finder, type ListReads, type Wish } from '../../src/tui/finder.ts';
import { loadList } from '../../src/tui/load-list.ts';
import { World } from '../support/bench-world.ts';

/** More than two pieces, and the last of them not full. */
const COUNT = 12_345;
const START = '2026-01-01T00:00:00.000Z' as Iso;
const PLAIN: Wish = { typed: '', sort: 'newest', reversed: false, hits: [] };
const NOW_MS = Date.parse('2026-03-01T00:00:00.000Z');
const LIMITS = { rawMaxAgeDays: 45, rawSoftCapBytes: 1e12 } as const;
/** The store as another thread answers for it: later. */
const READS: ListReads = {
  catalogue: async (nowMs) => loadList(world.db, { limits: LIMITS, goesMs: new Map(), nowMs }),
  matching: async (words, fromId, toId) => matchingIds(world.db, words, fromId, toId),
  titles: async (fromId, toId) => titlesPage(world.db, fromId, toId),
};

let world: World;
beforeAll(() => {
  world = new World();
  world.db.writeTransaction(() => {
    for (let n = 1; n <= COUNT; n += 1) addSession(n);
  });
  for (let n = 1000; n <= COUNT; n += 1000) setPinned(world.db, n, true, START);
});
afterAll(() => world[Symbol.dispose]());

/** Session `n` ended `n` minutes after the start; every hundredth is about a login, in letters of either case. */
function addSession(n: number, to = world): void {
  const uid = `codex:${String(n).padStart(6, '0')}` as SessionUid;
  const sessionId = ensureSession(to.db, {
    uid,
    agent: agentId('codex'),
    nativeId: String(n),
    agentRoot: '/home/me/.codex',
    ingestedAt: START,
  });
  const title = n % 100 === 0 ? (n % 200 === 0 ? 'The LOGIN test' : 'the login test') : `number ${n}`;
  const endedAt = n % 5 === 0 ? null : addMs(START, n * 60_000);
  const about = { project: `/home/me/p${n % 7}`, branch: null, parentUid: null, startedAt: null };
  describeSession(to.db, sessionId, { ...about, title, endedAt });
}

async function loaded(finder: Finder): Promise<Catalogue> {
  const got: Catalogue[] = [];
  await finder.load(NOW_MS, (catalogue) => got.push(catalogue));
  const [catalogue] = got;
  if (catalogue === undefined) throw new Error('nothing was loaded');
  return catalogue;
}

/** Every answer to a wish, in order. */
async function answers(finder: Finder, wish: Wish): Promise<[number, number | null][]> {
  const told: [number, number | null][] = [];
  await finder.select(wish, (rows, searched) => told.push([rows.length, searched]));
  return told;
}

describe('loading', () => {
  test.each([
    ['few', COUNT - 5000],
    ['many', 20 * COUNT],
  ])('gives all of them where the store counts too %s', (_, counted) => {
    const right = loadList(world.db, { limits: LIMITS, goesMs: new Map(), nowMs: NOW_MS });
    using other = new World();
    other.db.writeTransaction(() => {
      for (let n = 1; n <= COUNT; n += 1) addSession(n, other);
    });
    other.db.run('UPDATE counters SET sessions = $counted', { counted });
    const { flags: _pins, ...list } = loadList(other.db, {
      limits: LIMITS,
      goesMs: new Map(),
      nowMs: NOW_MS,
    });
    expect(list).toEqual({ ...list, ids: right.ids, timesMs: right.timesMs, projectOf: right.projectOf });
    expect(list.atRisk.length).toBe(COUNT);
  });

  test('gives every session once, in the order of the store, with its time', async () => {
    const catalogue = await loaded(new Finder(READS));
    expect(Array.from(catalogue.ids)).toEqual(Array.from({ length: COUNT }, (_, i) => i + 1));
    // One that never ended counts by when it was stored.
    expect(Array.from(catalogue.timesMs.slice(0, 5))).toEqual(
      [1, 2, 3, 4, 0].map((minutes) => Date.parse(START) + minutes * 60_000),
    );
    expect(catalogue.agents).toEqual(['codex']);
    expect(catalogue.projects.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `/home/me/p${n}`));
    expect(Array.from(catalogue.flags).filter((flag) => flag >= 4)).toHaveLength(12);
  });

  test('of an older request gives way to a newer one', async () => {
    const finder = new Finder(READS);
    const got: string[] = [];
    await Promise.all([
      finder.load(NOW_MS, () => got.push('older')),
      finder.load(NOW_MS, () => got.push('newer')),
    ]);
    expect(got).toEqual(['newer']);
  });

  test('goes on while keys are pressed', async () => {
    const finder = new Finder(READS);
    const loading = loaded(finder);
    const early = await answers(finder, { ...PLAIN, sort: 'stored' });
    expect(early).toEqual([]);
    expect((await loading).ids.length).toBe(COUNT);
    expect(await answers(finder, PLAIN)).toEqual([[COUNT, null]]);
  });
});

describe('a search', () => {
  test('finds titles, projects and ids in either case, and tells how far it is', async () => {
    const finder = new Finder(READS);
    await loaded(finder);
    const told = await answers(finder, { ...PLAIN, typed: 'login' });
    expect(told[0]).toEqual([50, 5000 / COUNT]);
    // How large the next pieces are is a matter of how fast the disk is.
    const shares = told.map(([, searched]) => searched ?? 0);
    expect(shares).toEqual([...new Set(shares)].toSorted((a, b) => a - b));
    expect(told.at(-1)).toEqual([123, 1]);
    expect((await answers(finder, { ...PLAIN, typed: 'codex:000042' })).at(-1)).toEqual([1, 1]);
    // 12,345 = 7 × 1,763 + 4: the rests 1 to 4 come once more often.
    expect((await answers(finder, { ...PLAIN, typed: '/home/me/P3' })).at(-1)).toEqual([1764, 1]);
    expect((await answers(finder, { ...PLAIN, typed: 'no such thing' })).at(-1)).toEqual([0, 1]);
    expect((await answers(finder, { ...PLAIN, typed: 'login pinned' })).at(-1)).toEqual([12, 1]);
  });

  test('finds words in any order, each of them somewhere in title, project or id', async () => {
    const finder = new Finder(READS);
    await loaded(finder);
    const count = async (typed: string) => (await answers(finder, { ...PLAIN, typed })).at(-1)?.[0];
    expect(await count('test login')).toBe(123);
    expect(await count('p3 LOGIN')).toBe(await count('login p3'));
    expect(await count('login nowhere')).toBe(0);
  });

  test('what the index found is among the rest, and first where no other order is asked for', async () => {
    const finder = new Finder(READS);
    const catalogue = await loaded(finder);
    const ids: number[][] = [];
    const wish = { ...PLAIN, sort: null, typed: 'login', hits: [7, 4, 999_999] };
    await finder.select(wish, (rows) => ids.push(Array.from(rows, (row) => catalogue.ids[row] ?? 0)));
    expect(ids.at(-1)?.slice(0, 3)).toEqual([7, 4, 12_300]);
    expect(ids.at(-1)).toHaveLength(125);
  });

  test('the numbers of sessions come in the order of their ids; who is not there is left out', () => {
    const uids = ['codex:000042', 'codex:none', 'codex:000007'] as SessionUid[];
    expect(numbersOf(world.db, uids)).toEqual([42, 7]);
  });

  test('what only the index understands is left to it', async () => {
    const finder = new Finder(READS);
    await loaded(finder);
    for (const typed of ['login -test', '"login test"', 'log*', 'like:codex:000042'])
      expect(await answers(finder, { ...PLAIN, typed, hits: [3] })).toEqual([[1, 1]]);
  });

  test('answers in the order that was asked for', async () => {
    const finder = new Finder(READS);
    const catalogue = await loaded(finder);
    const ids: number[][] = [];
    await finder.select({ ...PLAIN, typed: 'login' }, (rows) =>
      ids.push(Array.from(rows, (row) => catalogue.ids[row] ?? 0)),
    );
    // All that are about a login have no end: they are as old as each other, so the one stored last comes first.
    expect(ids.at(-1)).toEqual(Array.from({ length: 123 }, (_, i) => (123 - i) * 100));
  });

  test('says nothing any more once a newer one was begun', async () => {
    const finder = new Finder(READS);
    await loaded(finder);
    for (const typed of ['', 'number 77', 'login']) {
      const told: string[] = [];
      const older = finder.select({ ...PLAIN, typed: 'login' }, () => told.push('older'));
      const newer = finder.select({ ...PLAIN, typed }, () => told.push('newer'));
      await Promise.all([older, newer]);
      const firstNewer = told.indexOf('newer');
      expect(firstNewer).toBeGreaterThanOrEqual(0);
      expect(told.slice(firstNewer).filter((who) => who === 'older')).toEqual([]);
    }
  });

  test('on a slow disk asks for so much less at a time that other questions come in between', async () => {
    const asked: number[] = [];
    let nowMs = 0;
    using clock = spyOn(performance, 'now').mockImplementation(() => nowMs);
    const finder = new Finder({
      ...READS,
      matching: async (words, fromId, toId) => {
        asked.push(toId - fromId + 1);
        // A fiftieth of a millisecond a row.
        nowMs += (toId - fromId + 1) / 50;
        return await READS.matching(words, fromId, toId);
      },
    });
    await loaded(finder);
    expect((await answers(finder, { ...PLAIN, typed: 'login' })).at(-1)).toEqual([123, 1]);
    expect(clock).toHaveBeenCalled();
    expect(asked.slice(0, 2)).toEqual([5000, 2500]);
    expect(Math.max(...asked.slice(1))).toBeLessThan(5000);
  });

  test('says nothing any more once the list was left', async () => {
    const finder = new Finder(READS);
    await loaded(finder);
    const told: number[] = [];
    const searching = finder.select({ ...PLAIN, typed: 'login' }, (rows) => told.push(rows.length));
    finder.forget();
    await searching;
    expect(told).toEqual([]);
  });
});

describe('by title', () => {
  const titlesOf = (rows: Uint32Array, { ids }: Catalogue) => {
    const named = new Map(
      world.db
        .all<{ id: number; title: string | null; at: string }>(
          'SELECT id, title, age_key AS at FROM sessions',
          {},
        )
        .map((row) => [row.id, row]),
    );
    return Array.from(rows, (row) => named.get(ids[row] ?? -1));
  };

  test('the list is that of a plain sort in any case of letters, ties newest first, and turned round its reverse', async () => {
    const finder = new Finder(READS);
    const catalogue = await loaded(finder);
    const got: Uint32Array[] = [];
    await finder.select({ ...PLAIN, sort: 'title' }, (rows) => got.push(rows));
    await finder.select({ ...PLAIN, sort: 'title', reversed: true }, (rows) => got.push(rows));
    const [up, down] = got;
    if (up === undefined || down === undefined) throw new Error('nothing was shown');
    const all = titlesOf(up, catalogue).map((row) => ({
      id: row?.id ?? 0,
      key: row?.title?.toLowerCase() ?? '',
      at: row?.at ?? '',
    }));
    const sorted = all.toSorted((a, b) =>
      a.key === b.key ? (a.at < b.at ? 1 : a.at > b.at ? -1 : b.id - a.id) : a.key < b.key ? -1 : 1,
    );
    expect(all).toEqual(sorted);
    expect([...down]).toEqual([...up].reverse());
    expect(new Set(up).size).toBe(COUNT);
  });

  test('a wish that is given up shows nothing, and a newer one is not held up by it', async () => {
    const finder = new Finder(READS);
    await loaded(finder);
    const shown: string[] = [];
    const given = finder.select({ ...PLAIN, sort: 'title' }, () => shown.push('title'));
    const newer = finder.select({ ...PLAIN, sort: 'stored' }, () => shown.push('stored'));
    await Promise.all([given, newer]);
    expect(shown).toEqual(['stored']);
  });
});
