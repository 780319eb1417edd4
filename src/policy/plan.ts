/**
 * The plan of a whole sweep: all passes on one census, decided before anything is done.
 * Promises: the same census, limits, flags and time give the same plan; the fingerprint has no time in it.
 * Never: changes anything; `sweep/` applies it.
 */
import type { SessionUid } from '../domain/ids.ts';
import type { Limits } from '../domain/limits.ts';
import type { SessionCard } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import type { Census } from './census.ts';
import {
  backstopVictims,
  budgetOnceAnalyzed,
  budgetVictims,
  lastResortVictims,
  type PassName,
  sessionsToAnalyze,
  type Victim,
} from './passes.ts';

/** What the user allows beyond the limits. */
export interface SweepFlags {
  /** False: pass 3 leaves out (a) and (b). */
  readonly analyze: boolean;
  /** False: pass 3 (c) is forbidden whatever else is said. */
  readonly dataLoss: boolean;
}

export interface PlannedPass {
  readonly pass: PassName;
  readonly victims: readonly Victim[];
}

export interface SweepPlan {
  readonly limits: Limits;
  readonly flags: SweepFlags;
  readonly usageBeforeBytes: number;
  /** Usage after all planned evictions, if every analysis succeeds and nothing is lost. */
  readonly usageAfterBytes: number;
  /** `overflow` holds the second budget pass as it would be if every analysis succeeds. */
  readonly passes: readonly PlannedPass[];
  readonly toAnalyze: readonly SessionCard[];
  /** What is lost if every analysis fails; a sweep under this plan never loses more. */
  readonly worstCaseDataLoss: readonly Victim[];
  /** True where even losing every un-analyzed session would leave usage above the hard cap. */
  readonly insufficient: boolean;
}

export function planSweep(census: Census, limits: Limits, flags: SweepFlags, now: Iso): SweepPlan {
  const backstop = backstopVictims(census, limits, now);
  const gone = new Set<SessionUid>(backstop.map((victim) => victim.card.uid));
  const afterBackstop = census.usageBytes - bytesOf(backstop);
  const budget = budgetVictims(census, afterBackstop, limits, now, gone);
  const afterBudget = afterBackstop - bytesOf(budget);
  const overflow = planOverflow(census, afterBudget, limits, flags, now);
  return {
    limits,
    flags,
    usageBeforeBytes: census.usageBytes,
    usageAfterBytes: afterBudget - bytesOf(overflow.onceAnalyzed),
    passes: [
      { pass: 'backstop', victims: backstop },
      { pass: 'budget', victims: budget },
      { pass: 'overflow', victims: overflow.onceAnalyzed },
    ],
    toAnalyze: overflow.toAnalyze,
    worstCaseDataLoss: overflow.worstCase,
    insufficient: overflow.insufficient,
  };
}

interface OverflowPlan {
  readonly toAnalyze: readonly SessionCard[];
  readonly onceAnalyzed: readonly Victim[];
  readonly worstCase: readonly Victim[];
  readonly insufficient: boolean;
}

function planOverflow(
  census: Census,
  usageBytes: number,
  limits: Limits,
  flags: SweepFlags,
  now: Iso,
): OverflowPlan {
  if (usageBytes <= limits.rawHardCapBytes) {
    return { toAnalyze: [], onceAnalyzed: [], worstCase: [], insufficient: false };
  }
  const waiting = sessionsToAnalyze(census, now);
  const toAnalyze = flags.analyze ? waiting : [];
  const onceAnalyzed = budgetOnceAnalyzed(toAnalyze, usageBytes, limits);
  const lastResort = lastResortVictims(waiting, usageBytes, limits);
  return {
    toAnalyze,
    onceAnalyzed,
    worstCase: flags.dataLoss ? lastResort.victims : [],
    insufficient: lastResort.insufficient,
  };
}

/** Nothing to evict, nothing to analyze, nothing to lose. */
export function isEmptyPlan(plan: SweepPlan): boolean {
  return (
    plan.passes.every((pass) => pass.victims.length === 0) &&
    plan.toAnalyze.length === 0 &&
    plan.worstCaseDataLoss.length === 0
  );
}

/**
 * The text whose hash is the `plan_id`: limits, flags, the victims of each pass and what is stored of them, the sessions
 * to analyze and the worst case of loss; not the time, not what an explanation would say.
 */
export function planFingerprint(plan: SweepPlan): string {
  const stored = (card: SessionCard) => [card.uid, card.generation, card.storedBytes];
  return JSON.stringify({
    limits: plan.limits,
    flags: plan.flags,
    passes: plan.passes.map(({ pass, victims }) => [pass, victims.map((victim) => stored(victim.card))]),
    toAnalyze: plan.toAnalyze.map(stored),
    worstCase: plan.worstCaseDataLoss.map((victim) => stored(victim.card)),
  });
}

/** Stored bytes that taking these victims frees. */
export function bytesOf(victims: readonly Victim[]): number {
  return victims.reduce((bytes, victim) => bytes + victim.card.storedBytes, 0);
}
