/**
 * A session of which several machines have a state of their own: all of them are fetched and put together in a passing store.
 * Promises: where one of them cannot be had, one that has no less than was here is given alone, and that is said.
 */
import { agentById } from '../agents/registry.ts';
import { importArrivals, spoolFor } from '../archive/import.ts';
import { FailureError, fail } from '../domain/errors.ts';
import type { SessionRow } from '../domain/session.ts';
import { plainLine } from '../domain/text.ts';
import { interrupted } from '../remote/arriving.ts';
import { fetched, presentBytesOf } from '../remote/fetch.ts';
import type { ReadableDb, WritableDb } from '../store/connection.ts';
import { openReadable } from '../store/open.ts';
import { openPassing } from '../store/passing.ts';
import { findSession } from '../store/read.ts';
import type { StoredBytes } from '../store/remote/state.ts';
import { bucketOf } from './bucket-of.ts';
import type { Context } from './context.ts';
import { ProgressLine } from './io.ts';

/** What is known of a session that has to be fetched. */
export type AwaySession = Pick<SessionRow, 'uid' | 'rawBytes'>;

/**
 * Every state that a machine has of it, together; where one of them cannot be had, one that has no less than was here. Returns the passing
 * store, which the caller closes.
 */
export async function mergedStates(
  context: Context,
  here: ReadableDb,
  session: AwaySession,
  states: readonly StoredBytes[],
): Promise<WritableDb> {
  const single = presentBytesOf(here, session.uid).filter(
    ({ raw_bytes: bytes }) => bytes >= session.rawBytes,
  );
  let first: FailureError | null = null;
  for (const some of [states, ...single.map((state) => [state])]) {
    const passing = openPassing(context.settings.storePath);
    try {
      await fetchInto(context, session, some, passing);
    } catch (thrown) {
      passing.close();
      if (!(thrown instanceof FailureError) || !['not_found', 'corrupt'].includes(thrown.failure.code))
        throw thrown;
      first ??= thrown;
      continue;
    }
    if (first !== null)
      context.io.err(
        `warning: of ${plainLine(session.uid)} one of ${states.length} states in the bucket cannot be had (${plainLine(first.failure.message)}); another one is whole\n`,
      );
    return passing;
  }
  throw first ?? new Error(`there are states of ${session.uid}, and none of them was tried`);
}

async function fetchInto(
  context: Context,
  { uid }: AwaySession,
  states: readonly StoredBytes[],
  db: WritableDb,
): Promise<void> {
  const { io, host, clock, settings, signal } = context;
  const line = new ProgressLine(io);
  using here = openReadable(settings.storePath);
  const bucket = await bucketOf(context, here);
  using spool = spoolFor({ read: db });
  try {
    const progress = (done: number, total: number) => line.bytes('fetch', { done, total });
    const { damaged } = await importArrivals(
      {
        read: db,
        write: db,
        trusted: true,
        isPassing: true,
        origin: 'the bucket',
        hardCapBytes: Number.MAX_SAFE_INTEGER,
        formatOf: (agent) => agentById(agent, host),
        now: () => clock.now(),
        signal,
        progress: () => undefined,
        analyze: async () => false,
      },
      fetched(bucket, uid, states, { spool, progress }),
    );
    if (signal.aborted) throw interrupted();
    const [first] = damaged;
    const came = findSession(db, uid);
    if (first === undefined && came !== null && came.evictedAt === null) return;
    throw fail(
      'corrupt',
      `${uid} cannot be fetched whole: ${first?.problem ?? 'its bytes are not there'}`,
      'Nothing of it was taken. `session-memory verify --remote` lists what is wrong in the bucket.',
    );
  } catch (thrown) {
    if (thrown instanceof FailureError && thrown.failure.code === 'interrupted') throw interrupted();
    throw thrown;
  } finally {
    line.clear();
  }
}
