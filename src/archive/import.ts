/**
 * Sessions of another store into this one, some in one transaction, each whole or not at all.
 * Promises: adds only; what comes from an archive that nobody vouches for is marked and changes nothing that is here; the same file
 * twice changes nothing; stops at nothing that is damaged, and names it; never brings usage above the hard cap, and says how many
 * sessions wait; nothing that was forgotten here comes back.
 */

import type { z } from 'zod';
import { agentById } from '../agents/registry.ts';
import type { AgentFormat } from '../domain/agent.ts';
import { decided } from '../domain/decisions.ts';
import { FailureError, messageOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import { MIB } from '../domain/limits.ts';
import type { SessionRow } from '../domain/session.ts';
import { cutText } from '../domain/text.ts';
import type { Iso } from '../domain/time.ts';
import { Spool } from '../files/spool.ts';
import { decide, type MergeDecision, type OfferedSession } from '../merge/decide.ts';
import type { Incoming } from '../store/archived.ts';
import type { ReadableDb, WritableDb } from '../store/connection.ts';
import { type Forgotten, forgottenUids, noteForgotten } from '../store/forget.ts';
import { applyMerge, bringsNews, type Compared } from '../store/import/merge.ts';
import { insertWhole } from '../store/import/new.ts';
import { uidOf } from '../store/import/rows.ts';
import { insertStranger } from '../store/import/stranger.ts';
import { findSession } from '../store/read.ts';
import { usage } from '../store/usage.ts';
import { REPORT_ENTRIES_MAX } from './bounds.ts';
import { ofOneOrigin, plainUidOf, strangersProblem, withPlausible } from './claims.ts';
import { covers, offerOf, tellConflict } from './offer.ts';
import { inItsPlaces } from './places.ts';
import { withoutSecrets } from './redact.ts';
import type { importSchema } from './report.schema.ts';
import { type Arrival, arrivals } from './sessions.ts';

export type ImportReport = z.input<typeof importSchema>;

/** `write` null: nothing is written, it is only said what would be. */
export interface ImportDeps {
  readonly read: ReadableDb;
  readonly write: WritableDb | null;
  /** A person vouches for the archive. */
  readonly trusted: boolean;
  /** What the sessions of an archive that nobody vouches for are marked with. */
  readonly origin: string;
  readonly hardCapBytes: number;
  /** The agents that are known here; absent: those that need no configuration. */
  readonly formatOf?: (agent: string) => AgentFormat | null;
  readonly now: () => Iso;
  readonly signal: AbortSignal;
  readonly progress: (uid: SessionUid) => void;
  /** Makes the digest of a stranger's session out of its bytes: nobody takes a stranger's word for them. True where it could. */
  readonly analyze: (uid: SessionUid) => Promise<boolean>;
  /** The store is gone in a moment: nothing of it is kept for good, so no secret is looked for. */
  readonly isPassing?: boolean;
}

export async function importStream(
  deps: ImportDeps,
  chunks: AsyncIterable<Uint8Array>,
): Promise<ImportReport> {
  using spool = spoolFor(deps);
  return await importArrivals(deps, arrivals(chunks, spool, deps.trusted));
}

/** Where the bytes of sessions wait that are to come into a store. */
export function spoolFor({ read }: Pick<ImportDeps, 'read'>): Spool {
  return new Spool(`${read.path}.import-${crypto.randomUUID().slice(0, 8)}`);
}

/** Sessions that came whole, in whatever way. */
export async function importArrivals(
  deps: ImportDeps,
  arrived: AsyncIterable<Arrival>,
): Promise<ImportReport> {
  const report = emptyReport(deps);
  const before = usage(deps.read).tier1Bytes;
  const forgotten = new Set(forgottenUids(deps.read));
  const batch = new Batch();
  const store = () => takeBatch(deps, batch, forgotten, report);
  try {
    for await (const arrival of arrived) {
      if (deps.signal.aborted) break;
      if (arrival.kind === 'damaged') noteDamaged(report, arrival.uid, arrival.problem);
      else if (arrival.kind === 'forgotten') {
        await store();
        takeForgotten(deps, arrival, forgotten, report);
      } else {
        const session =
          deps.isPassing === true ? arrival.session : await withoutSecrets(arrival.session, deps.trusted);
        const placed = inPlaces(deps, session, report);
        // What comes a second time is held against what the first has become.
        if (placed !== null && batch.has(placed)) await store();
        if (placed !== null && batch.takes(placed)) await store();
      }
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  } finally {
    // What was whole before the file broke off is stored.
    await store();
  }
  report.over_hard_cap = report.waiting.length > 0;
  report.interrupted = deps.signal.aborted;
  if (deps.write !== null) report.stored_bytes_added = usage(deps.read).tier1Bytes - before;
  return report;
}

/** So many sessions are stored in one transaction at most: each by itself writes the same pages of indexes to the log again and again. */
const BATCH_SESSIONS = 100;
/** So much of them is held at most; it keeps others from the store for some 100 ms. */
const BATCH_BYTES = 4 * MIB;

/** Sessions that are stored together. Nothing waits in it but in memory: what is lost with it comes again with the next import. */
class Batch {
  #sessions: Incoming[] = [];
  readonly #uids = new Set<SessionUid>();
  #bytes = 0;

  has({ meta }: Incoming): boolean {
    return this.#uids.has(uidOf(meta));
  }

  /** True where it is full now. */
  takes(session: Incoming): boolean {
    this.#bytes += bytesOf(session, null) + session.digests.reduce((sum, { json }) => sum + json.length, 0);
    const isFull = this.#bytes >= BATCH_BYTES || this.#sessions.length + 1 >= BATCH_SESSIONS;
    // One that fills it is stored before the next begins; the bytes of others are held, whatever is done with the spool.
    this.#sessions.push(isFull ? session : held(session));
    this.#uids.add(uidOf(session.meta));
    return isFull;
  }

  takeAll(): readonly Incoming[] {
    const sessions = this.#sessions;
    this.#sessions = [];
    this.#uids.clear();
    this.#bytes = 0;
    return sessions;
  }
}

function held(session: Incoming): Incoming {
  const segments = session.segments.map((segment) => {
    const data = segment.data();
    return { ...segment, data: () => data };
  });
  return { ...session, segments };
}

/** Stores what waits: one transaction, in which each session is whole or not there. */
async function takeBatch(
  deps: ImportDeps,
  batch: Batch,
  forgotten: ReadonlySet<SessionUid>,
  report: ImportReport,
): Promise<void> {
  const sessions = batch.takeAll();
  if (sessions.length === 0) return;
  const take = () => sessions.map((session) => takeSession(deps, session, forgotten, report));
  const came = deps.write === null ? take() : deps.write.writeTransaction(take);
  killPoint('import.batch-stored');
  for (const [i, { meta }] of sessions.entries()) {
    const waits = came[i] === 'stranger' && meta.evicted_at === null;
    if (waits && (await deps.analyze(uidOf(meta)))) report.analyzed += 1;
  }
}

function takeForgotten(
  { read, write, trusted }: ImportDeps,
  forgotten: Forgotten,
  known: Set<SessionUid>,
  report: ImportReport,
): void {
  const { uid } = forgotten;
  const state = known.has(uid) ? 'forgotten' : findSession(read, uid) === null ? 'absent' : 'live';
  const decision = decide(
    { state, isStrangers: false, isDigestAlone: false },
    { kind: 'forgotten', trusted },
  );
  if (decision.act === 'forget') {
    if (write !== null) noteForgotten(write, forgotten);
    known.add(uid);
    add(report, report.forgotten, uid);
  } else if (decision.act === 'leave' && decision.why === 'no_effect') report.forgotten_ignored += 1;
  else if (decision.act === 'leave' && decision.why === 'conflict')
    add(report, report.conflicts, {
      session_uid: uid,
      what: `it was forgotten there and is here: \`session-memory forget ${uid}\``,
    });
}

/** The session without what belongs to no place of its agent's; null where nothing is left of it. */
function inPlaces(
  { formatOf = agentById }: ImportDeps,
  arrived: Incoming,
  report: ImportReport,
): Incoming | null {
  const { session, left } = inItsPlaces(arrived, formatOf(arrived.meta.agent));
  for (const file of left) add(report, report.left_out, file);
  if (session === null)
    noteDamaged(report, uidOf(arrived.meta), 'none of its files is one that its agent keeps of a session');
  return session;
}

/** Returns as what it came in, null where it did not. */
function takeSession(
  deps: ImportDeps,
  arrived: Incoming,
  forgotten: ReadonlySet<SessionUid>,
  report: ImportReport,
): 'own' | 'stranger' | null {
  const session = ofOneOrigin({
    ...arrived,
    meta: withPlausible(arrived.meta, deps.now(), deps.trusted),
  });
  const uid = uidOf(session.meta);
  deps.progress(uid);
  const problem = deps.trusted ? null : strangersProblem(session.meta);
  if (problem !== null) {
    noteDamaged(report, uid, problem);
    return null;
  }
  const counts = { added: report.added.length, merged: report.merged.length };
  const conflicts = report.conflicts.length;
  try {
    if (deps.write === null) return looked(deps, session, forgotten, report);
    return store(deps, deps.write, session, forgotten, report);
  } catch (thrown) {
    if (thrown instanceof FailureError && ['disk_full', 'io', 'busy'].includes(thrown.failure.code))
      throw thrown;
    // Its transaction took back what it had done; so does the report.
    report.added.length = counts.added;
    report.merged.length = counts.merged;
    report.conflicts.length = conflicts;
    noteDamaged(report, uid, messageOf(thrown));
    return null;
  }
}

/** No stranger brings what was forgotten here, not under the name of a second session of its id either. */
function isForgotten(forgotten: ReadonlySet<SessionUid>, { meta }: Incoming, trusted: boolean): boolean {
  return forgotten.has(uidOf(meta)) || (!trusted && forgotten.has(plainUidOf(meta)));
}

/** What is to be done with a session. */
interface Judged {
  readonly local: SessionRow | null;
  readonly compared: Compared | null;
  readonly offer: OfferedSession;
  readonly decision: MergeDecision;
}

function judged(deps: ImportDeps, db: ReadableDb, session: Incoming, isGone: boolean): Judged {
  const local = isGone ? null : findSession(db, uidOf(session.meta));
  const { here, offer, compared } = offerOf(db, local, isGone, session, deps.trusted);
  const decision = decide(here, offer);
  decided('import', uidOf(session.meta), `${here.state} here: ${wordsOf(decision)}`);
  return { local, compared, offer, decision };
}

/** Its act and what goes with it, for the log of decisions. */
function wordsOf(decision: MergeDecision): string {
  return Object.entries(decision)
    .map(([key, value]) => (value instanceof Set ? `${key}=${[...value].join('+')}` : `${key}=${value}`))
    .join(' ');
}

function store(
  deps: ImportDeps,
  db: WritableDb,
  session: Incoming,
  forgotten: ReadonlySet<SessionUid>,
  report: ImportReport,
): 'own' | 'stranger' | null {
  // Decided and done in one transaction: nothing changes between.
  const as = db.part(() => {
    const found = judged(deps, db, session, isForgotten(forgotten, session, deps.trusted));
    const { local, compared, decision } = found;
    if (!tellLeft(deps, db, session, found, report)) return null;
    if (decision.act === 'add') {
      if (decision.as === 'own') insertWhole(db, session, covers(session));
      else insertStranger(db, session, deps.origin, deps.now());
      add(report, report.added, uidOf(session.meta));
      killPoint('import.session-added');
      return decision.as;
    }
    if (decision.act !== 'merge' || local === null || compared === null) return null;
    const changed = applyMerge(db, local, session, compared, decision, deps.now());
    killPoint('import.session-merged');
    if (changed) add(report, report.merged, local.uid);
    else report.unchanged += 1;
    return null;
  });
  killPoint('import.session-stored');
  return as;
}

/** What a dry run says of it. */
function looked(
  deps: ImportDeps,
  session: Incoming,
  forgotten: ReadonlySet<SessionUid>,
  report: ImportReport,
): null {
  const db = deps.read;
  const found = judged(deps, db, session, isForgotten(forgotten, session, deps.trusted));
  const { local, compared, decision } = found;
  if (!tellLeft(deps, db, session, found, report)) return null;
  report.stored_bytes_added += bytesOf(session, compared);
  if (decision.act === 'add') add(report, report.added, uidOf(session.meta));
  if (decision.act !== 'merge' || local === null || compared === null) return null;
  if (bringsNews(db, local, session, compared, decision)) add(report, report.merged, local.uid);
  else report.unchanged += 1;
  return null;
}

/** Tells what is left as it is, or waits for room; true where something is to be done. */
function tellLeft(
  deps: ImportDeps,
  db: ReadableDb,
  session: Incoming,
  { local, compared, offer, decision }: Judged,
  report: ImportReport,
): boolean {
  const uid = uidOf(session.meta);
  const what = tellConflict(db, decision, local, session, offer);
  if (decision.act === 'leave') {
    if (decision.why === 'forgotten') add(report, report.left_forgotten, uid);
    else if (decision.why === 'empty') report.empty += 1;
    else if (what === null) report.unchanged += 1;
    else add(report, report.conflicts, { session_uid: uid, what });
    return false;
  }
  const bytes = bytesOf(session, compared);
  const wouldAdd = deps.write === null ? report.stored_bytes_added : 0;
  if (bytes > 0 && usage(db).tier1Bytes + wouldAdd + bytes > deps.hardCapBytes) {
    add(report, report.waiting, uid);
    return false;
  }
  if (what !== null) add(report, report.conflicts, { session_uid: uid, what });
  return true;
}

/** Compressed bytes that it would add, at most. */
function bytesOf({ segments }: Incoming, compared: Compared | null): number {
  return compared?.storedBytes ?? segments.reduce((sum, { stored_bytes: each }) => sum + each, 0);
}

/** Texts from the file are told shortly: they may be anything. */
const PROBLEM_CHARS_MAX = 300;

function noteDamaged(report: ImportReport, uid: SessionUid | null, problem: string): void {
  add(report, report.damaged, { session_uid: uid, problem: cutText(problem, PROBLEM_CHARS_MAX) });
}

/** An archive may hold millions of ids; a report of them would fill the memory. */
function add<T>(report: ImportReport, list: T[], entry: T): void {
  if (list.length < REPORT_ENTRIES_MAX) list.push(entry);
  else report.not_listed += 1;
}

function emptyReport({ write, trusted }: ImportDeps): ImportReport {
  return {
    version: 1,
    dry_run: write === null,
    trusted,
    added: [],
    merged: [],
    unchanged: 0,
    analyzed: 0,
    forgotten: [],
    forgotten_ignored: 0,
    left_forgotten: [],
    empty: 0,
    waiting: [],
    conflicts: [],
    damaged: [],
    left_out: [],
    not_listed: 0,
    stored_bytes_added: 0,
    over_hard_cap: false,
    interrupted: false,
  };
}
