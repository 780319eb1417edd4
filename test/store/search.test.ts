/** Search over digests: what is found, where, in which order; what was typed is never an error; the index follows. */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import { agentId } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { forgetSession, writeAnew } from '../../src/store/forget.ts';
import { MIGRATIONS } from '../../src/store/migrations/index.ts';
import { openWritable } from '../../src/store/open.ts';
import { repairStore } from '../../src/store/repair-store.ts';
import { type SearchQuery, search } from '../../src/store/search.ts';
import { catchUpSearch, rebuildSearchIndex, searchPending } from '../../src/store/search-index.ts';
import { parseQuery, placesOf } from '../../src/store/search-query.ts';
import { unitsOf } from '../../src/store/search-words.ts';
import { verify } from '../../src/store/verify.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { command, digestUid, prompt, putDigestOf } from '../support/digests.ts';

/** The numbers of the sessions that are found, in their order. */
function found(world: World, text: string, filter: Partial<SearchQuery> = {}): number[] {
  const { hits } = search(world.db, { text, limit: 20, ...filter });
  return hits.map(({ session }) => Number(/5ea0(\d{4})/.exec(session.uid)?.[1]));
}

function library(): World {
  const world = new World();
  const { db } = world;
  putDigestOf(db, 1, {
    title: 'Fix the login redirect',
    project: '/home/me/website',
    ended_at: '2026-01-10T00:00:00.000Z' as Iso,
    prompts: [prompt('The login page redirects twice. Why?')],
    outcome: 'The cookie was set too late.',
    files: { read: ['src/auth/cookie.ts'], written: [], edited: ['src/auth/login-page.ts'] },
    commands: [command('bun test auth'), command('git push origin main')],
    errors: ['error[E0308]: mismatched types'],
  });
  putDigestOf(db, 2, {
    title: 'Café menu',
    project: '/home/me/Bistro',
    agent: agentId('codex'),
    ended_at: '2026-03-10T00:00:00.000Z' as Iso,
    prompts: [prompt('Write parseArgs for the menu; login is done elsewhere')],
    files: { read: [], written: ['src/page/login.ts'], edited: [] },
    commits: [{ sha: 'abc1234', message: 'Add the menu parser' }],
    todos: [{ text: 'translate the wine list', status: 'pending' }],
  });
  putDigestOf(db, 3, {
    title: '検索機能を追加する',
    ended_at: '2026-04-10T00:00:00.000Z' as Iso,
    prompts: [prompt('全文検索のインデックスを作ってください'), prompt('그리고 검색을 고쳐줘')],
  });
  return world;
}

describe('what is found', () => {
  test.each([
    ['a word, in any case', 'LOGIN', [1, 2]],
    ['all words, wherever they stand', 'login cookie', [1]],
    ['a phrase', '"login page"', [1]],
    ['no phrase of words that stand apart', '"page login" cookie', [1]],
    ['a beginning', 'redir*', [1]],
    ['a beginning of a phrase', '"the login red*"', [1]],
    ['a path', 'src/auth/login-page.ts', [1]],
    ['the end of a path', 'auth/cookie.ts', [1]],
    ['an identifier', 'parseargs', [2]],
    ['an error code', 'E0308', [1]],
    ['an error as it is printed', 'error[E0308]:', [1]],
    ['a commit by its hash', 'abc1234', [2]],
    ['accents or none', 'cafe', [2]],
    ['accents where there are none', 'lôgin', [1, 2]],
    ['a todo', 'wine', [2]],
    ['a project', 'bistro', [2]],
    ['a Japanese word inside a run', '検索', [3]],
    ['a single character', '索', [3]],
    ['the last character of a run', '追加する', [3]],
    ['a longer run', '全文検索のインデックス', [3]],
    ['a Korean word', '검색', [3]],
    ['nothing', 'quicksort', []],
    ['nothing by an operator', 'login NOT cookie', []],
  ] as const)('%s', (_what, text, expected) => {
    using world = library();
    expect(found(world, text).sort()).toEqual([...expected]);
  });

  test('a run in another order of characters is not the same', () => {
    using world = library();
    expect(found(world, '索検')).toEqual([]);
  });

  test.each([
    [{ agent: 'codex' }, [2]],
    [{ project: 'WEB' }, [1]],
    [{ since: '2026-02-01T00:00:00.000Z' }, [2]],
    [{ until: '2026-02-01T00:00:00.000Z' }, [1]],
    [{ file: 'auth/login' }, [1]],
    [{ file: 'page/login.ts' }, [2]],
    [{ command: 'git push' }, [1]],
    [{ command: 'push git' }, []],
  ] as const)('with %p', (filter, expected) => {
    using world = library();
    expect(found(world, 'login', filter)).toEqual([...expected]);
    // A file or a command is enough to ask for.
    if ('file' in filter || 'command' in filter) expect(found(world, '', filter)).toEqual([...expected]);
  });
});

describe('a hit', () => {
  test('says where it stands, and marks what was asked for in lines of the digest', () => {
    using world = library();
    const [hit] = search(world.db, { text: '"login page"', limit: 1 }).hits;
    expect(hit?.foundIn).toEqual(['prompt', 'file']);
    expect(hit?.snippets).toEqual([
      { where: 'prompt', text: 'The login page redirects twice. Why?', marks: [[4, 14]] },
      { where: 'file', text: 'src/auth/login-page.ts', marks: [[9, 19]] },
    ]);
  });

  test('of a long line shows the part around the words, with nothing of a terminal in it', () => {
    using world = new World();
    putDigestOf(world.db, 1, {
      prompts: [prompt(`${'before '.repeat(99)}\u001b[31mneedle\u0007 ${'after '.repeat(99)}`)],
    });
    const [line] = search(world.db, { text: 'needle', limit: 1, lineUnits: 50 }).hits[0]?.snippets ?? [];
    const { text = '', marks = [] } = line ?? {};
    expect(text.length).toBeLessThanOrEqual(52);
    expect(text).toStartWith('…before');
    expect(marks.map(([start, end]) => text.slice(start, end))).toEqual(['needle']);
    expect(text).not.toContain('\u001b');
  });

  test('in a title comes before one in a command, and the newer of two alike first', () => {
    using world = new World();
    const at = (day: number) => `2026-02-0${day}T00:00:00.000Z` as Iso;
    putDigestOf(world.db, 1, { title: 'one', commands: [command('gizmo run')], ended_at: at(4) });
    putDigestOf(world.db, 2, { title: 'gizmo two', ended_at: at(1) });
    putDigestOf(world.db, 3, { title: 'gizmo six', ended_at: at(2) });
    for (let n = 4; n < 9; n += 1) putDigestOf(world.db, n, { title: 'something else' });
    expect(found(world, 'gizmo')).toEqual([3, 2, 1]);
    expect(found(world, 'gizmo', { limit: 2 })).toEqual([3, 2]);
    expect(search(world.db, { text: 'gizmo', limit: 2 }).hasMore).toBe(true);
    expect(search(world.db, { text: 'gizmo', limit: 3 }).hasMore).toBe(false);
  });

  test('tells whether the raw bytes are there, were evicted or lost', async () => {
    using world = new World();
    const id = (n: number) => `6000000${n}-0000-4000-8000-000000000000`;
    for (const n of [1, 2]) world.put(claudePath(id(n)), promptLine(id(n), 'about walruses'));
    await world.ingest();
    world.evict(`claude-code:${id(2)}`);
    const { hits } = search(world.db, { text: 'walruses', limit: 9 });
    expect(hits.map(({ session, raw }) => [session.uid.slice(12, 20), raw]).sort()).toEqual([
      ['60000001', 'live'],
      ['60000002', 'evicted'],
    ]);
  });
});

describe('nothing found', () => {
  test.each([
    ['a letter too many', 'loggin', 'login'],
    ['two letters swapped', 'lgoin', 'login'],
    ['a first letter swapped with the second', 'olgin', 'login'],
    ['among right words', 'the rediret', 'the redirect'],
  ])('%s: %s may mean %s', (_what, text, expected) => {
    using world = library();
    expect(search(world.db, { text, limit: 9 }).suggestion).toBe(expected);
  });

  test('where each word is somewhere, says in how many', () => {
    using world = library();
    const { words, suggestion } = search(world.db, { text: 'cookie wine', limit: 9 });
    expect(words).toEqual([
      { word: 'cookie', sessions: 1 },
      { word: 'wine', sessions: 1 },
    ]);
    expect(suggestion).toBeNull();
  });

  test('of a phrase: its words do, and it is said', () => {
    using world = library();
    const result = search(world.db, { text: '"twice redirects"', limit: 9 });
    expect(result.isRelaxed).toBe(true);
    expect(result.hits.map(({ session }) => session.uid)).toEqual([digestUid(1)]);
  });
});

describe('whatever was typed', () => {
  test.each([
    '"',
    '*',
    '-',
    'AND',
    'NEAR(',
    'NEAR("a" "b", 5)',
    'title:login',
    '^login',
    '{a b}:c',
    'a\u0000b',
    '🎉',
    '👩‍👩‍👧 login',
    "'; DROP TABLE search; --",
    '\ud800',
    'x'.repeat(10_000),
    'login '.repeat(2000),
    '"a '.repeat(3000),
    '½ ⒈ ﬁ ŉ',
  ])('is a question: %p', (text) => {
    using world = library();
    expect(search(world.db, { text, limit: 3 }).hits.length).toBeLessThanOrEqual(3);
    expect(search(world.db, { text: 'x', file: text, command: text, limit: 3 }).hits).toEqual([]);
  });

  test('property: any text at all', () => {
    using world = library();
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('"', '*', ' ', 'login', '索', 'OR', '('),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const { hits } = search(world.db, { text: parts.join(''), limit: 5 });
        expect(hits.length).toBeLessThanOrEqual(5);
      }),
      { numRuns: 200 },
    );
  });

  test('property: any word of a digest is found in it', () => {
    using world = new World();
    let n = 0;
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }), (text) => {
        fc.pre(unitsOf(text).length > 0);
        n += 1;
        putDigestOf(world.db, n, { prompts: [prompt(text)] });
        for (const { start, end } of unitsOf(text))
          expect(found(world, text.slice(start, end), { limit: 1000 })).toContain(n);
        const [sought] = parseQuery(`"${text.replaceAll('"', ' ')}"`);
        if (sought !== undefined) expect(placesOf(unitsOf(text), sought).length).toBeGreaterThan(0);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the index', () => {
  test('follows a digest that is replaced and one that is dropped', () => {
    using world = library();
    putDigestOf(world.db, 1, { title: 'all new' });
    expect(found(world, 'cookie')).toEqual([]);
    expect(found(world, 'new')).toEqual([1]);
    expect(searchPending(world.db)).toBe(0);
  });

  test('is undone with the transaction that wrote the digest', () => {
    using world = library();
    expect(() =>
      world.db.writeTransaction(() => {
        putDigestOf(world.db, 4, { title: 'never happened' });
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(found(world, 'happened')).toEqual([]);
    expect(searchPending(world.db)).toBe(0);
    putDigestOf(world.db, 4, { title: 'it did now' });
    expect(found(world, 'now'), 'and the next one is not taken for it').toEqual([4]);
  });

  test('catches up with what another program wrote', () => {
    using world = library();
    const bare = new Database(world.db.path);
    const changed = JSON.stringify({ title: 'rewritten by hand' });
    bare.run('UPDATE digests SET json = ?, bytes = length(CAST(? AS BLOB)) WHERE session_id = 1', [
      changed,
      changed,
    ]);
    bare.close();
    expect(searchPending(world.db)).toBe(1);
    expect(search(world.db, { text: 'x', limit: 1 }).notIndexed).toBe(1);
    expect(catchUpSearch(world.db, () => undefined)).toBe(0);
    expect([found(world, 'rewritten'), found(world, 'cookie')]).toEqual([[1], []]);
  });

  test('is made of the digests that were there before it was', () => {
    using old = new World();
    const path = `${old.folder}/old.db`;
    const before = openWritable(path, { migrations: MIGRATIONS.filter(({ version }) => version < 2) });
    before.close();
    // The digest is written as a program of that day would: without an index to follow it.
    const bare = new Database(path);
    const json = JSON.stringify({ title: 'of old days' });
    bare.run(
      "INSERT INTO sessions (session_uid, agent, native_id) VALUES ('claude-code:a', 'claude-code', 'a')",
    );
    bare.run(
      `INSERT INTO digests (session_id, generation, covers_from, complete, version, made_at, bytes, json)
       VALUES (1, 0, 0, 1, 1, '2026-01-01T00:00:00.000Z', length(?), ?)`,
      [json, json],
    );
    bare.close();
    const db = openWritable(path);
    expect(search(db, { text: 'old days', limit: 1 }).notIndexed).toBe(1);
    expect(catchUpSearch(db, () => undefined)).toBe(0);
    expect(search(db, { text: 'old days', limit: 1 }).hits.length).toBe(1);
    db.close();
  });

  test('is smaller than half of the digests it is made of', async () => {
    using world = new World();
    const words = Array.from({ length: 2000 }, (_, i) => Bun.hash(`${i}`).toString(36).slice(0, 6));
    for (let n = 1; n <= 150; n += 1) {
      const text = Array.from({ length: 400 }, (_, i) => words[(i * i * 7 + n * 13) % words.length]).join(
        ' ',
      );
      putDigestOf(world.db, n, { prompts: [prompt(text)] });
    }
    rebuildSearchIndex(world.db);
    catchUpSearch(world.db, () => undefined);
    const sizes = world.db.get<{ part: number; whole: number }>(
      `SELECT (SELECT sum(length(block)) FROM search_data) AS part, (SELECT sum(bytes) FROM digests) AS whole`,
    );
    expect((sizes?.part ?? 0) / (sizes?.whole ?? 1)).toBeLessThan(0.5);
  });

  test('holds no word of a session that is forgotten', async () => {
    using world = library();
    putDigestOf(world.db, 4, { prompts: [prompt('the codeword is xylophonist')] });
    const text = () => readFileSync(world.db.path, 'latin1') + readFileSync(`${world.db.path}-wal`, 'latin1');
    expect(text()).toContain('xylophonist');
    forgetSession(world.db, digestUid(4), world.now);
    expect(found(world, 'xylophonist')).toEqual([]);
    expect(await writeAnew(world.db, () => false)).toBe(true);
    for (const part of ['xylophonist', 'ylophonist', 'codeword']) expect(text()).not.toContain(part);
    expect(found(world, 'login').sort(), 'the others stay').toEqual([1, 2]);
  });
});

describe('a damaged index', () => {
  const HARMS = [
    ['its blocks are noise', (path: string) => overwrite(path, 'search_data', 0xa5)],
    ['its blocks are zeroes', (path: string) => overwrite(path, 'search_data', 0)],
    ['its list of sizes is noise', (path: string) => overwrite(path, 'search_docsize', 0xa5)],
    ['its table is gone', (path: string) => using(path, (bare) => bare.run('DROP TABLE search'))],
  ] as const;

  function using<T>(path: string, work: (bare: Database) => T): T {
    const bare = new Database(path);
    try {
      return work(bare);
    } finally {
      bare.close(true);
    }
  }

  /** As a bad disk would, on all pages of one table; a page's first bytes say what it is. */
  function overwrite(path: string, table: string, byte: number): void {
    const pages = using(path, (bare) => {
      bare.run('PRAGMA wal_checkpoint(TRUNCATE)');
      return bare
        .query<{ no: number }, [string]>('SELECT pageno AS no FROM dbstat WHERE name = ?')
        .all(table);
    });
    const handle = openSync(path, 'r+');
    for (const { no } of pages)
      writeSync(handle, Buffer.alloc(4096 - 8, byte), 0, 4096 - 8, (no - 1) * 4096 + 8);
    closeSync(handle);
    expect(pages.length).toBeGreaterThan(0);
  }

  function harmed(harm: (path: string) => void): World {
    const world = library();
    const { path } = world.db;
    world.db.close();
    harm(path);
    return Object.assign(world, { db: openWritable(path) });
  }

  test.each(HARMS)('%s: search says so, and how to mend it', (_what, harm) => {
    using world = harmed(harm);
    expect(() => search(world.db, { text: 'login', limit: 1 })).toThrow('the search index is damaged');
  });

  test.each(HARMS)('%s: digests are written and sessions forgotten all the same', (_what, harm) => {
    using world = harmed(harm);
    putDigestOf(world.db, 5, { title: 'written meanwhile' });
    expect(world.db.get('SELECT count(*) AS n FROM digests')).toEqual({ n: 4 });
    try {
      forgetSession(world.db, digestUid(2, 'codex'), world.now);
    } catch (thrown) {
      // Pages that SQLite cannot free: it says so, because words of the session are still in them.
      expect(String(thrown)).toContain('the store is damaged');
    }
    expect(world.db.get('SELECT count(*) AS n FROM digests')).toEqual({ n: 3 });
    expect(world.db.get('SELECT count(*) AS n FROM forgotten')).toEqual({ n: 1 });
  });

  test.each(HARMS)('%s: verify tells, a repair makes it anew, of every digest', async (_what, harm) => {
    using world = harmed(harm);
    const { path } = world.db;
    expect(
      verify(
        world.db,
        () => undefined,
        () => false,
      ).findings.length,
    ).toBeGreaterThan(0);
    world.db.close();
    const options = {
      own: { chunks: nothing },
      at: world.now,
      mayLose: false,
      dryRun: false,
      progress: () => undefined,
    };
    const report = await repairStore(path, options);
    expect({ state: report.state, failed: report.failed, left: report.after.findings }).toEqual({
      state: 'done',
      failed: [],
      left: [],
    });
    Object.assign(world, { db: openWritable(path) });
    expect([found(world, 'login').sort(), found(world, '索')]).toEqual([[1, 2], [3]]);
  });
});

async function* nothing(): AsyncGenerator<Uint8Array> {
  // The agent has no files any more.
}
