/** What is done to several sessions: told first, then done, then told what came of it. */
import { confirmFrame, confirmRows } from '../frames/confirm.ts';
import {
  AT_TOP,
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
  return upon(state, { kind: 'confirm', question, done: null, place: AT_TOP });
}

export function answered(state: State, { lines }: Extract<Event, { kind: 'answered' }>): Stepped {
  return within(state, 'confirm', (under, screen) =>
    onScreen(under, { ...screen, done: lines, place: AT_TOP }),
  );
}

function confirmed(state: State, screen: ScreenOf<'confirm'>): Stepped {
  const { effect } = screen.question;
  if (effect === null || screen.done !== null) return to(state);
  return onScreen(state, { ...screen, done: ['It is being done…'] }, effect);
}

export const confirmScreen: Rules<'confirm'> = {
  ...PLAIN,
  title: () => '',
  context: (_, { done, question }) => (done === null && question.effect !== null ? 'confirm' : 'restored'),
  list: ({ size }, { question, done, place }) => ({
    ...{ length: (done ?? question.lines).length, visible: confirmRows(size), place, hasCursor: false },
  }),
  placed: (state, screen, place) => onScreen(state, { ...screen, place }),
  act: (state, screen, action) => (action === 'confirm' ? confirmed(state, screen) : to(state)),
  said: (state, screen, message) => onScreen(state, { ...screen, done: [message] }),
  frame: ({ size }, _, screen, cells) => confirmFrame(size, screen, cells),
};
