/** Browse: the rows under the cursor, the filter, and what can be done with one session. */
import type { SessionRow } from '../../domain/session.ts';
import { SORTS } from '../catalogue.ts';
import { browseFrame, browseRows } from '../frames/browse.ts';
import type { Action } from '../keys.ts';
import { inSight } from '../layout.ts';
import {
  AT_TOP,
  type Browse,
  type Effect,
  type Event,
  type ListPlace,
  onScreen,
  type State,
  type Stepped,
  to,
  within,
} from '../state.ts';
import { PLAIN, type Rules } from './rules.ts';

function withBrowse(state: State, browse: Browse, ...effects: readonly Effect[]): Stepped {
  return onScreen(state, { kind: 'browse', browse }, ...effects);
}

/** The session under the cursor, where its row has been read. */
function current(browse: Browse): SessionRow | null {
  const row = browse.shown[browse.place.cursor];
  return row === undefined ? null : (browse.rows.get(browse.catalogue?.ids[row] ?? -1) ?? null);
}

/** Asks for the rows on the screen that are not there yet. */
function wantRows(state: State, browse: Browse): Stepped {
  const next = { ...state, screen: { kind: 'browse', browse } } as const;
  const ids = idsOnScreen(browse, browseRows(state.size));
  const missing = ids.filter((id) => !browse.rows.has(id));
  return missing.length === 0 ? to(next) : to(next, { kind: 'rows', ids });
}

function idsOnScreen(browse: Browse, visible: number): number[] {
  const { catalogue } = browse;
  if (catalogue === null) return [];
  return Array.from(
    browse.shown.subarray(browse.place.top, browse.place.top + visible),
    (row) => catalogue.ids[row] ?? -1,
  );
}

function browseAction(state: State, browse: Browse, action: Action): Stepped {
  const row = current(browse);
  switch (action) {
    case 'confirm':
      if (browse.editing) return withBrowse(state, { ...browse, editing: false });
      return row === null ? to(state) : to(state, { kind: 'digest', uid: row.uid });
    case 'transcript':
      if (row === null) return to(state);
      if (row.state === 'evicted')
        return withBrowse(state, {
          ...browse,
          notice: 'Its raw bytes were evicted; enter shows the digest that stays.',
        });
      return to(state, { kind: 'transcript', uid: row.uid });
    case 'restore':
      return row === null ? to(state) : to(state, { kind: 'plan_restore', uid: row.uid });
    case 'pin':
      return row === null ? to(state) : to(state, { kind: 'pin', uid: row.uid, pinned: !row.pinned });
    case 'sort': {
      const sort = SORTS[(SORTS.indexOf(browse.sort) + 1) % SORTS.length] ?? 'newest';
      return again(state, { ...browse, sort });
    }
    case 'reverse':
      return again(state, { ...browse, reversed: !browse.reversed });
    case 'filter':
      return withBrowse(state, { ...browse, editing: true, notice: null });
    case 'erase':
      return again(state, { ...browse, typed: [...browse.typed].slice(0, -1).join('') });
    case 'erase_all':
      return again(state, { ...browse, typed: '', editing: false });
    default:
      return to(state);
  }
}

function browseText(state: State, browse: Browse, text: string): Stepped {
  return again(state, { ...browse, typed: (browse.typed + text).slice(0, 200) });
}

/** Sorted and filtered anew, from the top. */
function again(state: State, browse: Browse): Stepped {
  return withBrowse(state, { ...browse, place: AT_TOP, notice: null }, { kind: 'select' });
}

type Selected = Extract<Event, { kind: 'catalogue' | 'shown' | 'rows' }>;

/** Below a text or a restore the list goes on living. */
export function selected(state: State, event: Selected): Stepped {
  return within(state, 'browse', (under, { browse }) => onBrowse(under, browse, event));
}

function onBrowse(state: State, browse: Browse, event: Selected): Stepped {
  switch (event.kind) {
    case 'catalogue':
      // Sessions keep their places in a catalogue that is read anew: what is shown stays until it is sorted anew.
      return settle(state, {
        ...browse,
        catalogue: event.catalogue,
        shown: event.shown.length > 0 ? event.shown : browse.shown,
        rows: new Map(),
      });
    case 'shown':
      return settle(state, {
        ...browse,
        shown: event.shown,
        searched: event.searched,
        place: followed(browse, event.shown),
      });
    case 'rows':
      return withBrowse(state, { ...browse, rows: event.rows });
    default:
      return event satisfies never;
  }
}

/** The cursor stays on its session when others come in above it; at the top it stays at the top. */
function followed({ place, shown }: Browse, next: Uint32Array): ListPlace {
  const row = shown[place.cursor];
  const cursor = row === undefined || place.cursor === 0 ? -1 : next.indexOf(row);
  return cursor < 0 ? place : { cursor, top: Math.max(0, place.top + cursor - place.cursor) };
}

function settle(state: State, browse: Browse): Stepped {
  const place = inSight(browse.place, browse.shown.length, browseRows(state.size));
  return wantRows(state, { ...browse, place });
}

export const browseScreen: Rules<'browse'> = {
  ...PLAIN,
  title: () => 'Browse',
  context: (_, { browse }) => (browse.editing ? 'filter' : 'browse'),
  list: ({ size }, { browse: { shown, place } }) => ({
    ...{ length: shown.length, visible: browseRows(size), place, hasCursor: true },
  }),
  placed: (state, { browse }, place) => wantRows(state, { ...browse, place, notice: null }),
  act: (state, { browse }, action) => browseAction(state, browse, action),
  typed: (state, { browse }, text) => browseText(state, browse, text),
  said: (state, { browse }, message) => withBrowse(state, { ...browse, notice: message }),
  frame: (state, view, { browse }, cells) => browseFrame(state, view, browse, cells),
};
