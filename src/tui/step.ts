/**
 * What an event makes of the state, and what is to be done then. Pure: no clock, no store, no terminal.
 * Promises: one owner of every transition; nothing but the typed phrase, confirmed, starts a data loss.
 */
import { formatCount } from '../cli/format.ts';
import { type Action, isTyping, type Meaning, meaningOf } from './keys.ts';
import { isTooSmall, type Move, moved } from './layout.ts';
import { resized } from './reflow.ts';
import { answered, asked, worked } from './screens/confirm.ts';
import { moused } from './screens/mouse.ts';
import { foundFar, loading, read, readBack, readFromEnd, readOn, sought } from './screens/reader.ts';
import { restored, restorePlanned, restoreWorked } from './screens/restore.ts';
import { isEmpty, settledPlace } from './screens/rules.ts';
import { openSessions, told } from './screens/sessions.ts';
import { isOver, quitSweep, sweepEvent } from './screens/sweep.ts';
import { acted, contextOf, editedOn, listed, placed, saidOn, typedOn, wentBack } from './screens.ts';
import {
  AT_TOP,
  alone,
  DASHBOARD,
  type Event,
  nearest,
  newWizard,
  onScreen,
  type State,
  type Stepped,
  to,
  troubled,
  upon,
  within,
} from './state.ts';

export function step(state: State, event: Event): Stepped {
  const stepped = stepOf(state, event);
  if (stepped.state.fromEnd === 0) return stepped;
  // The caret is of one line; the next begins at its end.
  const context = contextOf(stepped.state);
  const isSame = isTyping(context) && context === contextOf(state);
  return isSame ? stepped : { ...stepped, state: { ...stepped.state, fromEnd: 0 } };
}

function stepOf(state: State, event: Event): Stepped {
  if (state.screen.kind === 'done') return to(state);
  switch (event.kind) {
    case 'key': {
      if (event.name.startsWith('alt+') && !inSweep(state)) return escThen(state, event.name.slice(4));
      const meaning = meaningOf(contextOf(state), event.name);
      if (meaning !== null && isTooSmall(state) && !isAlways(meaning)) return to(state);
      if (meaning === null) return isTooSmall(state) ? to(state) : unknown(state, event.name);
      if (!isAlways(meaning) && (state.hint !== null || state.troubles.key !== undefined))
        return step(troubled({ ...state, hint: null }, 'key', null), event);
      return meaning.kind === 'action'
        ? act(state, meaning.action, meaning.key)
        : typedOn(state, meaning.text);
    }
    case 'paste':
      return isTooSmall(state) ? to(state) : pasted(state, event.text);
    case 'mouse':
      return isTooSmall(state) ? to(state) : (moused(state, event, pressed) ?? to(state));
    case 'resize':
      return settled(resized(state, event.size));
    case 'view':
      return viewed({ ...state, view: event.view });
    case 'found':
      return within(state, 'first_run', (under) =>
        onScreen(under, { kind: 'first_run', found: event.found }),
      );
    case 'activity':
      return to(active(state, event.activity));
    case 'watching':
      return to({ ...state, watching: event.watching });
    case 'trouble':
      return to(troubled(state, event.from ?? 'ingest', event.message));
    case 'damaged':
      return to({ ...state, isDamaged: true });
    case 'overheard':
      return to({ ...state, overheard: overheard(event.lines) });
    case 'ingested':
      return ingested({ ...active(state, { kind: 'idle' }), news: newsAfter(state, event.news) });
    case 'totals':
      return settled({ ...state, totals: event.totals });
    case 'schedule':
      return to({ ...state, schedule: event.schedule });
    case 'catalogue':
    case 'shown':
    case 'rows':
    case 'searched':
    case 'peeked':
      return told(state, event);
    case 'question':
      return asked(state, event);
    case 'worked':
      if (nearest(state, 'restore')?.writing != null) return restoreWorked(state, event);
      return nearest(state, 'confirm')?.doing == null ? sweepEvent(state, event) : worked(state, event);
    case 'answered':
      return answered(state, event);
    case 'read':
      return read(state, event);
    case 'read_on':
      return readOn(state, event);
    case 'read_back':
      return readBack(state, event);
    case 'sought':
      return sought(state, event);
    case 'loading':
      return loading(state, event);
    case 'found_far':
      return foundFar(state, event);
    case 'restore_planned':
      return restorePlanned(state, event);
    case 'restored':
      return restored(state, event);
    case 'history':
      return upon(state, { kind: 'history', sweeps: event.sweeps, place: AT_TOP });
    case 'said':
      return saidOn(state, event.message);
    case 'slow':
      return to({ ...state, isSlow: event.isSlow });
    case 'faded':
      return to({ ...state, hint: null });
    case 'interrupt':
      return quit(state);
    case 'proposed':
    case 'own_files':
    case 'exported':
    case 'preview':
    case 'progress':
    case 'pinned':
    case 'swept':
    case 'sweep_failed':
      return sweepEvent(event.kind === 'swept' ? { ...state, news: null } : state, event);
    default:
      return event satisfies never;
  }
}

function pressed(state: State, name: string): Stepped {
  return step(state, { kind: 'key', name });
}

/** Esc and the next key, sent at once by a slow line, look like a key with alt. In a sweep neither is guessed at: esc would stop it. */
function inSweep(state: State): boolean {
  return state.screen.kind === 'sweep';
}

function escThen(state: State, name: string): Stepped {
  const first = step(state, { kind: 'key', name: 'esc' });
  const second = step(first.state, { kind: 'key', name });
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}

/** No key is silent: who presses one that does nothing here is told so. */
function unknown(state: State, name: string): Stepped {
  const hasHelp = meaningOf(contextOf(state), '?')?.kind === 'action';
  return to({
    ...state,
    hint: `${name.replace('+', '-')} does nothing here${hasHelp ? '; ? has the keys' : ''}.`,
  });
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

/** What means the same on every screen; the rest is the screen's own. */
function act(state: State, action: Action, key: string): Stepped {
  switch (action) {
    case 'quit':
      return quit(state);
    case 'suspend':
      return to(state, { kind: 'suspend' });
    case 'repaint':
      return to(state, { kind: 'repaint' });
    case 'mouse': {
      const hasMouse = !state.hasMouse;
      const hint = hasMouse
        ? 'Wheel and clicks are ours now; M gives them back to the terminal.'
        : 'The mouse is the terminal’s again: text can be selected.';
      return to({ ...state, hasMouse, hint }, { kind: 'mouse', on: hasMouse });
    }
    case 'help':
      return upon(state, { kind: 'help', place: AT_TOP, typed: '', editing: false });
    case 'up':
    case 'down':
    case 'page_up':
    case 'page_down':
    case 'top':
    case 'bottom':
      return scrolled(state, action);
    case 'back': {
      const went = wentBack(state);
      const seen = settled(went.state);
      return { state: seen.state, effects: [...went.effects, ...seen.effects] };
    }
    case 'ingest':
      return state.activity.kind === 'idle'
        ? to(
            { ...troubled(state, 'ingest', null), activity: { kind: 'looking' }, overheard: null },
            { kind: 'ingest' },
          )
        : to({ ...state, hint: 'It is at it already.' });
    case 'stop':
      return isDashboard(state)
        ? to({ ...state, stoppingWork: true }, { kind: 'stop_work' })
        : acted(state, action, key);
    case 'sweep':
      return upon(
        state,
        { kind: 'sweep', wizard: newWizard('dashboard', state.view?.tier1Bytes ?? 0) },
        { kind: 'sweep' },
      );
    case 'sessions':
      return openSessions(state, {});
    case 'history':
    case 'limits':
      return to(state, { kind: action });
    case 'search':
      // Asked with nothing, the index is brought up to date while the words are typed.
      return ['sessions', 'reader', 'help'].includes(state.screen.kind)
        ? acted(state, action, key)
        : openSessions(state, { typed: '', editing: true });
    default:
      return editedOn(state, action) ?? acted(state, action, key);
  }
}

function isDashboard({ screen: { kind } }: State): boolean {
  return kind === 'dashboard' || kind === 'first_run';
}

function active(state: State, activity: State['activity']): State {
  return { ...state, activity, stoppingWork: state.stoppingWork && activity.kind !== 'idle' };
}

/** A paste is text and never a key: no command runs because of it, and nothing is confirmed by a line break in it. */
function pasted(state: State, text: string): Stepped {
  const inert = [...text].filter((char) => char >= ' ' && char !== '\u007f').join('');
  return isTyping(contextOf(state)) ? typedOn(state, inert) : to(state);
}

/** A sweep, also one under the help or a text, is stopped first and its report kept; the program ends then. */
function quit(state: State): Stepped {
  const sweep = nearest(state, 'sweep');
  return sweep === null || isOver(sweep.wizard)
    ? alone(state, { kind: 'done' }, { kind: 'quit' })
    : quitSweep(state);
}

/** A list that is shown again, or anew, may have another window by now. */
function settled(state: State): Stepped {
  const list = listed(state);
  return list === null ? to(state) : placed(state, settledPlace(list));
}

function scrolled(state: State, move: Move): Stepped {
  const far = readFromEnd(state, move);
  if (far !== null) return far;
  const list = listed(state);
  if (list === null) return to(state);
  return placed(state, moved(list.place, move, list.length, list.visible, list.hasCursor));
}

/** What someone who has just stored everything does next. */
const NEXT_STEP = 'Next: / searches; `session-memory install` keeps it up.';

/** The first view of an empty store opens the first run; sessions that come by any way open the dashboard. */
function viewed(state: State): Stepped {
  const { screen } = state;
  if (screen.kind === 'dashboard' && isEmpty(state) && state.activity.kind === 'idle')
    return onScreen(state, { kind: 'first_run', found: null }, { kind: 'look' });
  if (screen.kind === 'first_run' && !isEmpty(state))
    return onScreen({ ...state, news: NEXT_STEP }, DASHBOARD);
  return to(state);
}

function newsAfter({ news }: State, told: string | null): string | null {
  return told !== null && news === NEXT_STEP ? `${told} ${NEXT_STEP}` : (told ?? news);
}

function ingested(state: State): Stepped {
  return state.screen.kind === 'first_run' ? viewed(state) : to(state);
}
