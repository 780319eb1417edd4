/**
 * What a sweep is asked to do, what was decided, and the lock that it works under.
 */
import { fail } from '../domain/errors.ts';
import type { Limits } from '../domain/limits.ts';
import type { SweepFlags, SweepPlan } from '../policy/plan.ts';
import type { SweepStore } from './ports.ts';

export interface SweepOptions {
  readonly limits: Limits;
  readonly flags: SweepFlags;
  readonly reclaim: boolean;
  /** Apply exactly the plan of this id, or fail as stale. */
  readonly planId: string | null;
  /** A sweep that changes nothing leaves no row: it is called every hour. */
  readonly forgetsEmpty?: boolean;
}

export interface PlannedSweep {
  readonly plan: SweepPlan;
  readonly planId: string;
  readonly isEmpty: boolean;
}

/** The sweep lock, or the failure that says another sweep has it. */
export function lockOrFail(deps: { readonly store: Pick<SweepStore, 'takeLock'> }): { release(): void } {
  const lock = deps.store.takeLock();
  if (lock === null) {
    throw fail(
      'sweep_running',
      'another sweep is running on this store',
      'Wait until it is done; nothing was changed.',
    );
  }
  return lock;
}
