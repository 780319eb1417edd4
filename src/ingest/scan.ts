/**
 * What is on this machine and not yet safe: agents, their sessions, what each agent will delete by itself and when.
 * Promises: reads no transcript that is known and unchanged; writes only the result of the scan, if told to.
 */
import { join } from 'node:path';
import { type AgentFormat, addedRoots, type Host } from '../domain/agent.ts';
import { addMs, type Clock, DAY_MS, type Iso } from '../domain/time.ts';
import type { ReadableDb } from '../store/connection.ts';
import { forgottenUids } from '../store/forget.ts';
import { KnownSources } from '../store/read-sources.ts';
import { enabledAgents } from './agents/index.ts';
import { discover, type Found, type FoundSession } from './discover.ts';
import { existingRoots, isFolder, smallText, withProjects } from './roots.ts';
import { newestMs } from './walk.ts';

export interface AgentScan {
  readonly agent: string;
  readonly name: string;
  /** What this agent's format was held against. */
  readonly proof: AgentFormat['proof'];
  readonly root: string;
  readonly sessions: number;
  readonly files: number;
  readonly raw_bytes: number;
  /** New, or grown since they were stored. */
  readonly sessions_not_stored: number;
  /** Of those, the ones that the store has in part. */
  readonly sessions_grown: number;
  /** Those that the agent deletes within `AT_RISK_DAYS`. */
  readonly sessions_at_risk: number;
  readonly at_risk_not_stored: number;
  /** Null: this agent deletes nothing by itself. */
  readonly deletes_after_days: number | null;
  /** When the first of those at risk goes; null where none is. */
  readonly first_deletion_at: Iso | null;
  readonly scanned_at: Iso;
}

/** A week: long enough to act, short enough to mean something. */
export const AT_RISK_DAYS = 7;

export async function scanAgents(
  db: ReadableDb,
  machine: Host,
  clock: Clock,
  warn: (text: string) => void,
): Promise<AgentScan[]> {
  const now = clock.now();
  const host = withProjects(machine, db);
  for (const agent of enabledAgents(host)) {
    for (const root of addedRoots(agent, host).filter((each) => !isFolder(each)))
      warn(`agents.${agent.id}.roots: ${root} is not there now; nothing is found in it until it is`);
  }
  using opened = new DisposableStack();
  const found = await discover({
    opened,
    host,
    paths: [],
    agent: null,
    known: new KnownSources(db),
    forgotten: forgottenUids(db),
    now,
    warn,
  });
  const scans = scansOf(found, host, now, (session) => session.isChanged);
  for (const agent of enabledAgents(host)) {
    const own = scans.filter((scan) => scan.agent === agent.id);
    // Whoever wrote the glob cannot see from nothing what it does not match.
    if (agent.own !== undefined && own.length > 0 && own.every(({ files }) => files === 0))
      warn(
        `agents.${agent.id}.glob: no file below ${own.map(({ root }) => root).join(', ')} matches ${agent.own.glob}`,
      );
  }
  return scans;
}

/** What a walk over all agents' folders tells; `waits`: whether a session is not stored, or not all of it. */
export function scansOf(
  found: Found,
  host: Host,
  now: Iso,
  waits: (session: FoundSession) => boolean,
): AgentScan[] {
  const nowMs = Date.parse(now);
  return existingRoots(host, enabledAgents(host)).flatMap(({ agent, root }) => {
    const sessions = found.sessions.filter((session) => session.agent === agent && session.root === root);
    // Any project might hold sessions of such an agent; most hold none.
    if (sessions.length === 0 && agent.projectRoot !== undefined) return [];
    const days = deletesAfterDays(agent, root);
    const atRisk =
      days === null ? [] : sessions.filter((session) => goesWithinDays(session, days, nowMs) <= AT_RISK_DAYS);
    const totals = found.roots.find((entry) => entry.agent === agent && entry.root === root);
    return {
      agent: agent.id,
      name: agent.name,
      proof: agent.proof,
      root,
      sessions: sessions.length,
      files: totals?.files ?? 0,
      raw_bytes: totals?.rawBytes ?? 0,
      sessions_not_stored: sessions.filter(waits).length,
      sessions_grown: sessions.filter((session) => waits(session) && isKnown(session)).length,
      sessions_at_risk: atRisk.length,
      at_risk_not_stored: atRisk.filter(waits).length,
      deletes_after_days: days,
      first_deletion_at: firstDeletion(atRisk, days, now),
      scanned_at: now,
    };
  });
}

/** Whether some of its bytes were stored before this walk. */
function isKnown(session: FoundSession): boolean {
  return session.files.some((file) => file.known !== null);
}

function firstDeletion(atRisk: readonly FoundSession[], days: number | null, now: Iso): Iso | null {
  if (days === null || atRisk.length === 0) return null;
  const soonest = atRisk.reduce(
    (least, session) => Math.min(least, goesWithinDays(session, days, Date.parse(now))),
    Number.POSITIVE_INFINITY,
  );
  return addMs(now, soonest * DAY_MS);
}

function deletesAfterDays(agent: AgentFormat, root: string): number | null {
  if (agent.retention === null) return null;
  return agent.retention.days(smallText(join(root, agent.retention.settingsFile)));
}

/** Days until the agent deletes the session, by the newest change of its files; negative where it is due. */
function goesWithinDays(session: FoundSession, days: number, nowMs: number): number {
  return days - (nowMs - newestMs(session.files)) / DAY_MS;
}
