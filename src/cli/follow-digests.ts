/**
 * Has the search index follow the digests that it does not know yet, a few at a time.
 * Promises: stops at the time that it is given, and at a signal; an index that cannot be written stops nothing.
 */
import { FailureError } from '../domain/errors.ts';
import type { WritableDb } from '../store/connection.ts';
import { indexing, isIndexDamage } from '../store/search/documents.ts';
import type { Context } from './context.ts';
import { ProgressLine } from './io.ts';

/** `forMs`: for how long at most, as far as a batch allows; absent: until all is done. */
export async function followDigests(
  { io, clock, signal }: Pick<Context, 'io' | 'clock' | 'signal'>,
  db: WritableDb,
  forMs = Number.POSITIVE_INFINITY,
): Promise<void> {
  const line = new ProgressLine(io);
  const end = clock.monotonicMs() + forMs;
  try {
    for (const { done, total } of indexing(db)) {
      // Signals come in between.
      await Bun.sleep(0);
      if (clock.monotonicMs() >= end || signal.aborted) break;
      line.work('Indexing digests:', { count: done, total });
    }
  } catch (thrown) {
    // A full or read-only disk, a damaged index: a search says what it could not look at.
    if (!(thrown instanceof FailureError) && !isIndexDamage(thrown)) throw thrown;
  } finally {
    line.clear();
  }
}
