/**
 * Ingest: new bytes of transcripts into Tier 1, oldest session first, each digested at once.
 * Promises: adds and never evicts; a bad file stops no other; it stops before usage would pass the hard cap, or before the disk
 * is full, and says how many sessions wait; after a stop or a kill the next run goes on.
 */

import { loadAgent } from '../agents/by-id.ts';
import { type AgentFormat, type Host, isEnabled } from '../domain/agent.ts';
import { decided } from '../domain/decisions.ts';
import type { SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { Clock, Iso } from '../domain/time.ts';
import { refreshMounts } from '../files/mounts.ts';
import type { Source } from '../files/source.ts';
import type { WritableDb } from '../store/connection.ts';
import { forgottenUids } from '../store/forget.ts';
import { findSession } from '../store/read.ts';
import { KnownSources } from '../store/read-sources.ts';
import { remoteState } from '../store/remote/state.ts';
import { lastScans, type ScanRow } from '../store/scans.ts';
import { usage } from '../store/usage.ts';
import { dropEmptySessions } from '../store/write-raw.ts';
import type { AnalyzeDeps } from './analyze.ts';
import { inOrder } from './assign.ts';
import { type Discovery, discover, type FoundFile, type FoundSession } from './discover/discover.ts';
import { distinctSessions, UnchangedSessions } from './discover/distinct.ts';
import { withProjects } from './discover/roots.ts';
import { type Away, placesAway, type Visitor, visitAll } from './discover/visits.ts';
import { wantedOf } from './discover/wanted.ts';
import { PREPARED_BYTES_MAX, type Preparer, withoutDigests } from './fast-path/prepare.ts';
import { ReadySessions } from './fast-path/ready.ts';
import {
  addReport,
  emptyReport,
  type IngestOptions,
  type IngestProgress,
  type IngestReport,
} from './ingest-report.ts';
import { mostNewBytes, storedSizeOf, takenBytes } from './measure.ts';
import { noRoom, noteScans, noteUnnamed } from './no-room.ts';
import {
  type Admission,
  type NotTaken,
  type TakeDeps,
  type TakenSession,
  takeSession,
} from './take-session.ts';

export type { IngestOptions, IngestProgress, IngestReport } from './ingest-report.ts';

export interface IngestDeps {
  readonly db: WritableDb;
  readonly host: Host;
  readonly clock: Clock;
  readonly analyze: AnalyzeDeps;
  /** Other threads for digests of new sessions, where there is enough of them. Null: no session is made ready ahead. */
  readonly preparer?: ((newBytes: number) => Preparer | null) | null;
  /** So many bytes of new files that are made ready ahead were found; nothing was changed or said before. */
  readonly listed?: (newBytes: number) => void;
  readonly progress: (event: IngestProgress) => void;
  readonly signal: AbortSignal;
  /** Looks at what may never answer; absent: that is left, and named. */
  readonly visitor?: Visitor;
  /** Takes what was seen of each agent; absent: it is kept in the store. */
  readonly keepScans?: (scans: readonly ScanRow[]) => void;
}

export async function ingest(deps: IngestDeps, options: IngestOptions): Promise<IngestReport> {
  const report = emptyReport(options.dryRun);
  const before = usage(deps.db);
  refreshMounts();
  const asked = await askedAgents(deps.host, options.agent);
  const { agent } = asked;
  // Of one agent without a root in projects nothing depends on what others list.
  const listing = agent === null ? asked.enabled : agent.projectRoot === undefined ? [agent] : null;
  const host = withProjects(deps.host, deps.db, listing ?? (await askedAgents(deps.host, null)).enabled);
  const away = placesAway(host, asked.enabled, options.paths);
  const here = options.paths.filter((path) => !away.some(({ paths }) => paths.includes(path)));
  // Of paths that all lie elsewhere none is left to be looked for here, which would mean: everything.
  const scans =
    options.paths.length > 0 && here.length === 0
      ? []
      : await ingestHere(deps, { ...options, paths: here }, asked, host, report);
  const visits = await visitAll(deps.visitor ?? null, away, (visitor, { mount, paths }) =>
    visitor.ingest(mount, { ...options, paths }, deps.progress, deps.signal),
  );
  for (const { report: more, scans: others } of visits.results) {
    addReport(report, more);
    scans.push(...others);
  }
  report.warnings.push(...visits.warnings);
  report.failed += visits.unseen.flatMap(({ paths }) => paths).length;
  report.interrupted ||= deps.signal.aborted;
  if (options.dryRun) return report;
  // A walk over everything is a scan too: `status` tells from it what is at risk.
  const isWhole = options.paths.length === 0 && agent === null && !deps.signal.aborted;
  if (isWhole) keepScans(deps, scans, visits.unseen, (text) => report.warnings.push(text));
  if (!report.disk_full) dropEmptySessions(deps.db);
  killPoint('ingest.done');
  const after = usage(deps.db);
  report.raw_bytes_added = after.rawBytes - before.rawBytes;
  report.stored_bytes_added = after.tier1Bytes - before.tier1Bytes;
  report.over_hard_cap ||= report.sessions_waiting > 0 && !report.disk_full;
  return report;
}

/** The agents of a run: one that is named is loaded alone, as a hook's call has no time for all of them. */
interface AskedAgents {
  /** Null: none was named. */
  readonly agent: AgentFormat | null;
  /** Those that a named path may be of. */
  readonly known: readonly AgentFormat[];
  /** Those that are looked for. */
  readonly enabled: readonly AgentFormat[];
}

async function askedAgents(host: Host, id: string | null): Promise<AskedAgents> {
  if (id !== null) {
    const agent = await loadAgent(id, host);
    if (agent === null) throw new Error(`no agent ${id}`);
    return { agent, known: [agent], enabled: [agent] };
  }
  const known = (await import('../agents/registry.ts')).agentsOf(host);
  return { agent: null, known, enabled: known.filter((each) => isEnabled(each, host)) };
}

/** What was last seen of a root stays known while it cannot be looked at. */
function keepScans(
  deps: IngestDeps,
  scans: readonly ScanRow[],
  unseen: readonly Away[],
  warn: (text: string) => void,
): void {
  const roots = new Set(unseen.flatMap((away) => away.roots.map(({ agent, root }) => `${agent.id} ${root}`)));
  const kept = lastScans(deps.db).filter(({ agent, root }) => roots.has(`${agent} ${root}`));
  if (deps.keepScans === undefined) noteScans(deps.db, [...scans, ...kept], warn);
  else deps.keepScans(scans);
}

/** Ingests what this process may look at; what was seen of each agent, where that was all. */
async function ingestHere(
  deps: IngestDeps,
  options: IngestOptions,
  { agent, known: agents }: AskedAgents,
  host: Host,
  report: IngestReport,
): Promise<ScanRow[]> {
  const now = deps.clock.now();
  using opened = new DisposableStack();
  const known = new KnownSources(deps.db);
  const isNew = (file: FoundFile) => file.isChanged && known.statOf(file.path) === null;
  const forgotten = forgottenUids(deps.db);
  // What some rule leaves out is known only after a look into it: then threads start for what is left.
  const leavesOut =
    options.since !== null || options.project !== null || options.exclude.length > 0 || forgotten.size > 0;
  let preparer: Preparer | null = null;
  const found = await discover({
    opened,
    listed: (files) => {
      const fresh = known.together(() => files.filter(isNew));
      if (preparesAhead(deps, options)) deps.listed?.(bytesToPrepare(fresh));
      if (!leavesOut) preparer = startedFor(deps, options, fresh);
    },
    host,
    paths: options.paths,
    agent,
    agents,
    known,
    full: options.full || options.again !== undefined,
    forgotten,
    now,
    warn: (text) => report.warnings.push(text),
    nothingAt: (path) => report.paths_without_transcript.push(path),
    signal: deps.signal,
  });
  noteFound(report, found);
  const { wanted, leftOut, warnings } = await wantedOf(deps.db, options, host, found.sessions, now);
  report.warnings.push(...warnings);
  report.left_out = leftOut;
  report.sessions_excluded = found.sessions.length - wanted.length;
  const isFull = options.full || options.again !== undefined;
  const changed = wanted.filter((session) => isFull || session.isChanged);
  const unchanged = new UnchangedSessions(isFull ? [] : wanted.filter((each) => !each.isChanged), known);
  deps.progress({
    kind: 'scanned',
    sessions: changed.length,
    files: found.files,
    rawBytes: changed.reduce((bytes, s) => bytes + rawBytesOf(s), 0),
  });
  if (options.dryRun) {
    const sessions = await distinctSessions(wanted, known, (s) => isFull || s.isChanged);
    const waiting = sessions.filter(({ waits }) => waits);
    report.sessions_grown = waiting.filter(({ isKnown }) => isKnown).length;
    report.sessions_new = waiting.length - report.sessions_grown;
    report.sessions_unchanged = sessions.length - waiting.length;
    return [];
  }
  if (options.waiting !== 'none') await (await import('./retell.ts')).retellTimes(deps.analyze, deps.signal);
  // What an earlier run stored and did not come to analyze is older than what comes now.
  if (options.analyze) await analyzeAll(deps, await waitingFor(deps, options, now), report);
  if (leavesOut)
    preparer = startedFor(
      deps,
      options,
      changed.flatMap(({ files }) => files.filter(isNew)),
    );
  const left = await takeAll(deps, options, changed, preparer, report, unchanged);
  report.sessions_unchanged = await unchanged.count();
  const isWhole = options.paths.length === 0 && options.agent === null && !deps.signal.aborted;
  if (!isWhole) return [];
  if (options.analyze && !report.disk_full)
    await (await import('./retell.ts')).retellNames(deps.analyze, found.roots, deps.signal);
  // Another process that looks at one mount has not met all of them.
  if (deps.keepScans === undefined) noteUnnamed(deps.db, found.unnamed);
  const { scansOf } = await import('./discover/scan.ts');
  return await scansOf(found, host, now, new KnownSources(deps.db), (session) => left.has(session));
}

function noteFound(report: IngestReport, found: Discovery): void {
  report.files_found = found.files;
  report.sessions_found = found.sessions.length + found.forgotten;
  report.sessions_forgotten = found.forgotten;
  report.agents = found.roots.map(({ agent, root, sessions, files, rawBytes }) => ({
    agent: agent.id,
    root,
    sessions,
    files,
    raw_bytes: rawBytes,
  }));
}

async function waitingFor(deps: IngestDeps, { waiting }: IngestOptions, now: Iso): Promise<SessionUid[]> {
  if (waiting === 'none') return [];
  const { sessionsDue, sessionsWaiting } = await import('./analyze.ts');
  return waiting === 'due' ? sessionsDue(deps.analyze) : sessionsWaiting(deps.db, now, true);
}

/** Takes one session after the other; returns those that had to wait. */
async function takeAll(
  deps: IngestDeps,
  options: IngestOptions,
  sessions: readonly FoundSession[],
  preparer: Preparer | null,
  report: IngestReport,
  unchanged: UnchangedSessions,
): Promise<ReadonlySet<FoundSession>> {
  const left = new Set<FoundSession>();
  const totalBytes = sessions.reduce((bytes, session) => bytes + rawBytesOf(session), 0);
  const take: TakeDeps = {
    db: deps.db,
    now: deps.clock.now(),
    full: options.full,
    again: (uid) => options.again === 'all' || options.again?.has(uid) === true,
    signal: deps.signal,
    warn: (text) => report.warnings.push(text),
  };
  const forgotten = forgottenUids(deps.db);
  const queue = [...sessions];
  const asked = new Set<FoundSession['bearers']>();
  const ready = preparer === null ? null : new ReadySessions(deps, preparer, sessions, options.hardCapBytes);
  let readBytes = 0;
  for (let done = 0; !deps.signal.aborted; done += 1) {
    if (report.disk_full) {
      for (const waiting of queue) left.add(waiting);
      break;
    }
    if (queue.length === 0) ready?.flush(report);
    queue.unshift(...(ready?.leftAlone() ?? []));
    const session = queue.shift();
    if (session === undefined) break;
    deps.progress({
      kind: 'session',
      uid: session.uid,
      done,
      total: done + queue.length + 1,
      readBytes,
      totalBytes,
    });
    if ((await ready?.take(session, report)) === true) {
      readBytes += rawBytesOf(session);
      continue;
    }
    // Sessions are stored in their order: what is ready comes before one that takes the long way.
    ready?.flush(report);
    if (session.bearers !== undefined && !asked.has(session.bearers)) {
      asked.add(session.bearers);
      await putTogether(deps.db, session, queue);
      done -= 1;
      continue;
    }
    const taken = await takeSession(take, session, (found) => roomFor(deps, options, found, take.warn)).catch(
      noRoom,
    );
    decided('ingest', 'uid' in taken ? taken.uid : session.uid, taken.kind);
    if (!('filesRead' in taken)) {
      const outcome = await notStored(deps, take, taken, report);
      if (outcome === 'waits') left.add(session);
      if (outcome !== 'all_wait') continue;
      for (const waiting of [session, ...queue]) left.add(waiting);
      break;
    }
    readBytes += rawBytesOf(session);
    killPoint('ingest.session-stored');
    queue.unshift(...taken.diverged.filter((other) => !isLikeForgotten(forgotten, other, take.warn)));
    unchanged.note(taken.uid, session, taken.kind === 'unchanged');
    count(taken, report);
    if (options.analyze && !taken.interrupted && (taken.kind === 'new' || taken.kind === 'grown'))
      await analyzeAll(deps, [taken.uid], report);
  }
  ready?.flush(report);
  for (const session of ready?.leftAlone() ?? []) left.add(session);
  report.sessions_waiting = left.size;
  return left;
}

/** Brings what bears one id to the front of the queue: each of them is held against what the others have become. */
async function putTogether(db: WritableDb, session: FoundSession, queue: FoundSession[]): Promise<void> {
  const waiting = new Set([session, ...queue]);
  const others = session.bearers?.filter((each) => waiting.has(each)) ?? [];
  for (const each of others) if (queue.includes(each)) queue.splice(queue.indexOf(each), 1);
  queue.unshift(...(await inOrder(db, others)));
}

/** Of a session of which nothing was stored: whether it waits for another run, and with it all behind it. */
async function notStored(
  deps: IngestDeps,
  { warn }: TakeDeps,
  taken: NotTaken | ReturnType<typeof noRoom>,
  report: IngestReport,
): Promise<'done' | 'waits' | 'all_wait'> {
  switch (taken.kind) {
    case 'no_room':
      report.disk_full = true;
      return 'waits';
    case 'forgotten':
      report.sessions_forgotten += 1;
      return 'done';
    case 'wait':
      return 'all_wait';
    case 'digest_only': {
      const { digestOnly } = await import('./digest-only.ts');
      const noted = await digestOnly(deps, taken.found, taken.continues, warn).catch(noRoom);
      if (typeof noted === 'object') report.disk_full = true;
      if (noted !== true) return 'waits';
      report.sessions_digest_only += 1;
      return 'done';
    }
    default:
      return taken satisfies never;
  }
}

function count(taken: TakenSession, report: IngestReport): void {
  report.files_read += taken.filesRead;
  report.bytes_read += taken.bytesRead;
  report.failed += taken.failed;
  if (taken.kind === 'new') report.sessions_new += 1;
  else if (taken.kind === 'grown') report.sessions_grown += 1;
  else if (taken.kind === 'evicted') report.sessions_evicted += 1;
  if (taken.isTakenBack === true) report.sessions_taken_back += 1;
}

/**
 * Of an id that several transcripts claim, one was forgotten that had a name of its own. Another one that differs from what
 * is stored may be it, moved: it is left alone, and that is said.
 */
function isLikeForgotten(
  forgotten: ReadonlySet<SessionUid>,
  { uid, files }: FoundSession,
  warn: (text: string) => void,
): boolean {
  const id = uid.slice(0, uid.lastIndexOf('.') + 1);
  if (![...forgotten].some((other) => other === uid || other.startsWith(id))) return false;
  const paths = files.map(({ path }) => path).join(', ');
  if (!forgotten.has(uid))
    warn(`not stored: ${paths} may be ${id.slice(0, -1)}, of which a copy was forgotten`);
  return true;
}

/** Whether new sessions are made ready ahead. An analyzer of the user's must read what is stored. */
function preparesAhead(deps: IngestDeps, options: IngestOptions): boolean {
  return !options.dryRun && deps.preparer !== null && (!options.analyze || deps.analyze.external === null);
}

/**
 * Who makes new sessions ready. Threads are worth their start only where there is enough that is new; they start while the first
 * look into transcripts goes on. What is stored without digests needs none.
 */
function startedFor(deps: IngestDeps, options: IngestOptions, fresh: readonly FoundFile[]): Preparer | null {
  if (!preparesAhead(deps, options)) return null;
  return options.analyze ? (deps.preparer?.(bytesToPrepare(fresh)) ?? null) : withoutDigests();
}

function bytesToPrepare(fresh: readonly FoundFile[]): number {
  return fresh
    .filter(({ sizeBytes, contained }) => sizeBytes <= PREPARED_BYTES_MAX && contained === undefined)
    .reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
}

async function analyzeAll(
  deps: IngestDeps,
  uids: readonly SessionUid[],
  report: IngestReport,
): Promise<void> {
  if (uids.length === 0) return;
  // Its rules and the readers of all agents are the larger part of this program: what only stores does not load them.
  const { analyzeSession } = await import('./analyze.ts');
  for (const uid of uids) {
    if (deps.signal.aborted) return;
    const outcome = await analyzeSession(deps.analyze, uid, deps.signal);
    if (outcome.ok) {
      report.analyzed += 1;
      continue;
    }
    if (outcome.isUntried === true) continue;
    report.analyze_failed += 1;
    report.warnings.push(`analyze failed for ${uid}: ${outcome.why}`);
    const notice = deps.analyze.asked?.notice() ?? null;
    if (notice !== null) report.warnings.push(notice);
    report.disk_full ||= outcome.noRoom === true;
    if (report.disk_full) return;
  }
}

/**
 * Whether a session fits under the hard cap. It is only measured where its plain size might not fit. One that never will is stored
 * all the same where there is a bucket to leave it to, unless another one is still on its way there.
 */
async function roomFor(
  deps: IngestDeps,
  options: IngestOptions,
  session: FoundSession,
  warn: (text: string) => void,
): Promise<Admission> {
  const leftBytes = options.hardCapBytes - usage(deps.db).tier1Bytes;
  // Of an evicted session nothing is there to be added to: it would be stored whole.
  const known = findSession(deps.db, session.uid);
  const isLive = known?.evictedAt === null && known.storedBytes > 0;
  const newFiles = isLive ? session.files.filter((file) => file.isChanged) : session.files;
  const newBytes = newFiles.reduce((bytes, file) => bytes + mostNewBytes(file, isLive), 0);
  // A chunk that does not compress becomes a little larger than it was.
  const atMostBytes = Math.ceil(newBytes * 1.01) + 1024 * newFiles.length;
  const isCompressed = newFiles.some((file) => file.class.encoding !== 'plain');
  if (!isCompressed && atMostBytes <= leftBytes) return 'store';
  const taken = (file: FoundFile, source: Source) =>
    isLive ? takenBytes(deps.db, session.uid, file, source) : 0;
  const measured = await storedSizeOf(session.files, taken, deps.signal);
  if (measured.newBytes <= leftBytes) return 'store';
  if (measured.wholeBytes <= options.hardCapBytes || isLive) return 'wait';
  if (remoteState(deps.db) === null) return 'digest_only';
  if (leftBytes < 0) return 'wait';
  warn(
    `${session.uid} alone exceeds the hard cap: it is stored until the bucket has it, and goes with the sweep after that`,
  );
  return 'store';
}

function rawBytesOf(session: FoundSession): number {
  return session.files.reduce((bytes, file) => bytes + (file.isChanged ? file.sizeBytes : 0), 0);
}
