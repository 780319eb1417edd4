/** The search screen in every state, by name. */
import type { SessionRow } from '../../src/domain/session.ts';
import type { Event } from '../../src/tui/state.ts';
import type { View } from '../../src/tui/view.ts';
import { HOSTILE_SNIPPETS, hitOf, searchedFor } from '../support/search.ts';
import { key, typing, view } from '../support/tui.ts';
import type { Maker } from './states.ts';

/** `dashboard`: opens it, then plays the events. `hostile`: sessions whose titles try what a terminal might do with them. */
export function searchStates(
  dashboard: (shown: View, ...events: readonly Event[]) => Maker,
  rows: readonly SessionRow[],
  hostile: readonly SessionRow[],
): Readonly<Record<string, Maker>> {
  const search = (typed: string, ...events: readonly Event[]) =>
    dashboard(view(), key('/'), ...typing(typed), ...events);
  const HITS = rows.slice(0, 40).map((one, n) => hitOf(one, n));
  const FOUND_LOGIN = searchedFor('login', { hits: HITS, hasMore: true });

  return {
    'search-opened': search(''),
    'search-asking': search('login'),
    'search-typed': search('login', FOUND_LOGIN),
    search: search('login', FOUND_LOGIN, key('enter'), key('down')),
    'search-scrolled': search('login', FOUND_LOGIN, key('enter'), key('end')),
    'search-notice': search('login', FOUND_LOGIN, key('enter'), key('down'), key('t')),
    'search-few': search(
      '"test login"',
      searchedFor('"test login"', { hits: HITS.slice(0, 2), isRelaxed: true, notIndexed: 1204 }),
    ),
    'search-meant': search('loggin', searchedFor('loggin', { suggestion: 'login' })),
    'search-none': search(
      'login wine',
      searchedFor('login wine', {
        words: [
          { word: 'login', sessions: 12 },
          { word: 'wine', sessions: 1 },
        ],
      }),
    ),
    'search-no-word': search('* -', searchedFor('* -', { isEmpty: true })),
    'search-hostile': search(
      '登录',
      searchedFor('登录', { hits: hostile.map((one, n) => hitOf(one, n, HOSTILE_SNIPPETS)) }),
      key('enter'),
    ),
    'search-damaged': search('login', {
      kind: 'said',
      message:
        'the search index is damaged: /home/me/.local/share/session-memory/store.db. Run `session-memory verify --repair`.',
    }),
    'help-search': search('login', FOUND_LOGIN, key('enter'), key('?')),
  };
}
