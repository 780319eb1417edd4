/** What a screen is: what the keyboard means on it, its list, what its keys do, and how it looks. One object each. */
import type { Action, KeyContext } from '../keys.ts';
import { inSight } from '../layout.ts';
import type { Line } from '../paint.ts';
import {
  DASHBOARD,
  type ListPlace,
  onScreen,
  type Screen,
  type ScreenKind,
  type ScreenOf,
  type State,
  type Stepped,
  to,
  troubled,
} from '../state.ts';
import type { View } from '../view.ts';

/** The list on a screen, or the text that scrolls. */
export interface Listed {
  readonly length: number;
  /** How many of its rows are seen. */
  readonly visible: number;
  readonly place: ListPlace;
  /** The cursor is a row; else it only scrolls. */
  readonly hasCursor: boolean;
}

export interface Field {
  readonly text: string;
  /** No longer than that. */
  readonly unitsMax: number;
}

export interface Rules<K extends ScreenKind> {
  /** Behind the name of the program; empty: that alone. */
  title(screen: ScreenOf<K>): string;
  context(state: State, screen: ScreenOf<K>): KeyContext;
  list(state: State, screen: ScreenOf<K>): Listed | null;
  placed(state: State, screen: ScreenOf<K>, place: ListPlace): Stepped;
  /** `key`: the one that was pressed; some actions have several. */
  act(state: State, screen: ScreenOf<K>, action: Action, key: string): Stepped;
  /** What is being typed; null: letters are no text here. */
  field(screen: ScreenOf<K>): Field | null;
  /** The line as it is typed now. */
  typed(state: State, screen: ScreenOf<K>, text: string): Stepped;
  back(state: State, screen: ScreenOf<K>): Stepped;
  /** Something went wrong, or is worth a sentence. */
  said(state: State, screen: ScreenOf<K>, message: string): Stepped;
  /** At most `rows` lines, none wider than `cells`. */
  frame(state: State, view: View, screen: ScreenOf<K>, cells: number, rows: number): Line[];
}

/** What most screens leave as it is. */
export const PLAIN = {
  title: () => '',
  list: () => null,
  placed: (state: State) => to(state),
  act: (state: State) => to(state),
  field: () => null,
  typed: (state: State) => to(state),
  back: (state: State) => back(state),
  said: (state: State, _: Screen, message: string) => to(troubled(state, 'key', message)),
} as const;

/** To the screen below. At the bottom is the dashboard, or the first run where nothing is stored. */
export function back(state: State): Stepped {
  const next = state.below.at(-1);
  if (next === undefined) return to(state);
  const under: State = { ...state, screen: next, below: state.below.slice(0, -1) };
  if (next.kind !== 'dashboard' && next.kind !== 'first_run') return to(under);
  if (!isEmpty(state)) return next.kind === 'dashboard' ? to(under) : onScreen(under, DASHBOARD);
  if (next.kind === 'dashboard') return onScreen(under, { kind: 'first_run', found: null }, { kind: 'look' });
  // Who only read the help has been away for no time.
  return state.screen.kind === 'help' ? to(under) : to(under, { kind: 'look' });
}

export function isEmpty({ view }: State): boolean {
  return view !== null && view.analyzed.sessions + view.unanalyzed.sessions + view.evicted === 0;
}

/** A list whose place is inside it, and that shows a full window where it can: after a resize, or when it is seen again. */
export function settledPlace({ length, visible, place, hasCursor }: Listed): ListPlace {
  if (hasCursor) return inSight(place, length, visible);
  const top = Math.max(0, Math.min(place.top, length - visible));
  return { cursor: top, top };
}
