/**
 * One sweep as it is carried out, step by step.
 * Promises: steps come in the order backstop, budget, analyze, budget again, data loss (bucket, where the store has one); each is proposed as the store
 * stands at that moment, and what is then taken is what was proposed.
 */

import { decided } from '../domain/decisions.ts';
import { FailureError, invariant } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { SessionCard } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import { isEvictable, isUnanalyzed } from '../policy/census.ts';
import { explainReason } from '../policy/explain.ts';
import { EVICTING_PASSES, PASS_TO_BUCKET, type Victim } from '../policy/passes.ts';
import { Candidates, isSame, NOBODY, type Offer, passOf } from './candidates.ts';
import { KeptOut } from './kept-out.ts';
import { lockOrFail, type PlannedSweep, type SweepOptions } from './options.ts';
import {
  type Choices,
  type Consent,
  type Decision,
  type EvictStep,
  type Fate,
  NO_OTHER_WAY,
  type OtherWay,
  type OtherWays,
  type Proposal,
  type StepName,
  type SweepDeps,
} from './ports.ts';
import { planReport, type Report, WARNINGS } from './report.ts';
import { type TakingDeps, take } from './take.ts';
import { type EvictedBy, Tally } from './tally.ts';
import { Tried } from './tried.ts';

/** Evictions between two looks at the stop signal and two reports of progress. */
const BATCH = 100;
/** The same where somebody watches: they can stop between two sessions, and see it move. */
const BATCH_WATCHED = 10;
/** A budget pass that the user thins out is shown again before any loss, but not for ever. */
const BUDGET_ROUNDS_MAX = 8;
/** How often a list of losses is shown anew because the store moved on. */
const LOSS_ROUNDS_MAX = 20;

/** A report that another writer keeps from the store is waited for that long with the keys alive; then as any write. */
const REPORT_WAIT_MS = 55_000;

/**
 * `moved_on`: what was shown is no longer what is stored, so nothing was done. `digested`: instead of a loss; `ask_on`: the person
 * has the analyzer asked on.
 */
type RunState = 'on' | 'stopped' | 'moved_on' | 'digested' | 'ask_on';

/** The overflow is gone through once more. */
function isUnsettled(went: RunState): boolean {
  return went === 'moved_on' || went === 'ask_on';
}

export class Run {
  readonly #deps: SweepDeps;
  readonly #options: SweepOptions;
  readonly #consent: Consent;
  readonly #planned: PlannedSweep;
  readonly #sweepId: string;
  readonly #startedAt: Iso;
  readonly #diskBytesBefore: number;
  readonly #tally = new Tally();
  readonly #tried: Tried;
  readonly #kept = new KeptOut();
  readonly #candidates: Candidates;
  /** A person may raise it for this sweep. */
  #hardCapBytes: number;
  #begun = false;

  constructor(deps: SweepDeps, options: SweepOptions, consent: Consent, planned: PlannedSweep) {
    this.#deps = deps;
    this.#options = options;
    this.#consent = consent;
    this.#planned = planned;
    this.#tried = new Tried(deps, this.#tally);
    this.#candidates = new Candidates(deps, options, planned, this.#kept, this.#tried);
    this.#hardCapBytes = options.limits.rawHardCapBytes;
    this.#sweepId = deps.newSweepId();
    this.#startedAt = deps.clock.now();
    this.#diskBytesBefore = deps.store.diskBytes();
  }

  async execute(): Promise<Report> {
    const went = await this.#passes();
    if (went === 'stopped') this.#tally.warnings.push('the sweep was stopped before its end');
    return this.#finish();
  }

  async #passes(): Promise<RunState> {
    const { flags } = this.#options;
    for (const { name } of EVICTING_PASSES) if ((await this.#evictStep(name)) === 'stopped') return 'stopped';
    let went: RunState = 'on';
    for (let round = 0; round === 0 || (isUnsettled(went) && round < LOSS_ROUNDS_MAX); round += 1) {
      if (!this.#isOver()) return 'on';
      const again = round > 0;
      if (flags.analyze && (await this.#analyzeAndEvict(again, went === 'moved_on')) === 'stopped')
        return 'stopped';
      if (this.#tried.noRoom) return this.#withoutRoom();
      went = await this.#dataLossStep(went === 'moved_on');
    }
    if (isUnsettled(went)) this.#tally.warnings.push(WARNINGS.keepsChanging);
    return went;
  }

  /** The disk has no room for digests: nothing is lost for that, and what is in the bucket needs none to go. */
  async #withoutRoom(): Promise<RunState> {
    const went = this.#notInBucket() === null ? 'on' : await this.#evictStep(PASS_TO_BUCKET.name);
    if (this.#isOver()) this.#tally.warnings.push(WARNINGS.noRoomToAnalyze);
    return went;
  }

  /** (a) and (b) of the overflow; in turn while the disk has no room for all digests at once and what goes makes some. */
  async #analyzeAndEvict(again: boolean, movedOn: boolean): Promise<RunState> {
    for (let isFirst = true; ; isFirst = false) {
      const before = this.#tally.freedBytes;
      if ((await this.#analyzeStep(again || !isFirst, movedOn || !isFirst)) === 'stopped') return 'stopped';
      if ((await this.#evictStep('budget_again')) === 'stopped') return 'stopped';
      if (!this.#tried.noRoom || !this.#isOver() || this.#tally.freedBytes === before) return 'on';
    }
  }

  /** Backstop, both budget passes and the one to the bucket: propose, ask, evict. Shown anew where the store moved on while somebody thought. */
  async #evictStep(step: EvictStep): Promise<RunState> {
    for (let movedOn = false; ; movedOn = true) {
      const offer = this.#candidates.offer(step);
      const decision = await this.#ask({ step, ...offer, toAnalyze: [], movedOn });
      if (decision.kind === 'stop') return 'stopped';
      this.#heed(decision, offer);
      const chosen = this.#candidates.chosen(offer);
      if (decision.kind !== 'run') return this.#decline(step, chosen);
      const went = await this.#locked(async () =>
        chosen.every(({ card }) => this.#isAsShown(step, card)) ? this.#evictAll(step, chosen) : 'moved_on',
      );
      if (went !== 'moved_on') return went;
    }
  }

  /** What was said of single sessions, for the steps to come and for the report. */
  #heed(decision: Choices, { victims, keptOut }: Offer): void {
    this.#kept.heed(decision);
    if (this.#kept.uids.size === 0 && keptOut.length === 0) return;
    for (const { card } of [...victims, ...keptOut]) {
      if (!this.#kept.has(card.uid)) continue;
      this.#tally.keptOut(card.uid, this.#deps.store.card(card.uid)?.pinned === true);
    }
    for (const { card } of keptOut) if (!this.#kept.has(card.uid)) this.#tally.letGo(card.uid);
  }

  /** A script has the lock since its plan, and passes over what changed; a person is shown what changed first. */
  #isAsShown(step: EvictStep, shown: SessionCard): boolean {
    if (this.#consent.unattended) return true;
    const now = this.#deps.store.card(shown.uid);
    if (now === null || now.generation !== shown.generation) return false;
    return step === PASS_TO_BUCKET.name ? isUnanalyzed(now) && !now.pinned : isEvictable(now);
  }

  async #evictAll(step: EvictStep, chosen: readonly Victim[]): Promise<RunState> {
    const { name, untilBytes: until } = passOf(step);
    const untilBytes = until(this.#options.limits);
    this.#deps.progress({ kind: 'pass', pass: step, victims: chosen.length });
    if (chosen.length > 0) this.#begin();
    const seen = new Set<SessionUid>(this.#kept.uids);
    for (let queue = [...chosen]; queue.length > 0; ) {
      if (this.#deps.signal.aborted) return 'stopped';
      const batch = queue.splice(0, this.#consent.unattended ? BATCH : BATCH_WATCHED);
      for (const { card } of batch) seen.add(card.uid);
      const fates = await take(this.#taking(), step, batch, untilBytes);
      if (fates === null) return 'stopped';
      this.#record(fates, name, batch);
      killPoint(`sweep.${step}`);
      // A victim that had changed leaves room for the next in order; an exact plan takes nobody else.
      const wantsMore = queue.length === 0 && untilBytes !== null && this.#usage() > untilBytes;
      if (wantsMore && this.#options.planId === null && this.#consent.unattended) {
        queue = this.#candidates.evictable(step, seen);
      }
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    return 'on';
  }

  /** (a) of the overflow: every live un-analyzed session, now, in order; a failure is a warning and the next is tried. */
  async #analyzeStep(again: boolean, movedOn: boolean): Promise<RunState> {
    const toAnalyze = this.#candidates.toAnalyze();
    this.#tried.noRoom = false;
    if (again && toAnalyze.length === 0) return 'on';
    const decision = await this.#ask({ step: 'analyze', ...NOBODY, toAnalyze, movedOn });
    if (decision.kind === 'stop') return 'stopped';
    if (decision.kind !== 'run') return this.#decline('analyze', []);
    return this.#locked(() => this.#analyzeAll(toAnalyze, false));
  }

  /** `builtIn`: without the user's program. Stops asking that where it fails again and again and somebody is there to say what then. */
  async #analyzeAll(cards: readonly SessionCard[], builtIn: boolean): Promise<RunState> {
    if (cards.length > 0 && this.#options.forgetsEmpty !== true) this.#begin();
    for (const [done, card] of cards.entries()) {
      if (this.#deps.signal.aborted) return 'stopped';
      this.#deps.progress({ kind: 'analyzing', uid: card.uid, done, total: cards.length });
      await this.#tried.analyze(card, builtIn);
      killPoint('sweep.analyze');
      if (this.#tried.noRoom || (!builtIn && !this.#consent.unattended && this.#tried.isGivenUp)) break;
    }
    return 'on';
  }

  /**
   * (c) of the overflow, the last resort. While an evictable session remains, nothing is offered to be lost: the budget pass is
   * shown again. Where the only ones left are kept out by the person, once: then it is for them to let those go or to pin them.
   * A loss in their place would cost what has no digest to spare what has one.
   */
  async #dataLossStep(movedOn: boolean): Promise<RunState> {
    let isKnown = false;
    for (let round = 0; round < BUDGET_ROUNDS_MAX; round += 1) {
      if (!this.#isOver()) return 'on';
      const { victims, keptOut } = this.#candidates.offer('budget_again');
      if (victims.length === 0 && keptOut.length === 0) {
        const went = await this.#lossStep(movedOn);
        if (went !== 'digested') return went;
        continue;
      }
      const isHeld = victims.length === 0;
      if (isHeld && (isKnown || this.#options.planId !== null)) return this.#holdOn();
      if (this.#options.planId !== null || this.#deps.signal.aborted) return 'stopped';
      isKnown = isHeld;
      const declinedBefore = this.#tally.declined.length;
      if ((await this.#evictStep('budget_again')) === 'stopped') return 'stopped';
      if (this.#tally.declined.length > declinedBefore) return 'on';
    }
    return 'on';
  }

  /** Usage stays over the hard cap, for the sake of those whom the person kept out. */
  #holdOn(): RunState {
    this.#tally.warnings.push(WARNINGS.keptOut(this.#candidates.offer('budget_again').keptOut.length));
    return 'on';
  }

  async #lossStep(movedOn: boolean): Promise<RunState> {
    const { flags } = this.#options;
    if (this.#notInBucket() !== null) return this.#bucketStep();
    for (let isFirst = true; ; isFirst = false) {
      const { insufficient, ...offer } = this.#candidates.lossOffer();
      const ways = this.#otherWays(insufficient);
      if (insufficient && ways.digestible.sessions + ways.notAsked === 0) return this.#loseNone();
      if (offer.victims.length === 0 && !insufficient) return 'on';
      if (!flags.dataLoss) {
        this.#tally.warnings.push(WARNINGS.dataLossForbidden(offer.victims.length));
        return 'on';
      }
      const shown = { step: 'data_loss', ...offer, toAnalyze: [], movedOn: movedOn && isFirst } as const;
      const decision = await this.#ask(shown, ways);
      if (decision.kind === 'stop') return 'stopped';
      this.#heed(decision, offer);
      const chosen = this.#candidates.chosen(offer);
      if (decision.kind === 'skip') return this.#decline('data_loss', chosen);
      if (decision.kind === 'anew') continue;
      if (decision.kind !== 'run') return this.#otherWay(decision);
      if (insufficient) return this.#loseNone();
      // A list that was thinned out is another list, and has a phrase of its own.
      if (isSame(chosen, offer.victims)) return this.#loseAll(chosen);
    }
  }

  /** (c) of the overflow where there is a bucket: it keeps what has no digest, and nothing is lost. */
  async #bucketStep(): Promise<RunState> {
    const went = await this.#evictStep(PASS_TO_BUCKET.name);
    if (went === 'on' && this.#isOver()) this.#tally.warnings.push(WARNINGS.nothingLost);
    return went;
  }

  /** None for a script, which says yes to what is offered; under an exact plan nothing else is done than what that names. */
  #otherWays(insufficient: boolean): OtherWays {
    if (this.#consent.unattended || this.#options.planId !== null) return { ...NO_OTHER_WAY, insufficient };
    const cards = this.#digestible();
    return {
      digestible: {
        sessions: cards.length,
        rawBytes: cards.reduce((sum, { rawBytes }) => sum + rawBytes, 0),
      },
      notAsked: this.#options.flags.analyze ? this.#candidates.toAnalyze().length : 0,
      insufficient,
    };
  }

  #digestible(): SessionCard[] {
    return this.#candidates.unanalyzed().filter((card) => !this.#tried.isHopeless(card));
  }

  async #otherWay(way: Exclude<OtherWay, { kind: 'anew' }>): Promise<RunState> {
    switch (way.kind) {
      case 'ask_on':
        this.#tried.asksOn = true;
        return 'ask_on';
      case 'raise':
        this.#hardCapBytes = Math.max(this.#hardCapBytes, way.hardCapBytes);
        this.#tally.warnings.push(WARNINGS.raised(this.#deps.bytes(this.#hardCapBytes)));
        return 'on';
      case 'digest': {
        const went = await this.#locked(() => this.#analyzeAll(this.#digestible(), true));
        return went === 'on' ? 'digested' : went;
      }
      default:
        return way satisfies never;
    }
  }

  #loseNone(): RunState {
    const kept = this.#candidates.losableKeptOut();
    const now = this.#deps.clock.now();
    const pinned = this.#deps.store.withCensus(now, (census) => census.pinnedBytes);
    this.#tally.warnings.push(
      kept > 0 ? WARNINGS.insufficientKept(kept) : WARNINGS.insufficient(this.#deps.bytes(pinned)),
    );
    return 'on';
  }

  async #loseAll(victims: readonly Victim[]): Promise<RunState> {
    const { rawHardCapBytes } = this.#options.limits;
    return this.#locked(async () => {
      if (!this.#consent.unattended && !this.#isSameLoss(victims)) return 'moved_on';
      this.#begin();
      this.#deps.progress({ kind: 'pass', pass: 'data_loss', victims: victims.length });
      for (const victim of victims) {
        if (this.#deps.signal.aborted) return 'stopped';
        if (!this.#isOver()) return 'on';
        if ((await this.#deps.analyzer.salvage(victim.card.uid)) === 'no_room') {
          this.#tally.warnings.push(WARNINGS.noRoomToSalvage(victim.card.uid));
          return 'on';
        }
        const fate = this.#deps.store.lose(victim, this.#context(), rawHardCapBytes);
        this.#record([fate], 'data_loss', [victim]);
        killPoint('sweep.data_loss');
        if (fate.kind === 'evicted') this.#tally.warnings.push(WARNINGS.dataLoss(fate.uid));
      }
      return 'on';
    });
  }

  /** Whether what was shown is, one by one, what would be lost now. */
  #isSameLoss(shown: readonly Victim[]): boolean {
    const { victims, keptOut } = this.#candidates.offer('budget_again');
    if (victims.length > 0 || keptOut.length > 0) return false;
    return isSame(this.#candidates.lossOffer().victims, shown);
  }

  async #ask(
    step: Pick<Proposal, 'step' | 'victims' | 'keptOut' | 'toAnalyze' | 'movedOn'>,
    ways = NO_OTHER_WAY,
  ): Promise<Decision> {
    if (this.#deps.signal.aborted) return { kind: 'stop' };
    const failures = new Map([...this.#tried.failed].map(([uid, { why }]) => [uid, why]));
    return this.#consent.ask({ ...step, usageBytes: this.#usage(), failures, ways });
  }

  #decline(step: StepName, victims: readonly Victim[]): RunState {
    this.#tally.decline(step, victims);
    return 'on';
  }

  /**
   * Unattended, the lock is already held by `sweep`, and another writer is waited for as the store does. Else it is held
   * for this step only, and keys are answered while another process writes: a stop that comes then is a stop.
   */
  async #locked(apply: () => Promise<RunState>): Promise<RunState> {
    if (this.#consent.unattended) return apply();
    const lock = lockOrFail(this.#deps);
    try {
      return (await this.#untilWritable(this.#deps.signal)) ? await apply() : 'stopped';
    } finally {
      lock.release();
    }
  }

  async #untilWritable(signal: AbortSignal): Promise<boolean> {
    return this.#deps.store.untilWritable(() => this.#deps.progress({ kind: 'waiting' }), signal);
  }

  #record(fates: readonly Fate[], by: EvictedBy, victims: readonly Victim[]): void {
    for (const fate of fates) {
      const reason = victims.find(({ card }) => card.uid === fate.uid)?.reason;
      const why =
        fate.kind === 'skipped'
          ? `left: ${fate.reason}`
          : reason === undefined
            ? 'goes'
            : explainReason(reason, this.#deps.bytes);
      decided(`sweep/${by}`, fate.uid, why);
    }
    // Asked once for all of them: of ten thousand, the question would take as long as the answer's deed.
    let usageBytes = this.#usage();
    for (const fate of fates) if (fate.kind === 'evicted') usageBytes += fate.freedBytes;
    for (const fate of fates) {
      this.#tally.record(fate, by);
      if (fate.kind === 'skipped') continue;
      const { uid, freedBytes } = fate;
      usageBytes -= freedBytes;
      this.#deps.progress({ kind: 'evicted', uid, freedBytes, usageBytes });
    }
  }

  #taking(): TakingDeps {
    return { ...this.#deps, tally: this.#tally, context: () => this.#context() };
  }

  #context() {
    return { sweepId: this.#sweepId, at: this.#deps.clock.now() };
  }

  #isOver(): boolean {
    return this.#usage() > this.#hardCapBytes;
  }

  #usage(): number {
    return this.#deps.store.usageBytes();
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#deps.store.begin({
      sweepId: this.#sweepId,
      planId: this.#planned.planId,
      startedAt: this.#startedAt,
    });
    killPoint('sweep.begun');
  }

  /** Evictions are done and recorded whatever becomes of the space: on a disk that is still full it is a warning. */
  async #reclaim(): Promise<void> {
    const { store, progress, signal } = this.#deps;
    try {
      await store.reclaim(
        (leftBytes) => progress({ kind: 'reclaiming', leftBytes }),
        () => signal.aborted,
      );
    } catch (thrown) {
      if (!(thrown instanceof FailureError)) throw thrown;
      this.#tally.warnings.push(WARNINGS.reclaimFailed(thrown.failure.message));
    }
  }

  /** Null: the store has joined no bucket. */
  #notInBucket(): number | null {
    return this.#deps.store.notInBucket?.() ?? null;
  }

  async #finish(): Promise<Report> {
    const { store, clock, signal } = this.#deps;
    const { limits, reclaim, forgetsEmpty = false } = this.#options;
    this.#tally.warnOfNotNoted();
    if (reclaim && !signal.aborted) await this.#reclaim();
    if (!reclaim && this.#tally.freedBytes > 0) this.#tally.warnings.push(WARNINGS.notReclaimed);
    const tier2Over = store.distilledBytes() > limits.distilledCapBytes;
    if (tier2Over) this.#tally.warnings.push(WARNINGS.tier2);
    const usageBytes = this.#usage();
    const waiting = usageBytes > limits.rawSoftCapBytes ? (this.#notInBucket() ?? 0) : 0;
    if (waiting > 0) this.#tally.warnings.push(WARNINGS.notInBucket(waiting));
    this.#tally.warnOfBucketOnly();
    const isKept = this.#begun || !forgetsEmpty || this.#tally.analyzed.length > 0;
    invariant(!this.#tally.hasLost || this.#options.flags.dataLoss, 'data was lost without leave');
    const report: Report = {
      version: 1,
      sweep_id: isKept ? this.#sweepId : '',
      plan_id: this.#planned.planId,
      dry_run: false,
      started_at: this.#startedAt,
      finished_at: clock.now(),
      clock_set: clock.isSet,
      ...this.#tally.report(),
      usage_before_bytes: this.#planned.plan.usageBeforeBytes,
      final_usage_bytes: usageBytes,
      disk_bytes_before: this.#diskBytesBefore,
      disk_bytes_after: store.diskBytes(),
      over_hard_cap: usageBytes > this.#hardCapBytes,
      tier2_over_cap: tier2Over,
      interrupted: signal.aborted,
      plan: planReport(this.#planned.plan, this.#deps.bytes),
    };
    if (!isKept) return report;
    if (!this.#consent.unattended) await this.#untilWritable(AbortSignal.timeout(REPORT_WAIT_MS));
    this.#begin();
    store.finish(report);
    killPoint('sweep.finished');
    return report;
  }
}
