/**
 * Every screen by its name, and what is asked of whichever is seen. A new one is its object in `screens/`, its look in `frames/`,
 * a row here and its shape in the union of `state.ts`.
 */
import { helpFrame, helpLines } from './frames/help.ts';
import type { Action, KeyContext } from './keys.ts';
import { bodyRows } from './layout.ts';
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

/** It explains the screen below it, and so has to know all of them. */
const helpScreen: Rules<'help'> = {
  ...PLAIN,
  title: () => 'Keys and words',
  context: (_, { editing }) => (editing ? 'helping' : 'help'),
  list: (state, { place, typed }) => ({
    length: helpLines(contextBelow(state), typed).length,
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
    if (action === 'erase') return retyped([...typed].slice(0, -1).join(''), true);
    return action === 'erase_all' ? retyped('', false) : to(state);
  },
  typed: (state, screen, text) =>
    onScreen(state, { ...screen, typed: (screen.typed + text).slice(0, 60), place: AT_TOP }),
  frame: (state, _, screen, cells, rows) => helpFrame(contextBelow(state), screen, cells, rows),
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

export function typedOn(state: State, text: string): Stepped {
  return rules(state).typed(state, state.screen, text);
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
