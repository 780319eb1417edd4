/**
 * A look whether the bucket still has what it had, before it alone keeps anything.
 * Promises: what has lost a pack counts as not uploaded afterwards; where it cannot be looked, that is told and nothing changes.
 */
import { FailureError } from '../domain/errors.ts';
import { WAITS } from '../remote/client.ts';
import { mustStillBeThere } from '../remote/sync.ts';
import type { WritableDb } from '../store/connection.ts';
import { bucketOf } from './bucket-of.ts';
import type { Context } from './context.ts';
import { remoteLock } from './remote-lock.ts';

/** Somebody waits, and what cannot be looked at stays or goes by what is known. */
const AT_A_GLANCE = { ...WAITS, tries: 3, silenceMs: 10_000 };

/** A run that has just met its bucket need not list all of it once more. */
const FRESH_MS = 60_000;
const looked = new WeakMap<WritableDb, number>();

/** It was looked just now. */
export function noteLooked(db: WritableDb): void {
  looked.set(db, performance.now());
}

/** Null: it was looked. Else why it could not be, a clause. */
export async function lookAtBucket(context: Context, db: WritableDb): Promise<string | null> {
  if (context.settings.remote === null) return 'no bucket is configured that could be looked at';
  const atMs = looked.get(db);
  if (atMs !== undefined && performance.now() - atMs < FRESH_MS) return null;
  const lock = await remoteLock(db.path, context.signal);
  if (lock === null) return 'another run speaks to the bucket just now';
  try {
    await mustStillBeThere({ db, bucket: await bucketOf(context, db, AT_A_GLANCE) });
    return null;
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    return `it cannot be looked whether the bucket still has it: ${thrown.failure.message}`;
  } finally {
    lock.release();
  }
}
