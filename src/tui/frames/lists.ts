/** Browse, history, a text to read, a restore before it is done, the help. */
import { formatBytes, formatCount, inUtc, plural } from '../../cli/format.ts';
import { CONTEXTS, KEYS, type KeyContext } from '../keys.ts';
import { bodyRows, listOf } from '../layout.ts';
import { BLANK, fit, type Line, line, pad, padLeft, span, wrap } from '../paint.ts';
import type { Browse, Reader, RestorePlan, Screen, State } from '../state.ts';
import type { View } from '../view.ts';
import { rowHead, sessionRow } from './rows.ts';

export function browseFrame(state: State, view: View, browse: Browse, cells: number): Line[] {
  const { catalogue, place } = browse;
  if (catalogue === null) {
    // Where the list cannot be read, why is all there is to show.
    const texts = wrap(browse.notice ?? 'Reading the list of sessions…', cells);
    return texts.map((text) => line(span(text, browse.notice === null ? 'plain' : 'warn')));
  }
  const { visible } = listOf(state);
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

export function historyFrame(state: State, screen: Screen & { kind: 'history' }, cells: number): Line[] {
  const { sweeps, place } = screen;
  if (sweeps.length === 0) return [line('No sweep has run yet.')];
  const { visible } = listOf(state);
  const shown = sweeps.slice(place.top, place.top + visible).map((sweep, i) => {
    const isCursor = place.top + i === place.cursor;
    const lost = sweep.lost_data ? 'DATA LOSS' : sweep.finished_at === null ? 'was killed' : '';
    const text = pad(
      `${isCursor ? '›' : ' '}${pad(inUtc(sweep.started_at), 18)}${padLeft(formatBytes(sweep.bytes_freed), 10)}  ${pad(lost, 11)}${sweep.sweep_id}`,
      cells,
    );
    return isCursor ? line(span(text, 'cursor')) : line(span(text, sweep.lost_data ? 'danger' : 'plain'));
  });
  return [
    line(span(fit(` ${pad('started, UTC', 18)}${padLeft('freed', 10)}  ${pad('', 11)}sweep`, cells), 'dim')),
    ...shown,
  ];
}

export function readerFrame(state: State, reader: Reader, cells: number): Line[] {
  const { visible } = listOf(state);
  if (reader.lines.length === 0) return [line(span('Nothing to show.', 'dim'))];
  return reader.lines
    .slice(reader.place.top, reader.place.top + visible)
    .map((text) => line(fit(text, cells)));
}

const PLACES: Readonly<Record<RestorePlan['files'][number]['place'], string>> = {
  free: 'new',
  same: 'is there',
  there: 'has more',
  differs: 'DIFFERS',
};

export function restoreFrame(state: State, screen: Screen & { kind: 'restore' }, cells: number): Line[] {
  const { plan, done, place } = screen;
  const { visible } = listOf(state);
  const end =
    done !== null
      ? wrap(done, cells).map((text) => line(span(text, 'good')))
      : plan.obstacle !== null
        ? wrap(plan.obstacle, cells).map((text) => line(span(text, 'warn')))
        : [line(span('Press enter to write them.', 'title'))];
  const resume = plan.resume === '' ? [] : wrap(`Go on with: ${plan.resume}`, cells);
  const note = plan.note === null ? [] : [BLANK, ...wrap(plan.note, cells).map((text) => line(text))];
  const below = [...note, BLANK, ...end, ...resume.map((text) => line(span(text, 'dim')))];
  const above = [
    line(span(fit(`Restore ${plan.uid}`, cells), 'title')),
    ...(plan.files.length === 0
      ? []
      : [line(fit(`to ${plan.root}: ${plural(plan.files.length, 'file')}`, cells))]),
  ];
  const room = Math.max(1, Math.min(visible, bodyRows(state.size) - above.length - below.length));
  const files = plan.files.slice(place.top, place.top + room).map(({ path, place: where }) => {
    const shown = path.startsWith(plan.root) ? path.slice(plan.root.length + 1) : path;
    return line(fit(`  ${pad(PLACES[where], 9)}${shown}`, cells));
  });
  return [...above, ...files, ...below];
}

/** Every key of every context, the one that was left first. */
export function helpFrame(left: KeyContext, top: number, cells: number, rows: number): Line[] {
  const others = (Object.keys(CONTEXTS) as KeyContext[]).filter(
    (context) => context !== left && context !== 'help',
  );
  const lines = [left, ...others].flatMap((context) => {
    const keys = KEYS.filter((key) => key.in.includes(context));
    return [
      line(span(CONTEXTS[context], 'title')),
      ...keys.map((key) => line(fit(`  ${pad(key.shown, 12)}${key.does}`, cells))),
      BLANK,
    ];
  });
  const start = Math.max(0, Math.min(top, lines.length - rows));
  return lines.slice(start, start + rows);
}
