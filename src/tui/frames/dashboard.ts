/**
 * The dashboard answers in this order: is all well, what goes next and when, who takes the room. What runs and what went wrong is always
 * there; a low window has the verdict and the bars.
 */
import { formatBytes, formatCount, plural } from '../../cli/format.ts';
import { DAY_MS, msBetween } from '../../domain/time.ts';
import { bodyRows } from '../layout.ts';
import {
  BLANK,
  fit,
  flow,
  LABEL_CELLS,
  type Line,
  labelled,
  line,
  pad,
  span,
  sparkline,
  widthOf,
  wrap,
  zoneBar,
} from '../paint.ts';
import { type ScreenOf, type State, troubleOf } from '../state.ts';
import { growthADay, type Part, type Risk, type View } from '../view.ts';
import { growthChart } from './growth-chart.ts';
import { rowsOfGroups, totalsTables } from './totals-tables.ts';
import { keptUp, verdict } from './verdict.ts';
import { workText } from './work.ts';

interface Parts {
  readonly head: readonly Line[];
  readonly bars: readonly Line[];
  readonly facts: readonly Line[];
  readonly now: readonly Line[];
  /** Rows of the table without its head; 0: no table. */
  readonly tableRows: number;
  readonly isAiry: boolean;
}

function partsOf(state: State, view: View, cells: number, rows: number): Parts {
  const now = doing(state, cells).slice(0, rows);
  const low = rows < 17;
  const bars = barLines(view, cells, low);
  const whole = verdictLines(state, view, cells, low);
  const head = whole.slice(0, Math.max(1, rows - now.length - bars.length));
  const facts = rows < 12 ? [] : factLines(state, view, cells, low);
  const used = head.length + bars.length + facts.length + now.length;
  const isAiry = rows - used >= 10;
  const left = rows - used - (isAiry ? 3 : 0) - 1;
  return { head, bars, facts, now, tableRows: left < 2 ? 0 : left, isAiry };
}

/** How many groups are seen. */
export function dashboardRows(state: State): number {
  const { view, size } = state;
  if (view === null) return 1;
  const { tableRows } = partsOf(state, view, cellsOf(size.columns), bodyRows(size));
  const { screen, totals } = state;
  const groups = screen.kind === 'dashboard' ? (totals?.[screen.by] ?? []) : [];
  return Math.max(1, rowsOfGroups(groups.length, tableRows));
}

function cellsOf(columns: number): number {
  return Math.min(columns, 160) - 2;
}

export function dashboard(
  state: State,
  view: View,
  { by, place }: Pick<ScreenOf<'dashboard'>, 'by' | 'place'>,
  cells: number,
  rows: number,
): Line[] {
  const { head, bars, facts, now, tableRows, isAiry } = partsOf(state, view, cells, rows);
  const gap = isAiry ? [BLANK] : [];
  const tables = tableRows === 0 ? [] : totalsTables(state, view, by, place, cells, tableRows + 1);
  const middle = charted(tables, view, cells);
  const shown = [...head, ...gap, ...bars, ...gap, ...middle, ...gap, ...facts, ...now];
  // What runs and what went wrong is there at any height.
  return shown.length <= rows ? shown : [...shown.slice(0, rows - now.length), ...now];
}

/** Below short tables, where they leave room for it, what the last days brought. */
function charted(tables: readonly Line[], view: View, cells: number): readonly Line[] {
  const end = tables.findLastIndex((one) => one.length > 0) + 1;
  const chart = growthChart(view, cells, tables.length - end - 1);
  if (chart.length === 0) return tables;
  const filled = [...tables.slice(0, end), BLANK, ...chart];
  return [...filled, ...tables.slice(filled.length)];
}

/** In a low window without what only reassures, where there is something else to say. */
function verdictLines(state: State, view: View, cells: number, low: boolean): Line[] {
  const all = verdict(view, state);
  const grave = all.filter(({ sign }) => sign !== ' ');
  return (low ? grave : all).flatMap(({ sign, text, tone }) =>
    wrap(text, cells - 2).map((part, i) => line(span(`${i === 0 ? sign : ' '} ${part}`, tone))),
  );
}

const OVER_CAP = 'Digests are over their cap, worth a review: `session-memory curate`.';

/** The tiers go by the names that `status` has. */
const BAR_LABEL_CELLS = 18;

/** Both tiers on one scale each, then what the marks and the parts are. */
function barLines(view: View, cells: number, low: boolean): Line[] {
  const { rawSoftCapBytes: soft, rawHardCapBytes: hard, distilledCapBytes } = view.limits;
  const barCells = Math.max(10, cells - BAR_LABEL_CELLS - 27);
  const over = view.tier1Bytes > hard ? ', over' : view.tier1Bytes > soft ? ', over soft' : '';
  const raw = ` ${formatBytes(view.tier1Bytes)} of ${formatBytes(hard)}${over}`;
  const tone = view.tier1Bytes > hard ? 'danger' : view.tier1Bytes > soft ? 'warn' : 'plain';
  const isOver = view.tier2Bytes > distilledCapBytes;
  const digests = ` ${formatBytes(view.tier2Bytes)} of ${formatBytes(distilledCapBytes)}${isOver ? ': over' : ''}`;
  const zones = { softBytes: soft, hardBytes: hard, scaleBytes: Math.max(hard * 1.04, view.tier1Bytes, 1) };
  const cap = { softBytes: distilledCapBytes, hardBytes: distilledCapBytes };
  const tier2 = { ...cap, scaleBytes: Math.max(distilledCapBytes * 1.04, view.tier2Bytes, 1) };
  const counts = countLines(view, cells, low);
  return [
    line(
      span(pad('Tier 1 · raw', BAR_LABEL_CELLS), 'dim'),
      ...zoneBar(view.tier1Bytes, zones, barCells),
      span(fit(raw, 27), tone),
    ),
    line(
      span(pad('Tier 2 · digests', BAR_LABEL_CELLS), 'dim'),
      ...zoneBar(view.tier2Bytes, tier2, barCells),
      span(fit(digests, 27), isOver ? 'warn' : 'plain'),
    ),
    ...(isOver ? [line(span(fit(OVER_CAP, cells), 'warn'))] : []),
    ...(low ? counts : [legend(soft, hard, cells), ...counts]),
  ];
}

function legend(soft: number, hard: number, cells: number): Line {
  const text = `│ soft cap ${formatBytes(soft)}   ┃ hard cap ${formatBytes(hard)}; digests stay`;
  return line(pad('', BAR_LABEL_CELLS), span(fit(text, cells - BAR_LABEL_CELLS), 'dim'));
}

/** In a low window on one line: without the bytes, where all of it would not fit. */
function countLines(view: View, cells: number, low: boolean): Line[] {
  const parts = (withBytes: boolean) => [
    `analyzed ${withBytes ? partText(view.analyzed) : formatCount(view.analyzed.sessions)}`,
    `un-analyzed ${withBytes ? partText(view.unanalyzed) : formatCount(view.unanalyzed.sessions)}`,
    `pinned ${formatCount(view.pinned)}`,
    `evicted ${formatCount(view.evicted)}`,
  ];
  const ways = [flow(parts(true), cells, 0), flow(parts(true), cells, 0, '  ')];
  if (low) ways.push(flow(parts(false), cells, 0, '  '));
  const shown = ways.find((lines) => lines.length === 1) ?? ways.at(-1) ?? [];
  return (low ? shown.slice(0, 1) : shown).map((text) => line(text));
}

function factLines(state: State, view: View, cells: number, low: boolean): Line[] {
  const room = cells - LABEL_CELLS;
  const risks = low ? riskInALine(view, room) : view.atRisk.flatMap((risk) => riskLines(risk, view, room));
  const growth = labelled(
    'Growth',
    (low ? growthText(view).slice(-1) : flow(growthText(view), room)).slice(0, 2),
    cells,
  );
  return [
    ...riskPart(risks.slice(0, 6), view, cells),
    ...growth.map(fact),
    ...lastLines(state, view, cells, low),
  ];
}

/** What is behind a label is what one reads. */
function fact(text: string): Line {
  return line(span(text.slice(0, LABEL_CELLS), 'dim'), text.slice(LABEL_CELLS));
}

/** What is all stored is in no danger, whoever deletes it. */
function riskPart(risks: readonly string[], view: View, cells: number): Line[] {
  if (risks.length === 0)
    return labelled('At risk', ['nothing that an agent deletes within a week'], cells).map((text) =>
      line(span(text, 'dim')),
    );
  const isStored = view.atRisk.every(({ notStored }) => notStored === 0);
  return labelled('At risk', risks, cells).map((text) => (isStored ? fact(text) : line(span(text, 'warn'))));
}

function riskLines(risk: Risk, view: View, room: number): string[] {
  return flow(
    [going(risk.sessions, whenGone(risk, view)), `by ${risk.agent}'s cleanup;`, notStored(risk.notStored)],
    room,
    0,
    ' ',
  );
}

/** All agents' in one sentence; where that is too long, how many and whether they are stored, which matters most. */
function riskInALine(view: View, room: number): string[] {
  const [first, ...others] = view.atRisk;
  if (first === undefined) return [];
  const sum = (of: (risk: Risk) => number) => view.atRisk.reduce((total, risk) => total + of(risk), 0);
  const sessions = sum((risk) => risk.sessions);
  const stored = notStored(sum((risk) => risk.notStored));
  const whole =
    others.length === 0
      ? riskLines(first, view, Number.POSITIVE_INFINITY)
      : [
          `${going(sessions, 'within a week')} by ${formatCount(view.atRisk.length)} agents' cleanup; ${stored}`,
        ];
  const isWhole = whole.every((text) => widthOf(text) <= room);
  return isWhole
    ? whole
    : [`${formatCount(sessions)} ${sessions === 1 ? 'goes' : 'go'} within a week, ${stored}`];
}

function going(sessions: number, when: string): string {
  return sessions === 1
    ? `1 session goes ${when},`
    : `${formatCount(sessions)} sessions go, the first ${when},`;
}

function whenGone({ firstAt }: Risk, view: View): string {
  return firstAt === null ? 'within a week' : inDays(msBetween(view.now, firstAt));
}

function notStored(sessions: number): string {
  return sessions === 0 ? 'all stored' : `${formatCount(sessions)} not stored yet`;
}

function inDays(ms: number): string {
  if (ms <= 0) return 'at its next start';
  const days = ms / DAY_MS;
  return days < 1 ? 'within a day' : `in ${Math.floor(days)} day${Math.floor(days) === 1 ? '' : 's'}`;
}

function growthText(view: View): string[] {
  if (view.growth === null) return ['adding it up…'];
  if (view.growth.length === 0) return ['nothing yet'];
  const aDay = growthADay(view.growth);
  const spark = sparkline(view.growth);
  const today = view.growth.at(-1) ?? 0;
  if (aDay < 1)
    return [
      spark,
      today > 0 ? `+${formatBytes(today)} today, nothing in the week before` : 'nothing in the last week',
    ];
  const left = view.limits.rawSoftCapBytes - view.tier1Bytes;
  const days = Math.ceil(left / aDay);
  const when =
    left <= 0
      ? 'over the soft cap now'
      : days > 3650
        ? 'soft cap years away'
        : isHeldByAge(view, days, aDay)
          ? 'the age limit comes first'
          : `soft cap in about ${plural(days, 'day')}`;
  return [spark, `+${formatBytes(aDay)} a day · ${when}`];
}

/** Before the cap would be reached, all that is stored now has reached the age limit, and what comes until then fits. */
function isHeldByAge(
  { limits: { rawMaxAgeDays, rawSoftCapBytes } }: View,
  days: number,
  aDay: number,
): boolean {
  return rawMaxAgeDays !== 'off' && days > rawMaxAgeDays && aDay * rawMaxAgeDays <= rawSoftCapBytes;
}

/** The last sweep, or that there was none, and what keeps the store up. */
function lastLines({ schedule }: State, view: View, cells: number, low: boolean): Line[] {
  const { lastSweep: last } = view;
  const room = cells - LABEL_CELLS;
  const up = `kept up by: ${keptUp(schedule)}`;
  const parts =
    last === null
      ? ['none yet', up]
      : [`${last.at.slice(0, 16).replace('T', ' ')} UTC`, `freed ${formatBytes(last.freedBytes)}`, up];
  if (last?.lost !== true) {
    const texts = flow(parts, room, 0, ' · ');
    return labelled('Last sweep', low ? texts.slice(0, 1) : texts, cells).map(fact);
  }
  const text = parts.slice(0, 2).join(' · ');
  const lost = ' · DATA LOSS';
  return [
    line(span(pad('Last sweep', LABEL_CELLS), 'dim'), fit(text, room - lost.length), span(lost, 'danger')),
  ];
}

const STOPPING = 'Stopping: the session at hand is finished first.';

function doing(state: State, cells: number): Line[] {
  const lines: Line[] = [];
  const text = activityText(state, cells);
  if (text !== null) lines.push(line(span(fit(text, cells), 'good')));
  else if (state.news !== null) {
    // Its end says what to do next.
    const [first = '', ...more] = wrap(state.news, cells);
    const texts = more.length === 0 ? [first] : [first, fit(more.join(' '), cells)];
    lines.push(...texts.map((part) => line(span(part, 'dim'))));
  }
  return [...lines, ...troubleLines(troubleOf(state), cells)];
}

/** At most two lines: the way out stands at the end of an error. */
export function troubleLines(trouble: string | null, cells: number): Line[] {
  if (trouble === null) return [];
  const [first = '', ...more] = wrap(`Trouble: ${trouble}`, cells);
  const texts = more.length === 0 ? [first] : [first, fit(more.join(' '), cells)];
  return texts.map((text) => line(span(text, 'danger')));
}

/** One line about what runs in the background; null: nothing. */
export function activityText(
  { activity, stoppingWork }: Pick<State, 'activity' | 'stoppingWork'>,
  cells: number,
): string | null {
  if (stoppingWork) return STOPPING;
  switch (activity.kind) {
    case 'idle':
      return null;
    case 'looking':
      return 'Looking for new bytes…';
    case 'analyzing':
      return workText('Making digests', activity, cells);
    case 'ingesting': {
      // Files that grow while they are read have more in them than was counted.
      const bytes = { done: activity.readBytes, total: Math.max(activity.totalBytes, activity.readBytes) };
      return workText('Ingesting', activity, cells, bytes);
    }
    default:
      return activity satisfies never;
  }
}

function partText(part: Part): string {
  return `${formatCount(part.sessions)} · ${formatBytes(part.bytes)}`;
}
