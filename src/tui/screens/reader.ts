/** Reading: a conversation with its tool calls folded, a digest, raw bytes a piece at a time, a report; finding in it. */

import { plainLine } from '../../domain/text.ts';
import { parseFilter, wordsOf } from '../filter.ts';
import { readerFrame, shownLines } from '../frames/reader.ts';
import { current } from '../frames/session-told.ts';
import type { Action } from '../keys.ts';
import { bodyRows, type Move } from '../layout.ts';
import { isHeading } from '../paint.ts';
import { brokenFor } from '../reflow.ts';
import {
  AT_TOP,
  type Event,
  HERE,
  type ListPlace,
  nearest,
  onScreen,
  type Reader,
  type ReadLine,
  type Size,
  type State,
  type Stepped,
  to,
  upon,
  within,
} from '../state.ts';
import { cardsOf } from '../wizard.ts';
import { back, PLAIN, type Rules } from './rules.ts';

function withReader(state: State, reader: Reader): Stepped {
  return onScreen(state, { kind: 'reader', reader });
}

/** The last row is where one is. */
function visibleRows(size: Size): number {
  return Math.max(1, bodyRows(size) - 1);
}

const plain = (one: string | ReadLine): ReadLine =>
  typeof one === 'string' ? { text: one, tone: 'plain' } : one;

const ofDigest = (one: string | ReadLine): ReadLine =>
  typeof one === 'string' && isHeading(one) ? { text: one, tone: 'title' } : plain(one);

/** A text upon the present screen, or in place of the one that is read; what is looked for stays, or comes from the list below. */
export function read(state: State, event: Extract<Event, { kind: 'read' }>): Stepped {
  const { title, lines, more, before: earlier = null, uid = null, mode = 'text' } = event;
  const known = state.screen.kind === 'reader' ? state.screen.reader : null;
  const typed = known?.find.typed ?? (uid === null ? '' : soughtIn(state));
  const reader: Reader = {
    title,
    uid,
    mode,
    more,
    before: earlier,
    unfolded: known?.unfolded ?? false,
    loading: null,
    notice: null,
    about:
      mode === 'conversation' || mode === 'raw'
        ? (known?.about ?? titleBelow(state))
        : (known?.about ?? null),
    ...loaded(lines?.map(mode === 'digest' ? ofDigest : plain) ?? null, mode, state.size),
    place: AT_TOP,
    find: { typed, editing: false },
    seeking: null,
  };
  const opened = known === null ? upon(state, { kind: 'reader', reader }) : withReader(state, reader);
  if (event.atEnd === true) return placed(opened.state, reader, lastPlace(opened.state, reader));
  // Who comes from a search is led to what was found, once there is something to look in.
  const isFirst = event.leads ?? (known === null || known.lines === null);
  if (isFirst && typed !== '' && lines !== null) return led(opened.state, reader);
  // What does not fill the window is no end yet.
  const isShort = more !== null && shownLines(reader).length <= visibleRows(state.size);
  return isShort ? placed(opened.state, reader, AT_TOP) : opened;
}

/** Broken for the window as it is by now. */
function loaded(
  asRead: readonly ReadLine[] | null,
  mode: Reader['mode'],
  { columns }: Size,
): Pick<Reader, 'asRead' | 'lines' | 'cells'> {
  const cells = columns - 2;
  return { asRead, lines: asRead === null ? null : brokenFor(asRead, cells, mode), cells };
}

/** The title of the session under the cursor of the list, or of the pass, below. */
function titleBelow(state: State): string | null {
  const sessions = nearest(state, 'sessions')?.sessions;
  if (sessions !== undefined) return current(sessions)?.title ?? null;
  const wizard = nearest(state, 'sweep')?.wizard;
  if (wizard?.stage.kind !== 'asking') return null;
  const { cursor } = wizard.place;
  return cardsOf(wizard, wizard.stage.proposal, cursor, cursor + 1)[0]?.title ?? null;
}

/** What the search below found of the session under its cursor, as it stands there; else the longest word of it. */
function soughtIn(state: State): string {
  const sessions = nearest(state, 'sessions')?.sessions;
  if (sessions === undefined) return '';
  const id = sessions.catalogue?.ids[sessions.shown[sessions.place.cursor] ?? -1] ?? -1;
  const snippet = sessions.found?.hits.get(id)?.snippets.find(({ marks }) => marks.length > 0);
  const [start = 0, end = 0] = snippet?.marks[0] ?? [];
  if (snippet !== undefined && end > start) return snippet.text.slice(start, end);
  const words = wordsOf(parseFilter(sessions.typed));
  return words.toSorted((a, b) => b.length - a.length)[0] ?? '';
}

/** To the first place that has it, also where that is folded away; where nothing has it, the beginning is as good. */
function led(state: State, reader: Reader): Stepped {
  const sought = reader.find.typed.toLowerCase();
  const has = (lines: readonly ReadLine[]) => lines.some(({ text }) => text.toLowerCase().includes(sought));
  if (has(shownLines(reader))) return inContext(state, found(state, reader, 1, true));
  if (has(reader.lines ?? [])) return inContext(state, found(state, { ...reader, unfolded: true }, 1, true));
  return withReader(state, { ...reader, find: { typed: '', editing: false } });
}

/** Who says it stands a few lines above; where that is in the first window, the beginning is what is seen. */
const LINES_ABOVE = 3;

function inContext({ size }: State, stepped: Stepped): Stepped {
  const { screen } = stepped.state;
  if (screen.kind !== 'reader') return stepped;
  const { reader } = screen;
  const { cursor } = reader.place;
  const top = cursor < visibleRows(size) ? 0 : Math.max(0, Math.min(reader.place.top, cursor - LINES_ABOVE));
  return {
    ...stepped,
    state: { ...stepped.state, screen: { ...screen, reader: { ...reader, place: { cursor, top } } } },
  };
}

function lastPlace({ size }: State, reader: Reader): ListPlace {
  const top = Math.max(0, shownLines(reader).length - visibleRows(size));
  return { cursor: top, top };
}

export function readOn(state: State, { lines, more }: Extract<Event, { kind: 'read_on' }>): Stepped {
  return within(state, 'reader', (under, { reader }) =>
    withReader(under, { ...reader, ...joined(reader, [], lines.map(plain)), more }),
  );
}

/** What was loaded, and a piece in front of it or behind. */
function joined(
  { asRead, lines, cells, mode }: Reader,
  front: readonly ReadLine[],
  behind: readonly ReadLine[],
): Pick<Reader, 'asRead' | 'lines'> {
  return {
    asRead: [...front, ...(asRead ?? []), ...behind],
    lines: [...brokenFor(front, cells, mode), ...(lines ?? []), ...brokenFor(behind, cells, mode)],
  };
}

/** What is seen stays where it is. */
export function readBack(state: State, { lines, before }: Extract<Event, { kind: 'read_back' }>): Stepped {
  return within(state, 'reader', (under, { reader }) => {
    const next = { ...reader, ...joined(reader, lines.map(plain), []), before };
    const more = shownLines(next).length - shownLines(reader).length;
    const { cursor, top } = reader.place;
    return withReader(under, { ...next, place: { cursor: cursor + more, top: top + more } });
  });
}

/** The ends of a transcript that are not loaded: they are gone to without what lies between. */
export function readFromEnd(state: State, move: Move): Stepped | null {
  if (state.screen.kind !== 'reader') return null;
  const { more, before } = state.screen.reader;
  const isRaw = state.screen.reader.mode === 'raw';
  if (move === 'bottom' && more !== null)
    return to(state, { kind: isRaw ? 'raw_end' : 'transcript_end', uid: more.uid });
  if (move === 'top' && before !== null)
    return to(state, { kind: isRaw ? 'raw' : 'transcript', uid: before.uid });
  return null;
}

/** Near an end of what has been read, the next piece is asked for. */
function placed(state: State, reader: Reader, place: ListPlace): Stepped {
  const near = 3 * bodyRows(state.size);
  const next = { ...reader, place, notice: null };
  if (reader.more !== null && place.top + near >= shownLines(reader).length)
    return to(withReader(state, { ...next, more: null }).state, { kind: 'read_on', ...reader.more });
  if (reader.before !== null && place.top < near)
    return to(withReader(state, { ...next, before: null }).state, { kind: 'read_back', ...reader.before });
  return withReader(state, next);
}

function acted(state: State, reader: Reader, action: Action): Stepped {
  const { find, uid, mode } = reader;
  switch (action) {
    case 'stop':
      return stoppedSeeking(state, reader);
    case 'search':
      return withReader(state, { ...reader, find: { typed: '', editing: true }, notice: null });
    case 'confirm':
      return found(state, { ...reader, find: { ...find, editing: false } }, 1, true);
    case 'find_next':
      return found(state, reader, 1, false);
    case 'find_before':
      return found(state, reader, -1, false);
    case 'erase_all':
      return withReader(state, { ...reader, find: { typed: '', editing: false } });
    case 'unfold':
      return unfolded(state, reader);
    case 'restore':
    case 'resume':
      return uid === null
        ? to(state)
        : to(state, { kind: 'plan_restore', uid, way: HERE, starts: action === 'resume' });
    case 'pin':
      return uid === null ? to(state) : to(state, { kind: 'pin_other', uid });
    case 'copy':
      return uid === null ? to(state) : to(state, { kind: 'copy_id', uid });
    case 'raw':
      return uid === null ? to(state) : to(state, { kind: mode === 'raw' ? 'transcript' : 'raw', uid });
    case 'transcript':
      return uid === null
        ? to(state)
        : to(state, { kind: mode === 'conversation' ? 'digest' : 'transcript', uid });
    default:
      return to(state);
  }
}

/** The line at the top stays there. */
function unfolded(state: State, reader: Reader): Stepped {
  const top = shownLines(reader)[reader.place.top];
  const next = { ...reader, unfolded: !reader.unfolded };
  const lines = shownLines(next);
  const at = top === undefined ? 0 : Math.max(0, lines.indexOf(top));
  const most = Math.max(0, lines.length - visibleRows(state.size));
  const place = { cursor: Math.min(at, most), top: Math.min(at, most) };
  return withReader(state, { ...next, place });
}

/** The next line that has what is looked for, all round; `isHere`: the one at the top counts. */
function found(state: State, reader: Reader, way: 1 | -1, isHere: boolean): Stepped {
  const sought = reader.find.typed.toLowerCase();
  const lines = shownLines(reader);
  if (sought === '' || lines.length === 0) return withReader(state, reader);
  for (let i = isHere ? 0 : 1; i <= lines.length; i += 1) {
    const at = (((reader.place.cursor + way * i) % lines.length) + lines.length) % lines.length;
    if (lines[at]?.text.toLowerCase().includes(sought) !== true) continue;
    const top = Math.max(0, Math.min(at, lines.length - visibleRows(state.size)));
    return placed(state, reader, { cursor: at, top });
  }
  return seekFar(state, reader, way) ?? withReader(state, nothingLike(reader));
}

function nothingLike(reader: Reader): Reader {
  return { ...reader, seeking: null, notice: `Nothing like that: ${reader.find.typed}` };
}

/** Through what is not loaded; null: all of it is. */
function seekFar(state: State, reader: Reader, way: 1 | -1): Stepped | null {
  const { uid, mode, more, before, unfolded, find } = reader;
  if (uid === null || (more === null && before === null)) return null;
  if (mode !== 'raw' && mode !== 'conversation') return null;
  const loaded = { loadedFrom: before?.at ?? 0, loadedUntil: more?.at ?? null };
  const asked = { uid, mode, sought: find.typed, unfolded, way, ...loaded };
  const seeking = { done: 0, total: 0 };
  return onScreen(
    state,
    { kind: 'reader', reader: { ...reader, seeking, notice: null } },
    { kind: 'seek', asked },
  );
}

export function sought(state: State, { share }: Extract<Event, { kind: 'sought' }>): Stepped {
  return within(state, 'reader', (under, { reader }) =>
    reader.seeking === null ? to(under) : withReader(under, { ...reader, seeking: share }),
  );
}

export function loading(state: State, { share }: Extract<Event, { kind: 'loading' }>): Stepped {
  return within(state, 'reader', (under, { reader }) =>
    reader.lines === null ? withReader(under, { ...reader, loading: share }) : to(under),
  );
}

/** The piece that has it takes the place of what was loaded, which may be far from it. */
export function foundFar(state: State, { piece, way }: Extract<Event, { kind: 'found_far' }>): Stepped {
  return within(state, 'reader', (under, { reader }) => {
    if (reader.seeking === null) return to(under);
    if (piece === null) return withReader(under, nothingLike(reader));
    const lines = piece.lines.map(plain);
    const next = {
      ...reader,
      ...loaded(lines, reader.mode, under.size),
      more: piece.more,
      before: piece.before,
      seeking: null,
    };
    const last = Math.max(0, shownLines(next).length - 1);
    const place = way === 1 ? AT_TOP : { cursor: last, top: last };
    const has = shownLines(next).some(({ text }) =>
      text.toLowerCase().includes(reader.find.typed.toLowerCase()),
    );
    // A line that is broken within it stands at the top.
    return has ? found(under, { ...next, place }, way, true) : withReader(under, { ...next, place: AT_TOP });
  });
}

/** What is loaded stays. */
function stoppedSeeking(state: State, reader: Reader): Stepped {
  return onScreen(
    state,
    { kind: 'reader', reader: { ...reader, seeking: null, notice: 'You stopped looking.' } },
    { kind: 'stop_seeking' },
  );
}

export const readerScreen: Rules<'reader'> = {
  ...PLAIN,
  title: ({ reader: { title, about } }) => (about === null ? title : `${title} · ${plainLine(about)}`),
  context(_, { reader: { find, mode, seeking } }) {
    if (seeking !== null) return 'seeking';
    if (find.editing) return 'finding';
    return mode === 'text' ? 'reader' : mode === 'report' ? 'report' : 'transcript';
  },
  list: ({ size }, { reader }) => ({
    length: shownLines(reader).length,
    visible: visibleRows(size),
    place: reader.place,
    hasCursor: false,
  }),
  placed: (state, { reader }, place) => placed(state, reader, place),
  act: (state, { reader }, action) => acted(state, reader, action),
  field: ({ reader: { find } }) => ({ text: find.typed, unitsMax: 100 }),
  typed: (state, { reader }, text) => withReader(state, { ...reader, find: { ...reader.find, typed: text } }),
  back: (state) => back(state),
  said: (state, { reader }, message) => withReader(state, { ...reader, notice: message }),
  frame: ({ fromEnd }, _, { reader }, cells, rows) => readerFrame(reader, fromEnd, cells, rows),
};
