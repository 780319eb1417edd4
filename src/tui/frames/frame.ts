/** The whole frame: title, body, footer. A function of the state and nothing else. */
import { formatCount } from '../../cli/format.ts';
import { plainLine } from '../../domain/text.ts';
import type { FooterLine } from '../keys.ts';
import { bodyRows, CELLS_MAX, footerRows, isTooSmall } from '../layout.ts';
import { BLANK, fit, type Line, line, type Span, sides, span, toAscii } from '../paint.ts';
import { bodyOf, footerOf, titleOf } from '../screens.ts';
import { SMALLEST, type State } from '../state.ts';
import type { View } from '../view.ts';

export interface Theme {
  /** False: the locale shows ASCII only. */
  readonly unicode: boolean;
}

/** Exactly `rows` lines, none wider than the window; the last cell of a line stays free, so that no terminal wraps. */
export function frame(state: State, theme: Theme): Line[] {
  const { columns } = state.size;
  if (isTooSmall(state)) return tooSmall(state, theme);
  const cells = Math.min(columns, CELLS_MAX) - 2;
  const rows = bodyRows(state.size);
  const body = (
    state.view === null ? [line('Opening the store…')] : bodyOf(state, state.view, cells, rows)
  ).slice(0, rows);
  const filled = [...body, ...Array.from({ length: rows - body.length }, () => BLANK)];
  return [titleLine(state, cells), ...filled, ...footer(state, cells)].map((shown) =>
    drawn(shown, theme, ' '),
  );
}

/** The keys, at the bottom; a hint takes the last line of them. */
function footer(state: State, cells: number): Line[] {
  const { hint } = state;
  const rows = footerRows(state.size);
  const keys = footerOf(state, cells).map(keysLine);
  const lines = [...Array.from({ length: rows - keys.length }, () => BLANK), ...keys];
  return hint === null ? lines : [...lines.slice(0, -1), line(span(fit(plainLine(hint), cells), 'warn'))];
}

/** Keys are brighter than what they do. */
function keysLine({ keys, gap }: FooterLine): Line {
  return keys.flatMap(({ shown, does }, i) => [
    span(`${i === 0 ? '' : gap}${shown}`, 'key'),
    span(` ${does}`, 'dim'),
  ]);
}

function drawn(shown: Line, theme: Theme, margin: string): Line {
  const spans = merged(shown.length === 0 ? shown : [span(margin), ...shown]);
  return theme.unicode ? spans : spans.map(({ text, tone }) => ({ text: toAscii(text), tone }));
}

/** Neighbours of one tone are one: what is painted costs by its spans. */
function merged(shown: Line): Line {
  const spans: Span[] = [];
  for (const { text, tone } of shown) {
    const last = spans.at(-1);
    if (last?.tone === tone) spans[spans.length - 1] = { text: last.text + text, tone };
    else spans.push({ text, tone });
  }
  return spans;
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

function titleLine(state: State, cells: number): Line {
  const name = titleOf(state);
  const left = span(name === '' ? 'session-memory' : `session-memory · ${name}`, 'title');
  const tone = state.isSlow ? 'plain' : 'dim';
  return sides(left, span(statusText(state, state.view, cells), tone), cells);
}

const WATCHING: Readonly<Record<State['watching'], string>> = {
  on: 'watching ●',
  off: 'not watching ○',
  trouble: 'watching by scan ○',
  stopped: 'stopped by you ○',
};

/** Whoever presses a key sees that it was heard. */
const SLOW = 'reading the store…';

function statusText(state: State, view: View | null, cells: number): string {
  if (view === null) return '';
  const time = `${view.now.slice(11, 16)} UTC`;
  if (state.screen.kind === 'first_run') return time;
  const watching = state.isSlow ? SLOW : WATCHING[state.watching];
  const agents = view.byAgent.length;
  const counted = `${formatCount(agents)} agent${agents === 1 ? '' : 's'} · `;
  return `${cells < 76 || agents === 0 ? '' : counted}${watching}  ${time}`;
}
