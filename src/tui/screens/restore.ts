/** Restore: which files go where, then what became of them; another folder, or in the place of what differs, where the person says so. */
import { restoreFrame, restoreRows } from '../frames/restore.ts';
import type { Action } from '../keys.ts';
import {
  AT_TOP,
  alone,
  type Doing,
  type Event,
  onScreen,
  type RestoreWay,
  type ScreenOf,
  type State,
  type Stepped,
  to,
  upon,
  within,
} from '../state.ts';
import { back, PLAIN, type Rules } from './rules.ts';

type Restore = ScreenOf<'restore'>;

const BEGUN: Doing = { done: 0, total: 0, elapsedMs: 0, stopping: false };

/** Longer paths no system takes. */
const PATH_UNITS_MAX = 1000;

/** Upon the list or the text that it was asked for on, or in the place of the plan that was shown. */
export function restorePlanned(
  state: State,
  { plan, starts = false, isLooking = false }: Extract<Event, { kind: 'restore_planned' }>,
): Stepped {
  const screen: Restore = {
    kind: 'restore',
    plan,
    isLooking,
    done: null,
    writing: null,
    starts,
    typed: null,
    place: AT_TOP,
  };
  return state.screen.kind === 'restore' ? onScreen(state, screen) : upon(state, screen);
}

export function restored(state: State, { message, isWhole }: Extract<Event, { kind: 'restored' }>): Stepped {
  return within(state, 'restore', (under, screen) => {
    // Who asked for the agent, too, gets it where all is written.
    if (isWhole && screen.starts && screen.plan.resume !== '')
      return alone(under, { kind: 'done' }, { kind: 'resume', uid: screen.plan.uid });
    return onScreen(under, { ...screen, done: message, writing: null });
  });
}

export function restoreWorked(
  state: State,
  { done, total, elapsedMs }: Extract<Event, { kind: 'worked' }>,
): Stepped {
  return within(state, 'restore', (under, screen) =>
    screen.writing === null
      ? to(under)
      : onScreen(under, { ...screen, writing: { ...screen.writing, done, total, elapsedMs } }),
  );
}

function stopped(state: State, screen: Restore): Stepped {
  if (screen.writing === null) return to(state);
  return onScreen(
    state,
    { ...screen, writing: { ...screen.writing, stopping: true } },
    { kind: 'stop_work' },
  );
}

function acted(state: State, screen: Restore, action: Action): Stepped {
  const { plan, starts, typed } = screen;
  const anew = (way: Partial<RestoreWay>, goes = starts) =>
    to(state, { kind: 'plan_restore', uid: plan.uid, way: { ...plan.way, ...way }, starts: goes });
  switch (action) {
    case 'confirm':
      if (typed !== null)
        return typed.trim() === '' ? elsewhere(state, screen, null) : anew({ to: typed.trim() }, false);
      if (plan.obstacle !== null || screen.writing !== null || screen.done !== null) return to(state);
      return onScreen(state, { ...screen, writing: BEGUN }, { kind: 'restore', plan });
    case 'stop':
      return stopped(state, screen);
    case 'force':
      return anew({ force: !plan.way.force });
    case 'elsewhere':
      return plan.way.to === null ? elsewhere(state, screen, '') : anew({ to: null });
    case 'resume':
      return onScreen(state, { ...screen, starts: !starts && plan.way.to === null });
    case 'erase_all':
      return elsewhere(state, screen, null);
    default:
      return to(state);
  }
}

function elsewhere(state: State, screen: Restore, typed: string | null): Stepped {
  return onScreen(state, { ...screen, typed });
}

export const restoreScreen: Rules<'restore'> = {
  ...PLAIN,
  title: () => 'Restore',
  context(_, { done, plan, typed, writing, isLooking }) {
    if (typed !== null) return 'folder';
    if (isLooking) return 'looking';
    if (writing !== null) return 'writing';
    if (done !== null) return 'restored';
    return plan.obstacle === null ? 'restore' : 'obstructed';
  },
  list: ({ size }, { plan, place }) => ({
    length: plan.files.length,
    visible: restoreRows(size),
    place,
    hasCursor: false,
  }),
  placed: (state, screen, place) => onScreen(state, { ...screen, place }),
  act: (state, screen, action) => acted(state, screen, action),
  field: ({ typed }) => (typed === null ? null : { text: typed, unitsMax: PATH_UNITS_MAX }),
  typed: (state, screen, text) => elsewhere(state, screen, text),
  back: (state) => back(state),
  said: (state, screen, message) =>
    onScreen(state, { ...screen, done: message, writing: null, isLooking: false }),
  frame: ({ size, fromEnd }, _, screen, cells) => restoreFrame(size, screen, fromEnd, cells),
};
