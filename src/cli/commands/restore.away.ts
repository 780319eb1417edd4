/**
 * Of several sessions those whose bytes are in the bucket: each is fetched whole, restored, and given up before the next one.
 * Promises: one that cannot be had or restored keeps no other one. Loaded only where there is a bucket.
 */
import { FailureError } from '../../domain/errors.ts';
import type { SessionRow } from '../../domain/session.ts';
import { restoreOne } from '../../restore/restore.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { resolveSession } from '../../store/read.ts';
import type { Context } from '../context.ts';
import { fetchedWhole, isAway, learnFetched } from '../fetched.ts';
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

/** `known`: the store of this machine. */
export async function restoreAway(
  context: Context,
  known: ReadableDb,
  sessions: readonly SessionRow[],
  options: RestoreOptions,
  { shared, isDry }: { readonly shared: Shared; readonly isDry: boolean },
): Promise<RestoredAway> {
  const told: RestoredAway = { restored: [], asides: new Map(), failed: [] };
  for (const session of sessions) {
    const { uid } = session;
    if (context.signal.aborted) break;
    try {
      using from = await fetchedWhole(context, session);
      const planned = planRestore({ ...context, known }, from, resolveSession(from, uid), options, shared);
      nameFiles(context, planned);
      const asides = isDry ? new Map<string, string>() : restoreOne(from, planned, null);
      if (!isDry && options.to === null) await learnFetched(context, from, uid);
      for (const [path, aside] of asides) told.asides.set(path, aside);
      told.restored.push(planned);
    } catch (thrown) {
      if (!(thrown instanceof FailureError)) throw thrown;
      if (thrown.failure.code === 'interrupted') break;
      told.failed.push({ uid, why: thrown.failure });
    }
  }
  return told;
}
