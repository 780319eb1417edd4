/**
 * What `evict`, `forget` and `curate` share: the sessions that were named, the consent, the lock.
 * Promises: without consent nothing is changed; nobody thinks while the sweep lock is held; what a person consented to is
 * what was printed before.
 */
import { type FailureError, fail } from '../domain/errors.ts';
import type { SessionRow } from '../domain/session.ts';
import type { ReadableDb } from '../store/connection.ts';
import { takeSweepLock } from '../store/lock.ts';
import { resolveSession } from '../store/read.ts';
import { withReserve } from '../store/reserve.ts';
import { lockOrFail } from '../sweep/options.ts';
import { type Context, canAsk } from './context.ts';

/** The sessions that the arguments name, each once, in their order. Throws where one is unknown or names several. */
export function namedSessions(db: ReadableDb, names: readonly string[]): SessionRow[] {
  const found = names.map((name) => resolveSession(db, name));
  return found.filter((session, i) => found.findIndex(({ uid }) => uid === session.uid) === i);
}

/** `given`: by flags. `asked`: the person typed what was asked for. `refused`: they typed something else. */
export type NamedConsent = 'given' | 'asked' | 'refused' | 'missing';

/** Flags first; then, in a terminal, the person, who types `phrase`; elsewhere consent is missing. */
export async function consentTo(context: Context, byFlags: boolean, phrase: string): Promise<NamedConsent> {
  if (byFlags) return 'given';
  if (!canAsk(context)) return 'missing';
  const typed = await context.ask(`Type \`${phrase}\` to go on, anything else to leave it: `);
  if (context.signal.aborted) throw fail('interrupted', 'interrupted; nothing was changed', 'Run it again.');
  return typed?.trim() === phrase ? 'asked' : 'refused';
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
