/** The dashboard: how near the caps we are, what would happen next, what is at risk. */
import { formatBytes, formatCount, plural } from '../../cli/format.ts';
import { DAY_MS, msBetween } from '../../domain/time.ts';
import {
  BLANK,
  fit,
  flow,
  gauge,
  gaugeCaption,
  type Line,
  labelled,
  line,
  pad,
  padLeft,
  progressBar,
  sides,
  span,
  sparkline,
} from '../paint.ts';
import type { Activity, State } from '../state.ts';
import { growthADay, type Part, type Risk, type View } from '../view.ts';

/** The body, at most `rows` lines; where there is room, parts stand apart. */
export function dashboard(state: State, view: View, cells: number, rows: number): Line[] {
  const parts: Line[][] = [tier1(view, cells), tier2(view, cells), facts(view, cells), doing(state, cells)];
  const agents = agentLines(view, cells);
  const needed = parts.reduce((sum, part) => sum + part.length, 0);
  const airy = needed + parts.length <= rows;
  const body = parts.flatMap((part, i) => (airy && i > 0 && part.length > 0 ? [BLANK, ...part] : part));
  return body.length + agents.length + 1 <= rows ? [...body, BLANK, ...agents] : body.slice(0, rows);
}

function tier1(view: View, cells: number): Line[] {
  const { rawSoftCapBytes: soft, rawHardCapBytes: hard } = view.limits;
  const used = `${formatBytes(view.tier1Bytes)} of ${formatBytes(hard)}`;
  const end =
    view.tier1Bytes > hard
      ? span(`${used}, over the hard cap`, 'danger')
      : view.tier1Bytes > soft
        ? span(`${used}, over the soft cap`, 'warn')
        : span(used);
  return [
    sides(span('Tier 1 · raw transcripts', 'title'), end, cells),
    line(gauge(view.tier1Bytes, hard, soft, cells)),
    line(span(gaugeCaption(soft, hard, cells, formatBytes), 'dim')),
    ...flow(
      [
        `analyzed ${partText(view.analyzed)}`,
        `un-analyzed ${partText(view.unanalyzed)}`,
        `pinned ${formatCount(view.pinned)}`,
        `evicted ${formatCount(view.evicted)}`,
      ],
      cells,
      2,
    ).map((text) => line(text)),
  ];
}

function tier2(view: View, cells: number): Line[] {
  const { distilledCapBytes } = view.limits;
  const isOver = view.tier2Bytes > distilledCapBytes;
  const used = `${formatBytes(view.tier2Bytes)} of ${formatBytes(distilledCapBytes)}, alert only`;
  return [
    sides(
      span('Tier 2 · digests', 'title'),
      isOver ? span(`${used}: over, worth a review`, 'warn') : used,
      cells,
    ),
    line(gauge(view.tier2Bytes, distilledCapBytes, distilledCapBytes, cells)),
  ];
}

function facts(view: View, cells: number): Line[] {
  const room = cells - 13;
  const next = labelled('Next sweep', flow(nextSweep(view), room), cells).map((text) => line(text));
  if (view.worstCaseLoss > 0)
    next.push(
      line(
        '             ',
        span(fit(`at worst ${plural(view.worstCaseLoss, 'session')} lost without a digest`, room), 'danger'),
      ),
    );
  const risks = view.atRisk.flatMap((risk) => riskLines(risk, view, room));
  const atRisk = risks.length > 0 ? risks : ['nothing that an agent deletes within a week'];
  return [
    ...next,
    ...labelled('At risk', atRisk, cells).map((text) =>
      risks.length > 0 ? line(span(text, 'warn')) : line(span(text, 'dim')),
    ),
    ...labelled('Growth', flow(growthText(view), room), cells).map((text) => line(text)),
    ...lastSweep(view, cells),
  ];
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
  const when = risk.firstAt === null ? 'within a week' : inDays(msBetween(view.now, risk.firstAt));
  const stored = risk.notStored === 0 ? 'all stored' : `${formatCount(risk.notStored)} not stored yet`;
  const first =
    risk.sessions === 1
      ? `1 session goes ${when}`
      : `${formatCount(risk.sessions)} sessions go, the first ${when}`;
  return flow([`${first}, by ${risk.agent}'s own cleanup;`, stored], room, 0, ' ');
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
        : `soft cap in about ${plural(days, 'day')}`;
  return [spark, `+${formatBytes(aDay)} a day · ${when}`];
}

function lastSweep(view: View, cells: number): Line[] {
  const { lastSweep: last } = view;
  if (last === null) return [];
  const text = `${last.at.slice(0, 16).replace('T', ' ')} UTC · freed ${formatBytes(last.freedBytes)}`;
  return last.lost
    ? [line(pad('Last sweep', 13), fit(text, cells - 13 - 12), span(' · DATA LOSS', 'danger'))]
    : labelled('Last sweep', [text], cells).map((shown) => line(shown));
}

function doing(state: State, cells: number): Line[] {
  const lines: Line[] = [];
  const text = activityText(state.activity, cells);
  if (text !== null) lines.push(line(span(fit(text, cells), 'good')));
  else if (state.news !== null) lines.push(line(span(fit(state.news, cells), 'dim')));
  if (state.trouble !== null) lines.push(line(span(fit(`Trouble: ${state.trouble}`, cells), 'danger')));
  return lines;
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
