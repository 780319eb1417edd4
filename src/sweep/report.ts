/**
 * The report of a sweep: its keys and texts are a contract, others script against them.
 */
import { EXIT, type ExitCode, worstExit } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { Iso } from '../domain/time.ts';
import { explainReason } from '../policy/explain.ts';
import {
  EVICTING_PASSES,
  type EvictingPassName,
  type FormatBytes,
  type PassName,
  type Victim,
} from '../policy/passes.ts';
import type { SweepPlan } from '../policy/plan.ts';

export interface PlanVictim {
  readonly session_uid: SessionUid;
  readonly reason: string;
  readonly bytes: number;
}

export interface PlanReport {
  readonly passes: readonly { readonly pass: PassName; readonly victims: readonly PlanVictim[] }[];
  readonly to_analyze: readonly SessionUid[];
  readonly worst_case_data_loss: readonly SessionUid[];
}

/** Under this key a report lists whom the pass evicted; both runs of the budget are one. */
export function evictedKey<Name extends EvictingPassName>(pass: Name): EvictedKey<Name> {
  return `${pass}_evicted`;
}
type EvictedKey<Name extends EvictingPassName> = `${Name}_evicted`;

/** Whom each pass evicted, in the order in which they went. */
export type EvictedLists = Readonly<Record<EvictedKey<EvictingPassName>, readonly SessionUid[]>>;

export function evictedLists(of: (pass: EvictingPassName) => readonly SessionUid[]): EvictedLists {
  // The keys are those of all rows.
  return Object.fromEntries(
    EVICTING_PASSES.map(({ name }) => [evictedKey(name), of(name)]),
  ) as unknown as EvictedLists;
}

/** All of them. */
export function allEvicted(report: EvictedLists): SessionUid[] {
  return EVICTING_PASSES.flatMap(({ name }) => report[evictedKey(name)]);
}

export interface Report extends EvictedLists {
  readonly version: 1;
  readonly sweep_id: string;
  readonly plan_id: string;
  readonly dry_run: boolean;
  readonly started_at: Iso;
  readonly finished_at: Iso;
  /** True where `SESSION_MEMORY_NOW` held the clock. */
  readonly clock_set: boolean;
  readonly overflow_analyzed: readonly SessionUid[];
  readonly overflow_data_loss: readonly SessionUid[];
  readonly usage_before_bytes: number;
  readonly bytes_freed: number;
  readonly final_usage_bytes: number;
  readonly disk_bytes_before: number;
  readonly disk_bytes_after: number;
  readonly over_hard_cap: boolean;
  readonly tier2_over_cap: boolean;
  /** Steps that the user said no to. */
  readonly declined: readonly string[];
  /** A session stands in this list or in one of those of what went, once, by what became of it last. */
  readonly skipped: readonly { readonly session_uid: SessionUid; readonly reason: string }[];
  readonly warnings: readonly string[];
  readonly lost_data: boolean;
  readonly interrupted: boolean;
  readonly plan: PlanReport;
}

export const WARNINGS = {
  analyzeFailed: (uid: SessionUid, why: string) => `analyze failed for ${uid}: ${why}`,
  dataLoss: (uid: SessionUid) => `data_loss: evicted un-analyzed ${uid} to stay under hard cap`,
  tier2: 'tier2 distilled store over cap — flag for curation review (do not auto-drop)',
  insufficient: (pinned: string) =>
    `still over hard cap: losing every un-analyzed session would not be enough, so none was evicted (pinned sessions hold ${pinned}); unpin some or raise the hard cap`,
  insufficientKept: (count: number) =>
    `still over hard cap: without the ${count} session(s) that you kept out, losing the others would not be enough, so none was evicted; raise the hard cap, or sweep again`,
  raised: (cap: string) => `the hard cap was raised to ${cap} for this sweep: nothing was lost`,
  keptOut: (count: number) =>
    `still over hard cap: you kept out ${count} session(s) that could go without a loss, and while they can nothing is lost in their place; let them go in another sweep, pin them, or raise the hard cap`,
  dataLossForbidden: (count: number) =>
    `still over hard cap: ${count} un-analyzed session(s) would have to be lost, which --no-data-loss forbids`,
  notInBucket: (count: number) =>
    `${count} session(s) stay until their bytes are in the bucket: \`session-memory remote sync\`, or the next maintain, brings them there`,
  nothingLost:
    'still over hard cap: this store has joined a bucket, so nothing is lost; analyze what is left, unpin some, or raise the hard cap',
  noRoomToAnalyze:
    'still over hard cap: the disk is too full for the digests that would let sessions go, and without them nothing was lost; free some space and sweep again',
  noRoomToSalvage: (uid: SessionUid) =>
    `still over hard cap: ${uid} was not lost, because the disk is too full to keep what can be made of it`,
  keepsChanging:
    'still over hard cap: what would be lost changed each time it was shown, so nothing was lost; try again when no agent writes',
  notNoted: (count: number) =>
    `the disk was too full to note what ${count} evicted session(s) said: where their agent writes them anew, they may be stored again`,
  reclaimFailed: (why: string) => `freed space could not be given back yet (${why}); the next sweep goes on`,
  notReclaimed:
    'freed space stays in the file for later reuse (--no-reclaim); evicted bytes may still be readable in it',
} as const;

/** The plan with its reasons in words. */
export function planReport(plan: SweepPlan, bytes: FormatBytes): PlanReport {
  const victim = ({ card, reason }: Victim): PlanVictim => ({
    session_uid: card.uid,
    reason: explainReason(reason, bytes),
    bytes: card.storedBytes,
  });
  return {
    passes: plan.passes.map(({ pass, victims }) => ({ pass, victims: victims.map(victim) })),
    to_analyze: plan.toAnalyze.map((card) => card.uid),
    worst_case_data_loss: plan.worstCaseDataLoss.map(({ card }) => card.uid),
  };
}

/** The exit code of a sweep that ran; a dry run exits 0. */
export function exitCodeOf(report: Report): ExitCode {
  if (report.dry_run) return EXIT.done;
  const holds = new Set<ExitCode>();
  if (report.lost_data) holds.add(EXIT.dataLost);
  if (report.interrupted) holds.add(EXIT.interrupted);
  if (report.over_hard_cap) holds.add(EXIT.overHardCap);
  return worstExit(holds);
}
