/** Search over digests: what is found, where, in which order; what was typed is never an error. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Iso } from '../../src/domain/time.ts';
import { parseQuery, placesOf } from '../../src/store/search/query.ts';
import { search } from '../../src/store/search/search.ts';
import { unitsOf } from '../../src/store/search/words.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { command, digestUid, found, library, prompt, putDigestOf } from '../support/digests.ts';

describe('what is found', () => {
  test.each([
    ['a word, in any case', 'LOGIN', [1, 2]],
    ['all words, wherever they stand', 'login cookie', [1]],
    ['a phrase', '"login page"', [1]],
    ['words that stand apart where no session has the phrase', '"page twice"', [1]],
    ['a phrase, and a word that counts for less', '"page login" cookie', [2]],
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
    ['another ending of a word', 'redirecting parser', [1, 2]],
    ['a part of a name', 'args', [2]],
    ['the parts of a name', 'parse args', [2]],
    ['a name where its parts stand side by side', 'loginPage', [1]],
    ['a typing error', 'redirrect', [1]],
    ['words that say nothing beside others', 'where is the cookie', [1]],
    ['one of two', 'cookie OR wine', [1, 2]],
    ['one of two phrases', '"login page" OR "wine list"', [1, 2]],
    ['nothing that must not be', 'login -cookie', [2]],
    ['nothing that must not be, side by side', 'login -"login page"', [2]],
    ['a flag of a command as a word', 'git push -u origin', [1]],
    ['a file', 'file:auth/cookie.ts', [1]],
    ['a file with a word', 'login file:page/login', [2]],
    ['one of two files', 'file:auth/cookie.ts OR file:page/login', [1, 2]],
    ['a file, or a word', 'file:auth/cookie.ts OR wine', [1, 2]],
    ['a word, or a file', 'wine OR file:auth/cookie.ts', [1, 2]],
    ['a file, or a command', 'file:page/login OR command:"git push"', [1, 2]],
    [
      'one of two files, and a word that tells them apart',
      'cookie file:auth/cookie.ts OR file:page/login',
      [1],
    ],
    ['a file and a command of the same words: both', 'file:push command:push', []],
    ['a command', 'command:"git push" redirect', [1]],
    ['a run that stands nowhere as it is, by its pairs', '検索機能の追加', [3]],
    ['a Chinese text of which a part is known', '请修复追加的问题', [3]],
    ['nothing', 'quicksort', []],
    ['a word beside one that no session has', 'login quicksort', [1, 2]],
    ['a word in capitals that is no operator', 'login NOT cookie', [1]],
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

describe('the order', () => {
  function worldOf(...digests: Parameters<typeof putDigestOf>[2][]): World {
    const world = new World();
    for (const [i, parts] of digests.entries()) putDigestOf(world.db, i + 1, parts);
    // What says nothing of any of them, so that no word stands everywhere.
    for (let n = 0; n < 20; n += 1)
      putDigestOf(world.db, digests.length + 1 + n, { title: `filler ${'abcdefghijklmnopqrst'[n]}` });
    return world;
  }
  const says = (text: string) => ({ prompts: [prompt(text)] });
  const at = (day: number) => ({ ended_at: `2026-02-0${day}T00:00:00.000Z` as Iso });

  test.each([
    ['all the words before most of them', 'gizmo widget', [says('gizmo'), says('gizmo and widget')], [2, 1]],
    [
      'few words: all of them anywhere before one of them in the best place',
      'gizmo widget',
      [
        { title: 'gizmo', ...says('gizmo gizmo'), commits: [{ message: 'gizmo' }] },
        { errors: ['gizmo', 'widget'] },
        { errors: ['widget'] },
        { errors: ['widget'] },
      ],
      [2, 1, 4, 3],
    ],
    [
      'words in one sentence before the same words apart',
      'gizmo for each gadget and widget',
      [
        says('a gizmo went to the gadget and on to some widget'),
        { prompts: [prompt('a gizmo went'), prompt('to the gadget'), prompt('and on to some widget')] },
      ],
      [1, 2],
    ],
    [
      'a word of a subject before words that stand in any request',
      'better gizmo',
      [says('gizmo'), says('better')],
      [1, 2],
    ],
    [
      'what it is about again and again before what it names once',
      'gizmo',
      [
        { prompts: [prompt('one gizmo'), prompt('quiet'), prompt('evening')] },
        { prompts: [prompt('one gizmo'), prompt('gizmo'), prompt('gizmo evening')] },
      ],
      [2, 1],
    ],
    ['an answer on the way', 'gizmo', [{ replies: ['The gizmo holds.'] }, says('nothing')], [1]],
    ['most of them before one', 'gizmo widget gadget', [says('gizmo'), says('gizmo widget')], [2, 1]],
    [
      'a rare word before a common one',
      'gizmo widget',
      [says('widget'), says('widget'), says('widget'), says('gizmo')],
      [4, 3, 2, 1],
    ],
    [
      'words side by side before words apart',
      'gizmo widget',
      [says('gizmo or a red widget'), says('gizmo widget')],
      [2, 1],
    ],
    [
      'what was asked before what was printed',
      'gizmo',
      [{ errors: ['gizmo'] }, { commands: [command('gizmo')] }, says('gizmo')],
      [3, 2, 1],
    ],
    [
      'a commit before a command',
      'gizmo',
      [{ commands: [command('gizmo')] }, { commits: [{ message: 'gizmo' }] }],
      [2, 1],
    ],
    [
      'the newer of equals first',
      'gizmo',
      [
        { ...says('gizmo'), ...at(2) },
        { ...says('gizmo'), ...at(3) },
        { ...says('gizmo'), ...at(1) },
      ],
      [2, 1, 3],
    ],
    [
      'no newer one before a better one',
      'gizmo widget',
      [
        { ...says('gizmo widget'), ...at(1) },
        { ...says('gizmo in another place, far from a widget of that size'), ...at(9) },
      ],
      [1, 2],
    ],
  ] as const)('%s', (_what, text, digests, expected) => {
    using world = worldOf(...digests);
    expect(found(world, text).slice(0, digests.length)).toEqual([...expected]);
  });

  test('small world: whoever has more of three words equally rare comes first, and who has none does not come', () => {
    const words = ['gizmo', 'widget', 'gadget'];
    const subsets = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => words.filter((_w, i) => (bits & (1 << i)) !== 0));
    using world = worldOf(...subsets.map((subset) => ({ commands: subset.map((word) => command(word)) })));
    for (const asked of subsets.slice(1)) {
      const count = (n: number) => subsets[n - 1]?.filter((word) => asked.includes(word)).length ?? 0;
      const hits = found(world, asked.join(' '));
      const counts = hits.map(count);
      expect(counts, `${asked}: ${hits}`).toEqual([...counts].sort((a, b) => b - a));
      expect(counts[0]).toBe(asked.length);
      expect(counts.at(-1)).toBeGreaterThan(0);
      const whole = subsets.filter((subset) => asked.every((word) => subset.includes(word))).length;
      expect(counts.filter((n) => n === asked.length)).toHaveLength(whole);
    }
  });

  test('tells which words a hit does not have, and which no session has', () => {
    using world = worldOf(says('gizmo'), says('gizmo widget'));
    const { hits, leftOut } = search(world.db, { text: 'gizmo widget quizzical wordless', limit: 9 });
    expect(hits.map(({ missing }) => missing)).toEqual([[], ['widget']]);
    expect(leftOut).toEqual(['quizzical', 'wordless']);
  });

  test('property: something is found while one of the words is known, wherever it stands', () => {
    using world = library();
    const known = [
      'login',
      'cookie',
      'wine',
      'redirects',
      'parseArgs',
      '検索',
      'E0308',
      'src/auth/cookie.ts',
    ];
    const part = fc.oneof(fc.constantFrom(...known), fc.string({ unit: 'grapheme', maxLength: 12 }));
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 6 }),
        fc.constantFrom(...known),
        fc.nat(5),
        (parts, word, at) => {
          const words = parts.map((one) => one.replace(/["\s:-]/g, ''));
          const text = [...words.slice(0, at), word, ...words.slice(at)]
            .filter((one) => one !== '')
            .join(' ');
          const { hits } = search(world.db, { text, limit: 5 });
          expect(hits.length, text).toBeGreaterThan(0);
        },
      ),
      { numRuns: 200 },
    );
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
    const { words, suggestion } = search(world.db, { text: 'cookie -redirect', limit: 9 });
    expect(words).toEqual([{ word: 'cookie', sessions: 1 }]);
    expect(suggestion).toBeNull();
  });

  test('by a typing error: names a word that stands there, and not its stem', () => {
    using world = new World();
    putDigestOf(world.db, 1, { prompts: [prompt('was configured again'), prompt('is migrating')] });
    const { hits, meant } = search(world.db, { text: 'Confgur migrat', limit: 9 });
    expect(hits).toHaveLength(1);
    expect(meant).toEqual([{ typed: 'Confgur', word: 'configured' }]);
  });

  test('by a typing error: a stem that is no word does not stand in the way of the word that was meant', () => {
    using world = new World();
    // `revis`, the stem of both, is as near as `reviews` is, and in more sessions.
    putDigestOf(world.db, 1, { prompts: [prompt('revise the plan')] });
    putDigestOf(world.db, 2, { prompts: [prompt('revised it')] });
    putDigestOf(world.db, 3, { prompts: [prompt('three reviews')] });
    const { hits, meant } = search(world.db, { text: 'reviws', limit: 9 });
    expect(hits.map(({ session }) => session.uid)).toEqual([digestUid(3)]);
    expect(meant).toEqual([{ typed: 'reviws', word: 'reviews' }]);
  });

  test('by a typing error: finds what was meant, and says so', () => {
    using world = library();
    const { hits, meant } = search(world.db, { text: 'rediret', limit: 9 });
    expect(hits.map(({ session }) => session.uid)).toEqual([digestUid(1)]);
    expect(meant).toEqual([{ typed: 'rediret', word: 'redirect' }]);
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
      { numRuns: 100 },
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
        const sought = parseQuery(`"${text.replaceAll('"', ' ')}"`).groups[0]?.any[0];
        if (sought !== undefined) expect(placesOf(unitsOf(text), sought).length).toBeGreaterThan(0);
      }),
      { numRuns: 100 },
    );
  });
});
