/**
 * What an event makes of the state, and what is to be done then. Pure: no clock, no store, no terminal.
 * Promises: one owner of every transition; nothing but the typed phrase, confirmed, starts a data loss.
 */
import { formatCount } from '../cli/format.ts';
import { type Action, type KeyContext, type Meaning, meaningOf } from './keys.ts';
import { hasCursor, inSight, isTooSmall, listOf, type Move, moved } from './layout.ts';
import {
  AT_TOP,
  type Event,
  type FoundHere,
  type ListPlace,
  NEW_BROWSE,
  NEW_SEARCH,
  newWizard,
  onScreen,
  type Screen,
  type State,
  type Stepped,
  to,
  type Wizard,
} from './state.ts';
import { browseAction, browseText, selected, wantRows } from './steps/browse.ts';
import { searchAction, searched, searchText } from './steps/search.ts';
import { sweepAction, sweepEvent, sweepPaste, sweepText } from './steps/sweep.ts';

/** What the keyboard means now. */
export function contextOf(state: State): KeyContext {
  const { screen } = state;
  switch (screen.kind) {
    case 'first_run':
      if (state.activity.kind === 'ingesting') return 'dashboard';
      return screen.found?.agents.every(({ sessions }) => sessions === 0) === true ? 'nothing' : 'first_run';
    case 'sweep': {
      const { stage, phrase } = screen.wizard;
      if (stage.kind === 'result' || stage.kind === 'failed') return 'result';
      if (stage.kind !== 'asking') return 'running';
      if (stage.proposal.step === 'data_loss') return phrase === '' ? 'loss' : 'phrase';
      return stage.proposal.step === 'analyze' ? 'analyze' : 'pass';
    }
    case 'browse':
      return screen.browse.editing ? 'filter' : 'browse';
    case 'search':
      return screen.search.editing ? 'words' : 'search';
    case 'done':
      return 'help';
    case 'restore':
      return screen.done === null && screen.plan.obstacle === null ? 'restore' : 'restored';
    case 'dashboard':
    case 'reader':
    case 'history':
    case 'help':
      return screen.kind;
    default:
      return screen satisfies never;
  }
}

export function step(state: State, event: Event): Stepped {
  if (state.screen.kind === 'done') return to(state);
  switch (event.kind) {
    case 'key': {
      const meaning = meaningOf(contextOf(state), event.name);
      if (meaning === null || (isTooSmall(state.size) && !isAlways(meaning))) return to(state);
      return meaning.kind === 'action' ? act(state, meaning.action) : typed(state, meaning.text);
    }
    case 'paste':
      return isTooSmall(state.size) ? to(state) : pasted(state, event.text);
    case 'resize':
      return resized({ ...state, size: event.size });
    case 'view':
      return viewed({ ...state, view: event.view });
    case 'found':
      return found(state, event.found);
    case 'activity':
      return to({ ...state, activity: event.activity });
    case 'watching':
      return to({ ...state, watching: event.watching });
    case 'trouble':
      return to({ ...state, trouble: event.message });
    case 'overheard':
      return to({ ...state, overheard: overheard(event.lines) });
    case 'ingested':
      return ingested({ ...state, activity: { kind: 'idle' }, news: event.news ?? state.news });
    case 'catalogue':
    case 'shown':
    case 'rows':
      return selected(state, event);
    case 'searched':
      return searched(state, event);
    case 'read':
      return read(state, event);
    case 'read_on':
      return readOn(state, event);
    case 'restore_planned':
      return onScreen(state, {
        kind: 'restore',
        plan: event.plan,
        done: null,
        place: AT_TOP,
        back: state.screen,
      });
    case 'restored':
      return state.screen.kind === 'restore'
        ? onScreen(state, { ...state.screen, done: event.message })
        : to(state);
    case 'history':
      return onScreen(state, { kind: 'history', sweeps: event.sweeps, place: AT_TOP });
    case 'said':
      return said(state, event.message);
    case 'interrupt':
      return quit(state);
    case 'proposed':
    case 'own_files':
    case 'preview':
    case 'progress':
    case 'pinned':
    case 'swept':
    case 'sweep_failed':
      return sweepEvent(state, event);
    default:
      return event satisfies never;
  }
}

/** What works in a window in which nothing can be seen. */
function isAlways(meaning: Meaning): boolean {
  return meaning.kind === 'action' && ['quit', 'suspend', 'repaint'].includes(meaning.action);
}

/** The first line says what it is about. */
function overheard([first = '', ...more]: readonly string[]): string {
  const others = more.length === 0 ? '' : ` (and ${formatCount(more.length)} more)`;
  return `kept off the screen, printed at the end: ${first}${others}`;
}

/** The help may lie over the first run by now. */
function found(state: State, here: FoundHere): Stepped {
  const { screen } = state;
  const next: Screen = { kind: 'first_run', found: here };
  if (screen.kind === 'first_run') return onScreen(state, next);
  return screen.kind === 'help' && screen.back.kind === 'first_run'
    ? onScreen(state, { ...screen, back: next })
    : to(state);
}

function act(state: State, action: Action): Stepped {
  const { screen } = state;
  switch (action) {
    case 'quit':
      return quit(state);
    case 'suspend':
      return to(state, { kind: 'suspend' });
    case 'repaint':
      return to(state, { kind: 'repaint' });
    case 'help':
      return onScreen(state, { kind: 'help', place: AT_TOP, back: screen });
    case 'up':
    case 'down':
    case 'page_up':
    case 'page_down':
    case 'top':
    case 'bottom':
      return scrolled(state, action);
    case 'back':
      return back(state);
    case 'ingest':
      return state.activity.kind === 'idle'
        ? to({ ...state, activity: { kind: 'looking' }, trouble: null, overheard: null }, { kind: 'ingest' })
        : to(state);
    case 'sweep':
      return onScreen(
        state,
        { kind: 'sweep', wizard: newWizard('dashboard', state.view?.tier1Bytes ?? 0) },
        { kind: 'sweep' },
      );
    case 'browse':
      return onScreen(state, { kind: 'browse', browse: NEW_BROWSE }, { kind: 'catalogue' });
    case 'history':
      return to(state, { kind: 'history' });
    case 'search':
      // Asked with nothing, the index is brought up to date while the words are typed.
      if (screen.kind === 'search') break;
      return onScreen(state, { kind: 'search', search: NEW_SEARCH }, { kind: 'search', typed: '' });
    default:
      break;
  }
  if (screen.kind === 'sweep') return sweepAction(state, screen.wizard, action);
  if (screen.kind === 'browse') return browseAction(state, screen.browse, action);
  if (screen.kind === 'search') return searchAction(state, screen.search, action);
  if (screen.kind === 'history' && action === 'confirm') {
    const chosen = screen.sweeps[screen.place.cursor];
    return chosen === undefined ? to(state) : to(state, { kind: 'report', sweepId: chosen.sweep_id });
  }
  if (screen.kind === 'restore' && action === 'confirm')
    return to(state, { kind: 'restore', plan: screen.plan });
  return to(state);
}

function typed(state: State, text: string): Stepped {
  if (state.screen.kind === 'sweep') return sweepText(state, state.screen.wizard, text);
  if (state.screen.kind === 'browse') return browseText(state, state.screen.browse, text);
  if (state.screen.kind === 'search') return searchText(state, state.screen.search, text);
  return to(state);
}

/** A paste is text and never a key: no command runs because of it, and nothing is confirmed by a line break in it. */
function pasted(state: State, text: string): Stepped {
  const inert = [...text].filter((char) => char >= ' ' && char !== '\u007f').join('');
  if (state.screen.kind === 'sweep') return sweepPaste(state, state.screen.wizard, inert);
  if (state.screen.kind === 'browse' && state.screen.browse.editing)
    return browseText(state, state.screen.browse, inert);
  if (state.screen.kind === 'search' && state.screen.search.editing)
    return searchText(state, state.screen.search, inert);
  return to(state);
}

/** A sweep, also one under the help or a text, is stopped first and its report kept; the program ends then. */
function quit(state: State): Stepped {
  const { screen } = state;
  const below = screen.kind === 'reader' ? screen.reader.back : screen.kind === 'help' ? screen.back : screen;
  if (below.kind !== 'sweep' || isOver(below.wizard))
    return onScreen(state, { kind: 'done' }, { kind: 'quit' });
  const wizard = { ...below.wizard, stopping: true };
  return to({ ...state, quitting: true, screen: { kind: 'sweep', wizard } }, { kind: 'stop_sweep' });
}

function isOver({ stage }: Wizard): boolean {
  return stage.kind === 'result' || stage.kind === 'failed';
}

function back(state: State): Stepped {
  const { screen } = state;
  switch (screen.kind) {
    case 'reader':
      return settled(onScreen(state, screen.reader.back));
    case 'restore':
    case 'help':
      return settled(onScreen(state, screen.back));
    case 'sweep':
      return sweepAction(state, screen.wizard, 'confirm');
    case 'browse':
    case 'search':
    case 'history': {
      const next = home(state);
      return next.kind === 'first_run' ? onScreen(state, next, { kind: 'look' }) : onScreen(state, next);
    }
    case 'dashboard':
    case 'first_run':
    case 'done':
      return to(state);
    default:
      return screen satisfies never;
  }
}

/** The dashboard, or the first run where nothing is stored. */
export function home(state: State): Screen {
  return isEmpty(state) ? { kind: 'first_run', found: null } : { kind: 'dashboard' };
}

export function isEmpty(state: State): boolean {
  const { view } = state;
  return view !== null && view.analyzed.sessions + view.unanalyzed.sessions + view.evicted === 0;
}

/** A list that is shown again may have another window by now. */
function settled({ state, effects }: Stepped): Stepped {
  const next = resized(state);
  return { state: next.state, effects: [...effects, ...next.effects] };
}

function resized(state: State): Stepped {
  const { length, visible } = listOf(state);
  const place = placeOf(state.screen);
  if (place === null) return to(state);
  const cursored = hasCursor(state.screen);
  const top = Math.max(0, Math.min(place.top, length - visible));
  return placed(state, cursored ? inSight(place, length, visible) : { cursor: top, top });
}

function scrolled(state: State, move: Move): Stepped {
  const { length, visible } = listOf(state);
  const place = placeOf(state.screen);
  if (place === null) return to(state);
  return placed(state, moved(place, move, length, visible, hasCursor(state.screen)));
}

function placeOf(screen: Screen): ListPlace | null {
  switch (screen.kind) {
    case 'sweep':
      return screen.wizard.place;
    case 'browse':
      return screen.browse.place;
    case 'search':
      return screen.search.place;
    case 'reader':
      return screen.reader.place;
    case 'restore':
    case 'history':
    case 'help':
      return screen.place;
    case 'dashboard':
    case 'first_run':
    case 'done':
      return null;
    default:
      return screen satisfies never;
  }
}

function placed(state: State, place: ListPlace): Stepped {
  const { screen } = state;
  switch (screen.kind) {
    case 'sweep':
      return sweepEvent(state, { kind: 'moved', place });
    case 'browse':
      return wantRows(state, { ...screen.browse, place, notice: null });
    case 'search':
      return onScreen(state, { kind: 'search', search: { ...screen.search, place, notice: null } });
    case 'reader':
      return readerPlaced(state, screen, place);
    case 'restore':
      return onScreen(state, { ...screen, place });
    case 'history':
      return onScreen(state, { ...screen, place });
    case 'help':
      return onScreen(state, { ...screen, place });
    case 'dashboard':
    case 'first_run':
    case 'done':
      return to(state);
    default:
      return screen satisfies never;
  }
}

/** Near the end of what has been read of a transcript, the next piece is asked for. */
function readerPlaced(state: State, screen: Screen & { kind: 'reader' }, place: ListPlace): Stepped {
  const { reader } = screen;
  const next = onScreen(state, { kind: 'reader', reader: { ...reader, place } });
  const isNearEnd = place.top + 3 * listOf(state).visible >= reader.lines.length;
  if (reader.more === null || !isNearEnd) return next;
  return to(
    { ...state, screen: { kind: 'reader', reader: { ...reader, place, more: null } } },
    { kind: 'read_on', ...reader.more },
  );
}

function read(state: State, event: Event & { kind: 'read' }): Stepped {
  const back = state.screen.kind === 'reader' ? state.screen.reader.back : state.screen;
  const reader = { title: event.title, lines: event.lines, place: AT_TOP, more: event.more, back };
  return onScreen(state, { kind: 'reader', reader });
}

function readOn(state: State, event: Event & { kind: 'read_on' }): Stepped {
  if (state.screen.kind !== 'reader') return to(state);
  const { reader } = state.screen;
  return onScreen(state, {
    kind: 'reader',
    reader: { ...reader, lines: [...reader.lines, ...event.lines], more: event.more },
  });
}

/** The first view of an empty store opens the first run; sessions that come by any way open the dashboard. */
function viewed(state: State): Stepped {
  const { screen } = state;
  if (screen.kind === 'dashboard' && isEmpty(state) && state.activity.kind === 'idle')
    return onScreen(state, { kind: 'first_run', found: null }, { kind: 'look' });
  if (screen.kind === 'first_run' && !isEmpty(state)) return onScreen(state, { kind: 'dashboard' });
  return to(state);
}

function ingested(state: State): Stepped {
  return state.screen.kind === 'first_run' ? viewed(state) : to(state);
}

function said(state: State, message: string): Stepped {
  const { screen } = state;
  if (screen.kind === 'browse')
    return onScreen(state, { kind: 'browse', browse: { ...screen.browse, notice: message } });
  if (screen.kind === 'search')
    return onScreen(state, { kind: 'search', search: { ...screen.search, notice: message } });
  if (screen.kind === 'sweep')
    return onScreen(state, { kind: 'sweep', wizard: { ...screen.wizard, notice: message } });
  if (screen.kind === 'restore') return onScreen(state, { ...screen, done: message });
  return to({ ...state, trouble: message });
}
