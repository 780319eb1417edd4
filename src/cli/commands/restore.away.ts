/**
 * Of several sessions those whose bytes are in the bucket: a few at a time are fetched, restored, and given up before the next ones.
 * Promises: one that cannot be had or restored keeps no other one; what lies beside one another in the bucket is fetched once. Loaded only
 * where there is a bucket.
 */
import { FailureError } from '../../domain/errors.ts';
import type { SessionUid } from '../../domain/ids.ts';
import type { SessionRow } from '../../domain/session.ts';
import type { Arriving } from '../../remote/arriving.ts';
import { bytesOf } from '../../remote/fetch.ts';
import { restoreMany } from '../../restore/restore.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { NotHereYet } from '../../store/elsewhere.ts';
import { resolveSession } from '../../store/read.ts';
import type { StoredBytes } from '../../store/remote/state.ts';
import type { Context } from '../context.ts';
import { arrivingFor, fetchedOne, isAway, learnFetched } from '../fetched.ts';
import { ProgressLine } from '../io.ts';
import { type PlannedRestore, planRestore, type RestoreOptions, type Shared } from './restore.plan.ts';
import { type FailedRestore, nameFiles } from './restore.tell.ts';

/** Those that are here, and those that have to be fetched. */
export function partedByPlace(
  db: ReadableDb,
  sessions: readonly SessionRow[],
): { readonly here: SessionRow[]; readonly away: SessionRow[] } {
  const parted = Object.groupBy(sessions, (session) => (isAway(db, session) ? 'away' : 'here'));
  return { here: parted.here ?? [], away: parted.away ?? [] };
}

export interface RestoredAway {
  /** In a dry run: what would be. */
  readonly restored: PlannedRestore[];
  readonly asides: Map<string, string>;
  readonly failed: FailedRestore[];
}

export interface AwayDeps {
  readonly context: Context;
  /** The store of this machine. */
  readonly known: ReadableDb;
  readonly options: RestoreOptions;
  readonly shared: Shared;
  readonly isDry: boolean;
}

export async function restoreAway(deps: AwayDeps, sessions: readonly SessionRow[]): Promise<RestoredAway> {
  const told: RestoredAway = { restored: [], asides: new Map(), failed: [] };
  const { small, others } = partedBySize(deps.known, sessions);
  try {
    await orFailed(told, small.map(uidOf), () => restoreSmall(deps, small, told));
    for (const session of others)
      await orFailed(told, [session.uid], () => restoreAlone(deps, session, told));
  } catch (thrown) {
    if (!(thrown instanceof FailureError) || thrown.failure.code !== 'interrupted') throw thrown;
  }
  const places = new Map(sessions.map(({ uid }, i) => [uid, i]));
  told.restored.sort((a, b) => (places.get(a.session.uid) ?? 0) - (places.get(b.session.uid) ?? 0));
  return told;
}

/** Plain bytes of what is fetched together: it waits in memory, and beyond that in a file. */
const GROUP_BYTES = 32 * 1024 * 1024;
const GROUP_SESSIONS = 64;

interface Small {
  readonly uid: SessionUid;
  readonly state: StoredBytes;
}

/** Those that are fetched together, in the order in which they lie there; the others are large, or have to be put together first. */
function partedBySize(known: ReadableDb, sessions: readonly SessionRow[]) {
  const small: Small[] = [];
  const others: SessionRow[] = [];
  for (const session of sessions) {
    const [state, other] = bytesOf(known, session.uid);
    if (state !== undefined && other === undefined && state.raw_bytes < GROUP_BYTES)
      small.push({ uid: session.uid, state });
    else others.push(session);
  }
  const packs = [...new Set(small.map(({ state }) => state.records.pack))];
  const rank = new Map(packs.map((pack, i) => [pack, i]));
  const rankOf = ({ state }: Small) => rank.get(state.records.pack) ?? 0;
  small.sort((a, b) => rankOf(a) - rankOf(b) || a.state.records.at - b.state.records.at);
  return { small, others };
}

function groupsOf(small: readonly Small[]): Small[][] {
  const groups: Small[][] = [];
  let bytes = 0;
  for (const one of small) {
    const last = groups.at(-1);
    bytes += one.state.raw_bytes;
    if (last !== undefined && last.length < GROUP_SESSIONS && bytes <= GROUP_BYTES) last.push(one);
    else {
      groups.push([one]);
      bytes = one.state.raw_bytes;
    }
  }
  return groups;
}

async function restoreSmall(deps: AwayDeps, small: readonly Small[], told: RestoredAway): Promise<void> {
  if (small.length === 0) return;
  const { context, known, isDry } = deps;
  const line = new ProgressLine(context.io);
  const total = small.reduce((sum, { state }) => sum + state.raw_bytes, 0);
  let done = 0;
  const passed = (bytes: number) => {
    done += bytes;
    line.bytes('fetch', { done, total });
  };
  using arriving = await arrivingFor(context, known);
  try {
    for (const group of groupsOf(small)) {
      await orFailed(told, group.map(uidOf), async () => {
        const planned = await plannedGroup(deps, arriving, group, told, passed);
        line.clear();
        for (const one of planned) nameFiles(context, one);
        if (isDry) told.restored.push(...planned);
        else await restoreGroup(deps, arriving.db, planned, told);
      });
      arriving.letGo();
    }
  } finally {
    line.clear();
  }
}

async function restoreGroup(
  { context, options }: AwayDeps,
  from: ReadableDb,
  planned: readonly PlannedRestore[],
  told: RestoredAway,
): Promise<void> {
  const { restored, asides, failed } = await restoreMany(from, planned, null, context.signal);
  told.restored.push(...restored);
  for (const [path, aside] of asides) told.asides.set(path, aside);
  for (const { one, error } of failed) told.failed.push({ uid: one.session.uid, why: error.failure });
  if (options.to !== null) return;
  const uids = restored.map(({ session }) => session.uid);
  await learnFetched(context, from, uids);
}

/** Where they would go; with their bytes, which a dry run has only where it cannot tell without them. */
async function plannedGroup(
  deps: AwayDeps,
  arriving: Arriving,
  group: readonly Small[],
  told: RestoredAway,
  passed: (bytes: number) => void,
): Promise<PlannedRestore[]> {
  const cannot = await arriving.rows(group);
  for (const [uid, { failure }] of cannot) told.failed.push({ uid, why: failure });
  const planned: PlannedRestore[] = [];
  for (const { uid } of group) {
    if (cannot.has(uid)) continue;
    await orFailed(told, [uid], async () => {
      if (!deps.isDry) await arriving.bytes(uid, passed);
      const plan = () => plannedOne(deps, arriving.db, uid);
      try {
        planned.push(plan());
      } catch (thrown) {
        if (!(thrown instanceof NotHereYet)) throw thrown;
        await arriving.bytes(uid, passed);
        planned.push(plan());
      }
    });
  }
  return planned;
}

/** What is shared changes only where it succeeds: it may be planned once more. */
function plannedOne(
  { context, known, options, shared }: AwayDeps,
  from: ReadableDb,
  uid: SessionUid,
): PlannedRestore {
  const taken = new Map(shared.taken);
  const session = resolveSession(from, uid);
  const one = planRestore({ ...context, known }, from, session, options, { ...shared, taken });
  for (const [path, taker] of taken) shared.taken.set(path, taker);
  return one;
}

async function restoreAlone(deps: AwayDeps, session: SessionRow, told: RestoredAway): Promise<void> {
  const { context, options, isDry } = deps;
  using from = await fetchedOne(context, session);
  const planned = await from.planned(() => plannedOne(deps, from.db, session.uid));
  nameFiles(context, planned);
  const asides = isDry ? new Map<string, string>() : await from.restored(planned);
  if (!isDry && options.to === null) await learnFetched(context, from.db, [session.uid]);
  for (const [path, aside] of asides) told.asides.set(path, aside);
  told.restored.push(planned);
}

function uidOf({ uid }: Small): SessionUid {
  return uid;
}

/** Runs `work`; an expected failure is the fate of those of these sessions that have none yet, and of no other one. */
async function orFailed(
  told: RestoredAway,
  uids: readonly SessionUid[],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    if (!(thrown instanceof FailureError) || thrown.failure.code === 'interrupted') throw thrown;
    const settled = new Set([
      ...told.failed.map(({ uid }) => uid),
      ...told.restored.map((one) => one.session.uid),
    ]);
    for (const uid of uids) if (!settled.has(uid)) told.failed.push({ uid, why: thrown.failure });
  }
}
