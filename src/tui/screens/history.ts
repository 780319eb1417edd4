/** History: every sweep, and the report of one. */
import { historyFrame } from '../frames/history.ts';
import { bodyRows } from '../layout.ts';
import { onScreen, type ScreenOf, type State, type Stepped, to } from '../state.ts';
import { PLAIN, type Rules } from './rules.ts';

function opened(state: State, { sweeps, place }: ScreenOf<'history'>): Stepped {
  const chosen = sweeps[place.cursor];
  return chosen === undefined ? to(state) : to(state, { kind: 'report', sweepId: chosen.sweep_id });
}

export const historyScreen: Rules<'history'> = {
  ...PLAIN,
  title: () => 'History of sweeps',
  context: () => 'history',
  list: ({ size }, { sweeps, place }) => ({
    length: sweeps.length,
    visible: bodyRows(size) - 1,
    place,
    hasCursor: true,
  }),
  placed: (state, screen, place) => onScreen(state, { ...screen, place }),
  act: (state, screen, action) => (action === 'confirm' ? opened(state, screen) : to(state)),
  frame: (_, __, screen, cells, rows) => historyFrame(screen, cells, rows - 1),
};
