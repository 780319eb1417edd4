/** First run: what was found on this machine, what storing it would take, and one key to go. */
import { formatBytes, formatCount, plural } from '../../cli/format.ts';
import { isLow } from '../layout.ts';
import { BLANK, fit, flow, type Line, line, pad, padLeft, span, widthOf, wrap } from '../paint.ts';
import { type FoundHere, type State, troubleOf } from '../state.ts';
import { activityText, troubleLines } from './dashboard.ts';

/** What recorded transcripts shrink to, by and large. Only for the estimate. */
const USUAL_RATIO = 7;

/** At most `rows` lines; what storing would take, the key to go, what runs and what went wrong are always among them. */
export function firstRun(state: State, found: FoundHere | null, cells: number, rows: number): Line[] {
  const above: Line[] = [
    line(span('Nothing is stored yet.', 'title')),
    ...explained(state, cells)
      .flatMap((text) => wrap(text, cells))
      .map((text) => line(text)),
    ...(isLow(state.size) ? [] : [BLANK]),
  ];
  const end = lastLines(state, found, cells);
  const room = rows - end.length;
  const has = found?.agents.some((agent) => agent.sessions > 0) === true;
  const lines =
    found === null
      ? [...above, line('Looking for agents on this machine…')]
      : has
        ? [...above, ...foundLines(state, found, cells, room - above.length)]
        : [...above, ...nothingLines(found, cells)];
  return lines.length < room ? [...lines, BLANK, ...end] : [...lines.slice(0, room), ...end];
}

/** The three words, and the limit that takes something, before anything is stored. */
function explained({ view, size }: State, cells: number): string[] {
  const limits = view?.limits;
  if (limits === undefined) return ['session-memory keeps the transcripts of coding agents.'];
  if (isLow(size)) {
    const old =
      limits.rawMaxAgeDays === 'off' ? 'when they are too many' : `older than ${limits.rawMaxAgeDays} days`;
    return [
      `Transcripts are kept raw under a budget, a small digest of each for good. A sweep, which you start, drops raw bytes ${old}.`,
    ];
  }
  const age = limits.rawMaxAgeDays === 'off' ? '' : ` older than ${limits.rawMaxAgeDays} days, or`;
  return [
    'session-memory keeps the transcripts of coding agents in two forms.',
    `Raw: byte for byte, compressed, up to ${formatBytes(limits.rawHardCapBytes)}. Digest: what was asked, done and decided; small, kept for good.`,
    `Sweep: drops raw bytes that have a digest,${age} over ${formatBytes(limits.rawSoftCapBytes)}.${cells < 76 ? '' : ' None runs before you start one or install a schedule.'}`,
  ];
}

function lastLines(state: State, found: FoundHere | null, cells: number): Line[] {
  const doing = activityText(state, cells);
  const canStore = found?.agents.some((agent) => agent.sessions > 0) === true;
  const now =
    doing !== null
      ? [line(span(fit(doing, cells), 'good'))]
      : canStore
        ? [line(span('Press enter to store them.', 'title'))]
        : [];
  return [...now, ...troubleLines(troubleOf(state), cells)];
}

function nothingLines({ lookedFor }: FoundHere, cells: number): Line[] {
  return [
    line('No session was found here. Looked for'),
    ...flow(lookedFor, cells, 2).map((text) => line(text)),
    BLANK,
    ...wrap(
      'When an agent writes one, it is seen here at once. Transcripts that lie elsewhere: session-memory ingest FOLDER, or agents.ID.roots in the configuration.',
      cells,
    ).map((text) => line(text)),
  ];
}

/** Of agents as many as there is room for; of the others how many. */
function foundLines(state: State, { agents }: FoundHere, cells: number, rows: number): Line[] {
  const rawBytes = agents.reduce((sum, agent) => sum + agent.rawBytes, 0);
  const storedBytes = rawBytes / USUAL_RATIO;
  const hard = state.view?.limits.rawHardCapBytes ?? Number.POSITIVE_INFINITY;
  const takes = isLow(state.size)
    ? `Storing takes about ${formatBytes(storedBytes)} of the ${formatBytes(hard)} allowed.`
    : `Storing all of it takes about ${formatBytes(storedBytes)}, compressed, of the ${formatBytes(hard)} that the hard cap allows.`;
  const newest = storedBytes > hard ? ' The newest stay raw; of the others the digest stays.' : '';
  const below = wrap(`${takes}${newest} The agents' own files are only read.`, cells);
  const room = Math.max(1, rows - 2 - below.length);
  const named = agents.length <= room ? agents : agents.slice(0, room - 1);
  const others = agents.slice(named.length);
  const longest = Math.max(...agents.map(({ name }) => widthOf(name)));
  const nameCells = Math.max(14, Math.min(24, cells - 48, longest));
  return [
    line('Found on this machine:'),
    ...named.map((agent) => line(fit(agentText(agent, nameCells, cells), cells))),
    ...(others.length === 0 ? [] : [line(span(fit(othersText(others), cells), 'dim'))]),
    BLANK,
    ...below.map((text) => line(text)),
  ];
}

function othersText(others: FoundHere['agents']): string {
  const sessions = others.reduce((sum, agent) => sum + agent.sessions, 0);
  const bytes = others.reduce((sum, agent) => sum + agent.rawBytes, 0);
  return `  and ${formatCount(others.length)} more: ${plural(sessions, 'session')}, ${formatBytes(bytes)}`;
}

function agentText(agent: FoundHere['agents'][number], nameCells: number, cells: number): string {
  const days = agent.deletesAfterDays;
  const deletes = cells < 70 ? 'keeps' : 'deletes after';
  const cleanup = days === null ? 'never deletes' : `${deletes} ${formatCount(Math.round(days))} days`;
  return `  ${pad(agent.name, nameCells)}${padLeft(plural(agent.sessions, 'session'), 15)}${padLeft(formatBytes(agent.rawBytes), 11)}   ${cleanup}`;
}
