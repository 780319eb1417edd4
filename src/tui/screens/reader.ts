/** Reading: a conversation with its tool calls folded, a digest, raw bytes a piece at a time, a report; finding in it. */
import { readerFrame, shownLines } from '../frames/reader.ts';
import type { Action } from '../keys.ts';
import { bodyRows } from '../layout.ts';
import {
  AT_TOP,
  type Event,
  HERE,
  type ListPlace,
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

/** A text upon the present screen, or in place of the one that is read; what is looked for stays. */
export function read(state: State, event: Extract<Event, { kind: 'read' }>): Stepped {
  const { title, lines, more, uid = null, mode = 'text' } = event;
  const before = state.screen.kind === 'reader' ? state.screen.reader : null;
  const reader: Reader = {
    ...{ title, uid, mode, more, unfolded: before?.unfolded ?? false, notice: null },
    lines: lines?.map(plain) ?? null,
    place: AT_TOP,
    find: { typed: before?.find.typed ?? '', editing: false },
  };
  return before === null ? upon(state, { kind: 'reader', reader }) : withReader(state, reader);
}

export function readOn(state: State, { lines, more }: Extract<Event, { kind: 'read_on' }>): Stepped {
  return within(state, 'reader', (under, { reader }) =>
    withReader(under, { ...reader, lines: [...(reader.lines ?? []), ...lines.map(plain)], more }),
  );
}

/** Near the end of what has been read of raw bytes, the next piece is asked for. */
function placed(state: State, reader: Reader, place: ListPlace): Stepped {
  const isNearEnd = place.top + 3 * bodyRows(state.size) >= shownLines(reader).length;
  const next = { ...reader, place, notice: null };
  if (reader.more === null || !isNearEnd) return withReader(state, next);
  return to(withReader(state, { ...next, more: null }).state, { kind: 'read_on', ...reader.more });
}

function acted(state: State, reader: Reader, action: Action): Stepped {
  const { find, uid, mode } = reader;
  switch (action) {
    case 'search':
      return withReader(state, { ...reader, find: { typed: '', editing: true }, notice: null });
    case 'confirm':
      return found(state, { ...reader, find: { ...find, editing: false } }, 1, true);
    case 'find_next':
      return found(state, reader, 1, false);
    case 'find_before':
      return found(state, reader, -1, false);
    case 'erase':
      return withReader(state, {
        ...reader,
        find: { ...find, typed: [...find.typed].slice(0, -1).join('') },
      });
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
  const where = reader.more === null ? '' : ' in what is loaded';
  return withReader(state, { ...reader, notice: `Nothing like that${where}: ${reader.find.typed}` });
}

export const readerScreen: Rules<'reader'> = {
  ...PLAIN,
  title: ({ reader }) => reader.title,
  context(_, { reader: { find, mode } }) {
    if (find.editing) return 'finding';
    return mode === 'text' ? 'reader' : mode === 'report' ? 'report' : 'transcript';
  },
  list: ({ size }, { reader }) => ({
    ...{
      length: shownLines(reader).length,
      visible: visibleRows(size),
      place: reader.place,
      hasCursor: false,
    },
  }),
  placed: (state, { reader }, place) => placed(state, reader, place),
  act: (state, { reader }, action) => acted(state, reader, action),
  typed: (state, { reader }, text) =>
    withReader(state, {
      ...reader,
      find: { ...reader.find, typed: (reader.find.typed + text).slice(0, 100) },
    }),
  back: (state) => back(state),
  said: (state, { reader }, message) => withReader(state, { ...reader, notice: message }),
  frame: (_, __, { reader }, cells, rows) => readerFrame(reader, cells, rows),
};
