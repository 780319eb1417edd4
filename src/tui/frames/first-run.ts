/** First run: what was found on this machine, what storing it would take, and one key to go. */
import { formatBytes, formatCount, plural } from '../../cli/format.ts';
import { BLANK, fit, flow, type Line, line, pad, padLeft, span, wrap } from '../paint.ts';
import type { FoundHere, State } from '../state.ts';
import { activityText } from './dashboard.ts';

/** What recorded transcripts shrink to, by and large. Only for the estimate. */
const USUAL_RATIO = 7;

export function firstRun(state: State, found: FoundHere | null, cells: number, rows: number): Line[] {
  const lines: Line[] = [
    line(span('Nothing is stored yet.', 'title')),
    ...wrap(
      'session-memory keeps the transcripts of coding agents: raw and compressed under a budget, a small digest of each for good.',
      cells,
    ).map((text) => line(text)),
    BLANK,
    ...(found === null ? [line('Looking for agents on this machine…')] : foundLines(state, found, cells)),
  ];
  const doing = activityText(state.activity, cells);
  if (doing !== null) lines.push(BLANK, line(span(fit(doing, cells), 'good')));
  if (state.trouble !== null)
    lines.push(BLANK, line(span(fit(`Trouble: ${state.trouble}`, cells), 'danger')));
  return lines.slice(0, rows);
}

function foundLines(state: State, found: FoundHere, cells: number): Line[] {
  const sessions = found.agents.reduce((sum, agent) => sum + agent.sessions, 0);
  const rawBytes = found.agents.reduce((sum, agent) => sum + agent.rawBytes, 0);
  if (sessions === 0) {
    return [
      line('No session of any agent that this program knows was found here. Looked in'),
      ...flow(found.lookedIn, cells, 2).map((text) => line(text)),
      line('When an agent writes one, it is seen here at once.'),
    ];
  }
  const storedBytes = rawBytes / USUAL_RATIO;
  const hard = state.view?.limits.rawHardCapBytes ?? Number.POSITIVE_INFINITY;
  return [
    line('Found on this machine:'),
    ...found.agents.map((agent) => line(fit(agentText(agent), cells))),
    BLANK,
    ...wrap(
      `Storing all of it takes about ${formatBytes(storedBytes)}, compressed, of the ${formatBytes(hard)} that the hard cap allows.${
        storedBytes > hard ? ' The newest stay raw; of the others the digest stays.' : ''
      } The agents' own files are only read.`,
      cells,
    ).map((text) => line(text)),
    BLANK,
    line(span('Press enter to store them.', 'title')),
  ];
}

function agentText(agent: FoundHere['agents'][number]): string {
  const days = agent.deletesAfterDays;
  const cleanup = days === null ? 'never deletes' : `deletes after ${formatCount(Math.round(days))} days`;
  return `  ${pad(agent.name, 14)}${padLeft(plural(agent.sessions, 'session'), 15)}${padLeft(formatBytes(agent.rawBytes), 11)}   ${cleanup}`;
}
