/**
 * Keys that were pressed before the row was read that they are for.
 * Promises: none of them acts on another row than the one that the person looked for; esc forgets them.
 */
import { current } from './frames/session-told.ts';
import { type Action, meaningOf } from './keys.ts';
import { contextOf } from './screens.ts';
import type { Event, Sessions, State } from './state.ts';

type KeyEvent = Extract<Event, { kind: 'key' }>;

/** What needs no row. */
const FOR_ANY: ReadonlySet<Action> = new Set<Action>([
  ...(['up', 'down', 'page_up', 'page_down', 'top', 'bottom'] as const),
  ...(['back', 'quit', 'help', 'suspend', 'repaint', 'mouse', 'search', 'sort'] as const),
]);
/** What is for the list as it will be, and must not wait. */
const NEVER_HELD: ReadonlySet<Action> = new Set<Action>(['back', 'quit', 'suspend', 'repaint']);

export class TypedAhead {
  #keys: KeyEvent[] = [];

  /** True: it is kept until its row is there. `isBehind`: the list still shows what was typed before. */
  holds(state: State, event: Event, isBehind: boolean): boolean {
    if (event.kind !== 'key') return false;
    const meaning = meaningOf(contextOf(state), event.name);
    if (state.screen.kind !== 'sessions' || state.screen.sessions.editing || meaning?.kind !== 'action')
      return false;
    if (NEVER_HELD.has(meaning.action)) {
      this.#keys = [];
      return false;
    }
    const isUnread = isRowUnread(state.screen.sessions) && !FOR_ANY.has(meaning.action);
    const waits = this.#keys.length > 0 || isBehind || isUnread;
    if (waits) this.#keys.push(event);
    return waits;
  }

  /** Those that can be pressed now: what one of them leads to may hold the others. */
  freed(state: State, isBehind: boolean): readonly KeyEvent[] {
    if (this.#keys.length === 0 || isBehind) return [];
    if (state.screen.kind === 'sessions' && isRowUnread(state.screen.sessions)) return [];
    const keys = this.#keys;
    this.#keys = [];
    return keys;
  }
}

/** The row under the cursor is still being read. */
function isRowUnread(sessions: Sessions): boolean {
  return sessions.groups === null && sessions.shown.length > 0 && current(sessions) === null;
}
