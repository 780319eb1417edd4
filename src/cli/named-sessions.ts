/** Sessions that arguments name, and the lock under which a person changes them. */
import { type FailureError, fail } from '../domain/errors.ts';
import type { SessionRow } from '../domain/session.ts';
import type { ReadableDb } from '../store/connection.ts';
import { takeSweepLock } from '../store/lock.ts';
import { resolveSession } from '../store/read.ts';
import { withReserve } from '../store/reserve.ts';
import { lockOrFail } from '../sweep/options.ts';

/** The sessions that the arguments name, each once, in their order. Throws where one is unknown or names several. */
export function namedSessions(db: ReadableDb, names: readonly string[]): SessionRow[] {
  const found = names.map((name) => resolveSession(db, name));
  return found.filter((session, i) => found.findIndex(({ uid }) => uid === session.uid) === i);
}

/** Runs `apply` under the sweep lock, or fails as `sweep_running`. */
export async function underSweepLock<T>(storePath: string, apply: () => T | Promise<T>): Promise<T> {
  const lock = lockOrFail({
    store: { takeLock: () => withReserve(storePath, () => takeSweepLock(storePath)) },
  });
  try {
    return await apply();
  } finally {
    lock.release();
  }
}

/** The failure of a call that named sessions which it may not touch; nothing was changed. */
export function refuseNamed(message: string, hint: string): FailureError {
  return fail('usage', `${message}; nothing was changed`, hint);
}
