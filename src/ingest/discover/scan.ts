/**
 * What is on this machine and not yet safe: agents, their sessions, what each agent will delete by itself and when.
 * Promises: reads no transcript that is known and unchanged; writes only the result of the scan, if told to.
 */
import { agentsOf, enabledAgents } from '../../agents/registry.ts';
import { addedRoots, type Host } from '../../domain/agent.ts';
import { type Clock, DAY_MS, type Iso, isoFromMs } from '../../domain/time.ts';
import { mayLook, mountOfRoot, refreshMounts } from '../../files/mounts.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { forgottenUids } from '../../store/forget.ts';
import { KnownSources } from '../../store/read-sources.ts';
import type { DiscoverOptions } from './as-found.ts';
import { mainOf } from './as-found.ts';
import { type Discovery, discover, type FoundSession } from './discover.ts';
import { countedSessions, type DistinctSession } from './distinct.ts';
import { cleanupOf, type Going, goingUntil } from './going.ts';
import { unplacedIn } from './loose.ts';
import { existingRoots, isFolder, withProjects } from './roots.ts';
import type { AgentScan, AtRisk, Unplaced } from './scan.schema.ts';
import { placesAway, type Visitor, visitAll } from './visits.ts';

export type { AgentScan, AtRisk, Unplaced } from './scan.schema.ts';

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
    opened,
    host,
    paths: [],
    agent: null,
    agents: agentsOf(host),
    known,
    forgotten: forgottenUids(db),
    now,
    warn,
  };
  const found = await discover(options);
  const unplaced: Unplaced[] = [];
  for (const place of wantsUnplaced ? existingRoots(host, enabledAgents(host)) : []) {
    const { transcripts, others } = await unplacedIn(place, agentsOf(host), options);
    if (transcripts.length === 0 && others === 0) continue;
    const paths = transcripts.map(({ path }) => path);
    unplaced.push({ agent: place.agent.id, root: place.root, transcripts: paths, other_files: others });
  }
  return { scans: await scansOf(found, host, now, known, (session) => session.isChanged), unplaced };
}

/** What a walk over all agents' folders tells; `waits`: whether a transcript is not stored, or not all of it. */
export async function scansOf(
  found: Discovery,
  host: Host,
  now: Iso,
  known: Pick<KnownSources, 'endedAtOf' | 'of' | 'together'>,
  waits: (session: FoundSession) => boolean,
): Promise<AgentScan[]> {
  const scans: AgentScan[] = [];
  for (const { agent, root } of existingRoots(host, enabledAgents(host))) {
    const transcripts = found.sessions.filter((session) => session.agent === agent && session.root === root);
    // Any project might hold sessions of such an agent; most hold none.
    if (transcripts.length === 0 && agent.projectRoot !== undefined) continue;
    // Nor has this one any where a relative has the root.
    const isShared =
      agent.isIts !== undefined && found.roots.some((one) => one.agent !== agent && one.root === root);
    if (transcripts.length === 0 && isShared) continue;
    const cleanup = cleanupOf(agent, root, host);
    const nowMs = Date.parse(now);
    const going =
      cleanup === null ? [] : goingUntil(transcripts, cleanup, nowMs + AT_RISK_DAYS * DAY_MS, known);
    const goes = new Set(going.map(({ session }) => session));
    const { count, wanted } = await countedSessions(
      transcripts,
      known,
      waits,
      (session) => waits(session) || goes.has(session),
    );
    const waiting = wanted.filter((session) => session.waits);
    const atRisk = known.together(() => atRiskOf(going, wanted, nowMs, known));
    const first = atRisk.map(({ goes_at: at }) => at).sort()[0];
    const totals = found.roots.find((entry) => entry.agent === agent && entry.root === root);
    scans.push({
      agent: agent.id,
      name: agent.name,
      proof: agent.proof,
      root,
      sessions: count,
      files: totals?.files ?? 0,
      raw_bytes: totals?.rawBytes ?? 0,
      sessions_not_stored: waiting.length,
      sessions_grown: waiting.filter(({ isKnown }) => isKnown).length,
      sessions_at_risk: atRisk.length,
      at_risk_not_stored: waiting.filter(({ found: some }) => some.some((each) => goes.has(each))).length,
      sessions_due: atRisk.filter(({ goes_at: at }) => at <= now).length,
      deletes_after_days: cleanup?.days ?? null,
      first_deletion_at: first ?? null,
      at_risk: atRisk,
      scanned_at: now,
    });
  }
  return scans;
}

/** Each session once, when the first of its transcripts goes. */
function atRiskOf(
  going: readonly Going[],
  sessions: readonly DistinctSession[],
  nowMs: number,
  known: Pick<KnownSources, 'of'>,
): AtRisk[] {
  const atMs = new Map(going.map((one) => [one.session, one.atMs]));
  return sessions.flatMap(({ found }) => {
    const goes = found.flatMap((each) => atMs.get(each) ?? []);
    const [first] = found;
    if (goes.length === 0 || first === undefined) return [];
    const path = mainOf(first)?.path ?? '';
    const stored = known.of(path)?.uid ?? null;
    // What is due goes now at the earliest.
    const goesAt = isoFromMs(Math.max(nowMs, Math.min(...goes)));
    if (goesAt === null) return [];
    return [{ session_uid: stored ?? first.uid, path, is_stored: stored !== null, goes_at: goesAt }];
  });
}
