/**
 * The plan of a whole sweep: all passes on one census, decided before anything is done.
 * Promises: the same census, limits, flags and time give the same plan; the fingerprint has no time in it.
 * Never: changes anything; `sweep/` applies it.
 */
import type { SessionUid } from '../domain/ids.ts';
import type { Limits } from '../domain/limits.ts';
import type { SessionCard } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import { type Census, namedCards } from './census.ts';
import {
  budgetOnceAnalyzed,
  EVICTING_PASSES,
  type Excluded,
  lastResortVictims,
  PASS_TO_BUCKET,
  PASSES,
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
  /**
   * `overflow` holds the second budget pass as it would be if every analysis succeeds; `bucket`, only where there is one, whom the bucket
   * alone would keep if every analysis fails.
   */
  readonly passes: readonly PlannedPass[];
  readonly toAnalyze: readonly SessionCard[];
  /** What is lost if every analysis fails; a sweep under this plan never loses more. */
  readonly worstCaseDataLoss: readonly Victim[];
  /** True where even losing every un-analyzed session would leave usage above the hard cap. */
  readonly insufficient: boolean;
}

export function planSweep(census: Census, limits: Limits, flags: SweepFlags, now: Iso): SweepPlan {
  const evicting: PlannedPass[] = [];
  let usageBytes = census.usageBytes;
  let excluded: Excluded = new Set();
  for (const { name, select } of EVICTING_PASSES) {
    const victims = select({ census, usageBytes, limits, now, excluded });
    evicting.push({ pass: name, victims });
    usageBytes -= bytesOf(victims);
    excluded = excluded.union(uidsOf(victims));
  }
  const overflow = planOverflow(census, usageBytes, limits, flags, now);
  const toBucket = PASS_TO_BUCKET.select({ census, usageBytes, limits, now, excluded });
  return {
    limits,
    flags,
    usageBeforeBytes: census.usageBytes,
    usageAfterBytes: usageBytes - bytesOf(overflow.onceAnalyzed) - (flags.analyze ? 0 : bytesOf(toBucket)),
    passes: [
      ...evicting,
      { pass: 'overflow', victims: overflow.onceAnalyzed },
      ...(census.isSafe === undefined ? [] : [{ pass: PASS_TO_BUCKET.name, victims: toBucket }]),
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
  const { isSafe } = census;
  const canGo = isSafe === undefined ? toAnalyze : toAnalyze.filter(isSafe);
  const onceAnalyzed = budgetOnceAnalyzed(canGo, usageBytes, limits);
  const lastResort = lastResortVictims(waiting, usageBytes, limits);
  return {
    toAnalyze,
    onceAnalyzed,
    worstCase: flags.dataLoss && isSafe === undefined ? lastResort.victims : [],
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
  return fingerprintOf(plan, {
    passes: plan.passes.map(({ pass, victims }) => [pass, namedCards(victims.map(({ card }) => card))]),
    toAnalyze: namedCards(plan.toAnalyze),
    worstCase: namedCards(plan.worstCaseDataLoss.map(({ card }) => card)),
  });
}

/** Lists of sessions, each as `namedCards` gives it. */
interface NamedLists {
  readonly passes: readonly (readonly [PassName, string])[];
  readonly toAnalyze: string;
  readonly worstCase: string;
}

function fingerprintOf(
  { limits, flags }: Pick<SweepPlan, 'limits' | 'flags'>,
  { passes, toAnalyze, worstCase }: NamedLists,
): string {
  const named = passes.map(([pass, victims]) => `["${pass}",${victims}]`).join();
  return `{"limits":${JSON.stringify(limits)},"flags":${JSON.stringify(flags)},"passes":[${named}],"toAnalyze":${toAnalyze},"worstCase":${worstCase}}`;
}

/** A plan in numbers, for who only wants to know what a sweep would do. */
export interface SweepForecast {
  readonly passes: readonly {
    readonly pass: PassName;
    readonly sessions: number;
    readonly storedBytes: number;
  }[];
  readonly toAnalyze: number;
  readonly worstCaseDataLoss: number;
  readonly isEmpty: boolean;
  /** That of the plan. */
  readonly fingerprint: string;
}

/**
 * The same as the plan says, in numbers. Where only the backstop has something to do, whose victims are all that are too old,
 * none of them is looked at by itself: `status` would spend most of its time on that.
 */
export function forecastSweep(census: Census, limits: Limits, flags: SweepFlags, now: Iso): SweepForecast {
  const old = limits.rawMaxAgeDays === 'off' ? null : (census.sumOlderThan?.(limits.rawMaxAgeDays) ?? null);
  if (old === null || census.usageBytes - old.storedBytes > limits.rawSoftCapBytes)
    return inNumbers(planSweep(census, limits, flags, now));
  const nothing = { sessions: 0, storedBytes: 0, named: '[]' };
  const passes = PASSES.map((pass) => ({ pass, ...(pass === 'backstop' ? old : nothing) }));
  return {
    passes: passes.map(({ pass, sessions, storedBytes }) => ({ pass, sessions, storedBytes })),
    toAnalyze: 0,
    worstCaseDataLoss: 0,
    isEmpty: old.sessions === 0,
    fingerprint: fingerprintOf(
      { limits, flags },
      { passes: passes.map(({ pass, named }) => [pass, named]), toAnalyze: '[]', worstCase: '[]' },
    ),
  };
}

function inNumbers(plan: SweepPlan): SweepForecast {
  return {
    passes: plan.passes.map(({ pass, victims }) => ({
      pass,
      sessions: victims.length,
      storedBytes: bytesOf(victims),
    })),
    toAnalyze: plan.toAnalyze.length,
    worstCaseDataLoss: plan.worstCaseDataLoss.length,
    isEmpty: isEmptyPlan(plan),
    fingerprint: planFingerprint(plan),
  };
}

/** Stored bytes that taking these victims frees. */
export function bytesOf(victims: readonly Victim[]): number {
  let bytes = 0;
  for (const { card } of victims) bytes += card.storedBytes;
  return bytes;
}

function uidsOf(victims: readonly Victim[]): ReadonlySet<SessionUid> {
  return new Set(victims.map(({ card }) => card.uid));
}
