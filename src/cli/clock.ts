/** The program's clock: the system's, or the one that `SESSION_MEMORY_NOW` holds. */
import { fail } from '../domain/errors.ts';
import { type Clock, type Iso, parseTime } from '../domain/time.ts';

/** `held`: the text of `SESSION_MEMORY_NOW`; null: the system's clock. */
export function clockOf(held: string | null): Clock {
  const monotonicMs = () => performance.now();
  if (held === null) return { now: () => new Date().toISOString() as Iso, monotonicMs, isSet: false };
  const now = parseTime(held);
  if (now === null) {
    throw fail(
      'usage',
      `SESSION_MEMORY_NOW is not a time: ${held}`,
      'Write 2026-06-01T00:00:00.000Z, or unset it.',
    );
  }
  return { now: () => now, monotonicMs, isSet: true };
}
