/** Restore: which files go where, then what became of them. */
import { restoreFrame, restoreRows } from '../frames/restore.ts';
import { onScreen, to } from '../state.ts';
import { PLAIN, type Rules } from './rules.ts';

export const restoreScreen: Rules<'restore'> = {
  ...PLAIN,
  title: () => 'Restore',
  context: (_, { done, plan }) => (done === null && plan.obstacle === null ? 'restore' : 'restored'),
  list: ({ size }, { plan, place }) => ({
    length: plan.files.length,
    visible: restoreRows(size),
    place,
    hasCursor: false,
  }),
  placed: (state, screen, place) => onScreen(state, { ...screen, place }),
  act: (state, { plan }, action) => (action === 'confirm' ? to(state, { kind: 'restore', plan }) : to(state)),
  said: (state, screen, message) => onScreen(state, { ...screen, done: message }),
  frame: ({ size }, _, screen, cells) => restoreFrame(size, screen, cells),
};
