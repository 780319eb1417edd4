/** Who takes the room: the table whose rows can be chosen, and in a wide window the other tables and the passes of the next sweep. */
import { formatBytes, formatCount } from '../../cli/format.ts';
import { BLANK, fit, type Line, line, pad, padLeft, span } from '../paint.ts';
import type { ListPlace, State } from '../state.ts';
import { GROUPINGS, type Grouping, type TotalsGroup } from '../totals.ts';
import type { View } from '../view.ts';
import { goingText } from './sessions.ts';

/** From so many cells on the other groupings stand at the right. */
const WIDE_CELLS = 128;
const LEFT_CELLS = 80;
/** A table of less says nothing. */
const TABLE_ROWS_MIN = 4;

/** Of so many rows of a table those that hold a group: where there are more groups, the last row says how many. */
export function rowsOfGroups(groups: number, rows: number): number {
  return groups > rows ? rows - 1 : rows;
}

/** Exactly `height` lines, the heads of the tables among them. */
export function totalsTables(
  state: State,
  view: View,
  by: Grouping,
  place: ListPlace,
  cells: number,
  height: number,
): Line[] {
  const groups = state.totals?.[by] ?? null;
  const wide = cells >= WIDE_CELLS;
  const leftCells = wide ? LEFT_CELLS : cells;
  const chosen = groupTable({ by, groups, place, isDamaged: state.isDamaged }, leftCells, height - 1, view);
  if (!wide || groups === null) return filled(chosen, height);
  const [first, second] = GROUPINGS.filter((one) => one !== by) as [Grouping, Grouping];
  const under = height - chosen.length - 2;
  // Where the chosen one is short, the longer of the others stands under it.
  const isUnder = under >= TABLE_ROWS_MIN;
  const left = isUnder ? [...chosen, BLANK, ...otherTable(state, first, leftCells, under, view)] : chosen;
  const right = besides(state, view, isUnder ? [second] : [second, first], cells - LEFT_CELLS - 4, height);
  return filled(left, height).map((one, i) => {
    const beside = right[i];
    if (beside === undefined) return one;
    const used = one.reduce((sum, { text }) => sum + Bun.stringWidth(text), 0);
    return [...one, span(' '.repeat(Math.max(0, LEFT_CELLS + 4 - used))), ...beside];
  });
}

function filled(lines: readonly Line[], rows: number): Line[] {
  return Array.from({ length: rows }, (_, i) => lines[i] ?? BLANK);
}

/** One that is only looked at. */
function otherTable(state: State, by: Grouping, cells: number, rows: number, view: View): Line[] {
  const groups = state.totals?.[by] ?? null;
  const place = { cursor: -1, top: 0 };
  return groupTable({ by, groups, place, isDamaged: state.isDamaged }, cells, rows, view);
}

const TITLES: Readonly<Record<Grouping, string>> = {
  project: 'By project',
  agent: 'By agent',
  age: 'By last use',
};

interface Table {
  readonly by: Grouping;
  /** Null: they are being added up. */
  readonly groups: readonly TotalsGroup[] | null;
  readonly place: ListPlace;
  /** Nothing will be added up. */
  readonly isDamaged: boolean;
}

/** A head and at most so many rows under it. */
function groupTable(
  { by, groups, place, isDamaged }: Table,
  cells: number,
  rows: number,
  view: View,
): Line[] {
  const fixed = 2 + 10 + 7 + 10 + 9;
  const nameCells = Math.min(28, Math.max(14, Math.floor((cells - fixed) / 2)));
  const barCells = Math.max(0, cells - fixed - nameCells - 2);
  const head = `  ${pad(TITLES[by], nameCells)}${padLeft('stored', 10)}  ${pad('', barCells)}${padLeft('share', 7)}${padLeft('sessions', 10)}${padLeft('go next', 9)}`;
  const top = line(span(fit(head, cells), 'dim'));
  if (groups === null || groups.length === 0)
    return [top, line(span(isDamaged ? '  cannot be read' : '  adding up…', 'dim'))];
  const visible = rowsOfGroups(groups.length, rows);
  const shown = groups.slice(place.top, place.top + visible);
  const most = Math.max(1, ...shown.map(({ storedBytes }) => storedBytes));
  const total = Math.max(1, view.tier1Bytes);
  const textOf = (group: Omit<TotalsGroup, 'filter'>) => ({
    start: `${pad(group.name, nameCells)}${padLeft(formatBytes(group.storedBytes), 10)}  `,
    end: `${padLeft(`${Math.round((100 * group.storedBytes) / total)} %`, 7)}${padLeft(formatCount(group.sessions), 10)}${padLeft(goingText(group), 9)}`,
  });
  const lines = shown.map((group, i) => {
    const { start, end } = textOf(group);
    const bar = pad(shareBar(group.storedBytes / most, barCells), barCells);
    if (i === place.cursor - place.top) return line(span(`› ${start}${bar}${end}`, 'cursor'));
    // Names and numbers are what one reads.
    return line(`  ${start}`, span(bar, 'dim'), end);
  });
  if (visible === rows) return [top, ...lines];
  const { start, end } = textOf(restOf(groups, place.top, visible));
  return [top, ...lines, line(span(`  ${start}${pad('', barCells)}${end}`, 'dim'))];
}

/** What follows, together; at the end of the list, what stands above. */
function restOf(groups: readonly TotalsGroup[], from: number, visible: number): Omit<TotalsGroup, 'filter'> {
  const below = groups.slice(from + visible);
  const rest = below.length > 0 ? below : groups.slice(0, from);
  const sum = (of: (group: TotalsGroup) => number) => rest.reduce((total, group) => total + of(group), 0);
  return {
    name: `${formatCount(rest.length)} ${below.length > 0 ? (rest.length === 1 ? 'other' : 'others') : 'above'}`,
    storedBytes: sum(({ storedBytes }) => storedBytes),
    sessions: sum(({ sessions }) => sessions),
    going: sum(({ going }) => going),
  };
}

function shareBar(share: number, cells: number): string {
  const halves = Math.max(share > 0 ? 1 : 0, Math.round(share * cells * 2));
  return '█'.repeat(Math.floor(halves / 2)) + (halves % 2 === 1 ? '▌' : '');
}

/** What other groupings say, and the passes of the next sweep, one under the other. */
function besides(
  state: State,
  view: View,
  others: readonly Grouping[],
  cells: number,
  height: number,
): Line[] {
  // The passes have their room; the tables share what is left of it.
  const each = Math.floor((height - view.next.length - 2) / others.length) - 2;
  const small = (one: Grouping) => [
    line(
      span(
        fit(
          `${pad(TITLES[one], cells - 30)}${padLeft('stored', 10)}${padLeft('sessions', 10)}${padLeft('go next', 10)}`,
          cells,
        ),
        'dim',
      ),
    ),
    ...(state.totals?.[one] ?? [])
      .slice(0, Math.max(3, each))
      .map((group) =>
        line(
          `${pad(group.name, cells - 30)}${padLeft(formatBytes(group.storedBytes), 10)}${padLeft(formatCount(group.sessions), 10)}${padLeft(goingText(group), 10)}`,
        ),
      ),
    BLANK,
  ];
  const passes = [
    line(
      span(
        fit(`${pad('The next sweep', cells - 30)}${padLeft('frees', 10)}${padLeft('sessions', 10)}`, cells),
        'dim',
      ),
    ),
    ...view.next.map(({ pass, sessions, bytes }) =>
      line(`${pad(pass, cells - 30)}${padLeft(formatBytes(bytes), 10)}${padLeft(formatCount(sessions), 10)}`),
    ),
    line(
      `${pad('to analyze first', cells - 30)}${padLeft('', 10)}${padLeft(formatCount(view.toAnalyze), 10)}`,
    ),
  ];
  return [...others.flatMap(small), ...passes];
}
