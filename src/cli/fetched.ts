/**
 * Bytes that are not in the store, from the bucket: in a passing store of their own, out of which they are restored or shown.
 * Promises: of the store itself no more changes than what it notes of a session that was put back; what was fetched is whole, by the hashes that were recorded, or the command fails; what was
 * fetched is gone afterwards, also where the command is killed (`store/passing.ts`). Without a bucket nothing in here is reached.
 */
import { agentById } from '../agents/registry.ts';
import { importArrivals, spoolFor } from '../archive/import.ts';
import { FailureError, fail } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { SessionRow } from '../domain/session.ts';
import { plainLine } from '../domain/text.ts';
import { rememberFetched } from '../ingest/remember.ts';
import { bytesOf, fetched, presentBytesOf } from '../remote/fetch.ts';
import type { ReadableDb, WritableDb } from '../store/connection.ts';
import { openReadable, openWritable } from '../store/open.ts';
import { openPassing } from '../store/passing.ts';
import { findSession, resolveSession } from '../store/read.ts';
import { type StoredBytes, untoldNamed } from '../store/remote/state.ts';
import { bucketOf } from './bucket-of.ts';
import type { Context } from './context.ts';
import { ProgressLine } from './io.ts';

/** Whether the bytes of a session are not here and in the bucket. */
export function isAway(db: ReadableDb, { evictedAt, uid }: SessionRow): boolean {
  return evictedAt !== null && bytesOf(db, uid).length > 0;
}

/**
 * Runs `use` with the store that has the session's bytes where that is not the one of the context: one that was fetched into just now, and
 * has nothing to learn; null: the session's bytes are here.
 */
export async function withBytes<T>(
  context: Context,
  named: string,
  use: (context: Context, from: WritableDb | null) => Promise<T>,
): Promise<T> {
  const session = awayNamed(context, named);
  if (session === null) return await use(context, null);
  using from = await fetchedWhole(context, session);
  return await use({ ...context, args: [session.uid] }, from);
}

/**
 * What a session says that was fetched and put where its agent looks: one that its agent writes anew is known again by it. The session is
 * there already: where this cannot be noted it is only said.
 */
export async function learnFetched(context: Context, from: ReadableDb, uid: SessionUid): Promise<void> {
  const { host, settings, signal, io } = context;
  try {
    using db = openWritable(settings.storePath);
    await rememberFetched({ from, db, host }, uid, signal);
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    io.err(`warning: could not note what it says: ${plainLine(thrown.failure.message)}\n`);
  }
}

/** What is known of a session that has to be fetched. */
type AwaySession = Pick<SessionRow, 'uid' | 'rawBytes'>;

/** The named session where its bytes have to be fetched; null: all others, and whatever else is told by the command itself. */
function awayNamed({ settings }: Context, named: string): AwaySession | null {
  if (settings.remote === null) return null;
  using db = openReadable(settings.storePath);
  try {
    const session = resolveSession(db, named);
    return isAway(db, session) ? session : null;
  } catch (thrown) {
    if (!(thrown instanceof FailureError) || thrown.failure.code !== 'not_found') throw thrown;
    // Its machine may be gone, and has told nothing of it but where it lies.
    const [only, ...others] = untoldNamed(db, named);
    if (only === undefined || others.length > 0) throw thrown;
    return { uid: only, rawBytes: 0 };
  }
}

/**
 * Every state that a machine has of it, together; where one of them cannot be had, one that has no less than was here. Returns the passing
 * store, which the caller closes.
 */
export async function fetchedWhole(context: Context, session: AwaySession): Promise<WritableDb> {
  using here = openReadable(context.settings.storePath);
  const states = bytesOf(here, session.uid);
  const single = presentBytesOf(here, session.uid).filter(
    ({ raw_bytes: bytes }) => states.length > 1 && bytes >= session.rawBytes,
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
  throw (
    first ?? fail('not_found', `${session.uid} is not in the bucket`, 'Run `session-memory remote sync`.')
  );
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
        ...{ read: db, write: db, trusted: true, isPassing: true, origin: 'the bucket' },
        ...{ hardCapBytes: Number.MAX_SAFE_INTEGER },
        ...{ formatOf: (agent) => agentById(agent, host), now: () => clock.now(), signal },
        ...{ progress: () => undefined, analyze: async () => false },
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

function interrupted(): FailureError {
  return fail(
    'interrupted',
    'interrupted; nothing was taken',
    'Run it again: it fetches from the beginning.',
  );
}
