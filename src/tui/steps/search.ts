/** Search: words as they are typed, the sessions that have them, and what can be done with one of them. */
import type { SearchHit } from '../../store/search/search.ts';
import { withWord } from '../../store/search/suggest.ts';
import type { Action } from '../keys.ts';
import { inSight, listOf } from '../layout.ts';
import {
  AT_TOP,
  type Effect,
  type Event,
  onScreen,
  type Search,
  type State,
  type Stepped,
  to,
} from '../state.ts';

/** Longer questions are cut: no screen shows them. */
const TYPED_UNITS_MAX = 200;

function withSearch(state: State, search: Search, ...effects: readonly Effect[]): Stepped {
  return onScreen(state, { kind: 'search', search }, ...effects);
}

/** The hit under the cursor. */
export function currentHit({ result, place }: Search): SearchHit | null {
  return result?.hits[place.cursor] ?? null;
}

/** The words with what was taken for those that are in no session; null where nothing was. */
function asMeant({ typed, result }: Search): string | null {
  if (result === null) return null;
  const near = result.meant.reduce((text, one) => withWord(text, one.typed, one.word), typed);
  return result.suggestion ?? (near === typed ? null : near);
}

export function searchAction(state: State, search: Search, action: Action): Stepped {
  const hit = currentHit(search);
  switch (action) {
    case 'search':
      return withSearch(state, { ...search, editing: true, notice: null });
    case 'confirm':
      if (search.editing) return withSearch(state, { ...search, editing: search.result?.hits.length === 0 });
      return hit === null ? to(state) : to(state, { kind: 'digest', uid: hit.session.uid });
    case 'accept': {
      const meant = asMeant(search);
      return meant === null ? to(state) : again(state, { ...search, typed: meant });
    }
    case 'transcript':
      if (hit === null) return to(state);
      if (hit.raw !== 'live')
        return withSearch(state, {
          ...search,
          notice: 'Its raw bytes are gone; enter shows the digest that stays.',
        });
      return to(state, { kind: 'transcript', uid: hit.session.uid });
    case 'restore':
      return hit === null ? to(state) : to(state, { kind: 'plan_restore', uid: hit.session.uid });
    case 'erase':
      return again(state, { ...search, typed: [...search.typed].slice(0, -1).join('') });
    default:
      return to(state);
  }
}

export function searchText(state: State, search: Search, text: string): Stepped {
  return again(state, { ...search, typed: (search.typed + text).slice(0, TYPED_UNITS_MAX) });
}

/** Asked anew. What was found before stays on the screen until the answer is there. */
function again(state: State, search: Search): Stepped {
  const asks = search.typed.trim() !== '';
  return withSearch(
    state,
    { ...search, place: AT_TOP, notice: null, result: asks ? search.result : null },
    { kind: 'search', typed: search.typed },
  );
}

/** An answer to what is typed now; one to what was typed before is dropped. It may come while a text lies over the screen. */
export function searched(state: State, event: Extract<Event, { kind: 'searched' }>): Stepped {
  const { screen } = state;
  const below =
    screen.kind === 'reader' ? screen.reader.back : screen.kind === 'restore' ? screen.back : screen;
  if (below.kind !== 'search' || below.search.typed !== event.typed) return to(state);
  const next = { ...below.search, result: event.result };
  const bare: State = { ...state, screen: { kind: 'search', search: next } };
  const { length, visible } = listOf(bare);
  const back = { kind: 'search', search: { ...next, place: inSight(next.place, length, visible) } } as const;
  if (screen.kind === 'reader') return onScreen(state, { ...screen, reader: { ...screen.reader, back } });
  return onScreen(state, screen.kind === 'restore' ? { ...screen, back } : back);
}
