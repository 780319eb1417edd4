/**
 * What is on this machine and not yet safe: agents, their sessions, what each agent will delete by itself and when.
 * Promises: reads no transcript that is known and unchanged; writes only the result of the scan, if told to.
 */
import { join } from 'node:path';
import { agentsOf, enabledAgents } from '../../agents/registry.ts';
import { type AgentFormat, addedRoots, type Host } from '../../domain/agent.ts';
import { addMs, type Clock, DAY_MS, type Iso } from '../../domain/time.ts';
import { mayLook, mountOfRoot, refreshMounts } from '../../files/mounts.ts';
import { newestMs } from '../../files/walk.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { forgottenUids } from '../../store/forget.ts';
import { KnownSources } from '../../store/read-sources.ts';
import type { AgentScan, Unplaced } from './agent-scan.ts';
import type { DiscoverOptions } from './as-found.ts';
import { type Discovery, discover, type FoundSession } from './discover.ts';
import { unplacedIn } from './loose.ts';
import { existingRoots, isFolder, smallText, withProjects } from './roots.ts';
import { placesAway, type Visitor, visitAll } from './visits.ts';

export type { AgentScan, Unplaced } from './agent-scan.ts';

/** A week: long enough to act, short enough to mean something. */
export const AT_RISK_DAYS = 7;

export interface ScanDeps {
  readonly db: ReadableDb;
  readonly host: Host;
  readonly clock: Clock;
  readonly warn: (text: string) => void;
  readonly signal?: AbortSignal;
  /** Looks at what may never answer; absent: that is left, and named. */
  readonly visitor?: Visitor;
}

export async function scanAgents(
  db: ReadableDb,
  host: Host,
  clock: Clock,
  warn: (text: string) => void,
): Promise<AgentScan[]> {
  return (await lookAtAgents({ db, host, clock, warn })).scans;
}

/** `scans` of all that is here; `unplaced` only where it is wanted: each such file is opened. */
export async function lookAtAgents(
  deps: ScanDeps,
  wantsUnplaced = false,
): Promise<{ scans: AgentScan[]; unplaced: Unplaced[] }> {
  refreshMounts();
  const host = withProjects(deps.host, deps.db, enabledAgents(deps.host));
  const agents = enabledAgents(host);
  const { scans, unplaced } = await scanHere(deps, host, wantsUnplaced);
  const visits = await visitAll(deps.visitor ?? null, placesAway(host, agents, []), (visitor, { mount }) =>
    visitor.scan(mount, wantsUnplaced, deps.signal),
  );
  for (const text of [...visits.results.flatMap(({ warnings }) => warnings), ...visits.warnings])
    deps.warn(text);
  const all = [...scans, ...visits.results.flatMap((visit) => visit.scans)];
  for (const agent of agents) {
    const own = all.filter((scan) => scan.agent === agent.id);
    // Whoever wrote the glob cannot see from nothing what it does not match.
    if (agent.own !== undefined && own.length > 0 && own.every(({ files }) => files === 0))
      deps.warn(
        `agents.${agent.id}.glob: no file below ${own.map(({ root }) => root).join(', ')} matches ${agent.own.glob}`,
      );
  }
  return { scans: all, unplaced: [...unplaced, ...visits.results.flatMap((visit) => visit.unplaced)] };
}

/** What this process may look at. */
export async function scanHere(
  { db, clock, warn }: ScanDeps,
  host: Host,
  wantsUnplaced: boolean,
): Promise<{ scans: AgentScan[]; unplaced: Unplaced[] }> {
  const now = clock.now();
  for (const agent of enabledAgents(host)) {
    const added = addedRoots(agent, host).filter((root) => mayLook(mountOfRoot(agent, root)));
    for (const root of added.filter((each) => !isFolder(each)))
      warn(`agents.${agent.id}.roots: ${root} is not there now; nothing is found in it until it is`);
  }
  using opened = new DisposableStack();
  const known = new KnownSources(db);
  const options: DiscoverOptions = {
    ...{
      opened,
      host,
      paths: [],
      agent: null,
      agents: agentsOf(host),
      known,
      forgotten: forgottenUids(db),
      now,
      warn,
    },
  };
  const found = await discover(options);
  const unplaced: Unplaced[] = [];
  for (const place of wantsUnplaced ? existingRoots(host, enabledAgents(host)) : []) {
    const { transcripts, others } = await unplacedIn(place, agentsOf(host), options);
    if (transcripts.length === 0 && others === 0) continue;
    const paths = transcripts.map(({ path }) => path);
    unplaced.push({ agent: place.agent.id, root: place.root, transcripts: paths, other_files: others });
  }
  return { scans: scansOf(found, host, now, (session) => session.isChanged), unplaced };
}

/** What a walk over all agents' folders tells; `waits`: whether a session is not stored, or not all of it. */
export function scansOf(
  found: Discovery,
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
