/**
 * Bytes that are not in the store, from the bucket: out of a passing store that has their rows, to which they come when they are wanted.
 * Promises: of the store itself no more changes than what it notes of a session that was put back; what was fetched is whole, by the hashes that were recorded, or the command fails; what was
 * fetched is gone afterwards, also where the command is killed (`store/passing.ts`, `files/nameless.ts`). Without a bucket nothing in here is reached.
 */
import { agentById } from '../agents/registry.ts';
import { FailureError, fail } from '../domain/errors.ts';
import { agentOf, type SessionUid } from '../domain/ids.ts';
import type { SessionRow } from '../domain/session.ts';
import { plainLine } from '../domain/text.ts';
import { rememberFetched } from '../ingest/remember.ts';
import { Arriving } from '../remote/arriving.ts';
import { bytesOf } from '../remote/fetch.ts';
import { Packs } from '../remote/packs.ts';
import { ComingFiles } from '../restore/coming.ts';
import type { Asides, Restoring } from '../restore/replaced-files.ts';
import { restoreCome, restoreOne } from '../restore/restore.ts';
import type { ReadableDb, WritableDb } from '../store/connection.ts';
import { NotHereYet } from '../store/elsewhere.ts';
import { openReadable, openWritable } from '../store/open.ts';
import { openPassingRows } from '../store/passing.ts';
import { findSession, resolveSession } from '../store/read.ts';
import { untoldNamed } from '../store/remote/state.ts';
import { bucketOf } from './bucket-of.ts';
import type { Context } from './context.ts';
import { type AwaySession, mergedStates } from './fetched.merged.ts';
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
  return await withFetched(context, named, async (there, from) => {
    await from?.whole();
    return await use(there, from?.db ?? null);
  });
}

/** The same before any of its bytes have come: who wants them asks for them, or has them put where they go. */
export async function withFetched<T>(
  context: Context,
  named: string,
  use: (context: Context, from: Fetched | null) => Promise<T>,
): Promise<T> {
  const session = awayNamed(context, named);
  if (session === null) return await use(context, null);
  using from = await fetchedOne(context, session);
  return await use({ ...context, args: [session.uid] }, from);
}

/**
 * What sessions say that were fetched and put where their agent looks: one that its agent writes anew is known again by it. They are there
 * already: where this cannot be noted it is only said.
 */
export async function learnFetched(
  context: Context,
  from: ReadableDb,
  uids: readonly SessionUid[],
): Promise<void> {
  const { host, settings, signal, io } = context;
  // Most agents write nothing anew: of theirs nothing is noted.
  const learned = uids.filter((uid) => agentById(agentOf(uid), host)?.content?.isRemembered === true);
  if (learned.length === 0) return;
  try {
    using db = openWritable(settings.storePath);
    for (const uid of learned) await rememberFetched({ from, db, host }, uid, signal);
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    io.err(`warning: could not note what it says: ${plainLine(thrown.failure.message)}\n`);
  }
}

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

/** A session whose rows are in `db`, and whose bytes come there when they are asked for. */
export interface Fetched extends Disposable {
  readonly db: WritableDb;
  whole(): Promise<void>;
  /** What `plan` gives, which writes nothing: where it asks for bytes they come first, and it is done again. */
  planned<T>(plan: () => T): Promise<T>;
  /** Puts its files in their places, straight from the bucket where nothing is there. */
  restored(one: Restoring): Promise<Asides>;
}

export async function fetchedOne(context: Context, session: AwaySession): Promise<Fetched> {
  using here = openReadable(context.settings.storePath);
  const states = bytesOf(here, session.uid);
  const [state, other] = states;
  if (state === undefined)
    throw fail('not_found', `${session.uid} is not in the bucket`, 'Run `session-memory remote sync`.');
  if (other !== undefined) return alreadyWhole(await mergedStates(context, here, session, states));
  const arriving = await arrivingFor(context, here);
  try {
    const failed = await arriving.rows([{ uid: session.uid, state }]);
    for (const why of failed.values()) throw why;
    return new OneFetched(context, arriving, session.uid);
  } catch (thrown) {
    arriving[Symbol.dispose]();
    throw thrown;
  }
}

/** Where sessions of the bucket arrive. `here`: the store of this machine. The caller disposes of it. */
export async function arrivingFor(context: Context, here: ReadableDb): Promise<Arriving> {
  const { host, clock, settings, signal } = context;
  const packs = new Packs(await bucketOf(context, here));
  return new Arriving({
    packs,
    db: openPassingRows(settings.storePath),
    signal,
    now: () => clock.now(),
    formatOf: (agent) => agentById(agent, host),
  });
}

class OneFetched implements Fetched {
  readonly #context: Context;
  readonly #arriving: Arriving;
  readonly #uid: SessionUid;
  #coming: ComingFiles | null = null;

  constructor(context: Context, arriving: Arriving, uid: SessionUid) {
    this.#context = context;
    this.#arriving = arriving;
    this.#uid = uid;
  }

  get db(): WritableDb {
    return this.#arriving.db;
  }

  async whole(): Promise<void> {
    await this.#bytes(null);
  }

  async planned<T>(plan: () => T): Promise<T> {
    try {
      return plan();
    } catch (thrown) {
      if (!(thrown instanceof NotHereYet)) throw thrown;
      await this.whole();
      return plan();
    }
  }

  async restored(one: Restoring): Promise<Asides> {
    const coming = this.#arriving.isWhole(this.#uid) ? null : ComingFiles.for(one);
    this.#coming = coming;
    await this.#bytes(coming);
    return coming === null ? restoreOne(this.db, one, null) : await restoreCome(this.db, one, coming);
  }

  async #bytes(coming: ComingFiles | null): Promise<void> {
    const line = new ProgressLine(this.#context.io);
    const total = findSession(this.db, this.#uid)?.rawBytes ?? 0;
    let done = 0;
    const passed = (bytes: number) => {
      done += bytes;
      line.bytes('fetch', { done, total });
    };
    try {
      await this.#arriving.bytes(this.#uid, passed, coming === null ? null : coming.write.bind(coming));
    } finally {
      line.clear();
    }
  }

  [Symbol.dispose](): void {
    this.#coming?.[Symbol.dispose]();
    this.#arriving[Symbol.dispose]();
  }
}

/** One whose bytes are in its store: there was more than one state of it, and they had to be put together. */
function alreadyWhole(db: WritableDb): Fetched {
  return {
    db,
    whole: async () => undefined,
    planned: async (plan) => plan(),
    restored: async (one) => restoreOne(db, one, null),
    [Symbol.dispose]: () => db.close(),
  };
}
