/** The list of sessions in every state, by name. */
import type { SessionRow } from '../../src/domain/session.ts';
import type { Event } from '../../src/tui/state.ts';
import { HOSTILE_SNIPPETS, hitOf, searchedFor } from '../support/search.ts';
import { key, listed, peeked, ROWS, typing } from '../support/tui.ts';
import type { Maker } from './states.ts';

function shown(rows: readonly number[], searched: number | null): Event {
  return { kind: 'shown', shown: Uint32Array.from(rows), searched };
}

/** `dashboard`: opens it, then plays the events. `hostile`: sessions whose titles try what a terminal might do with them. */
export function sessionStates(
  dashboard: (...events: readonly Event[]) => Maker,
  hostile: readonly SessionRow[],
): Readonly<Record<string, Maker>> {
  const list = (rows: readonly SessionRow[], ...events: readonly Event[]) =>
    dashboard(key('b'), ...listed(rows), ...events);
  const sessions = (...events: readonly Event[]) => list(ROWS, peeked(0), ...events);
  const search = (typed: string, ...events: readonly Event[]) =>
    dashboard(key('/'), ...listed(ROWS), ...typing(typed), ...events);
  const hits = ROWS.slice(0, 40).map((one, n) => hitOf(one, n));
  const login = [
    searchedFor('login', { hits, hasMore: true }),
    shown(
      hits.map((_, n) => n),
      1,
    ),
  ];

  return {
    'sessions-loading': dashboard(key('b')),
    'sessions-reading': dashboard(key('b'), ...listed(ROWS).slice(0, 2), { kind: 'slow', isSlow: true }),
    sessions: sessions(),
    'sessions-scrolled': sessions(key('end')),
    'sessions-hostile': list(hostile),
    'sessions-sorted': sessions(key('s'), key('s'), key('S'), key('down')),
    'sessions-marked': sessions(key('space'), key('down'), key('space'), peeked(3)),
    'sessions-range': sessions(key('down'), key('V'), key('down'), key('down'), peeked(3)),
    'sessions-evicted': sessions(...Array.from({ length: 4 }, () => key('down')), peeked(4)),
    'sessions-notice': sessions(...Array.from({ length: 4 }, () => key('down')), key('t')),
    'sessions-nothing': list([]),
    'sessions-groups': sessions(key('tab')),
    'filter-opened': search(''),
    'filter-typed': sessions(key('/'), ...typing('agent:codex >1MB 登录')),
    'filter-searching': sessions(key('/'), ...typing('login'), key('enter'), shown([0, 5, 10, 15, 20], 0.42)),
    'filter-none': search(
      'login wine',
      searchedFor('login wine', {
        words: [
          { word: 'login', sessions: 12 },
          { word: 'wine', sessions: 1 },
        ],
      }),
      shown([], 1),
    ),
    'filter-found': search('login', ...login),
    'filter-hit': search('login', ...login, key('enter'), key('down'), peeked(1)),
    'filter-few': search(
      '"test login"',
      searchedFor('"test login"', { hits: hits.slice(0, 2), isRelaxed: true, notIndexed: 1204 }),
      shown([0, 1], 1),
    ),
    'filter-meant': search('loggin', searchedFor('loggin', { suggestion: 'login' }), shown([], 1)),
    'filter-hostile': search(
      '登录',
      searchedFor('登录', { hits: hostile.map((one, n) => hitOf(one, n, HOSTILE_SNIPPETS)) }),
      key('enter'),
    ),
    'filter-damaged': search('login', {
      kind: 'said',
      message:
        'the search index is damaged: /home/me/.local/share/session-memory/store.db. Run `session-memory verify --repair`.',
    }),
    'help-sessions': sessions(key('?')),
  };
}
