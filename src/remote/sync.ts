/**
 * One meeting of this store with its bucket: what others have put there comes in, what is new here goes out.
 * Promises: where nothing is new it is one request; it can be stopped at any moment and goes on at the next; nothing of the store is lost
 * or overwritten by it, whatever the bucket holds.
 */
import { FailureError, fail } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { withReceipt } from '../store/remote/receipts.ts';
import {
  dropUploaded,
  dropUploadedIn,
  machines,
  noteSynced,
  packsOfUploaded,
  type RemoteState,
  remoteState,
  setHead,
  setLast,
  takeNewIdentity,
} from '../store/remote/state.ts';
import {
  countChanged,
  dropPending,
  forgottenSinceUpload,
  noteCommitted,
  pendingCommit,
} from '../store/remote/upload.ts';
import { sameBytes, sha256 } from '../store/segments.ts';
import { addressText } from './address.ts';
import { hashOf } from './bucket.ts';
import { COMMIT_BYTES_MAX } from './commit.ts';
import { commitName, newId } from './layout.ts';
import { inTurn, movedHeads, planLog } from './plan.ts';
import { emptyReadReport, type ReadDeps, type ReadReport, readMachine } from './read.ts';
import { formatIn } from './setup.ts';
import { NotAlone, nothingYet, tellAgain, type UploadDeps, type Uploaded, upload } from './upload.ts';

export interface SyncDeps extends UploadDeps {
  /** How many logs of other machines are read at most; absent: all that have moved. */
  readonly logsMost?: number;
  readonly reading: ReadDeps['progress'];
}

export interface SyncReport {
  readonly read: ReadReport;
  uploaded: Uploaded;
  /** Sentences that a person should know. */
  readonly notes: string[];
}

/** A second one under the same id is met once; a third would be a bug. */
const IDENTITIES_MAX = 3;

export async function sync(deps: SyncDeps): Promise<SyncReport> {
  const { db, bucket, signal } = deps;
  const report: SyncReport = { read: emptyReadReport(), uploaded: nothingYet(), notes: [] };
  const heads = await headsOrGone(deps);
  const { lost, again } = await settle(deps, heads, report);
  const known = new Map(machines(db).map(({ machine, head }) => [machine, head]));
  const moved = movedHeads(heads, known, stateOf(deps).machine);
  for (const machine of inTurn(moved, deps.logsMost ?? moved.length)) {
    if (signal.aborted) throw interrupted();
    const reading = { db, bucket, now: deps.now, signal, progress: deps.reading };
    await readMachine(reading, machine, heads.get(machine) ?? '', report.read);
  }
  for (const [machine, head] of known)
    if (head !== null && !heads.has(machine))
      report.read.problems.push({
        object: `heads/${machine}`,
        problem: 'it was in the bucket and is not any more',
      });
  const { machine: own } = stateOf(deps);
  report.uploaded = await uploadAlone(deps, report, again);
  if (stateOf(deps).machine === own) await fill(deps, lost);
  if (stateOf(deps).head === null && stateOf(deps).next > 0) await writeHead(deps);
  if (signal.aborted) throw interrupted();
  noteSynced(db, deps.now());
  return report;
}

/** Where the whole bucket is gone no receipt of it may let anything go. */
async function headsOrGone({ db, bucket }: SyncDeps): Promise<Map<string, string>> {
  try {
    return await bucket.heads();
  } catch (thrown) {
    throw goneIn(db, thrown, ['not_found']);
  }
}

/** A failure by which the bucket is not there: no receipt counts any more. Any other failure tells nothing of it. */
function goneIn(db: SyncDeps['db'], thrown: unknown, codes: readonly string[]): unknown {
  if (!(thrown instanceof FailureError) || !codes.includes(thrown.failure.code)) return thrown;
  dropUploaded(db);
  return fail('failed', thrown.failure.message, thrown.failure.hint);
}

/** That the bucket at the configured address is the one that was joined; where it is not, nothing counts as being there. */
async function mustBeTheOne(deps: SyncDeps): Promise<void> {
  const { db, bucket } = deps;
  try {
    if ((await formatIn(bucket.client)) === stateOf(deps).bucket) return;
  } catch (thrown) {
    throw goneIn(db, thrown, ['not_found', 'corrupt']);
  }
  dropUploaded(db);
  throw fail(
    'config',
    `${addressText(bucket.client.address)} is another bucket than the one that this store has joined`,
    'Mend `remote.url` and `remote.endpoint`; to change over, run `session-memory remote leave`, then `remote add`.',
  );
}

function stateOf({ db }: Pick<SyncDeps, 'db'>): RemoteState {
  const state = remoteState(db);
  if (state !== null) return state;
  throw fail(
    'config',
    'this store belongs to no bucket yet',
    'Run `session-memory remote init` or `remote add`.',
  );
}

interface Settled {
  /** Numbers of this machine's commits that are not in the bucket any more. */
  readonly lost: readonly number[];
  /** The id under which was told what has to be told again; null: nothing has. */
  readonly again: string | null;
}

const WELL: Settled = { lost: [], again: null };

/** What became of the commit that the last run was about to write, and whether this machine's log is as it left it. */
async function settle(
  deps: SyncDeps,
  heads: ReadonlyMap<string, string>,
  report: SyncReport,
): Promise<Settled> {
  const { db, bucket } = deps;
  const pending = pendingCommit(db);
  if (pending !== null) {
    const { machine, number } = pending.commit;
    const there = await bucket.client.get(commitName(machine, number), COMMIT_BYTES_MAX);
    if (there !== null && sameBytes(sha256(there), pending.sha256))
      noteCommitted(db, pending.commit, pending.sha256);
    else if (there === null) dropPending(db);
    else return await asAnother(deps, report);
  }
  const { machine, head, next, last } = stateOf(deps);
  const there = heads.get(machine) ?? null;
  if (head === there && head !== null) return WELL;
  const isFirst = next === 0 && there === null;
  // Who has nothing to tell writes nothing: one that only reads asks nothing more.
  if (isFirst && countChanged(db) + forgottenSinceUpload(db).length === 0) return WELL;
  await mustBeTheOne(deps);
  if (isFirst) return WELL;
  // Somebody else may write as this machine, with a copy of its store; or the bucket has lost something.
  const numbers = await bucket.numbers(machine, 0);
  const { missing } = planLog({ there: numbers, read: next }, true);
  if ((numbers.at(-1) ?? -1) >= next) return await asAnother(deps, report);
  if (missing.length > 0) {
    for (const number of missing)
      report.read.problems.push({
        object: commitName(machine, number),
        problem: 'it is missing from the bucket',
      });
    report.notes.push(
      'the bucket has lost what this machine had put there: all of it that is still here is uploaded again',
    );
    dropUploaded(db);
  }
  // Its last one was lost, and a copy of this store has written another one in its place, which nobody else can tell.
  if (!missing.includes(next - 1) && !(await isLast(deps, next - 1, last)))
    return { ...(await asAnother(deps, report)), again: machine };
  setHead(db, null);
  return { lost: missing, again: missing.length > 0 ? machine : null };
}

/** Whether this machine's commit of that number is the one that it has written; where that is not known it is. */
async function isLast(deps: SyncDeps, number: number, last: string | null): Promise<boolean> {
  if (number < 0 || last === null) return true;
  const there = await deps.bucket.client.get(commitName(stateOf(deps).machine, number), COMMIT_BYTES_MAX);
  return there !== null && hashOf(there) === last;
}

async function asAnother(deps: SyncDeps, report: SyncReport): Promise<Settled> {
  await becomeAnother(deps, report);
  return WELL;
}

/**
 * Where the bucket has lost commits of this machine, and all that they told of is told of again: empty ones in their place, so that the log
 * is whole for whoever reads it from its beginning.
 */
async function fill({ db, bucket, name, now }: SyncDeps, lost: readonly number[]): Promise<void> {
  const state = remoteState(db);
  if (state === null) return;
  const { machine } = state;
  for (const number of lost) {
    const told = { machine, name, number, at: now(), sessions: [], forgotten: [], fills: true };
    // One that is there after all was only late to be seen.
    await bucket.client.create(commitName(machine, number), await bucket.sealedCommit(told));
    if (number === state.next - 1) setLast(db, null);
  }
}

async function becomeAnother(deps: SyncDeps, report: SyncReport): Promise<void> {
  const { db, bucket, name } = deps;
  const { machine, next } = stateOf(deps);
  // What lies in the log under the old id may have no head yet, and nobody would look at it.
  await bucket.putHead(machine, next);
  // Since the day that this store is of, packs may have been collected that it believes to be there.
  await packsMustBeThere(deps);
  takeNewIdentity(db, newId(), name);
  report.notes.push(
    'this store is a copy, was set back, or was said to be gone: another one has written under its id since; it goes on under an id of its own, and `name` under [remote] in the configuration gives it a name of its own',
  );
}

/**
 * A look at the names of all packs and of this machine's commits, a request for a thousand: whoever has the bucket may take objects away, or
 * have them taken away by their age. What has lost a pack counts as not uploaded; where a commit is gone that may be any. Returns the
 * sessions that it hits.
 */
export async function mustStillBeThere(deps: Pick<SyncDeps, 'db' | 'bucket'>): Promise<SessionUid[]> {
  const { db, bucket } = deps;
  const state = remoteState(db);
  const there = state === null ? [] : await bucket.numbers(state.machine, 0);
  if (planLog({ there, read: state?.next ?? 0 }, true).missing.length === 0)
    return await packsMustBeThere(deps);
  const uploaded = withReceipt(db);
  dropUploaded(db);
  setHead(db, null);
  return uploaded;
}

async function packsMustBeThere({ db, bucket }: Pick<SyncDeps, 'db' | 'bucket'>): Promise<SessionUid[]> {
  const lost = packsOfUploaded(db);
  for await (const pack of bucket.packs()) lost.delete(pack);
  return dropUploadedIn(db, lost);
}

/** `again`: the id under which was told what the bucket has lost. */
async function uploadAlone(deps: SyncDeps, report: SyncReport, again: string | null): Promise<Uploaded> {
  for (let tries = 1; ; tries += 1) {
    try {
      if (again !== null) await tellAgain(deps, again);
      return await upload(deps);
    } catch (thrown) {
      if (!(thrown instanceof NotAlone)) throw thrown;
      if (tries >= IDENTITIES_MAX)
        throw new Error('every id of this machine is written to by another one', { cause: thrown });
      await becomeAnother(deps, report);
    }
  }
}

/** Only a hint for the others: where this is lost the next run writes it. */
async function writeHead({ db, bucket }: SyncDeps): Promise<void> {
  const state = remoteState(db);
  if (state === null) return;
  const etag =
    (await bucket.putHead(state.machine, state.next)) ?? (await bucket.heads()).get(state.machine) ?? null;
  setHead(db, etag);
}

function interrupted(): FailureError {
  return fail('interrupted', 'interrupted', 'What is in the bucket stays; the next run goes on.');
}
