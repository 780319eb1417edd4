/**
 * A batch of victims as it is taken: what keeps them known first, then the store.
 * Promises: nobody goes before what is to be kept of them was tried to be kept; a stop takes nobody who was not taken yet.
 */
import type { SessionUid } from '../domain/ids.ts';
import { PASS_TO_BUCKET, type Victim } from '../policy/passes.ts';
import type { EvictContext, EvictStep, Fate, SweepDeps } from './ports.ts';
import type { Tally } from './tally.ts';

export interface TakingDeps extends Pick<SweepDeps, 'store' | 'analyzer' | 'signal' | 'bucketStill'> {
  readonly tally: Pick<Tally, 'notNoted'>;
  readonly context: () => EvictContext;
}

/** `untilBytes`: no further than that usage. Null: it was stopped before anybody went. */
export async function take(
  deps: TakingDeps,
  step: EvictStep,
  batch: readonly Victim[],
  untilBytes: number | null,
): Promise<Fate[] | null> {
  const { store, signal, context, bucketStill } = deps;
  if (step === PASS_TO_BUCKET.name) return await leftToBucket(deps, batch, untilBytes);
  // What the bucket has lost since stays, by what the store knows then. Where it cannot be looked, what was read back there stands.
  await bucketStill?.();
  await remember(
    deps,
    batch.map(({ card }) => card.uid),
  );
  return signal.aborted ? null : store.evict(batch, context(), untilBytes);
}

/**
 * They have no digest: it is looked first whether the bucket still has them, and whatever can be made of a digest is kept. On a full disk
 * nothing is, and what frees some goes on.
 */
async function leftToBucket(
  { store, analyzer, signal, context, bucketStill }: TakingDeps,
  batch: readonly Victim[],
  untilBytes: number | null,
): Promise<Fate[] | null> {
  const reason = (await bucketStill?.()) ?? null;
  if (signal.aborted) return null;
  if (reason !== null) return batch.map(({ card: { uid } }) => ({ uid, kind: 'skipped', reason }));
  const fates: Fate[] = [];
  for (const victim of batch) {
    if (signal.aborted) return fates.length === 0 ? null : fates;
    if (untilBytes !== null && store.usageBytes() <= untilBytes) break;
    await analyzer.salvage(victim.card.uid);
    fates.push(...store.leaveToBucket([victim], context(), untilBytes));
  }
  return fates;
}

/** Where the disk is full, one by one: a short one may have room where a long one has none, and it is told of how many nothing is noted. */
async function remember({ analyzer, signal, tally }: TakingDeps, uids: readonly SessionUid[]): Promise<void> {
  if ((await analyzer.remember(uids, signal)) !== 'no_room') return;
  for (const uid of uids) {
    if (signal.aborted) return;
    if ((await analyzer.remember([uid], signal)) === 'no_room') tally.notNoted(uid);
  }
}
