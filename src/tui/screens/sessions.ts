/** All sessions: filtered and searched as one types, marked, and what can be done with one or with all that are marked. */
import type { SessionRow } from '../../domain/session.ts';
import { withWord } from '../../store/search/suggest.ts';
import { PINNED, SORTS, type Sort } from '../catalogue.ts';
import { parseFilter, questionOf } from '../filter.ts';
import { current, groupRows } from '../frames/session-told.ts';
import { peekColumns, sessionsFrame, sessionsRows } from '../frames/sessions.ts';
import type { Action } from '../keys.ts';
import { inSight } from '../layout.ts';
import {
  AT_TOP,
  type Effect,
  type Event,
  HERE,
  type ListPlace,
  NEW_SESSIONS,
  onScreen,
  type Sessions,
  type State,
  type Stepped,
  to,
  upon,
  within,
} from '../state.ts';
import { back, PLAIN, type Rules } from './rules.ts';

/** Longer questions are cut: no screen shows them. */
const TYPED_UNITS_MAX = 200;

function withSessions(state: State, sessions: Sessions, ...effects: readonly Effect[]): Stepped {
  return onScreen(state, { kind: 'sessions', sessions }, ...effects);
}

/** As it was left, or with a filter of its own; `editing`: letters go into the filter at once. */
export function openSessions(
  state: State,
  about: { readonly typed?: string; readonly editing?: boolean },
): Stepped {
  const left = state.left ?? NEW_SESSIONS;
  const { typed = left.typed, editing = false } = about;
  const isSame = typed === left.typed;
  const sessions: Sessions = isSame
    ? { ...left, editing, notice: null, groups: null }
    : { ...NEW_SESSIONS, catalogue: left.catalogue, undo: left.undo, typed, editing };
  const question = questionOf(parseFilter(typed));
  return upon(
    state,
    { kind: 'sessions', sessions },
    { kind: 'catalogue' },
    ...(editing || question !== '' ? [{ kind: 'search', text: question } as const] : []),
  );
}

function sessionsAction(state: State, sessions: Sessions, action: Action): Stepped {
  if (sessions.groups !== null && action === 'confirm') return groupOpened(state, sessions, sessions.groups);
  const row = current(sessions);
  switch (action) {
    case 'confirm':
      if (sessions.editing) return withSessions(state, { ...sessions, editing: false });
      return row === null ? to(state) : to(state, { kind: 'digest', uid: row.uid });
    case 'transcript':
      return transcript(state, sessions, row);
    case 'mark':
      return marked(state, sessions);
    case 'mark_all':
      return markedAll(state, sessions);
    case 'mark_range':
      return ranged(state, sessions);
    case 'pin':
      if (sessions.marked.size === 0 && row?.state === 'evicted')
        return noted(state, sessions, 'It is evicted: there is nothing left of it that a pin could keep.');
      return pinned(state, sessions);
    case 'undo':
      return undone(state, sessions);
    case 'restore':
      if (sessions.marked.size <= 1 && row !== null && !isOtherMarked(sessions, row))
        return to(state, { kind: 'plan_restore', uid: row.uid, way: HERE, starts: false });
      return acting(state, sessions, (ids) => ({ kind: 'ask', what: 'restore', ids }));
    case 'resume':
      return row === null
        ? to(state)
        : to(state, { kind: 'plan_restore', uid: row.uid, way: HERE, starts: true });
    case 'evict':
      return acting(state, sessions, (ids) => ({ kind: 'ask', what: 'evict', ids }));
    case 'export':
      return acting(state, sessions, (ids) => ({ kind: 'ask', what: 'export', ids }));
    case 'copy':
      return acting(state, sessions, (ids) => ({ kind: 'copy', ids }));
    case 'related':
      return row === null ? to(state) : retyped(state, sessions, `like:${row.uid}`);
    case 'sort':
      return again(state, { ...sessions, sort: nextSort(sessions) });
    case 'reverse':
      return again(state, { ...sessions, reversed: !sessions.reversed });
    case 'group':
      return grouped(state, sessions);
    default:
      return typing(state, sessions, action);
  }
}

/** What changes the filter. */
function typing(state: State, sessions: Sessions, action: Action): Stepped {
  const { typed } = sessions;
  switch (action) {
    case 'search':
      return withSessions(
        state,
        { ...sessions, editing: true, notice: null, groups: null },
        { kind: 'search', text: questionOf(parseFilter(typed)) },
      );
    case 'accept': {
      const meant = asMeant(sessions);
      return meant === null ? to(state) : retyped(state, sessions, meant);
    }
    case 'erase_all':
      return retyped(state, { ...sessions, editing: false }, '');
    default:
      return to(state);
  }
}

/** All of them, or, where all of them are pinned, none: also those whose rows are not on the screen. */
function pinned(state: State, sessions: Sessions): Stepped {
  const { catalogue, rows } = sessions;
  const ids = actedOn(sessions);
  if (ids.length === 0 || catalogue === null) return to(state);
  const asked = new Set(ids);
  const isPinned = new Set<number>();
  for (let row = 0; row < catalogue.ids.length; row += 1) {
    const id = catalogue.ids[row] ?? -1;
    // A row on the screen was read later than the list.
    const known = rows.get(id)?.pinned ?? (catalogue.flags[row] ?? 0) >= PINNED;
    if (known && asked.has(id)) isPinned.add(id);
  }
  const pins = isPinned.size < asked.size;
  const changed = ids.filter((id) => isPinned.has(id) !== pins);
  const undo = [...sessions.undo, { ids: changed, pinned: pins }];
  return withSessions(state, { ...sessions, undo }, { kind: 'pin_marked', ids, pinned: pins });
}

/** Only those that it changed: who was pinned before stays so. */
function undone(state: State, sessions: Sessions): Stepped {
  const last = sessions.undo.at(-1);
  if (last === undefined) return noted(state, sessions, 'Nothing to take back.');
  const undo = sessions.undo.slice(0, -1);
  return withSessions(
    state,
    { ...sessions, undo },
    { kind: 'pin_marked', ids: last.ids, pinned: !last.pinned },
  );
}

function transcript(state: State, sessions: Sessions, row: SessionRow | null): Stepped {
  if (row === null) return to(state);
  if (row.state === 'evicted')
    return noted(
      state,
      sessions,
      row.isInBucket === true
        ? 'Its raw bytes are in the bucket: a restore fetches them; enter shows the digest.'
        : 'Its raw bytes were evicted; enter shows the digest that stays.',
    );
  return to(state, { kind: 'transcript', uid: row.uid });
}

function noted(state: State, sessions: Sessions, notice: string): Stepped {
  return withSessions(state, { ...sessions, notice });
}

function isOtherMarked({ marked, catalogue, shown, place }: Sessions, _: SessionRow): boolean {
  const id = catalogue?.ids[shown[place.cursor] ?? -1] ?? -1;
  return marked.size > 0 && !marked.has(id);
}

/** By itself the list is in the order of the newest, unless there is a best match: then that is one order more. */
function nextSort({ sort, found }: Sessions): Sort | null {
  const shown = sort ?? (found === null ? 'newest' : null);
  return SORTS[(shown === null ? -1 : SORTS.indexOf(shown)) + 1] ?? null;
}

function idAt({ catalogue, shown }: Sessions, cursor: number): number | null {
  const row = shown[cursor];
  return row === undefined ? null : (catalogue?.ids[row] ?? null);
}

/** Of what is marked, else of the session under the cursor. */
function actedOn(sessions: Sessions): number[] {
  const under = idAt(sessions, sessions.place.cursor);
  return sessions.marked.size > 0 ? [...sessions.marked] : under === null ? [] : [under];
}

function acting(state: State, sessions: Sessions, effect: (ids: readonly number[]) => Effect): Stepped {
  const ids = actedOn(sessions);
  return ids.length === 0 ? to(state) : to(state, effect(ids));
}

function marked(state: State, sessions: Sessions): Stepped {
  const id = idAt(sessions, sessions.place.cursor);
  if (id === null) return to(state);
  const next = new Set(sessions.marked);
  if (!next.delete(id)) next.add(id);
  const length = sessions.shown.length;
  const cursor = Math.min(length - 1, sessions.place.cursor + 1);
  const place = inSight({ ...sessions.place, cursor }, length, sessionsRows(state.size));
  return wantRows(state, { ...sessions, marked: next, anchor: null, place, notice: null });
}

/** All that are shown, or none where all of them are. */
function markedAll(state: State, sessions: Sessions): Stepped {
  const ids = Array.from(sessions.shown, (row) => sessions.catalogue?.ids[row] ?? -1);
  const isAll = ids.length > 0 && ids.every((id) => sessions.marked.has(id));
  const next = isAll
    ? new Set([...sessions.marked].filter((id) => !new Set(ids).has(id)))
    : new Set([...sessions.marked, ...ids]);
  return withSessions(state, { ...sessions, marked: next, anchor: null, notice: null });
}

/** From where it was first pressed to where it is pressed again. */
function ranged(state: State, sessions: Sessions): Stepped {
  const { anchor, place } = sessions;
  if (anchor === null)
    return noted(
      state,
      { ...sessions, anchor: place.cursor },
      'A range begins here: V once more ends it, esc leaves it.',
    );
  const [from, until] = [Math.min(anchor, place.cursor), Math.max(anchor, place.cursor)];
  const ids = Array.from({ length: until - from + 1 }, (_, i) => idAt(sessions, from + i) ?? -1);
  return withSessions(state, {
    ...sessions,
    marked: new Set([...sessions.marked, ...ids]),
    anchor: null,
    notice: null,
  });
}

function grouped(state: State, sessions: Sessions): Stepped {
  if (sessions.groups !== null) return withSessions(state, { ...sessions, groups: null });
  const list = groupRows(sessions);
  return withSessions(state, { ...sessions, groups: { list, place: AT_TOP }, notice: null });
}

function groupOpened(state: State, sessions: Sessions, groups: NonNullable<Sessions['groups']>): Stepped {
  const group = groups.list[groups.place.cursor];
  if (group === undefined) return to(state);
  const others = (sessions.typed.match(/\S+/g) ?? []).filter((part) => !part.startsWith('project:'));
  return retyped(state, { ...sessions, groups: null }, [group.filter, ...others].join(' '));
}

/** The words with what was taken for those that are in no session; null where nothing was. */
function asMeant({ typed, found }: Sessions): string | null {
  if (found === null) return null;
  const { result } = found;
  if (result.suggestion !== null) return typed.replace(found.text, result.suggestion);
  const near = result.meant.reduce((text, one) => withWord(text, one.typed, one.word), typed);
  return near === typed ? null : near;
}

/** Another filter: the words are asked of the index, too. What was found before stays until the answer is there. */
function retyped(state: State, sessions: Sessions, typed: string): Stepped {
  const next = typed.slice(0, TYPED_UNITS_MAX);
  const text = questionOf(parseFilter(next));
  const before = questionOf(parseFilter(sessions.typed));
  const found = text === '' ? null : sessions.found;
  const stepped = again(state, { ...sessions, typed: next, found });
  if (text === before) return stepped;
  return { ...stepped, effects: [...stepped.effects, { kind: 'search', text }] };
}

/** Sorted and filtered anew, from the top. */
function again(state: State, sessions: Sessions): Stepped {
  return withSessions(state, { ...sessions, place: AT_TOP, anchor: null, notice: null }, { kind: 'select' });
}

/** Asks for the rows on the screen that are not there yet, and for what stands beside the one under the cursor. */
function wantRows(state: State, sessions: Sessions): Stepped {
  const { catalogue, shown, place, rows } = sessions;
  const visible = Array.from(
    shown.subarray(place.top, place.top + sessionsRows(state.size)),
    (row) => catalogue?.ids[row] ?? -1,
  );
  const isMissing = visible.some((id) => !rows.has(id));
  return withSessions(
    state,
    sessions,
    ...(isMissing ? [{ kind: 'rows', ids: visible } as const] : []),
    ...peeking(state, sessions),
  );
}

function peeking(state: State, sessions: Sessions): Effect[] {
  const uid = current(sessions)?.uid;
  const columns = peekColumns(state.size);
  return uid === undefined || columns === 0 || sessions.peek?.uid === uid
    ? []
    : [{ kind: 'peek', uid, columns }];
}

type StoreNews = Extract<Event, { kind: 'catalogue' | 'shown' | 'rows' | 'searched' | 'peeked' }>;

/** Below a text or a restore the list goes on living. */
export function told(state: State, event: StoreNews): Stepped {
  return within(state, 'sessions', (under, { sessions }) => onSessions(under, sessions, event));
}

function onSessions(state: State, sessions: Sessions, event: StoreNews): Stepped {
  switch (event.kind) {
    case 'catalogue':
      // Sessions keep their places in a catalogue that is read anew: what is shown stays until it is sorted anew.
      return settle(state, { ...sessions, catalogue: event.catalogue, rows: new Map(), peek: null });
    case 'shown':
      return settle(state, {
        ...sessions,
        shown: event.shown,
        searched: event.searched,
        place: followed(sessions, event.shown),
      });
    case 'rows':
      return withSessions(
        state,
        { ...sessions, rows: event.rows },
        ...peeking(state, { ...sessions, rows: event.rows }),
      );
    case 'searched':
      // An answer to what was typed before is dropped.
      if (event.found.text !== questionOf(parseFilter(sessions.typed))) return to(state);
      return withSessions(state, { ...sessions, found: event.found }, { kind: 'select' });
    case 'peeked':
      return withSessions(state, { ...sessions, peek: event.peek });
    default:
      return event satisfies never;
  }
}

/** The cursor stays on its session when others come in above it; at the top it stays at the top. */
function followed({ place, shown }: Sessions, next: Uint32Array): ListPlace {
  const row = shown[place.cursor];
  const cursor = row === undefined || place.cursor === 0 ? -1 : next.indexOf(row);
  return cursor < 0 ? place : { cursor, top: Math.max(0, place.top + cursor - place.cursor) };
}

function settle(state: State, sessions: Sessions): Stepped {
  const place = inSight(sessions.place, sessions.shown.length, sessionsRows(state.size));
  return wantRows(state, { ...sessions, place });
}

/** First what was begun on it is left; then the list, which is remembered. */
function leave(state: State, sessions: Sessions): Stepped {
  if (sessions.groups !== null) return withSessions(state, { ...sessions, groups: null });
  if (sessions.anchor !== null) return withSessions(state, { ...sessions, anchor: null, notice: null });
  return back({ ...state, left: { ...sessions, editing: false, notice: null } });
}

export const sessionsScreen: Rules<'sessions'> = {
  ...PLAIN,
  title: () => 'Sessions',
  context: (_, { sessions: { editing, groups } }) =>
    editing ? 'filter' : groups !== null ? 'groups' : 'sessions',
  list({ size }, { sessions: { shown, place, groups } }) {
    if (groups !== null)
      return {
        length: groups.list.length,
        visible: sessionsRows(size),
        place: groups.place,
        hasCursor: true,
      };
    return { length: shown.length, visible: sessionsRows(size), place, hasCursor: true };
  },
  placed: (state, { sessions }, place) =>
    sessions.groups !== null
      ? withSessions(state, { ...sessions, groups: { ...sessions.groups, place } })
      : wantRows(state, { ...sessions, place, notice: sessions.anchor === null ? null : sessions.notice }),
  act: (state, { sessions }, action) => sessionsAction(state, sessions, action),
  field: ({ sessions: { typed } }) => ({ text: typed, unitsMax: TYPED_UNITS_MAX }),
  typed: (state, { sessions }, text) => retyped(state, sessions, text),
  back: (state, { sessions }) => leave(state, sessions),
  said: (state, { sessions }, message) => noted(state, sessions, message),
  frame: (state, view, { sessions }, cells, rows) => sessionsFrame(state, view, sessions, cells, rows),
};
