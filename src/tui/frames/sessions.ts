/** The list of sessions: what it is filtered by, its rows with their signs, and what is known of the one under the cursor. */
import { formatAge, formatBytes, formatCount, plural } from '../../cli/format.ts';
import type { SessionRow } from '../../domain/session.ts';
import { plainLine } from '../../domain/text.ts';
import { isLive, type Sort } from '../catalogue.ts';
import { lastPart, parseFilter, questionOf } from '../filter.ts';
import { bodyRows } from '../layout.ts';
import { typedSpans } from '../line-edit.ts';
import {
  BLANK,
  fit,
  type Line,
  line,
  pad,
  padLeft,
  type Span,
  sides,
  span,
  type Tone,
  wrap,
} from '../paint.ts';
import type { Sessions, Size, State } from '../state.ts';
import type { TotalsGroup } from '../totals.ts';
import type { View } from '../view.ts';
import { peeked } from './session-told.ts';

/** From so many on the preview stands at the right of the list, below that under it. */
const BESIDE_COLUMNS = 130;
const LIST_CELLS = 82;
/** Summary, filter, the list's head. */
const HEAD_ROWS = 3;
/** A line, and what is told under it. */
const BELOW_ROWS = 8;
const LEGEND_ROWS = 1;

function isBeside({ columns }: Size): boolean {
  return columns >= BESIDE_COLUMNS;
}

function belowRows(size: Size): number {
  if (isBeside(size) || size.rows < 22) return 0;
  return BELOW_ROWS + Math.max(0, Math.floor((size.rows - 24) / 3));
}

export function sessionsRows(size: Size): number {
  const legend = size.rows < 20 ? 0 : LEGEND_ROWS;
  return Math.max(1, bodyRows(size) - HEAD_ROWS - belowRows(size) - legend);
}

/** Cells for what is told of a session beside its row; 0: there is no room. */
export function peekColumns(size: Size): number {
  if (isBeside(size)) return Math.min(size.columns, 160) - 2 - LIST_CELLS - 2;
  return belowRows(size) === 0 ? 0 : size.columns - 2;
}

export function sessionsFrame(
  state: State,
  view: View,
  sessions: Sessions,
  cells: number,
  rows: number,
): Line[] {
  const { size } = state;
  if (sessions.catalogue === null) {
    // Where the list cannot be read, why is all there is to show.
    const texts = wrap(sessions.notice ?? 'Reading the list of sessions…', cells);
    return texts.map((text) => line(span(text, sessions.notice === null ? 'plain' : 'warn')));
  }
  const beside = isBeside(size);
  const listCells = beside ? LIST_CELLS : cells;
  const head = [summary(sessions, cells), filterLine(sessions, state.fromEnd, cells)];
  const list =
    sessions.groups === null
      ? sessionList(state, view, sessions, listCells)
      : groupList(state, sessions, listCells);
  const legend = size.rows < 20 ? [] : [line(span(fit(legendOf(cells), cells), 'dim'))];
  if (beside) {
    const room = rows - head.length - legend.length;
    const told = peeked(view, sessions, peekColumns(size), room);
    const pane = filled(list, room).map((left, i) => joined(left, told[i] ?? BLANK, listCells));
    return [...head, ...pane, ...legend];
  }
  const below = belowRows(size);
  if (below === 0) return [...head, ...filled(list, rows - head.length - legend.length), ...legend];
  const told = peeked(view, sessions, cells, below - 1);
  const title = told[0] ?? BLANK;
  return [
    ...head,
    ...filled(list, sessionsRows(size) + 1),
    line(span('─'.repeat(cells), 'dim')),
    ...filled([title, ...told.slice(1)], below - 1),
    ...legend,
  ];
}

/** The widest that fits: a sign that stands in the list is explained in any case. */
const LEGENDS = [
  '● marked   P pinned   ✗ digest only   ! its agent deletes it within a week   ? no digest',
  '● marked   P pinned   ✗ digest only   ! deleted in a week   ? no digest',
  '● marked P pinned ✗ digest only ! goes soon ? no digest',
] as const;

function legendOf(cells: number): string {
  return LEGENDS.find((text) => Bun.stringWidth(text) <= cells) ?? LEGENDS[2];
}

function filled(lines: readonly Line[], rows: number): Line[] {
  return Array.from({ length: Math.max(0, rows) }, (_, i) => lines[i] ?? BLANK);
}

/** Two columns, each in its own cells. */
function joined(left: Line, right: Line, leftCells: number): Line {
  const width = left.reduce((sum, { text }) => sum + Bun.stringWidth(text), 0);
  return [...left, span(' '.repeat(Math.max(0, leftCells - width))), span('│ ', 'dim'), ...right];
}

function summary(sessions: Sessions, cells: number): Line {
  if (sessions.groups !== null) return groupSummary(sessions, sessions.groups, cells);
  const { catalogue, shown, marked, searched, place } = sessions;
  const total = catalogue?.ids.length ?? 0;
  const isFiltered = sessions.typed.trim() !== '';
  const count = isFiltered
    ? `${formatCount(shown.length)} of ${plural(total, 'session')}`
    : plural(total, 'session');
  const order = `by ${ORDERS[sortName(sessions)]}${sessions.reversed ? ', reversed' : ''}`;
  const isCrowded = cells < 76 || (marked.size > 0 && cells < 100);
  const bytes = isCrowded ? '' : `${formatBytes(shownBytes(sessions))} stored   `;
  const searching = searched !== null && searched < 1 ? `, searching ${Math.floor(searched * 100)} %` : '';
  const marks =
    marked.size === 0
      ? ''
      : `${formatCount(marked.size)} marked, ${formatBytes(bytesOf(sessions, marked))}   `;
  const at = shown.length > 0 ? `row ${formatCount(place.cursor + 1)} of ${formatCount(shown.length)}` : '';
  return sides(span(`${count}${searching}, ${order}`, 'title'), `${marks}${bytes}${at}`, cells);
}

/** Of what is shown, as the budget counts it. */
function shownBytes({ catalogue, shown }: Sessions): number {
  if (catalogue === null) return 0;
  let bytes = 0;
  for (const row of shown) if (isLive(catalogue.flags[row] ?? 0)) bytes += catalogue.storedBytes[row] ?? 0;
  return bytes;
}

function groupSummary({ shown }: Sessions, groups: NonNullable<Sessions['groups']>, cells: number): Line {
  const { list, place } = groups;
  const bytes = list.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  const counted = `${plural(list.length, 'project')}, ${plural(shown.length, 'session')}`;
  const at = list.length > 0 ? `row ${formatCount(place.cursor + 1)} of ${formatCount(list.length)}` : '';
  return sides(span(`${counted}, ${formatBytes(bytes)} stored`, 'title'), at, cells);
}

const ORDERS = {
  newest: 'newest',
  stored: 'size',
  next: 'what goes next',
  best_match: 'best match',
  agent: 'agent',
  project: 'project',
  title: 'title',
  state: 'state',
} as const;

function sortName({ sort, found }: Sessions): keyof typeof ORDERS {
  return sort ?? (found === null ? 'newest' : 'best_match');
}

function bytesOf({ catalogue, shown }: Sessions, ids: ReadonlySet<number>): number {
  if (catalogue === null) return 0;
  let bytes = 0;
  let left = ids.size;
  // What is marked is mostly among what is shown; the whole list is looked through only for the rest.
  const add = (row: number) => {
    if (!ids.has(catalogue.ids[row] ?? -1)) return;
    left -= 1;
    if (isLive(catalogue.flags[row] ?? 0)) bytes += catalogue.storedBytes[row] ?? 0;
  };
  for (const row of shown) add(row);
  if (left === 0) return bytes;
  bytes = 0;
  for (let row = 0; row < catalogue.ids.length; row += 1) add(row);
  return bytes;
}

const WORDS = 'project: agent: state: risk: next: >1MB <30d pinned';

function filterLine(sessions: Sessions, fromEnd: number, cells: number): Line {
  const { typed, editing, notice } = sessions;
  if (notice !== null) return line(span(fit(notice, cells), 'warn'));
  const answer = answerText(sessions);
  if (!editing && typed === '')
    return sides(
      span('/ filters, and searches what was said and done', 'dim'),
      span(cells < 76 ? '' : WORDS, 'dim'),
      cells,
    );
  const room = cells - 4;
  const right = span(fit(answer ?? (cells < 100 ? '' : WORDS), Math.floor(room / 2)), 'dim');
  const typedCells = Math.max(10, room - Bun.stringWidth(right.text) - 2);
  const shown = editing
    ? typedSpans({ text: typed, fromEnd }, typedCells + 1)
    : [span(fit(typed, typedCells), 'title')];
  const left: Span[] = [span('/ ', 'key'), ...shown];
  const used = left.reduce((sum, { text }) => sum + Bun.stringWidth(text), 0);
  const gap = cells - used - Bun.stringWidth(right.text);
  return gap < 2 ? left : [...left, span(' '.repeat(gap)), right];
}

/** What the index says of the words. */
function answerText({ found, typed }: Sessions): string | null {
  if (found === null) return null;
  const { result } = found;
  if (result.suggestion !== null && result.hits.length === 0)
    return `Did you mean: ${plainLine(result.suggestion)} (tab)`;
  if (found.text !== questionOf(parseFilter(typed))) return null;
  const parts = [
    ...result.meant.map(({ typed: wrong, word }) => `${plainLine(word)} for ${plainLine(wrong)}`),
    ...(result.leftOut.length > 0 ? [`without ${result.leftOut.map(plainLine).join(' ')}`] : []),
    ...(result.isRelaxed ? ['not side by side'] : []),
    ...(result.notIndexed > 0 ? [`${formatCount(result.notIndexed)} more are being indexed`] : []),
  ];
  return parts.length === 0 ? null : parts.join(', ');
}

interface ColumnCells {
  readonly project: number;
  readonly agent: number;
}

/** A narrow window leaves the agent out. */
function columnsOf(cells: number): ColumnCells {
  return { agent: cells < 70 ? 0 : 11, project: cells < 70 ? 11 : 14 };
}

function cols(
  [stored, age, agent, project, title]: readonly [string, string, string, string, string],
  cells: number,
): string {
  const room = columnsOf(cells);
  return [
    padLeft(stored, 9),
    padLeft(age, 6),
    ...(room.agent === 0 ? [] : [pad(agent, room.agent)]),
    pad(project, room.project),
    title,
  ].join(' ');
}

function sessionList(state: State, view: View, sessions: Sessions, cells: number): Line[] {
  const { catalogue, shown, place, rows, marked, anchor } = sessions;
  const visible = sessionsRows(state.size);
  const arrow = sessions.reversed ? '↑' : '↓';
  const name = (sort: Sort, text: string) => (sortName(sessions) === sort ? `${text} ${arrow}` : text);
  const heads = [
    name('stored', 'stored'),
    name('newest', 'age'),
    name('agent', 'agent'),
    name('project', 'project'),
    name('title', 'title'),
  ] as const;
  const head = line(span(fit(`   ${cols(heads, cells - 4)}`, cells), 'dim'));
  if (shown.length === 0) return [head, ...nothing(sessions, cells)];
  const lines = Array.from(shown.subarray(place.top, place.top + visible), (row, i) => {
    const id = catalogue?.ids[row] ?? -1;
    const session = rows.get(id);
    const at = place.top + i;
    // It is being read.
    if (session === undefined) return line(span(`${at === place.cursor ? '›' : ' '}  …`, 'dim'));
    const isInRange =
      anchor !== null && at >= Math.min(anchor, place.cursor) && at <= Math.max(anchor, place.cursor);
    const isMarked = marked.has(id) || isInRange;
    return sessionLine(session, {
      cells,
      now: view.now,
      isCursor: at === place.cursor,
      sign: signOf(session, (catalogue?.atRisk[row] ?? 0) === 1),
      isMarked,
    });
  });
  return [head, ...lines];
}

interface RowLook {
  readonly cells: number;
  readonly now: View['now'];
  readonly isCursor: boolean;
  readonly isMarked: boolean;
  readonly sign: string;
}

function sessionLine(session: SessionRow, { cells, now, isCursor, isMarked, sign }: RowLook): Line {
  // `[imported]`: of a stranger's archive; a machine's name: it is there, and told of here. Its own title cannot take the mark away.
  const from = session.origin === null ? '' : '[imported] ';
  const on = session.machine === undefined ? '' : `[${plainLine(session.machine)}] `;
  const title = `${from}${on}${session.title ?? session.uid}`;
  const text = cols(
    [
      formatBytes(session.state === 'evicted' ? 0 : session.storedBytes),
      formatAge(session.endedAt ?? session.startedAt ?? session.ingestedAt, now),
      session.agent,
      lastPart(session.project ?? '') || '-',
      title,
    ],
    cells - 4,
  );
  const whole = `${isCursor ? '›' : ' '}${isMarked ? '●' : sign} ${text}`;
  const tone: Tone = isCursor ? 'cursor' : isMarked ? 'title' : session.state === 'evicted' ? 'dim' : 'plain';
  return line(span(pad(whole, cells - 1), tone));
}

function signOf({ state, pinned }: SessionRow, isAtRisk: boolean): string {
  if (state === 'evicted') return '✗';
  if (pinned) return 'P';
  if (state === 'unanalyzed') return '?';
  return isAtRisk ? '!' : ' ';
}

/** What to try where there is nothing to show. */
function nothing({ typed, found, searched }: Sessions, cells: number): Line[] {
  if (typed.trim() === '') return [line('No session is stored.')];
  if (searched !== null && searched < 1) return [line(span('Searching…', 'dim'))];
  const words =
    found?.result.words.map(({ word, sessions }) => `${word} in ${plural(sessions, 'session')}`) ?? [];
  return [
    line('No session is like that. / changes the filter, esc in it shows all again.'),
    ...(words.length > 1 ? wrap(words.join(', '), cells).map((text) => line(span(text, 'dim'))) : []),
  ].map((shown) => line(...shown.map(({ text, tone }) => span(fit(text, cells), tone))));
}

function groupList(state: State, { groups }: Sessions, cells: number): Line[] {
  const { list, place } = groups ?? { list: [], place: { cursor: 0, top: 0 } };
  const nameCells = Math.min(40, cells - 36);
  const row = (cols: readonly [string, string, string, string]) =>
    `${pad(cols[0], nameCells)}${padLeft(cols[1], 11)}${padLeft(cols[2], 11)}${padLeft(cols[3], 11)}`;
  const head = line(span(fit(`  ${row(['project', 'stored', 'sessions', 'go next'])}`, cells), 'dim'));
  const rows = list.slice(place.top, place.top + sessionsRows(state.size)).map((group, i) => {
    const isCursor = place.top + i === place.cursor;
    const text = row([
      group.name,
      formatBytes(group.storedBytes),
      formatCount(group.sessions),
      goingText(group),
    ]);
    return line(span(pad(`${isCursor ? '›' : ' '} ${text}`, cells - 1), isCursor ? 'cursor' : 'plain'));
  });
  return [head, ...rows];
}

export function goingText({ going, sessions }: Pick<TotalsGroup, 'going' | 'sessions'>): string {
  return going === 0 ? '-' : going === sessions ? 'all' : formatCount(going);
}
