/**
 * What the screens have done on a thread: pins, evictions of what is digested, restores.
 * Promises: by the same code as the commands; it stops where it is asked to, and of a restore that was stopped nothing is left.
 */
import { fail } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { plainLine } from '../domain/text.ts';
import type { WritableDb } from '../store/connection.ts';
import { withPatience } from '../store/patience.ts';
import { findSession, sessionIdOf } from '../store/read.ts';
import { setPinned } from '../store/write-raw.ts';
import type { BackgroundJob, Results } from './background.protocol.ts';
import { evictDigested } from './commands/evict.ts';
import type { Context } from './context.ts';
import { plural } from './format.ts';
import { restoredOne, restoreNow } from './screen-restore.ts';

/** A key that finds another process writing fails after that, and can be pressed again. */
const KEY_WAIT_MS = 300;
/** Steps of a restore are told at most so often. */
const TOLD_BYTES = 4 * 1024 ** 2;

export interface Watcher {
  readonly step: (done: number, total: number) => void;
  readonly isStopped: () => boolean;
}

type Job = Extract<BackgroundJob, { kind: 'pin' | 'evict' | 'restore' | 'restore_marked' }>;

export async function done(
  context: Context,
  db: WritableDb,
  job: Job,
  watcher: Watcher,
): Promise<Results[Job['kind']]> {
  switch (job.kind) {
    case 'pin':
      return withPatience(db, KEY_WAIT_MS, () => pinned(context, db, job));
    case 'evict': {
      const sessions = job.uids.flatMap((uid) => findSession(db, uid) ?? []);
      return await evictDigested(context, db, sessions, watcher.step);
    }
    case 'restore':
      return await restoreNow(context, db, job.plan, bytesWatched(db, job.plan.uid, watcher));
    case 'restore_marked':
      return await restoredMarked(context, db, job.uids, watcher);
    default:
      return job satisfies never;
  }
}

function pinned({ clock }: Context, db: WritableDb, job: Extract<Job, { kind: 'pin' }>): boolean {
  const [first] = job.uids;
  const isPinned =
    job.pinned === 'turned' ? first !== undefined && findSession(db, first)?.pinned !== true : job.pinned;
  db.writeTransaction(() => {
    for (const uid of job.uids) setPinned(db, sessionIdOf(db, uid), isPinned, clock.now());
  });
  return isPinned;
}

/** Called with the plain bytes that are about to be written; throws where the person has stopped it. */
function bytesWatched(
  db: WritableDb,
  uid: SessionUid,
  { step, isStopped }: Watcher,
): (bytes: number) => void {
  const total = findSession(db, uid)?.rawBytes ?? 0;
  let [written, told] = [0, 0];
  return (bytes) => {
    if (isStopped()) throw fail('interrupted', 'Stopped by you', 'Nothing was written.');
    written += bytes;
    if (written - told < TOLD_BYTES) return;
    told = written;
    step(Math.min(written, total), total);
  };
}

async function restoredMarked(
  context: Context,
  db: WritableDb,
  uids: readonly SessionUid[],
  { step, isStopped }: Watcher,
): Promise<readonly string[]> {
  const told: string[] = [];
  for (const [done, uid] of uids.entries()) {
    step(done, uids.length);
    // A message to stop is heard in between.
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (isStopped()) {
      told.push(`Stopped by you: ${plural(uids.length - done, 'session')} not restored.`);
      break;
    }
    const watch = bytesWatched(db, uid, { step: () => undefined, isStopped });
    const title = plainLine(findSession(db, uid)?.title ?? uid);
    told.push(`${title}: ${await restoredOne(context, { reading: db, writing: db }, uid, watch)}`);
  }
  return told;
}
