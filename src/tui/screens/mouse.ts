/**
 * What the mouse does: the wheel moves, a click puts the cursor on a row, one more opens it, and one on a key in the footer is that key.
 * Promises: in a sweep a click decides nothing.
 */
import { frame } from '../frames/frame.ts';
import { footerText, type KeyContext } from '../keys.ts';
import { footerRows } from '../layout.ts';
import { textOf } from '../paint.ts';
import { contextOf, footerOf, listed, placed } from '../screens.ts';
import type { Event, State, Stepped } from '../state.ts';

const WHEEL_LINES = 3;
/** A click on the row under the cursor opens it here. */
const OPENS: ReadonlySet<KeyContext> = new Set(['dashboard', 'working', 'sessions', 'groups', 'history']);
/** Here a row can be chosen by a click, and a key in the footer pressed by one. */
const CHOOSES: ReadonlySet<KeyContext> = new Set([...OPENS, 'pass', 'analyze']);
const PRESSES: ReadonlySet<KeyContext> = new Set([...OPENS, 'reader', 'report', 'transcript', 'help']);

type Mouse = Extract<Event, { kind: 'mouse' }>;
type Press = (state: State, name: string) => Stepped;

export function moused(state: State, { what, row, column }: Mouse, press: Press): Stepped | null {
  if (what !== 'click') return wheeled(state, what === 'wheel_up' ? 'up' : 'down', press);
  const context = contextOf(state);
  if (row >= state.size.rows - footerRows(state.size))
    return PRESSES.has(context) ? pressedAt(state, row, column, press) : null;
  return CHOOSES.has(context) ? chosenAt(state, row, OPENS.has(context), press) : null;
}

function wheeled(state: State, name: 'up' | 'down', press: Press): Stepped {
  let stepped = press(state, name);
  for (let n = 1; n < WHEEL_LINES; n += 1) {
    const next = press(stepped.state, name);
    stepped = { state: next.state, effects: [...stepped.effects, ...next.effects] };
  }
  return stepped;
}

/** Where the list is in the window is told by the row under the cursor, which has a sign of its own. */
function chosenAt(state: State, row: number, opens: boolean, press: Press): Stepped | null {
  const list = listed(state);
  const at = frame(state, { unicode: true }).findIndex((line) => textOf(line).startsWith(' ›'));
  if (list === null || !list.hasCursor || at < 0) return null;
  if (row === at) return opens ? press(state, 'enter') : null;
  const { place, length, visible } = list;
  const cursor = place.cursor + row - at;
  const isThere = cursor >= place.top && cursor < Math.min(length, place.top + visible);
  return isThere ? placed(state, { ...place, cursor }) : null;
}

function pressedAt(state: State, row: number, column: number, press: Press): Stepped | null {
  const cells = Math.min(state.size.columns, 160) - 2;
  const lines = footerOf(state, cells);
  const shown = lines[row - state.size.rows + lines.length];
  if (shown === undefined) return null;
  const { keys, gap } = shown;
  let from = 1;
  for (const key of keys) {
    const until = from + footerText(key).length;
    const [name] = key.keys;
    if (column >= from && column < until && name !== undefined) return press(state, name);
    from = until + gap.length;
  }
  return null;
}
