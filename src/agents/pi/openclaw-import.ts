/**
 * How OpenClaw takes a restored transcript into its database: it imports the files that an index names, as those of its older versions.
 * Promises: needed only where the agent has such a database, or will; never in the place of an index that is there. The name in it is one of our own, so
 * that no conversation of the database is given another history.
 * Tried with OpenClaw 2026.9.6: `openclaw agent --session-id` goes on with what was taken in so.
 */
import type { AgentImport, RestoreTarget } from '../../domain/agent.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { recordsOf } from '../kit/json-lines.ts';

const ARGV = ['openclaw', 'doctor', '--session-sqlite', 'import', '--session-sqlite-all-agents'];
const WAITING = `OpenClaw keeps its sessions in a database, and an index of older ones is beside this one: run \`${ARGV.join(' ')}\`, then restore this session again.`;

export const openClawImport: AgentImport = {
  fileName: (session) => `agents/${agentOf(session)}/sessions/sessions.json`,
  content: (lines, session) => {
    const { nativeId } = session;
    const told = {
      sessionId: nativeId,
      updatedAt: Date.parse(lastTime(lines) ?? session.startedAt ?? '') || 0,
      sessionFile: `${nativeId}.jsonl`,
    };
    return `${JSON.stringify({ [`agent:${agentOf(session)}:restored:${nativeId}`]: told })}\n`;
  },
  isNeeded: (session, isThere) => {
    const agent = `agents/${agentOf(session)}`;
    const isSince = isDatabaseVersion(session.beside?.('openclaw.json') ?? '');
    if (!isSince && !isThere(`${agent}/agent/openclaw-agent.sqlite`)) return false;
    return isThere(`${agent}/sessions/sessions.json`) ? WAITING : true;
  },
  argv: () => ARGV,
};

/** Whether its settings were last written by a version that has a database: on a new machine it makes that with its first session. */
function isDatabaseVersion(settings: string): boolean {
  const [, year, month] = /"lastTouchedVersion"\s*:\s*"(\d{4})\.(\d{1,2})\./.exec(settings) ?? [];
  return Number(year) * 12 + Number(month) >= 2026 * 12 + 9;
}

/** Which of OpenClaw's agents the session is of, by where its transcript is put. */
function agentOf({ path }: RestoreTarget): string {
  return /[\\/]agents[\\/]([^\\/]+)[\\/]sessions[\\/][^\\/]+$/.exec(path ?? '')?.[1] ?? 'main';
}

function lastTime(lines: Iterable<Uint8Array>): Iso | null {
  let last: Iso | null = null;
  for (const line of lines)
    for (const { timestamp } of recordsOf(line).records) last = parseTime(timestamp) ?? last;
  return last;
}
