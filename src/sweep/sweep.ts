/**
 * A sweep: plan, consent, apply, report. The TUI, `--dry-run`, `--json` and `--yes` all come through here.
 * Promises: what is applied is what was proposed, and each victim is checked again as it goes; un-analyzed sessions go
 * only in `data_loss`, after everything else; a sweep under a plan never loses more than that plan's worst case.
 * Never: waits for a person while it holds the lock.
 */
import { FailureError, fail } from '../domain/errors.ts';
import { checkLimits } from '../domain/limits.ts';
import {
  forecastSweep,
  isEmptyPlan,
  planFingerprint,
  planSweep,
  type SweepForecast,
} from '../policy/plan.ts';
import { lockOrFail, type PlannedSweep, type SweepOptions } from './options.ts';
import type { Consent, SweepDeps } from './ports.ts';
import { evictedLists, planReport, type Report, WARNINGS } from './report.ts';
import { Run } from './run.ts';

/** Decides; changes nothing. */
export function plan(deps: SweepDeps, options: Pick<SweepOptions, 'limits' | 'flags'>): PlannedSweep {
  const wrong = checkLimits(options.limits);
  if (wrong !== null) throw new FailureError(wrong);
  const now = deps.clock.now();
  const made = deps.store.withCensus(now, (census) => planSweep(census, options.limits, options.flags, now));
  return { plan: made, planId: planIdOf(deps, planFingerprint(made)), isEmpty: isEmptyPlan(made) };
}

/** What a plan would say, in numbers; changes nothing. */
export function forecast(
  deps: SweepDeps,
  options: Pick<SweepOptions, 'limits' | 'flags'>,
): SweepForecast & { readonly planId: string } {
  const wrong = checkLimits(options.limits);
  if (wrong !== null) throw new FailureError(wrong);
  const now = deps.clock.now();
  const made = deps.store.withCensus(now, (census) =>
    forecastSweep(census, options.limits, options.flags, now),
  );
  return { ...made, planId: planIdOf(deps, made.fingerprint) };
}

function planIdOf(deps: SweepDeps, fingerprint: string): string {
  return deps.hash(fingerprint).slice(0, 16);
}

/** The report of a plan that is not applied. */
export function dryRun(deps: SweepDeps, options: Pick<SweepOptions, 'limits' | 'flags'>): Report {
  const planned = plan(deps, options);
  const now = deps.clock.now();
  const diskBytes = deps.store.diskBytes();
  const usageBytes = planned.plan.usageBeforeBytes;
  const tier2Over = deps.store.distilledBytes() > options.limits.distilledCapBytes;
  return {
    version: 1,
    sweep_id: '',
    plan_id: planned.planId,
    dry_run: true,
    started_at: now,
    finished_at: now,
    clock_set: deps.clock.isSet,
    ...evictedLists(() => []),
    overflow_analyzed: [],
    overflow_data_loss: [],
    usage_before_bytes: usageBytes,
    bytes_freed: 0,
    final_usage_bytes: usageBytes,
    disk_bytes_before: diskBytes,
    disk_bytes_after: diskBytes,
    over_hard_cap: usageBytes > options.limits.rawHardCapBytes,
    tier2_over_cap: tier2Over,
    declined: [],
    skipped: [],
    warnings: tier2Over ? [WARNINGS.tier2] : [],
    lost_data: false,
    interrupted: false,
    plan: planReport(planned.plan, deps.bytes),
  };
}

/** Runs the passes under `consent` and returns the report, which is in the store too. */
export async function sweep(deps: SweepDeps, options: SweepOptions, consent: Consent): Promise<Report> {
  const lock = consent.unattended ? lockOrFail(deps) : null;
  try {
    const planned = plan(deps, options);
    if (options.planId !== null && options.planId !== planned.planId) {
      throw fail(
        'stale_plan',
        `the store has moved on: the plan is ${planned.planId} now, not ${options.planId}`,
        'Look at `session-memory sweep --dry-run` again and use its plan_id.',
      );
    }
    return await new Run(deps, options, consent, planned).execute();
  } finally {
    lock?.release();
  }
}
