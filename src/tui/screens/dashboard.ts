/** What is at the bottom: the dashboard, the first run, and the end. */
import { dashboard, dashboardRows } from '../frames/dashboard.ts';
import { firstRun } from '../frames/first-run.ts';
import { AT_TOP, onScreen, type ScreenOf, type State, type Stepped, to } from '../state.ts';
import { GROUPINGS } from '../totals.ts';
import { PLAIN, type Rules } from './rules.ts';
import { openSessions } from './sessions.ts';

type Dashboard = ScreenOf<'dashboard'>;

function groupOpened(state: State, { by, place }: Dashboard): Stepped {
  const group = state.totals?.[by][place.cursor];
  return openSessions(state, group === undefined ? {} : { typed: group.filter });
}

function switched(state: State, screen: Dashboard): Stepped {
  const by = GROUPINGS[(GROUPINGS.indexOf(screen.by) + 1) % GROUPINGS.length] ?? 'project';
  return onScreen(state, { ...screen, by, place: AT_TOP });
}

/** What runs can be stopped, but for a mere look. */
function contextOf({ activity: { kind } }: State): 'dashboard' | 'working' {
  return kind === 'ingesting' || kind === 'analyzing' ? 'working' : 'dashboard';
}

export const dashboardScreen: Rules<'dashboard'> = {
  ...PLAIN,
  context: contextOf,
  list: (state, { by, place }) => ({
    length: state.totals?.[by].length ?? 0,
    visible: dashboardRows(state),
    place,
    hasCursor: true,
  }),
  placed: (state, screen, place) => onScreen(state, { ...screen, place }),
  act(state, screen, action) {
    if (action === 'open') return groupOpened(state, screen);
    return action === 'switch' ? switched(state, screen) : to(state);
  },
  frame: (state, view, screen, cells, rows) => dashboard(state, view, screen, cells, rows),
};

export const firstRunScreen: Rules<'first_run'> = {
  ...PLAIN,
  title: () => 'Welcome',
  context(state, { found }) {
    if (state.activity.kind === 'ingesting') return contextOf(state);
    return found?.agents.every(({ sessions }) => sessions === 0) === true ? 'nothing' : 'first_run';
  },
  frame: (state, _, { found }, cells, rows) => firstRun(state, found, cells, rows),
};

/** Nothing is drawn of it, and no key means anything. */
export const doneScreen: Rules<'done'> = { ...PLAIN, context: () => 'help', frame: () => [] };
