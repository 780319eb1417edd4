/** What is at the bottom: the dashboard, the first run, and the end. */
import { dashboard } from '../frames/dashboard.ts';
import { firstRun } from '../frames/first-run.ts';
import { PLAIN, type Rules } from './rules.ts';

export const dashboardScreen: Rules<'dashboard'> = {
  ...PLAIN,
  context: () => 'dashboard',
  frame: (state, view, _, cells, rows) => dashboard(state, view, cells, rows),
};

export const firstRunScreen: Rules<'first_run'> = {
  ...PLAIN,
  title: () => 'Welcome',
  context(state, { found }) {
    if (state.activity.kind === 'ingesting') return 'dashboard';
    return found?.agents.every(({ sessions }) => sessions === 0) === true ? 'nothing' : 'first_run';
  },
  frame: (state, _, { found }, cells, rows) => firstRun(state, found, cells, rows),
};

/** Nothing is drawn of it, and no key means anything. */
export const doneScreen: Rules<'done'> = { ...PLAIN, context: () => 'help', frame: () => [] };
