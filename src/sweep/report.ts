/** The report of a sweep: its texts are a contract as its keys are, others script against them. */
import { EXIT, type ExitCode, exitOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { Shape } from '../domain/shapes.ts';
import { explainReason } from '../policy/explain.ts';
import {
  type EvictedKey,
  type EvictingPassName,
  evictedKey,
  type FormatBytes,
  LOSSLESS_PASSES,
  type Victim,
} from '../policy/passes.ts';
import type { SweepPlan } from '../policy/plan.ts';
import type { reportSchema } from './report.schema.ts';

export type Report = Shape<typeof reportSchema>;
type PlanReport = Report['plan'];

/** Whom each pass evicted. */
export type EvictedLists = Pick<Report, EvictedKey>;

export function evictedLists(of: (pass: EvictingPassName) => readonly SessionUid[]): EvictedLists {
  // The keys are those of all rows.
  return Object.fromEntries(
    LOSSLESS_PASSES.map(({ name }) => [evictedKey(name), of(name)]),
  ) as unknown as EvictedLists;
}

/** All of them. */
export function allEvicted(report: EvictedLists): SessionUid[] {
  return LOSSLESS_PASSES.flatMap(({ name }) => report[evictedKey(name)]);
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
    'still over hard cap: this store has joined a bucket, so nothing is lost; bring what is left there, unpin some, or raise the hard cap',
  bucketOnly: (count: number) =>
    `${count} un-analyzed session(s) now lie in the bucket only: nothing is lost, \`restore\` and \`show --raw\` fetch them, \`analyze UID\` makes their digests`,
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
  const victim = ({ card, reason }: Victim) => ({
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
  return exitOf({
    dataLost: report.lost_data,
    interrupted: report.interrupted,
    overHardCap: report.over_hard_cap,
  });
}
