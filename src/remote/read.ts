/**
 * What other machines have put into the bucket since the last look: where their sessions lie, and their digests, pins and forgotten ids into
 * this store.
 * Promises: each commit is read once, in order, and taken in one transaction; what is damaged is named and keeps nothing else back;
 * what is missing is named; what only a newer version can read is named and waits for one. What a person has forgotten on one machine is forgotten on all.
 */

import { withPlausible } from '../archive/claims.ts';
import { covers } from '../archive/offer.ts';
import type { Digest } from '../domain/digest.ts';
import { FailureError, messageOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { Iso } from '../domain/time.ts';
import {
  type Beside,
  decideForgottenThere,
  decideMirror,
  type HereOfMirror,
  saysMore,
} from '../merge/mirror.ts';
import type { ArchivedDigest } from '../store/archived.ts';
import type { WritableDb } from '../store/connection.ts';
import { forgetSession, noteForgotten } from '../store/forget.ts';
import { presentDigest } from '../store/import/rows.ts';
import { digestsOf, type StoredDigest, sessionIdOf } from '../store/read.ts';
import { dropBeside, hereOf, putBeside, putMirror } from '../store/remote/mirror.ts';
import { type KnownMachine, machines, noteMachine, putRecord, taint } from '../store/remote/state.ts';
import { noteForgottenThere } from '../store/remote/upload.ts';
import { digestIn } from '../store/whole-digest.ts';
import { setPinned } from '../store/write-raw.ts';
import type { Bucket } from './bucket.ts';
import type { Commit, CommitThere, CommittedSession } from './commit.ts';
import { commitName } from './layout.ts';
import { planLog } from './plan.ts';
import { type RemoteSession, readRecords } from './records.ts';

export interface ReadDeps {
  readonly db: WritableDb;
  readonly bucket: Bucket;
  readonly now: () => Iso;
  readonly signal: AbortSignal;
  readonly progress: (machine: string, done: number, total: number) => void;
}

export interface ReadReport {
  commits: number;
  /** New here, or newer than they were. */
  sessions: SessionUid[];
  pinned: SessionUid[];
  /** Forgotten there, and so here. */
  forgotten: SessionUid[];
  /** Of those, the ones of which something was here: the file has to be written anew. */
  purged: SessionUid[];
  /** What cannot be read or is missing: the name of the object, and a clause. */
  problems: { object: string; problem: string }[];
}

export function emptyReadReport(): ReadReport {
  return { commits: 0, sessions: [], pinned: [], forgotten: [], purged: [], problems: [] };
}

/** All that is new of one machine. `head`: its head as it was seen just now; null: it is to be looked at again. */
export async function readMachine(
  deps: ReadDeps,
  machine: string,
  head: string | null,
  report: ReadReport,
  isAgain = false,
): Promise<void> {
  const { db, bucket, signal } = deps;
  const known: KnownMachine = machines(db).find((one) => one.machine === machine) ?? {
    machine,
    name: machine.slice(0, 8),
    read: 0,
    head: null,
    last: null,
  };
  const { toRead, missing } = planLog(
    { there: await bucket.numbers(machine, known.read), read: known.read },
    false,
  );
  const lost = toRead.length === 0 ? await lostEnd(bucket, known) : null;
  if (lost !== null) {
    const problem = `the head of ${known.name} tells of it, and it is missing from the bucket`;
    report.problems.push({ object: commitName(machine, lost), problem });
    // Looked at again until it is there, or stood for.
    return;
  }
  for (const number of missing)
    report.problems.push({ object: commitName(machine, number), problem: 'it is missing from the bucket' });
  let { name, read, last } = known;
  for (const [i, number] of toRead.entries()) {
    if (signal.aborted) return;
    deps.progress(name, i, toRead.length);
    const commit = await commitOrProblem(bucket, machine, number, report);
    // Not read, and not to be passed over: a newer version of this program will read it.
    if (commit === 'newer') return noteMachine(db, { machine, name, read, head: null, last });
    if (commit !== null && number === read && goesOnOtherwise(commit, last)) {
      report.problems.push({
        object: commitName(machine, number - 1),
        problem: `another commit stands in its place than ${isAgain ? 'the next one goes on from' : 'was read here: all of that log is read again'}`,
      });
      if (!isAgain) {
        // What the other one tells of was never read; twice changes nothing.
        noteMachine(db, { machine, name, read: 0, head: null, last: null });
        return await readMachine(deps, machine, head, report, true);
      }
    }
    const told = commit === null ? [] : await recordsIn(bucket, commit, report);
    name = commit?.name ?? name;
    // What cannot be read counts as read once a later one can: an object of any number may have been put there by somebody else, and
    // must not stand for all that the machine has yet to write.
    if (commit === null) continue;
    read = number + 1;
    last = commit.fills === true ? null : commit.sealed;
    const seen = { machine, name, read, head: null, last };
    db.writeTransaction(() => {
      // The machine first: what it tells of is shown with its name.
      noteMachine(db, seen);
      take(deps, commit, told, report);
    });
    report.commits += 1;
    killPoint('remote.commit-taken');
  }
  noteMachine(db, { machine, name, read, head, last });
}

/** Whether it goes on from another commit than that one. */
function goesOnOtherwise({ before }: Commit, last: string | null): boolean {
  return before !== undefined && last !== null && before !== last;
}

/** The number of a commit that a machine's head tells of, where nothing stands behind what was read of its log; null: its log is as it says. */
async function lostEnd(bucket: Bucket, { machine, read }: KnownMachine): Promise<number | null> {
  const told = await bucket.headOrNone(machine);
  if (told === null || told <= read) return null;
  // It may have been written just now.
  return (await bucket.numbers(machine, read)).length === 0 ? told - 1 : null;
}

/** What is damaged will not become whole: it is named, and the next one is read. */
async function commitOrProblem(
  bucket: Bucket,
  machine: string,
  number: number,
  report: ReadReport,
): Promise<CommitThere | 'newer' | null> {
  const object = commitName(machine, number);
  try {
    const commit = await bucket.commit(machine, number);
    if (commit === null) report.problems.push({ object, problem: 'it is missing from the bucket' });
    return commit;
  } catch (thrown) {
    if (thrown instanceof FailureError && thrown.failure.code === 'newer_store') {
      const { message, hint } = thrown.failure;
      report.problems.push({ object, problem: `${message} (${object}). ${hint} All else goes on` });
      return 'newer';
    }
    if (!isDamage(thrown)) throw thrown;
    report.problems.push({ object, problem: messageOf(thrown) });
    return null;
  }
}

function isDamage(thrown: unknown): boolean {
  return thrown instanceof FailureError && thrown.failure.code === 'corrupt';
}

interface Told {
  readonly session: CommittedSession;
  /** Null: it cannot be read. */
  readonly records: RemoteSession | null;
}

/** The records that a commit names; each pack is fetched once, and one is held at a time. */
async function recordsIn(bucket: Bucket, { sessions }: Commit, report: ReadReport): Promise<Told[]> {
  const told: Told[] = [];
  for (const [pack, own] of Map.groupBy(sessions, ({ records }) => records.pack)) {
    const plain = await packOrProblem(bucket, pack, report);
    for (const session of own) {
      let records: RemoteSession | null = null;
      try {
        if (plain !== null) records = readRecords(plain, session.records, session.uid);
      } catch (thrown) {
        if (!isDamage(thrown)) throw thrown;
        report.problems.push({ object: session.uid, problem: messageOf(thrown) });
      }
      told.push({ session, records });
    }
  }
  return told;
}

async function packOrProblem(bucket: Bucket, pack: string, report: ReadReport): Promise<Uint8Array | null> {
  const object = `pack ${pack}`;
  try {
    // Where a collector has taken it away, a later commit names the same sessions elsewhere.
    return await bucket.pack(pack);
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
    report.problems.push({ object, problem: messageOf(thrown) });
    return null;
  }
}

/** Within the caller's transaction. */
function take(deps: ReadDeps, commit: Commit, read: readonly Told[], report: ReadReport): void {
  const { db, now } = deps;
  const { machine, name, number } = commit;
  for (const { session, records } of read) {
    const uid = session.uid as SessionUid;
    const here = hereOf(db, uid);
    if (here.state === 'forgotten') {
      // It was put there by a machine that did not know yet.
      taint(db, [session.records.pack, ...(session.packs ?? [])]);
      continue;
    }
    putRecord(db, {
      ...session,
      machine,
      number,
      rawBytes: session.raw_bytes,
      coversFrom: session.covers_from,
    });
    if (records === null) continue;
    const meta = withPlausible(records.meta, now(), true);
    const incoming = { meta, digests: records.digests, segments: [] };
    const digest = presentDigest(incoming);
    // What a stranger sent to that machine is that machine's affair.
    const isStrangers = meta.origin != null || digest?.origin != null;
    const isTold = digest?.complete === true && !isStrangers;
    const hasDigest = isTold && covers(incoming);
    const ours = digestsOf(db, uid);
    const more =
      digest !== null &&
      hasDigest &&
      saysMore(
        parsed(digest.json),
        ours.map(({ json }) => parsed(json)),
      );
    const told = { machine, hasDigest, pinned: meta.pinned, endedAt: meta.ended_at, saysMore: more };
    const fate = decideMirror(here, told);
    keepBeside(db, uid, here, { machine, beside: fate.beside, digest, before: ours[0] ?? null });
    if (fate.act !== 'leave' && digest !== null) {
      putMirror(db, { machine, name, meta, digest, hasBytes: session.packs !== null }, now());
      report.sessions.push(uid);
    }
    if (fate.pins) {
      setPinned(db, sessionIdOf(db, uid), true, now());
      report.pinned.push(uid);
    }
  }
  for (const { uid: text, at } of commit.forgotten) {
    const uid = text as SessionUid;
    const act = decideForgottenThere(hereOf(db, uid));
    if (act === 'note') noteForgotten(db, { uid, at });
    if (act === 'forget' && forgetSession(db, uid, now(), `forgotten on ${name}`)) report.purged.push(uid);
    if (act !== 'nothing') report.forgotten.push(uid);
    noteForgottenThere(db, uid);
  }
}

interface BesideHere {
  readonly machine: string;
  readonly beside: Beside;
  readonly digest: ArchivedDigest | null;
  /** The one that is shown here until now. */
  readonly before: StoredDigest | null;
}

/** So a session that two went on with is found by what either has, on each machine. */
function keepBeside(
  db: WritableDb,
  uid: SessionUid,
  here: HereOfMirror,
  { machine, beside, digest, before }: BesideHere,
): void {
  if (beside === 'theirs' && digest !== null) return putBeside(db, uid, machine, digest);
  if (here.state !== 'absent') dropBeside(db, uid, machine);
  if (beside !== 'before' || before === null || here.machine === null || digest === null) return;
  if (saysMore(parsed(before.json), [parsed(digest.json)]))
    putBeside(db, uid, here.machine, { json: before.json, made_at: before.madeAt });
}

/** Each was checked when it came. One that has rotted on the disk since says nothing, and keeps nothing back: `verify` names it. */
function parsed(json: string): Digest {
  return digestIn(json) ?? ({} as Digest);
}
