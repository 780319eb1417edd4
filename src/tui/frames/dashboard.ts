/** The dashboard: how near the caps we are, what would happen next, what is at risk. */
import { formatBytes, formatCount, plural } from '../../cli/format.ts';
import { DAY_MS, msBetween } from '../../domain/time.ts';
import {
  BLANK,
  fit,
  flow,
  gauge,
  gaugeCaption,
  LABEL_CELLS,
  type Line,
  labelled,
  line,
  pad,
  padLeft,
  progressBar,
  sides,
  span,
  sparkline,
  wrap,
} from '../paint.ts';
import type { Activity, State } from '../state.ts';
import { growthADay, type Part, type Risk, type View } from '../view.ts';

/** The body, at most `rows` lines: parts stand apart where there is room; what runs and what went wrong is always there. */
export function dashboard(state: State, view: View, cells: number, rows: number): Line[] {
  const now = doing(state, cells).slice(0, rows);
  const room = rows - now.length;
  const whole = [tier1(view, cells), tier2(view, cells), facts(view, cells)];
  const height = (parts: readonly Line[][]) => parts.reduce((sum, part) => sum + part.length, 0);
  const parts =
    height(whole) <= room
      ? whole
      : [tier1(view, cells), tier2(view, cells).slice(0, 1), fewFacts(view, cells)];
  const shown = [...parts, ...(now.length > 0 ? [now] : [])];
  if (height(shown) > rows) return [...parts.flat().slice(0, room), ...now];
  const airy = height(shown) + shown.length - 1 <= rows;
  const body = shown.flatMap((part, i) => (airy && i > 0 ? [BLANK, ...part] : part));
  const agents = agentLines(view, cells);
  return body.length + agents.length + 1 <= rows ? [...body, BLANK, ...agents] : body;
}

function tier1(view: View, cells: number): Line[] {
  const { rawSoftCapBytes: soft, rawHardCapBytes: hard } = view.limits;
  const used = `${formatBytes(view.tier1Bytes)} of ${formatBytes(hard)}`;
  const end =
    view.tier1Bytes > hard
      ? span(`${used}, over hard cap`, 'danger')
      : view.tier1Bytes > soft
        ? span(`${used}, over soft cap`, 'warn')
        : span(used);
  return [
    sides(span('Tier 1 · raw transcripts', 'title'), end, cells),
    line(gauge(view.tier1Bytes, hard, soft, cells)),
    line(span(gaugeCaption(soft, hard, cells, formatBytes), 'dim')),
    ...counts(view, cells).map((text) => line(text)),
  ];
}

/** On one line where it fits. */
function counts(view: View, cells: number): string[] {
  const parts = [
    `analyzed ${partText(view.analyzed)}`,
    `un-analyzed ${partText(view.unanalyzed)}`,
    `pinned ${formatCount(view.pinned)}`,
    `evicted ${formatCount(view.evicted)}`,
  ];
  const apart = flow(parts, cells, 2);
  return apart.length === 1 ? apart : flow(parts, cells, 2, '  ');
}

function tier2(view: View, cells: number): Line[] {
  const { distilledCapBytes } = view.limits;
  const isOver = view.tier2Bytes > distilledCapBytes;
  const used = `${formatBytes(view.tier2Bytes)} of ${formatBytes(distilledCapBytes)}`;
  return [
    sides(
      span('Tier 2 · digests', 'title'),
      isOver ? span(`${used}: over, worth a review`, 'warn') : `${used}, alert only`,
      cells,
    ),
    line(gauge(view.tier2Bytes, distilledCapBytes, distilledCapBytes, cells)),
  ];
}

function facts(view: View, cells: number): Line[] {
  const risks = view.atRisk.flatMap((risk) => riskLines(risk, view, cells - LABEL_CELLS));
  const growth = labelled('Growth', flow(growthText(view), cells - LABEL_CELLS), cells);
  return [
    ...nextLines(view, cells),
    ...riskPart(risks, cells),
    ...growth.map((text) => line(text)),
    ...lastSweep(view, cells),
  ];
}

/** Where there is little room: risks in one sum, a loss before the growth, and no picture of that. */
function fewFacts(view: View, cells: number): Line[] {
  const last = lastSweep(view, cells);
  const growth = labelled('Growth', growthText(view).slice(-1), cells).map((text) => line(text));
  const isLost = view.lastSweep?.lost === true;
  return [
    ...nextLines(view, cells),
    ...riskPart(riskSum(view, cells - LABEL_CELLS), cells),
    ...(isLost ? last : growth),
    ...(isLost ? growth : last),
  ];
}

function nextLines(view: View, cells: number): Line[] {
  const room = cells - LABEL_CELLS;
  const next = labelled('Next sweep', flow(nextSweep(view), room), cells).map((text) => line(text));
  if (view.worstCaseLoss === 0) return next;
  const worst = `at worst ${plural(view.worstCaseLoss, 'session')} lost without a digest`;
  return [...next, line(pad('', LABEL_CELLS), span(fit(worst, room), 'danger'))];
}

function riskPart(risks: readonly string[], cells: number): Line[] {
  const isSafe = risks.length === 0;
  const texts = isSafe ? ['nothing that an agent deletes within a week'] : risks;
  return labelled('At risk', texts, cells).map((text) => line(span(text, isSafe ? 'dim' : 'warn')));
}

function nextSweep(view: View): string[] {
  return view.next.map(({ pass, sessions, bytes }) => {
    if (pass === 'overflow') {
      if (view.toAnalyze === 0 && view.worstCaseLoss === 0) return 'overflow not reached';
      return `overflow ${formatCount(view.toAnalyze)} to analyze`;
    }
    return sessions === 0
      ? `${pass} nothing`
      : `${pass} ${plural(sessions, 'session')} · ${formatBytes(bytes)}`;
  });
}

function riskLines(risk: Risk, view: View, room: number): string[] {
  return flow(
    [going(risk.sessions, whenGone(risk, view)), `by ${risk.agent}'s cleanup;`, notStored(risk.notStored)],
    room,
    0,
    ' ',
  );
}

/** All agents' in one sentence. */
function riskSum(view: View, room: number): string[] {
  const [first, ...others] = view.atRisk;
  if (first === undefined) return [];
  if (others.length === 0) return riskLines(first, view, room);
  const sum = (of: (risk: Risk) => number) => view.atRisk.reduce((total, risk) => total + of(risk), 0);
  const agents = `by ${formatCount(view.atRisk.length)} agents' cleanup;`;
  const text = going(
    sum(({ sessions }) => sessions),
    'within a week',
  );
  return flow([text, agents, notStored(sum((risk) => risk.notStored))], room, 0, ' ');
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
  if (view.growth.length === 0) return ['nothing yet'];
  const aDay = growthADay(view.growth);
  const spark = sparkline(view.growth);
  if (aDay < 1) return [spark, 'nothing in the last week'];
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

function lastSweep(view: View, cells: number): Line[] {
  const { lastSweep: last } = view;
  if (last === null) return [];
  const text = `${last.at.slice(0, 16).replace('T', ' ')} UTC · freed ${formatBytes(last.freedBytes)}`;
  if (!last.lost) return labelled('Last sweep', [text], cells).map((shown) => line(shown));
  const room = cells - LABEL_CELLS - ' · DATA LOSS'.length;
  return [line(pad('Last sweep', LABEL_CELLS), fit(text, room), span(' · DATA LOSS', 'danger'))];
}

function doing(state: State, cells: number): Line[] {
  const lines: Line[] = [];
  const text = activityText(state.activity, cells);
  if (text !== null) lines.push(line(span(fit(text, cells), 'good')));
  else if (state.news !== null) lines.push(line(span(fit(state.news, cells), 'dim')));
  return [...lines, ...troubleLines(state.trouble ?? state.overheard, cells)];
}

/** At most two lines: the way out stands at the end of an error. */
export function troubleLines(trouble: string | null, cells: number): Line[] {
  if (trouble === null) return [];
  const [first = '', ...more] = wrap(`Trouble: ${trouble}`, cells);
  const texts = more.length === 0 ? [first] : [first, fit(more.join(' '), cells)];
  return texts.map((text) => line(span(text, 'danger')));
}

/** One line about what runs in the background; null: nothing. */
export function activityText(activity: Activity, cells: number): string | null {
  switch (activity.kind) {
    case 'idle':
      return null;
    case 'looking':
      return 'Looking for new bytes…';
    case 'analyzing':
      return 'Making digests of what has been quiet for two minutes…';
    case 'ingesting': {
      const share = activity.totalBytes === 0 ? 1 : activity.readBytes / activity.totalBytes;
      const text = ` ${formatCount(activity.done)} of ${plural(activity.total, 'session')} · ${formatBytes(activity.readBytes)} of ${formatBytes(activity.totalBytes)}`;
      const room = Math.max(5, Math.min(30, cells - text.length - 12));
      return `Ingesting ${progressBar(share, room)}${text}`;
    }
    default:
      return activity satisfies never;
  }
}

function partText(part: Part): string {
  return `${formatCount(part.sessions)} · ${formatBytes(part.bytes)}`;
}

function agentLines(view: View, cells: number): Line[] {
  const head = agentRow(['Agent', 'live', 'stored', 'un-analyzed', 'evicted'], cells);
  return [
    line(span(head, 'dim')),
    ...view.byAgent.map(({ agent, live, unanalyzed, evicted }) =>
      line(
        agentRow(
          [
            agent,
            formatCount(live.sessions),
            formatBytes(live.bytes),
            formatCount(unanalyzed),
            formatCount(evicted),
          ],
          cells,
        ),
      ),
    ),
  ];
}

function agentRow(cols: readonly [string, string, string, string, string], cells: number): string {
  const [agent, ...counts] = cols;
  return fit(pad(agent, 20) + counts.map((count) => padLeft(count, 13)).join(''), cells);
}
