/** The search screen: what typing asks, which answers count, what keys do with a hit; the index is followed in between. */
import { describe, expect, test } from 'bun:test';
import { indexSome } from '../../src/store/search/documents.ts';
import { type SearchResult, search } from '../../src/store/search/search.ts';
import { frame } from '../../src/tui/frames/frame.ts';
import { textOf } from '../../src/tui/paint.ts';
import { questionOf } from '../../src/tui/question.ts';
import { contextOf } from '../../src/tui/screens.ts';
import { Searcher, withBegun } from '../../src/tui/searcher.ts';
import { DASHBOARD, type Event, firstState, type Sessions, type State } from '../../src/tui/state.ts';
import type { World } from '../support/bench-world.ts';
import { library } from '../support/digests.ts';
import { hitOf, searchedFor } from '../support/search.ts';
import { effectsOf, key, listed, peeked, play, ROWS, SIZE, typing, view } from '../support/tui.ts';
import { stateOf } from './states.ts';

function sessionsOf({ screen }: State): Sessions {
  if (screen.kind !== 'sessions') throw new Error(`on ${screen.kind}`);
  return screen.sessions;
}

const texts = (state: State) => frame(state, { unicode: true }).map(textOf).join('\n');

const OPENED = play(firstState(DASHBOARD, SIZE), { kind: 'view', view: view() }, key('/'), ...listed(ROWS));
const HITS = ROWS.slice(0, 9).map((one, n) => hitOf(one, n));
const SHOWN: Event = { kind: 'shown', shown: Uint32Array.from(HITS, (_, n) => n), searched: 1 };
const READ: Event = { kind: 'read', title: 'Digest', lines: ['text'], more: null };

describe('typing', () => {
  test('asks at each letter, the list keys being letters too', () => {
    const events = typing('jk q/?');
    expect(sessionsOf(play(OPENED, ...events)).typed).toBe('jk q/?');
    expect(effectsOf(OPENED, ...events).at(-1)).toEqual({ kind: 'search', text: 'jk q/?' });
  });

  test('a paste is text: no key of it does anything', () => {
    const pasted = play(OPENED, { kind: 'paste', text: 'error[E0308]\r\nq\u001b' });
    expect(sessionsOf(pasted).typed).toBe('error[E0308]q');
  });

  test('an answer to what is typed now counts, one to what was typed before does not', () => {
    const typed = play(OPENED, ...typing('login'));
    expect(sessionsOf(play(typed, searchedFor('logi', { hits: HITS }))).found).toBeNull();
    expect(sessionsOf(play(typed, searchedFor('login', { hits: HITS }))).found?.hits.size).toBe(9);
  });

  test('no letter left: no hits left', () => {
    const typed = play(OPENED, ...typing('x'), searchedFor('x', { hits: HITS }), key('backspace'));
    expect(sessionsOf(typed).found).toBeNull();
  });

  test('what a session is asks the list, and not the index', () => {
    const asks = effectsOf(OPENED, ...typing('agent:codex >1MB')).filter(({ kind }) => kind === 'search');
    expect(asks.at(-1)).toEqual({ kind: 'search', text: '' });
  });

  test('ctrl-w takes a word away, ctrl-u all, esc all and leaves the filter', () => {
    const typed = play(OPENED, ...typing('fix the login'));
    expect(sessionsOf(play(typed, key('ctrl+w'))).typed).toBe('fix the ');
    expect(sessionsOf(play(typed, key('ctrl+w'), key('ctrl+w'))).typed).toBe('fix ');
    expect(sessionsOf(play(typed, key('ctrl+u')))).toMatchObject({ typed: '', editing: true });
    expect(sessionsOf(play(typed, key('esc')))).toMatchObject({ typed: '', editing: false });
  });

  test('tab takes what was meant, and leaves what a session is', () => {
    const typed = play(
      OPENED,
      ...typing('agent:codex loggin'),
      searchedFor('loggin', { suggestion: 'login' }),
    );
    expect(sessionsOf(play(typed, key('tab'))).typed).toBe('agent:codex login');
  });
});

describe('the list', () => {
  const answered = play(OPENED, ...typing('login'), searchedFor('login', { hits: HITS }), SHOWN);

  test('is entered by enter or down, and left for other words by /', () => {
    for (const name of ['enter', 'down']) {
      const entered = play(answered, key(name));
      expect(contextOf(entered)).toBe('sessions');
      expect(contextOf(play(entered, key('/')))).toBe('filter');
    }
  });

  test('comes back as it was from a digest', () => {
    const back = sessionsOf(play(answered, key('enter'), key('down'), READ, key('esc')));
    expect([back.place.cursor, back.typed, back.found?.hits.size]).toEqual([1, 'login', 9]);
  });

  test('an answer that comes while a digest lies over it is there afterwards, its cursor inside', () => {
    const fewer: Event = { kind: 'shown', shown: Uint32Array.from([0, 1]), searched: 1 };
    const low = play(answered, key('enter'), key('end'), READ);
    const back = sessionsOf(play(low, searchedFor('login', { hits: HITS.slice(0, 2) }), fewer, key('esc')));
    expect([back.found?.hits.size, back.shown.length, back.place.cursor]).toEqual([2, 2, 1]);
  });

  test('of a session whose raw bytes are gone shows no transcript, and says why', () => {
    expect(sessionsOf(stateOf('sessions-notice', SIZE)).notice).toContain('raw bytes were evicted');
  });

  test('remembers its row, filter, order and marks when it is left and opened again', () => {
    const left = play(
      answered,
      key('enter'),
      key('s'),
      SHOWN,
      key('down'),
      key('down'),
      key('space'),
      key('q'),
    );
    expect(left.screen.kind).toBe('dashboard');
    const again = sessionsOf(play(left, key('b')));
    expect([again.typed, again.sort, again.place.cursor, again.marked.size]).toEqual([
      'login',
      'newest',
      3,
      1,
    ]);
  });

  test('s shows another order at each press, and comes round', () => {
    const list = play(firstState(DASHBOARD, SIZE), { kind: 'view', view: view() }, key('b'), ...listed(ROWS));
    const orders = (state: State) =>
      Array.from(
        { length: 8 },
        (_, n) =>
          /by ([a-z ]+?)(?: {2}|,|$)/.exec(
            texts(play(state, ...Array.from({ length: n }, () => key('s')))),
          )?.[1],
      );
    expect(orders(list)).toEqual([
      'newest',
      'size',
      'title',
      'project',
      'agent',
      'state',
      'what goes next',
      'newest',
    ]);
    const entered = play(answered, key('enter'));
    expect(orders(entered)).toEqual([
      'best match',
      'newest',
      'size',
      'title',
      'project',
      'agent',
      'state',
      'what goes next',
    ]);
  });

  test('a group of the dashboard opens the sessions behind it', () => {
    const opened = play(stateOf('dashboard', SIZE), key('down'), key('enter'));
    expect(sessionsOf(opened).typed).toBe('project:=web-shop');
  });
});

describe('marks', () => {
  const list = play(
    firstState(DASHBOARD, SIZE),
    { kind: 'view', view: view() },
    key('b'),
    ...listed(ROWS),
    peeked(0),
  );
  const marks = (state: State) => [...sessionsOf(state).marked].sort((a, b) => a - b);

  test('space marks one and goes on, and takes the mark away again', () => {
    expect(marks(play(list, key('space'), key('space')))).toEqual([1, 2]);
    expect(marks(play(list, key('space'), key('up'), key('space')))).toEqual([]);
  });

  test('A marks all that are shown and nothing else, and none where all are', () => {
    const few = play(list, { kind: 'shown', shown: Uint32Array.from([3, 5]), searched: null });
    expect(marks(play(few, key('A')))).toEqual([4, 6]);
    expect(marks(play(few, key('A'), key('A')))).toEqual([]);
    expect(marks(play(list, key('A')))).toHaveLength(ROWS.length);
  });

  test('V marks from where it was pressed to where it is pressed again, in both directions', () => {
    expect(marks(play(list, key('down'), key('V'), key('down'), key('down'), key('V')))).toEqual([2, 3, 4]);
    const up = [key('down'), key('down'), key('V'), key('up'), key('V')];
    expect(marks(play(list, ...up))).toEqual([2, 3]);
    expect(marks(play(list, key('V'), key('down'), key('esc')))).toEqual([]);
  });

  test('an action is for all that are marked, wherever the cursor is; for that one where none is', () => {
    const marked = play(list, key('space'), key('space'), key('end'));
    expect(effectsOf(marked, key('e'))).toEqual([{ kind: 'ask', what: 'evict', ids: [1, 2] }]);
    expect(effectsOf(marked, key('r'))).toEqual([{ kind: 'ask', what: 'restore', ids: [1, 2] }]);
    expect(effectsOf(marked, key('w'))).toEqual([{ kind: 'ask', what: 'export', ids: [1, 2] }]);
    expect(effectsOf(marked, key('y'))).toEqual([{ kind: 'copy', ids: [1, 2] }]);
    expect(effectsOf(list, key('y'))).toEqual([{ kind: 'copy', ids: [1] }]);
    expect(effectsOf(list, key('p'))).toEqual([{ kind: 'pin_marked', ids: [1], pinned: true }]);
  });

  test('what is evicted by them has a digest and is not pinned, and nothing goes before enter', () => {
    const question = questionOf('evict', ROWS, '');
    const uids = question.effect?.kind === 'evict' ? question.effect.uids : [];
    const may = ROWS.filter(({ state, pinned }) => state === 'analyzed' && !pinned).map(({ uid }) => uid);
    expect(uids).toEqual(may);
    const asked = play(list, { kind: 'question', question });
    expect(effectsOf(asked, key('esc'))).toEqual([]);
    expect(effectsOf(asked, key('enter'), key('enter'))).toEqual([{ kind: 'evict', uids }]);
  });
});

describe('the words that are asked', () => {
  test.each([
    ['log', 'log*'],
    ['fix lo', 'fix lo'],
    ['fix log', 'fix log*'],
    ['src/foo', 'src/foo*'],
    ['log ', 'log '],
    ['"fix log', '"fix log*'],
    ['log*', 'log*'],
  ])('%p as %p', (typed, asked) => {
    expect(withBegun(typed)).toBe(asked);
  });
});

describe('the searcher', () => {
  /** The first answer that `until` takes. */
  function answer(world: World, typed: readonly string[], until: (result: SearchResult | null) => boolean) {
    return new Promise<[string, SearchResult | null]>((resolve, reject) => {
      const searcher = new Searcher(
        {
          search: async (query) => search(world.db, query),
          indexMore: async () => indexSome(world.db, 1),
          related: () => Promise.reject(new Error('not asked')),
        },
        (asked, result) => {
          if (!until(result)) return;
          searcher.forget();
          resolve([asked, result]);
        },
        reject,
      );
      for (const words of typed) searcher.ask(words);
    });
  }

  test('answers the last of what was typed quickly, by words begun', async () => {
    using world = library();
    const [asked, result] = await answer(world, ['l', 'lo', 'log', 'logi'], () => true);
    expect(asked).toBe('logi');
    expect(result?.hits).toHaveLength(2);
  });

  test('says what may be meant', async () => {
    using world = library();
    const [, result] = await answer(world, ['loggin'], () => true);
    expect(result?.suggestion).toBe('login');
  });

  test('has the index follow, and answers again', async () => {
    using world = library();
    world.db.writeTransaction(() => {
      world.db.run('DELETE FROM search WHERE rowid IN (1, 2)');
      world.db.run('INSERT INTO search_pending (session_id) VALUES (1), (2)');
    });
    const [, result] = await answer(world, ['login'], (one) => one?.hits.length === 2);
    expect(result?.notIndexed).toBe(0);
  });

  test('tells a damaged index', async () => {
    using world = library();
    world.db.exec('DROP TABLE search');
    const failed = answer(world, ['login'], () => true);
    expect(failed).rejects.toThrow('the search index is damaged');
    await failed.catch(() => undefined);
  });
});
