/**
 * What a sweep needs from the world, handed in: it knows no SQLite, no file and no terminal.
 */
import type { SessionUid } from '../domain/ids.ts';
import type { SessionCard } from '../domain/session.ts';
import type { Clock, Iso } from '../domain/time.ts';
import type { Census } from '../policy/census.ts';
import { EVICTING_PASSES, type EvictingPassName, type FormatBytes, type Victim } from '../policy/passes.ts';
import type { Report } from './report.ts';

/** A victim's fate: taken, or passed over because it has changed since it was chosen. */
export type Fate =
  | { readonly uid: SessionUid; readonly kind: 'evicted'; readonly freedBytes: number }
  | { readonly uid: SessionUid; readonly kind: 'skipped'; readonly reason: string };

export interface EvictContext {
  readonly sweepId: string;
  readonly at: Iso;
}

/** The store as a sweep uses it. Every eviction checks its victim again inside its own transaction. */
export interface SweepStore {
  /** Runs `read` on the census of one moment. */
  withCensus<T>(now: Iso, read: (census: Census) => T): T;
  usageBytes(): number;
  distilledBytes(): number;
  /** The session now, or null. */
  card(uid: SessionUid): SessionCard | null;
  /** Evicts covered sessions in order, a bounded batch in one transaction, until usage is at most `untilUsageBytes` (null: all). */
  evict(victims: readonly Victim[], context: EvictContext, untilUsageBytes: number | null): Fate[];
  /** Un-analyzed sessions whose bytes are in the bucket go from here, as `evict` does it; what is not there stays. */
  leaveToBucket(victims: readonly Victim[], context: EvictContext, untilUsageBytes: number | null): Fate[];
  /** The last resort for one session, refused unless usage is above the hard cap and nothing evictable is left. */
  lose(victim: Victim, context: EvictContext, hardCapBytes: number): Fate;
  /** The sweep lock, or null where another sweep has it. */
  takeLock(): { release(): void } | null;
  /** Resolves when no other process is writing; false where `signal` came first. `onWait`: it is not so at once. */
  untilWritable(onWait: () => void, signal: AbortSignal): Promise<boolean>;
  /** Sessions that stay because their bytes are not in the bucket yet; null, or absent: the store has joined none. */
  notInBucket?(): number | null;
  diskBytes(): number;
  reclaim(onStep: (leftBytes: number) => void, stopped: () => boolean): Promise<void>;
  begin(sweep: { sweepId: string; planId: string; startedAt: Iso }): void;
  finish(report: Report): void;
}

/** `noRoom`: the disk is full; `isUntried`: nobody was asked. Either tells nothing of the session, which counts as not tried. */
export type AnalyzeOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly why: string; readonly noRoom?: boolean; readonly isUntried?: true };

/**
 * Makes and stores the digest of one session. `salvage`: what can be made of one that is about to be lost; it never fails, but a
 * full disk may have no room for it.
 */
export interface Analyzer {
  analyze(uid: SessionUid, signal: AbortSignal): Promise<AnalyzeOutcome>;
  /** The same without the program of the user's that `analyze` asks; absent: it asks none. */
  analyzeBuiltIn?(uid: SessionUid, signal: AbortSignal): Promise<AnalyzeOutcome>;
  salvage(uid: SessionUid): Promise<'no_room' | undefined>;
  /**
   * Notes of sessions that are about to be evicted what they are known again by. What a full disk leaves no room for is not noted, and
   * keeps nobody from going.
   */
  remember(uids: readonly SessionUid[], signal: AbortSignal): Promise<'no_room' | undefined>;
}

/** What happens while a sweep runs, for whoever shows it. */
export type Progress =
  | { readonly kind: 'pass'; readonly pass: StepName; readonly victims: number }
  | {
      readonly kind: 'evicted';
      readonly uid: SessionUid;
      readonly freedBytes: number;
      readonly usageBytes: number;
    }
  | { readonly kind: 'analyzing'; readonly uid: SessionUid; readonly done: number; readonly total: number }
  | { readonly kind: 'analyze_failed'; readonly uid: SessionUid; readonly why: string }
  | { readonly kind: 'reclaiming'; readonly leftBytes: number }
  /** Another process is writing to the store; it goes on when that is done. */
  | { readonly kind: 'waiting' };

/** The steps that are asked about, in the order in which they may come. */
export type StepName = EvictStep | 'analyze' | 'data_loss';
export type EvictStep = EvictingPassName | 'budget_again';

/** One step as it would run now. */
export interface Proposal {
  readonly step: StepName;
  /** Who would be evicted or lost; empty for `analyze`. */
  readonly victims: readonly Victim[];
  /** Whom it would take had the person not kept them out of an earlier pass. None of them goes, unless they are let go. */
  readonly keptOut: readonly Victim[];
  /** Who would be analyzed. */
  readonly toAnalyze: readonly SessionCard[];
  readonly usageBytes: number;
  /** True where it is shown anew, because what was shown before is no longer what is stored. */
  readonly movedOn: boolean;
  /** For `data_loss`: why each could not be analyzed. */
  readonly failures: ReadonlyMap<SessionUid, string>;
  /** For `data_loss`: what else can be done but lose them. */
  readonly ways: OtherWays;
}

/** What a person can do instead of losing sessions. */
export interface OtherWays {
  /** The built-in analyzer has not been tried on these. */
  readonly digestible: { readonly sessions: number; readonly rawBytes: number };
  /** Not analyzed at all: the user's analyzer was not asked any more, after it had failed for one cause so often. */
  readonly notAsked: number;
  /** Losing all that may be lost would not be enough: nothing is offered to be lost. */
  readonly insufficient: boolean;
}

export const NO_OTHER_WAY: OtherWays = {
  digestible: { sessions: 0, rawBytes: 0 },
  notAsked: 0,
  insufficient: false,
};

/** What a person says of single sessions. It holds for this pass and every later one of the sweep, also where this pass is skipped. */
export interface Choices {
  readonly keepOut?: ReadonlySet<SessionUid>;
  /** Kept out before, and now given up after all. */
  readonly letGo?: ReadonlySet<SessionUid>;
}

export type Decision =
  | ({ readonly kind: 'run' } & Choices)
  | ({ readonly kind: 'skip' } & Choices)
  | { readonly kind: 'stop' }
  | OtherWay;

/** Instead of a loss. To any other step it is a no. */
export type OtherWay =
  /** Have the built-in analyzer digest what it has not been tried on. */
  | ({ readonly kind: 'digest' } & Choices)
  /** Go on asking the user's analyzer, however often it fails. */
  | ({ readonly kind: 'ask_on' } & Choices)
  /** Another hard cap, for this sweep. */
  | ({ readonly kind: 'raise'; readonly hardCapBytes: number } & Choices)
  /** Show the list as it is without those that were kept out. */
  | ({ readonly kind: 'anew' } & Choices);

/** Who is asked before each step. A script's consent says `run` to all; the wizard shows the proposal and waits. */
export interface Consent {
  /**
   * True: the lock is held from the plan to the report, since nobody thinks in between.
   * False: only while a step is applied.
   */
  readonly unattended: boolean;
  ask(proposal: Proposal): Promise<Decision>;
}

export interface SweepDeps {
  readonly store: SweepStore;
  /**
   * Looks whether the bucket still has what it had, once a sweep; the store then knows what is gone. Why it could not be looked, a clause, or
   * null. Absent: nobody can take anything away from it.
   */
  readonly bucketStill?: () => Promise<string | null>;
  readonly analyzer: Analyzer;
  readonly clock: Clock;
  readonly bytes: FormatBytes;
  /** Hex SHA-256 of a text. */
  readonly hash: (text: string) => string;
  /** A new, never used id of a sweep. */
  readonly newSweepId: () => string;
  readonly progress: (event: Progress) => void;
  readonly signal: AbortSignal;
}

/** A script's, to what is only announced so far. A store that is over its hard cap all the same is brought under it. */
export const NOT_YET: Consent = {
  unattended: true,
  ask: async ({ step }) => ({ kind: EVICTING_PASSES.some(({ name }) => name === step) ? 'skip' : 'run' }),
};

/** A script's consent: yes to everything that the flags allow. */
export const YES_TO_ALL: Consent = { unattended: true, ask: async () => ({ kind: 'run' }) };
