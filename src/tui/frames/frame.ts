/** The whole frame: title, body, footer. A function of the state and nothing else. */
import { formatCount } from '../../cli/format.ts';
import { footer } from '../keys.ts';
import { bodyRows, isTooSmall } from '../layout.ts';
import { BLANK, fit, type Line, line, sides, span, toAscii } from '../paint.ts';
import { type Screen, SMALLEST, type State } from '../state.ts';
import { contextOf } from '../step.ts';
import type { View } from '../view.ts';
import { dashboard } from './dashboard.ts';
import { firstRun } from './first-run.ts';
import { browseFrame, helpFrame, historyFrame, readerFrame, restoreFrame } from './lists.ts';
import { searchFrame } from './search.ts';
import { sweepFrame } from './sweep.ts';

export interface Theme {
  /** False: the locale shows ASCII only. */
  readonly unicode: boolean;
}

/** Wider than this a line is hard to follow. */
const CELLS_MAX = 160;

/** Exactly `rows` lines, none wider than the window; the last cell of a line stays free, so that no terminal wraps. */
export function frame(state: State, theme: Theme): Line[] {
  const { columns } = state.size;
  if (isTooSmall(state.size)) return tooSmall(state, theme);
  const cells = Math.min(columns, CELLS_MAX) - 2;
  const context = contextOf(state);
  const body = bodyOf(state, cells, bodyRows(state.size)).slice(0, bodyRows(state.size));
  const filled = [...body, ...Array.from({ length: bodyRows(state.size) - body.length }, () => BLANK)];
  const foot = span(fit(footer(context, cells), cells), 'dim');
  return [titleLine(state, cells), ...filled, line(foot)].map((shown) => drawn(shown, theme, ' '));
}

function drawn(shown: Line, theme: Theme, margin: string): Line {
  const spans = shown.length === 0 ? shown : [span(margin), ...shown];
  return theme.unicode ? spans : spans.map(({ text, tone }) => ({ text: toAscii(text), tone }));
}

function tooSmall(state: State, theme: Theme): Line[] {
  const { columns, rows } = state.size;
  const texts = [
    `This window is ${columns}×${rows}.`,
    `${SMALLEST.columns}×${SMALLEST.rows} is the least that works here.`,
    'Make it larger, or ctrl-c.',
  ];
  return texts
    .slice(0, Math.max(1, rows - 1))
    .map((text) => drawn(line(fit(text, Math.max(1, columns - 1))), theme, ''));
}

const TITLES: Readonly<Record<Screen['kind'], string>> = {
  first_run: 'Welcome',
  dashboard: '',
  sweep: 'Sweep',
  browse: 'Browse',
  search: 'Search',
  reader: '',
  restore: 'Restore',
  history: 'History of sweeps',
  help: 'Keys',
  done: '',
};

function titleLine(state: State, cells: number): Line {
  const { screen, view } = state;
  const name = screen.kind === 'reader' ? screen.reader.title : TITLES[screen.kind];
  const left = span(name === '' ? 'session-memory' : `session-memory · ${name}`, 'title');
  return sides(left, statusText(state, view, cells), cells);
}

function statusText(state: State, view: View | null, cells: number): string {
  if (view === null) return '';
  const time = `${view.now.slice(11, 16)} UTC`;
  if (state.screen.kind === 'first_run') return time;
  const watching = { on: 'watching ●', off: 'not watching ○', trouble: 'watching by scan ○' }[state.watching];
  const agents = view.byAgent.length;
  const counted = `${formatCount(agents)} agent${agents === 1 ? '' : 's'} · `;
  return `${cells < 76 ? '' : counted}${watching}  ${time}`;
}

function bodyOf(state: State, cells: number, rows: number): Line[] {
  const { screen, view } = state;
  if (screen.kind === 'help')
    return helpFrame(contextOf({ ...state, screen: screen.back }), screen.place.top, cells, rows);
  if (view === null) return [line('Opening the store…')];
  switch (screen.kind) {
    case 'first_run':
      return firstRun(state, screen.found, cells, rows);
    case 'dashboard':
      return dashboard(state, view, cells, rows);
    case 'sweep':
      return sweepFrame(state, view, screen.wizard, cells, rows);
    case 'browse':
      return browseFrame(state, view, screen.browse, cells);
    case 'search':
      return searchFrame(state, view, screen.search, cells);
    case 'reader':
      return readerFrame(state, screen.reader, cells);
    case 'restore':
      return restoreFrame(state, screen, cells);
    case 'history':
      return historyFrame(state, screen, cells);
    case 'done':
      return [];
    default:
      return screen satisfies never;
  }
}
