/** One meeting with the bucket, as `remote sync` and `maintain` have it. */
import { FailureError, fail } from '../domain/errors.ts';
import type { Traffic } from '../remote/client.ts';
import { type SyncReport, sync } from '../remote/sync.ts';
import type { WritableDb } from '../store/connection.ts';
import { removeCopies, writeAnew } from '../store/forget.ts';
import { takeRemoteLock } from '../store/lock.ts';
import { bucketOf, syncDeps } from './bucket-of.ts';
import type { Context } from './context.ts';
import { ProgressLine } from './io.ts';
import { underSweepLock } from './named-sessions.ts';

export interface Synced extends SyncReport {
  readonly traffic: Traffic;
}

/** Null: another run speaks to the bucket just now. */
export async function syncStore(context: Context, db: WritableDb): Promise<Synced | null> {
  const bucket = await bucketOf(context, db);
  const lock = takeRemoteLock(db.path);
  if (lock === null) return null;
  const line = new ProgressLine(context.io);
  try {
    const report = await sync(syncDeps(context, db, bucket, line));
    line.clear();
    await purge(context, db, report);
    return { ...report, traffic: bucket.client.traffic };
  } finally {
    line.clear();
    lock.release();
  }
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
    ...uploaded.problems.map(({ session_uid: uid, problem }) => `not uploaded: ${uid}: ${problem}`),
  ];
}
