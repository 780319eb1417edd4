/** The search screen: what typing asks, which answers count, what keys do with a hit; the index is followed in between. */
import { describe, expect, test } from 'bun:test';
import { indexSome } from '../../src/store/search/documents.ts';
import { type SearchResult, search } from '../../src/store/search/search.ts';
import { contextOf } from '../../src/tui/screens.ts';
import { Searcher, withBegun } from '../../src/tui/searcher.ts';
import { firstState, type Search, type State } from '../../src/tui/state.ts';
import type { World } from '../support/bench-world.ts';
import { library } from '../support/digests.ts';
import { hitOf, searchedFor } from '../support/search.ts';
import { effectsOf, key, play, row, SIZE, typing, view } from '../support/tui.ts';
import { stateOf } from './states.ts';

function searchOf({ screen }: State): Search {
  if (screen.kind !== 'search') throw new Error(`on ${screen.kind}`);
  return screen.search;
}

const OPENED = play(firstState({ kind: 'dashboard' }, SIZE), { kind: 'view', view: view() }, key('/'));
const HITS = Array.from({ length: 9 }, (_, n) => hitOf(row(n), n));

describe('typing', () => {
  test('asks at each letter, the list keys being letters too', () => {
    const events = typing('jk q/?');
    expect(searchOf(play(OPENED, ...events)).typed).toBe('jk q/?');
    expect(effectsOf(OPENED, ...events).at(-1)).toEqual({ kind: 'search', typed: 'jk q/?' });
  });

  test('a paste is text: no key of it does anything', () => {
    const pasted = play(OPENED, { kind: 'paste', text: 'error[E0308]\r\nq\u001b' });
    expect(searchOf(pasted).typed).toBe('error[E0308]q');
  });

  test('an answer to what is typed now counts, one to what was typed before does not', () => {
    const typed = play(OPENED, ...typing('login'));
    expect(searchOf(play(typed, searchedFor('logi', { hits: HITS }))).result).toBeNull();
    expect(searchOf(play(typed, searchedFor('login', { hits: HITS }))).result?.hits).toHaveLength(9);
  });

  test('no letter left: no hits left', () => {
    const typed = play(OPENED, ...typing('x'), searchedFor('x', { hits: HITS }), key('backspace'));
    expect(searchOf(typed).result).toBeNull();
  });
});

describe('the list', () => {
  const answered = play(OPENED, ...typing('login'), searchedFor('login', { hits: HITS }));

  test('is entered by enter or down, and left for other words by /', () => {
    for (const name of ['enter', 'down']) {
      const listed = play(answered, key(name));
      expect(contextOf(listed)).toBe('search');
      expect(contextOf(play(listed, key('/')))).toBe('words');
    }
  });

  test('is not entered where nothing was found', () => {
    const nothing = play(OPENED, ...typing('x'), searchedFor('x'), key('enter'));
    expect(contextOf(nothing)).toBe('words');
  });

  test('comes back as it was from a digest', () => {
    const read = play(answered, key('enter'), key('down'), {
      kind: 'read',
      title: 'Digest',
      lines: ['text'],
      more: null,
    });
    const back = searchOf(play(read, key('esc')));
    expect([back.place.cursor, back.typed, back.result?.hits.length]).toEqual([1, 'login', 9]);
  });

  test('an answer that comes while a digest lies over it is there afterwards, its cursor inside', () => {
    const low = play(answered, key('enter'), key('end'), {
      kind: 'read',
      title: 'Digest',
      lines: ['text'],
      more: null,
    });
    const back = searchOf(play(low, searchedFor('login', { hits: HITS.slice(0, 2) }), key('esc')));
    expect([back.result?.hits.length, back.place.cursor]).toEqual([2, 1]);
  });

  test('of a session whose raw bytes are gone shows no transcript, and says why', () => {
    const state = stateOf('search-notice', SIZE);
    expect(searchOf(state).notice).toContain('raw bytes are gone');
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
