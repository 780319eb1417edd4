/** Reading: a digest, a transcript a piece at a time, a report. */
import { readerFrame } from '../frames/reader.ts';
import { bodyRows } from '../layout.ts';
import {
  AT_TOP,
  type Event,
  type ListPlace,
  onScreen,
  type Reader,
  type State,
  type Stepped,
  to,
  upon,
  within,
} from '../state.ts';
import { PLAIN, type Rules } from './rules.ts';

function withReader(state: State, reader: Reader): Stepped {
  return onScreen(state, { kind: 'reader', reader });
}

/** A text upon the present screen, or in place of the one that is read. */
export function read(state: State, { title, lines, more }: Extract<Event, { kind: 'read' }>): Stepped {
  const screen = { kind: 'reader', reader: { title, lines, place: AT_TOP, more } } as const;
  return state.screen.kind === 'reader' ? onScreen(state, screen) : upon(state, screen);
}

export function readOn(state: State, { lines, more }: Extract<Event, { kind: 'read_on' }>): Stepped {
  return within(state, 'reader', (under, { reader }) =>
    withReader(under, { ...reader, lines: [...reader.lines, ...lines], more }),
  );
}

/** Near the end of what has been read of a transcript, the next piece is asked for. */
function placed(state: State, reader: Reader, place: ListPlace): Stepped {
  const isNearEnd = place.top + 3 * bodyRows(state.size) >= reader.lines.length;
  if (reader.more === null || !isNearEnd) return withReader(state, { ...reader, place });
  const { state: next } = withReader(state, { ...reader, place, more: null });
  return to(next, { kind: 'read_on', ...reader.more });
}

export const readerScreen: Rules<'reader'> = {
  ...PLAIN,
  title: ({ reader }) => reader.title,
  context: () => 'reader',
  list: ({ size }, { reader: { lines, place } }) => ({
    ...{ length: lines.length, visible: bodyRows(size), place, hasCursor: false },
  }),
  placed: (state, { reader }, place) => placed(state, reader, place),
  frame: (_, __, { reader }, cells, rows) => readerFrame(reader, cells, rows),
};
