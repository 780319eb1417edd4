/** Browse: the filter, the order, the rows. */
import { formatCount, plural } from '../../cli/format.ts';
import { bodyRows } from '../layout.ts';
import { BLANK, fit, type Line, line, span, wrap } from '../paint.ts';
import type { Browse, Size, State } from '../state.ts';
import type { View } from '../view.ts';
import { rowHead, sessionRow } from './rows.ts';

export function browseRows(size: Size): number {
  return bodyRows(size) - 3;
}

export function browseFrame(state: State, view: View, browse: Browse, cells: number): Line[] {
  const { catalogue, place } = browse;
  if (catalogue === null) {
    // Where the list cannot be read, why is all there is to show.
    const texts = wrap(browse.notice ?? 'Reading the list of sessions…', cells);
    return texts.map((text) => line(span(text, browse.notice === null ? 'plain' : 'warn')));
  }
  const visible = browseRows(state.size);
  const isFiltered = browse.typed.trim() !== '';
  const count = isFiltered
    ? `${formatCount(browse.shown.length)} of ${plural(catalogue.ids.length, 'session')}`
    : plural(catalogue.ids.length, 'session');
  const order = `${browse.sort}${browse.reversed ? ', turned round' : ''}`;
  const searching =
    browse.searched !== null && browse.searched < 1
      ? `, searching ${Math.floor(browse.searched * 100)} %`
      : '';
  const rows = Array.from(browse.shown.subarray(place.top, place.top + visible), (row, i) => {
    const session = browse.rows.get(catalogue.ids[row] ?? -1);
    if (session === undefined) return BLANK;
    return sessionRow(session, {
      cells,
      now: view.now,
      isCursor: place.top + i === place.cursor,
      mark: session.pinned
        ? `${session.state === 'unanalyzed' ? 'un-an.' : session.state}, pin`
        : session.state === 'unanalyzed'
          ? 'un-analyzed'
          : session.state,
      markCells: 13,
      bytes: session.rawBytes,
    });
  });
  return [
    filterLine(browse, cells),
    line(
      span(
        fit(
          `${count}${searching}, by ${order}${browse.shown.length > 0 ? ` · row ${formatCount(place.cursor + 1)}` : ''}`,
          cells,
        ),
        'dim',
      ),
    ),
    rowHead({ cells, markCells: 13 }, 'state'),
    ...(browse.shown.length === 0
      ? [
          line(
            isFiltered ? 'No session is like that. f, then esc, shows all again.' : 'No session is stored.',
          ),
        ]
      : rows),
  ];
}

function filterLine(browse: Browse, cells: number): Line {
  if (browse.notice !== null) return line(span(fit(browse.notice, cells), 'warn'));
  if (browse.editing)
    return line('Filter: ', span(fit(browse.typed, cells - 10), 'title'), span('_', 'cursor'));
  if (browse.typed === '')
    return line(
      span(
        cells < 76
          ? 'No filter. f takes words, agent: state: project: pinned'
          : 'No filter. f takes words, agent:codex, state:evicted, project:web, pinned',
        'dim',
      ),
    );
  return line(fit(`Filter: ${browse.typed}`, cells));
}
