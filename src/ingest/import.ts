/**
 * Sessions of another store into this one, each in one transaction: whole or not at all.
 * Promises: adds only; the same file twice changes nothing; stops at nothing that is damaged, and names it; never brings usage
 * above the hard cap, and says how many sessions wait; nothing that was forgotten here comes back.
 */
import type { AgentFormat } from '../domain/agent.ts';
import { FailureError, messageOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { Iso } from '../domain/time.ts';
import type { Incoming } from '../store/archived.ts';
import type { ReadableDb, WritableDb } from '../store/connection.ts';
import { type Forgotten, forgottenUids, noteForgotten } from '../store/forget.ts';
import { applyMerge, bringsNews, planMerge } from '../store/import-merge.ts';
import { insertWhole } from '../store/import-new.ts';
import { uidOf } from '../store/import-rows.ts';
import { findSession } from '../store/read.ts';
import { usage } from '../store/usage.ts';
import { agentById } from './agents/index.ts';
import { arrivals } from './archive-sessions.ts';
import { inItsPlaces, type LeftFile } from './archived-places.ts';
import { Spool } from './spool.ts';

export interface ImportReport {
  version: 1;
  dry_run: boolean;
  /** Not here before. */
  added: SessionUid[];
  /** Here before, and more of them now. */
  merged: SessionUid[];
  unchanged: number;
  /** Ids that another store has forgotten, and that were not here. */
  forgotten: SessionUid[];
  /** In the file, and forgotten here: left out. */
  left_forgotten: SessionUid[];
  /** They would bring usage above the hard cap. */
  waiting: SessionUid[];
  conflicts: { session_uid: SessionUid; what: string }[];
  /** Not imported, or not known whose: damaged, cut off, or refused. */
  damaged: { session_uid: SessionUid | null; problem: string }[];
  /** Files that belong to no place of their agent's: left out, the rest of the session is taken. */
  left_out: LeftFile[];
  stored_bytes_added: number;
  over_hard_cap: boolean;
  interrupted: boolean;
}

/** `write` null: nothing is written, it is only said what would be. */
export interface ImportDeps {
  readonly read: ReadableDb;
  readonly write: WritableDb | null;
  readonly hardCapBytes: number;
  /** The agents that are known here; absent: those that need no configuration. */
  readonly formatOf?: (agent: string) => AgentFormat | null;
  readonly now: () => Iso;
  readonly signal: AbortSignal;
  readonly progress: (uid: SessionUid) => void;
}

export async function importStream(
  deps: ImportDeps,
  chunks: AsyncIterable<Uint8Array>,
): Promise<ImportReport> {
  const report = emptyReport(deps.write === null);
  const before = usage(deps.read).tier1Bytes;
  using spool = new Spool(`${deps.read.path}.import-${crypto.randomUUID().slice(0, 8)}`);
  const forgotten = forgottenUids(deps.read);
  for await (const arrival of arrivals(chunks, spool)) {
    if (deps.signal.aborted) break;
    if (arrival.kind === 'damaged')
      report.damaged.push({ session_uid: arrival.uid, problem: arrival.problem });
    else if (arrival.kind === 'forgotten') takeForgotten(deps, arrival, report);
    else takePlaced(deps, arrival.session, forgotten, report);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  report.over_hard_cap = report.waiting.length > 0;
  report.interrupted = deps.signal.aborted;
  if (deps.write !== null) report.stored_bytes_added = usage(deps.read).tier1Bytes - before;
  return report;
}

function takeForgotten({ read, write }: ImportDeps, forgotten: Forgotten, report: ImportReport): void {
  const { uid } = forgotten;
  if (forgottenUids(read).has(uid)) return;
  if (findSession(read, uid) !== null) {
    report.conflicts.push({
      session_uid: uid,
      what: `it was forgotten there and is here: \`session-memory forget ${uid}\``,
    });
    return;
  }
  if (write !== null) noteForgotten(write, forgotten);
  report.forgotten.push(uid);
}

/** The session without what belongs to no place of its agent's. */
function takePlaced(
  deps: ImportDeps,
  incoming: Incoming,
  forgotten: ReadonlySet<SessionUid>,
  report: ImportReport,
): void {
  const { formatOf = agentById } = deps;
  const { session, left } = inItsPlaces(incoming, formatOf(incoming.meta.agent));
  report.left_out.push(...left);
  if (session !== null) takeSession(deps, session, forgotten, report);
  else
    report.damaged.push({
      session_uid: uidOf(incoming.meta),
      problem: 'none of its files is one that its agent keeps of a session',
    });
}

function takeSession(
  deps: ImportDeps,
  session: Incoming,
  forgotten: ReadonlySet<SessionUid>,
  report: ImportReport,
): void {
  const uid = uidOf(session.meta);
  deps.progress(uid);
  if (forgotten.has(uid)) {
    report.left_forgotten.push(uid);
    return;
  }
  try {
    if (deps.write === null) decide(deps, deps.read, session, report);
    else store(deps, deps.write, session, report);
  } catch (thrown) {
    if (thrown instanceof FailureError && ['disk_full', 'io', 'busy'].includes(thrown.failure.code))
      throw thrown;
    // Its transaction took back what it had done; so does the report.
    report.added = report.added.filter((other) => other !== uid);
    report.merged = report.merged.filter((other) => other !== uid);
    report.conflicts = report.conflicts.filter((other) => other.session_uid !== uid);
    report.damaged.push({ session_uid: uid, problem: messageOf(thrown) });
  }
}

function store(deps: ImportDeps, db: WritableDb, session: Incoming, report: ImportReport): void {
  // Decided and done in one transaction: nothing changes between.
  db.writeTransaction(() => {
    const decided = decide(deps, db, session, report);
    if (decided === null) return;
    if (decided.local === null) {
      insertWhole(db, session);
      killPoint('import.session-added');
      return;
    }
    const changed = applyMerge(db, decided.local, session, decided.plan, deps.now());
    killPoint('import.session-merged');
    if (changed) return;
    report.merged.pop();
    report.unchanged += 1;
  });
  killPoint('import.session-stored');
}

/** What is to be done with a session, as the report tells it; null: nothing. */
function decide(deps: ImportDeps, db: ReadableDb, session: Incoming, report: ImportReport) {
  const uid = uidOf(session.meta);
  const local = findSession(db, uid);
  const plan = local === null ? null : planMerge(db, local, session);
  const bytes =
    plan === null
      ? session.segments.reduce((sum, { stored_bytes: each }) => sum + each, 0)
      : plan.storedBytes;
  const wouldAdd = deps.write === null ? report.stored_bytes_added : 0;
  if (bytes > 0 && usage(db).tier1Bytes + wouldAdd + bytes > deps.hardCapBytes) {
    report.waiting.push(uid);
    return null;
  }
  if (deps.write === null) report.stored_bytes_added += bytes;
  if (deps.write === null && local !== null && plan !== null && !bringsNews(db, local, session, plan)) {
    report.unchanged += 1;
    return null;
  }
  if (local === null || plan === null) {
    report.added.push(uid);
    return { local: null };
  }
  if (plan.conflict !== null) report.conflicts.push({ session_uid: uid, what: plan.conflict });
  report.merged.push(uid);
  return { local, plan };
}

function emptyReport(dryRun: boolean): ImportReport {
  return {
    version: 1,
    dry_run: dryRun,
    added: [],
    merged: [],
    unchanged: 0,
    forgotten: [],
    left_forgotten: [],
    waiting: [],
    conflicts: [],
    damaged: [],
    left_out: [],
    stored_bytes_added: 0,
    over_hard_cap: false,
    interrupted: false,
  };
}
