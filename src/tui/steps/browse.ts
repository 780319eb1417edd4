/** Browse: the rows under the cursor, the filter, and what can be done with one session. */
import type { SessionRow } from '../../domain/session.ts';
import { SORTS } from '../catalogue.ts';
import type { Action } from '../keys.ts';
import { inSight, listOf } from '../layout.ts';
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
} from '../state.ts';

function withBrowse(state: State, browse: Browse, ...effects: readonly Effect[]): Stepped {
  return onScreen(state, { kind: 'browse', browse }, ...effects);
}

/** The session under the cursor, where its row has been read. */
export function current(browse: Browse): SessionRow | null {
  const row = browse.shown[browse.place.cursor];
  return row === undefined ? null : (browse.rows.get(browse.catalogue?.ids[row] ?? -1) ?? null);
}

/** Asks for the rows on the screen that are not there yet. */
export function wantRows(state: State, browse: Browse): Stepped {
  const next = { ...state, screen: { kind: 'browse', browse } } as const;
  const { visible } = listOf(next);
  const ids = idsOnScreen(browse, visible);
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

export function browseAction(state: State, browse: Browse, action: Action): Stepped {
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

export function browseText(state: State, browse: Browse, text: string): Stepped {
  return again(state, { ...browse, typed: (browse.typed + text).slice(0, 200) });
}

/** Sorted and filtered anew, from the top. */
function again(state: State, browse: Browse): Stepped {
  return withBrowse(state, { ...browse, place: AT_TOP, notice: null }, { kind: 'select' });
}

type Selected = Extract<Event, { kind: 'catalogue' | 'shown' | 'rows' }>;

export function selected(state: State, event: Selected): Stepped {
  const { screen } = state;
  // Below a reader or a restore the list goes on living.
  const below =
    screen.kind === 'reader' ? screen.reader.back : screen.kind === 'restore' ? screen.back : screen;
  if (below.kind !== 'browse') return to(state);
  const stepped = onBrowse({ ...state, screen: below }, below.browse, event);
  if (screen === below) return stepped;
  const back = stepped.state.screen;
  if (screen.kind === 'reader')
    return onScreen(
      stepped.state,
      { kind: 'reader', reader: { ...screen.reader, back } },
      ...stepped.effects,
    );
  return screen.kind === 'restore'
    ? onScreen(stepped.state, { ...screen, back }, ...stepped.effects)
    : stepped;
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
  const { visible } = listOf({ ...state, screen: { kind: 'browse', browse } });
  return wantRows(state, { ...browse, place: inSight(browse.place, browse.shown.length, visible) });
}
