/**
 * Ingest: new bytes of transcripts into Tier 1, oldest session first, each digested at once.
 * Promises: adds and never evicts; a bad file stops no other; it stops before usage would pass the hard cap, or before the disk
 * is full, and says how many sessions wait; after a stop or a kill the next run goes on.
 */

import type { AgentFormat, Host } from '../domain/agent.ts';
import type { AgentId, SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { Clock, Iso } from '../domain/time.ts';
import type { WritableDb } from '../store/connection.ts';
import { forgottenUids } from '../store/forget.ts';
import { findSession } from '../store/read.ts';
import { KnownSources } from '../store/read-sources.ts';
import { usage } from '../store/usage.ts';
import { agentById } from './agents/index.ts';
import { type AnalyzeDeps, analyzeSession, sessionsWaiting } from './analyze.ts';
import { inOrder } from './assign.ts';
import { digestOnly } from './digest-only.ts';
import { discover, type FoundFile, type FoundSession } from './discover.ts';
import { mostNewBytes, storedSizeOf, takenBytes } from './measure.ts';
import { noRoom, noteScans } from './no-room.ts';
import { PREPARED_BYTES_MAX, type Preparer } from './prepare.ts';
import { ReadySessions } from './ready.ts';
import { retellTimes } from './retell.ts';
import { withProjects } from './roots.ts';
import { scansOf } from './scan.ts';
import { leftOutBy } from './select.ts';
import type { Source } from './source.ts';
import { type Room, type TakeDeps, takeSession } from './take-session.ts';

export interface IngestOptions {
  /** Empty: every agent found on this machine. */
  readonly paths: readonly string[];
  readonly agent: AgentId | null;
  readonly since: Iso | null;
  /** A part of the project's path. */
  readonly project: string | null;
  /** Projects or paths never stored. */
  readonly exclude: readonly string[];
  /** Hold every file against what is stored, byte by byte. */
  readonly full: boolean;
  /** Evicted sessions that a person takes back, though their files are what they were: these, or all that the paths lead to. */
  readonly again?: ReadonlySet<SessionUid> | 'all';
  readonly dryRun: boolean;
  readonly analyze: boolean;
  readonly hardCapBytes: number;
}

export type IngestProgress =
  | { readonly kind: 'scanned'; readonly sessions: number; readonly files: number; readonly rawBytes: number }
  | {
      readonly kind: 'session';
      readonly uid: SessionUid;
      readonly done: number;
      readonly total: number;
      readonly readBytes: number;
      readonly totalBytes: number;
    };

export interface IngestDeps {
  readonly db: WritableDb;
  readonly host: Host;
  readonly clock: Clock;
  readonly analyze: AnalyzeDeps;
  /** Other threads for new sessions, where there is enough of them; null: everything on this one. */
  readonly preparer?: ((newBytes: number) => Preparer | null) | null;
  readonly progress: (event: IngestProgress) => void;
  readonly signal: AbortSignal;
}

export interface IngestReport {
  version: 1;
  dry_run: boolean;
  agents: { agent: string; root: string; sessions: number; files: number; raw_bytes: number }[];
  sessions_found: number;
  sessions_new: number;
  sessions_grown: number;
  sessions_unchanged: number;
  /** Evicted, and their source is what it was: not stored again. */
  sessions_evicted: number;
  /** Of `sessions_grown`, those that were evicted and that a person took back. */
  sessions_taken_back: number;
  /** Not stored because usage would pass the hard cap, or because the disk is full. */
  sessions_waiting: number;
  /** Too large for Tier 1 alone: digested from their source, recorded as evicted. */
  sessions_digest_only: number;
  sessions_excluded: number;
  /** Which flag or pattern left out how many of them. */
  left_out: { rule: string; sessions: number }[];
  /** Found, and forgotten by hand: never stored again. */
  sessions_forgotten: number;
  files_found: number;
  /** Files whose content was read; 0 where nothing has changed. */
  files_read: number;
  bytes_read: number;
  raw_bytes_added: number;
  stored_bytes_added: number;
  analyzed: number;
  analyze_failed: number;
  /** Files that could not be stored. */
  failed: number;
  over_hard_cap: boolean;
  /** It stopped because the disk has no room. */
  disk_full: boolean;
  interrupted: boolean;
  warnings: string[];
}

export async function ingest(deps: IngestDeps, options: IngestOptions): Promise<IngestReport> {
  const report = emptyReport(options.dryRun);
  const warn = (text: string) => report.warnings.push(text);
  const before = usage(deps.db);
  const now = deps.clock.now();
  const host = withProjects(deps.host, deps.db);
  using opened = new DisposableStack();
  const known = new KnownSources(deps.db);
  const isNew = (file: FoundFile) => file.isChanged && !known.stats.has(file.path);
  const forgotten = forgottenUids(deps.db);
  // What some rule leaves out is known only after a look into it: then threads start for what is left.
  const leavesOut =
    options.since !== null || options.project !== null || options.exclude.length > 0 || forgotten.size > 0;
  let preparer: Preparer | null = null;
  const found = await discover({
    opened,
    listed: (files) => {
      if (!leavesOut) preparer = startedFor(deps, options, files.filter(isNew));
    },
    host,
    paths: options.paths,
    agent: options.agent === null ? null : (agentById(options.agent, deps.host) as AgentFormat | null),
    known,
    full: options.full || options.again !== undefined,
    forgotten,
    now,
    warn,
    signal: deps.signal,
  });
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
  const leftOut = new Map<string, number>();
  const wanted = found.sessions.filter((session) => {
    const rule = leftOutBy(session, options);
    if (rule !== null) leftOut.set(rule, (leftOut.get(rule) ?? 0) + 1);
    return rule === null;
  });
  report.left_out = [...leftOut].map(([rule, sessions]) => ({ rule, sessions }));
  report.sessions_excluded = found.sessions.length - wanted.length;
  const isFull = options.full || options.again !== undefined;
  const changed = wanted.filter((session) => isFull || session.isChanged);
  report.sessions_unchanged = wanted.length - changed.length;
  deps.progress({
    kind: 'scanned',
    sessions: changed.length,
    files: found.files,
    rawBytes: changed.reduce((bytes, s) => bytes + rawBytesOf(s), 0),
  });
  if (options.dryRun)
    return {
      ...report,
      sessions_new: changed.filter((s) => s.files.every((f) => f.known === null)).length,
      sessions_grown: changed.filter((s) => s.files.some((f) => f.known !== null)).length,
    };
  await retellTimes(deps.analyze, deps.signal);
  // What an earlier run stored and did not come to analyze is older than what comes now.
  if (options.analyze) await analyzeAll(deps, sessionsWaiting(deps.db, now, true), report);
  if (leavesOut)
    preparer = startedFor(
      deps,
      options,
      changed.flatMap(({ files }) => files.filter(isNew)),
    );
  const left = await takeAll(deps, options, changed, preparer, report);
  // A walk over everything is a scan too: `status` tells from it what is at risk.
  const isWhole = options.paths.length === 0 && options.agent === null && !deps.signal.aborted;
  if (isWhole)
    noteScans(
      deps.db,
      scansOf(found, host, now, (session) => left.has(session)),
      warn,
    );
  killPoint('ingest.done');
  const after = usage(deps.db);
  report.raw_bytes_added = after.rawBytes - before.rawBytes;
  report.stored_bytes_added = after.tier1Bytes - before.tier1Bytes;
  report.over_hard_cap = report.sessions_waiting > 0 && !report.disk_full;
  report.interrupted = deps.signal.aborted;
  return report;
}

/** Takes one session after the other; returns those that had to wait. */
async function takeAll(
  deps: IngestDeps,
  options: IngestOptions,
  sessions: readonly FoundSession[],
  preparer: Preparer | null,
  report: IngestReport,
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
      // What bears one id is asked about at once: each is held against what the others have become.
      asked.add(session.bearers);
      const waiting = new Set([session, ...queue]);
      const others = session.bearers.filter((each) => waiting.has(each));
      for (const each of others) if (queue.includes(each)) queue.splice(queue.indexOf(each), 1);
      queue.unshift(...(await inOrder(deps.db, others)));
      done -= 1;
      continue;
    }
    const taken = await takeSession(take, session, (found) => roomFor(deps, options, found)).catch(noRoom);
    if (taken.kind === 'no_room') {
      report.disk_full = true;
      left.add(session);
      continue;
    }
    if (taken.kind === 'forgotten') {
      report.sessions_forgotten += 1;
      continue;
    }
    if (taken.kind === 'wait') {
      for (const waiting of [session, ...queue]) left.add(waiting);
      break;
    }
    if (taken.kind === 'digest_only') {
      const noted = await digestOnly(deps, taken.found, taken.continues, take.warn).catch(noRoom);
      if (noted === true) report.sessions_digest_only += 1;
      else left.add(session);
      if (typeof noted === 'object') report.disk_full = true;
      continue;
    }
    readBytes += rawBytesOf(session);
    killPoint('ingest.session-stored');
    queue.unshift(...taken.diverged.filter((other) => !isLikeForgotten(forgotten, other, take.warn)));
    report.files_read += taken.filesRead;
    report.bytes_read += taken.bytesRead;
    report.failed += taken.failed;
    if (taken.kind === 'new') report.sessions_new += 1;
    else if (taken.kind === 'grown') report.sessions_grown += 1;
    else if (taken.kind === 'evicted') report.sessions_evicted += 1;
    else report.sessions_unchanged += 1;
    if (taken.isTakenBack === true) report.sessions_taken_back += 1;
    if (options.analyze && !taken.interrupted && (taken.kind === 'new' || taken.kind === 'grown'))
      await analyzeAll(deps, [taken.uid], report);
  }
  ready?.flush(report);
  for (const session of ready?.leftAlone() ?? []) left.add(session);
  report.sessions_waiting = left.size;
  return left;
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

/**
 * Threads are worth their start only where there is enough that is new; and an analyzer of the user's must read what is stored.
 * They start while the first look into transcripts goes on.
 */
function startedFor(deps: IngestDeps, options: IngestOptions, fresh: readonly FoundFile[]): Preparer | null {
  if (options.dryRun || !options.analyze || deps.analyze.external !== null) return null;
  const newBytes = fresh
    .filter(({ sizeBytes, contained }) => sizeBytes <= PREPARED_BYTES_MAX && contained === undefined)
    .reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
  return deps.preparer?.(newBytes) ?? null;
}

async function analyzeAll(
  deps: IngestDeps,
  uids: readonly SessionUid[],
  report: IngestReport,
): Promise<void> {
  for (const uid of uids) {
    if (deps.signal.aborted) return;
    const outcome = await analyzeSession(deps.analyze, uid, deps.signal);
    if (outcome.ok) {
      report.analyzed += 1;
      continue;
    }
    report.analyze_failed += 1;
    report.warnings.push(`analyze failed for ${uid}: ${outcome.why}`);
    report.disk_full ||= outcome.noRoom === true;
    if (report.disk_full) return;
  }
}

/** Whether a session fits under the hard cap. It is only measured where its plain size might not fit. */
async function roomFor(deps: IngestDeps, options: IngestOptions, session: FoundSession): Promise<Room> {
  const leftBytes = options.hardCapBytes - usage(deps.db).tier1Bytes;
  // Of an evicted session nothing is there to be added to: it would be stored whole.
  const known = findSession(deps.db, session.uid);
  const isLive = known?.evictedAt === null && known.storedBytes > 0;
  const newFiles = isLive ? session.files.filter((file) => file.isChanged) : session.files;
  const newBytes = newFiles.reduce((bytes, file) => bytes + mostNewBytes(file, isLive), 0);
  // A chunk that does not compress becomes a little larger than it was.
  const atMostBytes = Math.ceil(newBytes * 1.01) + 1024 * newFiles.length;
  const isCompressed = newFiles.some((file) => file.class.encoding === 'zstd');
  if (!isCompressed && atMostBytes <= leftBytes) return 'store';
  const taken = (file: FoundFile, source: Source) =>
    isLive ? takenBytes(deps.db, session.uid, file, source) : 0;
  const measured = await storedSizeOf(session.files, taken, deps.signal);
  if (measured.newBytes <= leftBytes) return 'store';
  return measured.wholeBytes > options.hardCapBytes && !isLive ? 'digest_only' : 'wait';
}

function rawBytesOf(session: FoundSession): number {
  return session.files.reduce((bytes, file) => bytes + (file.isChanged ? file.sizeBytes : 0), 0);
}

function emptyReport(dryRun: boolean): IngestReport {
  return {
    version: 1,
    dry_run: dryRun,
    agents: [],
    sessions_found: 0,
    sessions_new: 0,
    sessions_grown: 0,
    sessions_unchanged: 0,
    sessions_evicted: 0,
    sessions_taken_back: 0,
    sessions_waiting: 0,
    sessions_digest_only: 0,
    sessions_excluded: 0,
    left_out: [],
    sessions_forgotten: 0,
    files_found: 0,
    files_read: 0,
    bytes_read: 0,
    raw_bytes_added: 0,
    stored_bytes_added: 0,
    analyzed: 0,
    analyze_failed: 0,
    failed: 0,
    over_hard_cap: false,
    disk_full: false,
    interrupted: false,
    warnings: [],
  };
}
