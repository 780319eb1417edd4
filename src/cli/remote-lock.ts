/**
 * The lock of those who speak to the store's bucket, waited for: a look before a sweep holds it for a moment only, and whoever asked for
 * something need not ask again for that.
 */
import { type SweepLock, takeRemoteLock } from '../store/lock.ts';

const WAIT_MS = 10_000;
const BETWEEN_MS = 100;

/** Null: another run holds it still, or the signal came. */
export async function remoteLock(storePath: string, signal: AbortSignal): Promise<SweepLock | null> {
  const until = performance.now() + WAIT_MS;
  for (;;) {
    const lock = takeRemoteLock(storePath);
    if (lock !== null || signal.aborted || performance.now() >= until) return lock;
    await new Promise<void>((resolve) => setTimeout(resolve, BETWEEN_MS));
  }
}
