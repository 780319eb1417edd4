/** What is done to several sessions: told first, then done, then told what came of it. */
import { confirmFrame, confirmRows } from '../frames/confirm.ts';
import {
  AT_TOP,
  type Doing,
  type Event,
  onScreen,
  type ScreenOf,
  type State,
  type Stepped,
  to,
  upon,
  within,
} from '../state.ts';
import { PLAIN, type Rules } from './rules.ts';

export function asked(state: State, { question }: Extract<Event, { kind: 'question' }>): Stepped {
  return upon(state, { kind: 'confirm', question, done: null, doing: null, place: AT_TOP });
}

export function answered(state: State, { lines }: Extract<Event, { kind: 'answered' }>): Stepped {
  return within(state, 'confirm', (under, screen) =>
    onScreen(under, { ...screen, done: lines, doing: null, place: AT_TOP }),
  );
}

export function worked(
  state: State,
  { done, total, elapsedMs }: Extract<Event, { kind: 'worked' }>,
): Stepped {
  return within(state, 'confirm', (under, screen) =>
    screen.doing === null
      ? to(under)
      : onScreen(under, { ...screen, doing: { ...screen.doing, done, total, elapsedMs } }),
  );
}

const BEGUN: Doing = { done: 0, total: 0, elapsedMs: 0, stopping: false };

function stopped(state: State, screen: ScreenOf<'confirm'>): Stepped {
  if (screen.doing === null) return to(state);
  return onScreen(state, { ...screen, doing: { ...screen.doing, stopping: true } }, { kind: 'stop_work' });
}

function confirmed(state: State, screen: ScreenOf<'confirm'>): Stepped {
  const { effect } = screen.question;
  if (effect === null || screen.done !== null || screen.doing !== null) return to(state);
  return onScreen(state, { ...screen, doing: BEGUN }, effect);
}

export const confirmScreen: Rules<'confirm'> = {
  ...PLAIN,
  title: ({ question }) => question.name,
  context(_, { done, doing, question }) {
    if (doing !== null) return 'doing';
    return done === null && question.effect !== null ? 'confirm' : 'restored';
  },
  list: ({ size }, { question, done, place }) => ({
    length: (done ?? question.lines).length,
    visible: confirmRows(size),
    place,
    hasCursor: false,
  }),
  placed: (state, screen, place) => onScreen(state, { ...screen, place }),
  act(state, screen, action) {
    if (action === 'stop') return stopped(state, screen);
    return action === 'confirm' ? confirmed(state, screen) : to(state);
  },
  said: (state, screen, message) => onScreen(state, { ...screen, done: [message], doing: null }),
  frame: ({ size }, _, screen, cells) => confirmFrame(size, screen, cells),
};
