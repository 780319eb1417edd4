/**
 * Every screen by its name, and what is asked of whichever is seen. A new one is its object in `screens/`, its look in `frames/`,
 * a row here and its shape in the union of `state.ts`.
 */
import { helpFrame, helpLines } from './frames/help.ts';
import { type Action, type FooterLine, footerLines, isTyping, type KeyContext } from './keys.ts';
import { bodyRows, CELLS_MAX, footerRows } from './layout.ts';
import { edited, inserted, type TypedLine } from './line-edit.ts';
import type { Line } from './paint.ts';
import { confirmScreen } from './screens/confirm.ts';
import { dashboardScreen, doneScreen, firstRunScreen } from './screens/dashboard.ts';
import { historyScreen } from './screens/history.ts';
import { readerScreen } from './screens/reader.ts';
import { restoreScreen } from './screens/restore.ts';
import { type Listed, PLAIN, type Rules } from './screens/rules.ts';
import { sessionsScreen } from './screens/sessions.ts';
import { sweepScreen } from './screens/sweep.ts';
import { AT_TOP, type ListPlace, onScreen, type ScreenKind, type State, type Stepped, to } from './state.ts';
import type { View } from './view.ts';
import { waysOf } from './wizard.ts';

/** It explains the screen below it, and so has to know all of them. */
const helpScreen: Rules<'help'> = {
  ...PLAIN,
  title: () => 'Keys and words',
  context: (_, { editing }) => (editing ? 'helping' : 'help'),
  list: (state, { place, typed }) => ({
    length: helpLines(contextBelow(state), typed, Math.min(state.size.columns, CELLS_MAX) - 2).length,
    visible: bodyRows(state.size) - (typed === '' ? 0 : 1),
    place,
    hasCursor: false,
  }),
  placed: (state, screen, place) => onScreen(state, { ...screen, place }),
  act(state, screen, action) {
    const { typed } = screen;
    const retyped = (text: string, editing: boolean) =>
      onScreen(state, { ...screen, typed: text, editing, place: AT_TOP });
    if (action === 'search') return retyped(typed, true);
    if (action === 'confirm') return retyped(typed, false);
    return action === 'erase_all' ? retyped('', false) : to(state);
  },
  field: ({ typed }) => ({ text: typed, unitsMax: 60 }),
  typed: (state, screen, text) => onScreen(state, { ...screen, typed: text, place: AT_TOP }),
  frame: (state, _, screen, cells, rows) =>
    helpFrame(contextBelow(state), screen, state.fromEnd, cells, rows),
};

const SCREENS: { readonly [K in ScreenKind]: Rules<K> } = {
  first_run: firstRunScreen,
  dashboard: dashboardScreen,
  sweep: sweepScreen,
  sessions: sessionsScreen,
  confirm: confirmScreen,
  reader: readerScreen,
  restore: restoreScreen,
  history: historyScreen,
  help: helpScreen,
  done: doneScreen,
};

/** The rules of the screen that is seen. A table by kind holds the rules of just that kind, which no type can say of a union. */
function rules({ screen }: State): Rules<ScreenKind> {
  return SCREENS[screen.kind] as Rules<ScreenKind>;
}

/** What the keyboard means now. */
export function contextOf(state: State): KeyContext {
  return rules(state).context(state, state.screen);
}

export function footerOf(state: State, cells: number): FooterLine[] {
  const { screen, size } = state;
  const stage = screen.kind === 'sweep' ? screen.wizard.stage : null;
  const ways = stage?.kind === 'asking' ? waysOf(stage.proposal).length : 0;
  return footerLines(contextOf(state), cells, footerRows(size), ways);
}

function contextBelow(state: State): KeyContext {
  const screen = state.below.at(-1);
  return screen === undefined ? 'help' : contextOf({ ...state, screen, below: state.below.slice(0, -1) });
}

export function listed(state: State): Listed | null {
  return rules(state).list(state, state.screen);
}

export function placed(state: State, place: ListPlace): Stepped {
  return rules(state).placed(state, state.screen, place);
}

export function acted(state: State, action: Action, key: string): Stepped {
  return rules(state).act(state, state.screen, action, key);
}

/** Typed or pasted where letters are text. */
export function typedOn(state: State, piece: string): Stepped {
  const field = rules(state).field(state.screen);
  if (field === null) return to(state);
  return withLine(state, inserted({ ...field, fromEnd: state.fromEnd }, piece, field.unitsMax));
}

/** A key of an editor's where something is typed; null: it is none, or nothing is. */
export function editedOn(state: State, action: Action): Stepped | null {
  const field = isTyping(contextOf(state)) ? rules(state).field(state.screen) : null;
  const line = field === null ? null : edited({ ...field, fromEnd: state.fromEnd }, action);
  if (field === null || line === null) return null;
  return line.text === field.text ? to({ ...state, fromEnd: line.fromEnd }) : withLine(state, line);
}

function withLine(state: State, { text, fromEnd }: TypedLine): Stepped {
  const stepped = rules(state).typed(state, state.screen, text);
  return { ...stepped, state: { ...stepped.state, fromEnd } };
}

export function wentBack(state: State): Stepped {
  return rules(state).back(state, state.screen);
}

export function saidOn(state: State, message: string): Stepped {
  return rules(state).said(state, state.screen, message);
}

export function titleOf(state: State): string {
  return rules(state).title(state.screen);
}

export function bodyOf(state: State, view: View, cells: number, rows: number): Line[] {
  return rules(state).frame(state, view, state.screen, cells, rows);
}
