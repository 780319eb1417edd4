/** Search: words as they are typed, the sessions that have them, and what can be done with one of them. */
import { withWord } from '../../store/search/suggest.ts';
import { currentHit, searchFrame, searchRows } from '../frames/search.ts';
import type { Action } from '../keys.ts';
import { inSight } from '../layout.ts';
import {
  AT_TOP,
  type Effect,
  type Event,
  onScreen,
  type Search,
  type State,
  type Stepped,
  to,
  within,
} from '../state.ts';
import { PLAIN, type Rules } from './rules.ts';

/** Longer questions are cut: no screen shows them. */
const TYPED_UNITS_MAX = 200;

function withSearch(state: State, search: Search, ...effects: readonly Effect[]): Stepped {
  return onScreen(state, { kind: 'search', search }, ...effects);
}

/** The words with what was taken for those that are in no session; null where nothing was. */
function asMeant({ typed, result }: Search): string | null {
  if (result === null) return null;
  const near = result.meant.reduce((text, one) => withWord(text, one.typed, one.word), typed);
  return result.suggestion ?? (near === typed ? null : near);
}

function searchAction(state: State, search: Search, action: Action): Stepped {
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

function searchText(state: State, search: Search, text: string): Stepped {
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
  return within(state, 'search', (under, { search }) => {
    if (search.typed !== event.typed) return to(under);
    const length = event.result?.hits.length ?? 0;
    const place = inSight(search.place, length, searchRows(state.size));
    return withSearch(under, { ...search, result: event.result, place });
  });
}

export const searchScreen: Rules<'search'> = {
  ...PLAIN,
  title: () => 'Search',
  context: (_, { search }) => (search.editing ? 'words' : 'search'),
  list: ({ size }, { search: { result, place } }) => ({
    ...{ length: result?.hits.length ?? 0, visible: searchRows(size), place, hasCursor: true },
  }),
  placed: (state, { search }, place) => withSearch(state, { ...search, place, notice: null }),
  act: (state, { search }, action) => searchAction(state, search, action),
  typed: (state, { search }, text) => searchText(state, search, text),
  said: (state, { search }, message) => withSearch(state, { ...search, notice: message }),
  frame: (state, view, { search }, cells) => searchFrame(state, view, search, cells),
};
