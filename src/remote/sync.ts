/**
 * One meeting of this store with its bucket: what others have put there comes in, what is new here goes out.
 * Promises: where nothing is new it is one request; it can be stopped at any moment and goes on at the next; nothing of the store is lost
 * or overwritten by it, whatever the bucket holds.
 */
import { FailureError, fail } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import {
  dropUploaded,
  dropUploadedOutside,
  machines,
  noteSynced,
  type RemoteState,
  remoteState,
  setHead,
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
import { COMMIT_BYTES_MAX } from './commit.ts';
import { commitName, newId } from './layout.ts';
import { inTurn, movedHeads, planLog } from './plan.ts';
import { emptyReadReport, type ReadDeps, type ReadReport, readMachine } from './read.ts';
import { formatIn } from './setup.ts';
import { NotAlone, type UploadDeps, type Uploaded, upload } from './upload.ts';

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
  const report: SyncReport = { read: emptyReadReport(), uploaded: nothing(), notes: [] };
  const heads = await headsOrGone(deps);
  await settle(deps, heads, report);
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
  report.uploaded = await uploadAlone(deps, report);
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

function nothing(): Uploaded {
  return {
    sessions: [],
    forgotten: [],
    rawBytes: 0,
    foundBytes: 0,
    storedBytes: 0,
    packs: 0,
    commits: 0,
    problems: [],
  };
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

/** What became of the commit that the last run was about to write, and whether this machine's log is as it left it. */
async function settle(deps: SyncDeps, heads: ReadonlyMap<string, string>, report: SyncReport): Promise<void> {
  const { db, bucket } = deps;
  const pending = pendingCommit(db);
  if (pending !== null) {
    const { machine, number } = pending.commit;
    const there = await bucket.client.get(commitName(machine, number), COMMIT_BYTES_MAX);
    if (there !== null && sameBytes(sha256(there), pending.sha256)) noteCommitted(db, pending.commit);
    else if (there === null) dropPending(db);
    else return becomeAnother(deps, report);
  }
  const { machine, head, next } = stateOf(deps);
  const there = heads.get(machine) ?? null;
  if (head === there && head !== null) return;
  const isFirst = next === 0 && there === null;
  // Who has nothing to tell writes nothing: one that only reads asks nothing more.
  if (isFirst && countChanged(db) + forgottenSinceUpload(db).length === 0) return;
  await mustBeTheOne(deps);
  if (isFirst) return;
  // Somebody else may write as this machine, with a copy of its store; or the bucket has lost something.
  const numbers = await bucket.numbers(machine, 0);
  const { missing } = planLog({ there: numbers, read: next }, true);
  if ((numbers.at(-1) ?? -1) >= next) return becomeAnother(deps, report);
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
  setHead(db, null);
}

async function becomeAnother(deps: SyncDeps, report: SyncReport): Promise<void> {
  const { db, bucket, name } = deps;
  const { machine, next } = stateOf(deps);
  // What lies in the log under the old id may have no head yet, and nobody would look at it.
  await bucket.putHead(machine, next);
  // Since the day that this store is of, packs may have been collected that it believes to be there.
  await mustStillBeThere(deps);
  takeNewIdentity(db, newId(), name);
  report.notes.push(
    'this store is a copy, was set back, or was said to be gone: another one has written under its id since; it goes on under an id of its own',
  );
}

/**
 * A look at the names of all packs, a request for a thousand: whoever has the bucket may take objects away, or have them taken away by
 * their age. What has lost a pack counts as not uploaded. Returns the sessions that it hits.
 */
export async function mustStillBeThere({
  db,
  bucket,
}: Pick<SyncDeps, 'db' | 'bucket'>): Promise<SessionUid[]> {
  return dropUploadedOutside(db, await bucket.packs());
}

async function uploadAlone(deps: SyncDeps, report: SyncReport): Promise<Uploaded> {
  for (let tries = 1; ; tries += 1) {
    try {
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
