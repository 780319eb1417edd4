/** First run: what was found on this machine, what storing it would take, and one key to go. */
import { formatBytes, formatCount, plural } from '../../cli/format.ts';
import { isLow } from '../layout.ts';
import { BLANK, fit, flow, type Line, line, pad, padLeft, span, wrap } from '../paint.ts';
import { type FoundHere, type State, troubleOf } from '../state.ts';
import { activityText, troubleLines } from './dashboard.ts';

/** What recorded transcripts shrink to, by and large. Only for the estimate. */
const USUAL_RATIO = 7;

/** At most `rows` lines; the key to go, what runs and what went wrong are always among them. */
export function firstRun(state: State, found: FoundHere | null, cells: number, rows: number): Line[] {
  const lines: Line[] = [
    line(span('Nothing is stored yet.', 'title')),
    ...explained(state, cells)
      .flatMap((text) => wrap(text, cells))
      .map((text) => line(text)),
    BLANK,
    ...(found === null ? [line('Looking for agents on this machine…')] : foundLines(state, found, cells)),
  ];
  const end = lastLines(state, found, cells);
  const room = rows - end.length;
  return lines.length < room ? [...lines, BLANK, ...end] : [...lines.slice(0, room), ...end];
}

/** The three words, and the limit that takes something, before anything is stored. */
function explained({ view, size }: State, cells: number): string[] {
  const limits = view?.limits;
  if (limits === undefined || isLow(size))
    return [
      'session-memory keeps the transcripts of coding agents: raw under a budget, a small digest of each for good.',
    ];
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

function foundLines(state: State, found: FoundHere, cells: number): Line[] {
  const sessions = found.agents.reduce((sum, agent) => sum + agent.sessions, 0);
  const rawBytes = found.agents.reduce((sum, agent) => sum + agent.rawBytes, 0);
  if (sessions === 0) {
    return [
      line('No session was found here. Looked for'),
      ...flow(found.lookedFor, cells, 2).map((text) => line(text)),
      BLANK,
      ...wrap(
        'When an agent writes one, it is seen here at once. Transcripts that lie elsewhere: session-memory ingest FOLDER, or agents.ID.roots in the configuration.',
        cells,
      ).map((text) => line(text)),
    ];
  }
  const storedBytes = rawBytes / USUAL_RATIO;
  const hard = state.view?.limits.rawHardCapBytes ?? Number.POSITIVE_INFINITY;
  return [
    line('Found on this machine:'),
    ...found.agents.map((agent) => line(fit(agentText(agent, cells), cells))),
    BLANK,
    ...wrap(
      `Storing all of it takes about ${formatBytes(storedBytes)}, compressed, of the ${formatBytes(hard)} that the hard cap allows.${
        storedBytes > hard ? ' The newest stay raw; of the others the digest stays.' : ''
      } The agents' own files are only read.`,
      cells,
    ).map((text) => line(text)),
  ];
}

function agentText(agent: FoundHere['agents'][number], cells: number): string {
  const days = agent.deletesAfterDays;
  const deletes = cells < 70 ? 'keeps' : 'deletes after';
  const cleanup = days === null ? 'never deletes' : `${deletes} ${formatCount(Math.round(days))} days`;
  return `  ${pad(agent.name, 14)}${padLeft(plural(agent.sessions, 'session'), 15)}${padLeft(formatBytes(agent.rawBytes), 11)}   ${cleanup}`;
}
