/** Search over digests: what is found, where, in which order; what was typed is never an error. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Iso } from '../../src/domain/time.ts';
import { search } from '../../src/store/search.ts';
import { parseQuery, placesOf } from '../../src/store/search-query.ts';
import { unitsOf } from '../../src/store/search-words.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { command, digestUid, found, library, prompt, putDigestOf } from '../support/digests.ts';

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
