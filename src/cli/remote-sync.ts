/** One meeting with the bucket, as `remote sync` and `maintain` have it. */
import { type Failure, FailureError, fail } from '../domain/errors.ts';
import { plainLine } from '../domain/text.ts';
import { forecastSweep } from '../policy/plan.ts';
import type { Traffic } from '../remote/client.ts';
import { type Collected, collect } from '../remote/collect.ts';
import { LOGS_PER_LOOK } from '../remote/plan.ts';
import { mustStillBeThere, type SyncReport, sync } from '../remote/sync.ts';
import type { WritableDb } from '../store/connection.ts';
import { removeCopies, writeAnew } from '../store/forget.ts';
import { census } from '../store/usage.ts';
import { noteLooked } from './bucket-look.ts';
import { bucketOf, syncDeps } from './bucket-of.ts';
import type { Context } from './context.ts';
import { formatCount, plural } from './format.ts';
import { type Io, ProgressLine } from './io.ts';
import { underSweepLock } from './named-sessions.ts';
import { remoteLock } from './remote-lock.ts';

export interface Synced extends SyncReport {
  readonly traffic: Traffic;
}

/**
 * Null: another run speaks to the bucket just now. `evictsNext`: by what was uploaded earlier something is about to go from here, so it is
 * looked at whether that is there still.
 */
export async function syncStore(
  context: Context,
  db: WritableDb,
  evictsNext = () => false,
  logsMost = Number.MAX_SAFE_INTEGER,
): Promise<Synced | null> {
  const bucket = await bucketOf(context, db);
  const lock = await remoteLock(db.path, context.signal);
  if (lock === null) return null;
  const line = new ProgressLine(context.io);
  try {
    const deps = { ...syncDeps(context, db, bucket, line), logsMost };
    const report = await sync(deps);
    const isLooking = evictsNext();
    const missing = isLooking ? await mustStillBeThere(deps) : [];
    if (isLooking) noteLooked(db);
    if (missing.length > 0)
      report.notes.push(
        `the bucket has lost the bytes of ${plural(missing.length, 'session')}, of ${missing[0]} first: they stay here, and the next sync uploads them again`,
      );
    line.clear();
    await purge(context, db, report);
    return { ...report, traffic: bucket.client.traffic };
  } finally {
    line.clear();
    lock.release();
  }
}

/** Null: another run speaks to the bucket just now. */
export async function collectStore(context: Context, db: WritableDb): Promise<Collected | null> {
  const bucket = await bucketOf(context, db);
  const lock = await remoteLock(db.path, context.signal);
  if (lock === null) return null;
  const line = new ProgressLine(context.io);
  try {
    return await collect(syncDeps(context, db, bucket, line));
  } finally {
    line.clear();
    lock.release();
  }
}

/** One meeting within a longer run. */
export interface Met {
  /** Sessions. */
  readonly uploaded: number;
  readonly read: number;
  readonly requests: number;
  /** Why there was none; null: there was one. */
  readonly failure: Failure | null;
  /** What a person should know, a sentence each. */
  readonly problems: readonly string[];
}

/** The same for a run that goes on whatever comes of it; null: another run speaks to the bucket. */
export async function metBucket(context: Context, db: WritableDb): Promise<Met | null> {
  try {
    const { limits } = context.settings;
    const now = context.clock.now();
    const flags = { analyze: true, dataLoss: false };
    const synced = await syncStore(
      context,
      db,
      () => !forecastSweep(census(db, now), limits, flags, now).isEmpty,
      LOGS_PER_LOOK,
    );
    if (synced === null) return null;
    return {
      uploaded: synced.uploaded.sessions.length,
      read: new Set(synced.read.sessions).size,
      requests: synced.traffic.requests,
      failure: null,
      problems: problemsOfSync(synced),
    };
  } catch (thrown) {
    if (!(thrown instanceof FailureError) || thrown.failure.code === 'interrupted') throw thrown;
    const { failure } = thrown;
    const about = failure.message.includes('bucket') ? '' : 'the bucket: ';
    const problem = `${about}${failure.message}. ${failure.hint}`;
    return { uploaded: 0, read: 0, requests: 0, failure, problems: [problem] };
  }
}

export function printMet(io: Io, { uploaded, read, failure, problems }: Met): void {
  for (const problem of problems) io.err(`warning: ${plainLine(problem)}\n`);
  if (failure === null && uploaded + read > 0)
    io.out(`Bucket: ${plural(uploaded, 'session')} uploaded, ${formatCount(read)} of other machines read.\n`);
}

export function anotherSyncs() {
  return fail('busy', 'another run is speaking to the bucket', 'Run it again when that one is done.');
}

/** What was forgotten elsewhere and was here: no page may keep a piece of it. */
async function purge({ signal }: Context, db: WritableDb, { read, notes }: SyncReport): Promise<void> {
  const { purged } = read;
  if (purged.length === 0) return;
  const again = `run \`session-memory forget ${purged[0]}\``;
  try {
    await underSweepLock(db.path, async () => {
      removeCopies(db.path, purged);
      if (!(await writeAnew(db, () => signal.aborted)))
        notes.push(
          `another process reads the store: its log still holds pieces of what was forgotten; ${again}`,
        );
    });
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    notes.push(
      `the store file could not be written anew, it still holds pieces of what was forgotten (${thrown.failure.message}); ${again}`,
    );
  }
}

/** What went amiss, a sentence each. */
export function problemsOfSync({ read, uploaded, notes }: SyncReport): string[] {
  return [
    ...notes,
    ...read.problems.map(({ object, problem }) =>
      problem.includes(object) ? problem : `${object}: ${problem}`,
    ),
    ...uploaded.problems.map(
      ({ session_uid: uid, problem }) => `not whole in the bucket: ${uid}: ${problem}`,
    ),
  ];
}
