/**
 * One sweep as it is carried out, step by step.
 * Promises: steps come in the order backstop, budget, analyze, budget again, data loss; each is proposed as the store
 * stands at that moment, and what is then taken is what was proposed.
 */

import { FailureError, invariant, messageOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { SessionCard } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import { isEvictable } from '../policy/census.ts';
import {
  backstopVictims,
  budgetVictims,
  type LastResort,
  lastResortVictims,
  sessionsToAnalyze,
  type Victim,
} from '../policy/passes.ts';
import { lockOrFail, type PlannedSweep, type SweepOptions } from './options.ts';
import type { Consent, Decision, Fate, Proposal, StepName, SweepDeps } from './ports.ts';
import { planReport, type Report, WARNINGS } from './report.ts';
import { Tally } from './tally.ts';

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

/** `moved_on`: what was shown is no longer what is stored, so nothing was done. */
type Went = 'on' | 'stopped' | 'moved_on';

export class Run {
  readonly #deps: SweepDeps;
  readonly #options: SweepOptions;
  readonly #consent: Consent;
  readonly #planned: PlannedSweep;
  readonly #sweepId: string;
  readonly #startedAt: Iso;
  readonly #diskBytesBefore: number;
  readonly #tally = new Tally();
  /** Generation and reason of each session whose analysis failed in this run. */
  readonly #failed = new Map<SessionUid, { readonly generation: number; readonly why: string }>();
  #begun = false;

  constructor(deps: SweepDeps, options: SweepOptions, consent: Consent, planned: PlannedSweep) {
    this.#deps = deps;
    this.#options = options;
    this.#consent = consent;
    this.#planned = planned;
    this.#sweepId = deps.newSweepId();
    this.#startedAt = deps.clock.now();
    this.#diskBytesBefore = deps.store.diskBytes();
  }

  async execute(): Promise<Report> {
    const went = await this.#passes();
    if (went === 'stopped') this.#tally.warnings.push('the sweep was stopped before its end');
    return this.#finish();
  }

  async #passes(): Promise<Went> {
    const { limits, flags } = this.#options;
    if ((await this.#evictStep('backstop', this.#tally.backstop)) === 'stopped') return 'stopped';
    if ((await this.#evictStep('budget', this.#tally.budget)) === 'stopped') return 'stopped';
    let went: Went = 'moved_on';
    for (let round = 0; went === 'moved_on' && round < LOSS_ROUNDS_MAX; round += 1) {
      if (this.#usage() <= limits.rawHardCapBytes) return 'on';
      if (flags.analyze) {
        if ((await this.#analyzeStep(round > 0)) === 'stopped') return 'stopped';
        if ((await this.#evictStep('budget_again', this.#tally.budget)) === 'stopped') return 'stopped';
      }
      went = await this.#dataLossStep(round > 0);
    }
    if (went === 'moved_on') this.#tally.warnings.push(WARNINGS.keepsChanging);
    return went;
  }

  /** Backstop and both budget passes: propose, ask, evict. Shown anew where the store moved on while somebody thought. */
  async #evictStep(step: 'backstop' | 'budget' | 'budget_again', taken: SessionUid[]): Promise<Went> {
    const untilBytes = step === 'backstop' ? null : this.#options.limits.rawSoftCapBytes;
    for (let movedOn = false; ; movedOn = true) {
      const victims = this.#victimsOf(step).filter((victim) => this.#isPlanned(step, victim));
      const decision = await this.#ask({ step, victims, toAnalyze: [], movedOn });
      if (decision.kind === 'stop') return 'stopped';
      if (decision.kind === 'skip') return this.#decline(step, victims);
      const keepOut = decision.keepOut ?? new Set();
      const chosen = victims.filter(({ card }) => !keepOut.has(card.uid));
      const went = await this.#locked(async () => {
        if (!chosen.every(({ card }) => this.#isAsShown(card))) return 'moved_on';
        this.#tally.keptOut(victims, keepOut, (uid) => this.#deps.store.card(uid)?.pinned === true);
        return this.#evictAll(step, chosen, untilBytes, taken, keepOut);
      });
      if (went !== 'moved_on') return went;
    }
  }

  /** A script has the lock since its plan, and passes over what changed; a person is shown what changed first. */
  #isAsShown(shown: SessionCard): boolean {
    if (this.#consent.unattended) return true;
    const now = this.#deps.store.card(shown.uid);
    return now !== null && isEvictable(now) && now.generation === shown.generation;
  }

  async #evictAll(
    step: StepName,
    chosen: readonly Victim[],
    untilBytes: number | null,
    taken: SessionUid[],
    keepOut: ReadonlySet<SessionUid>,
  ): Promise<Went> {
    this.#deps.progress({ kind: 'pass', pass: step, victims: chosen.length });
    if (chosen.length > 0) this.#begin();
    const seen = new Set<SessionUid>(keepOut);
    for (let queue = [...chosen]; queue.length > 0; ) {
      if (this.#deps.signal.aborted) return 'stopped';
      const batch = queue.splice(0, this.#consent.unattended ? BATCH : BATCH_WATCHED);
      for (const { card } of batch) seen.add(card.uid);
      this.#record(this.#deps.store.evict(batch, this.#context(), untilBytes), taken);
      killPoint(`sweep.${step}`);
      // A victim that had changed leaves room for the next in order; an exact plan takes nobody else.
      const wantsMore = queue.length === 0 && untilBytes !== null && this.#usage() > untilBytes;
      if (wantsMore && this.#options.planId === null && this.#consent.unattended) {
        queue = this.#victimsOf('budget', seen).filter(({ card }) => !seen.has(card.uid));
      }
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    return 'on';
  }

  /** (a) of the overflow: every live un-analyzed session, now, in order; a failure is a warning and the next is tried. */
  async #analyzeStep(again: boolean): Promise<Went> {
    const now = this.#deps.clock.now();
    const toAnalyze = this.#deps.store
      .withCensus(now, (census) => sessionsToAnalyze(census, now))
      .filter((card) => this.#failed.get(card.uid)?.generation !== card.generation);
    if (again && toAnalyze.length === 0) return 'on';
    const decision = await this.#ask({ step: 'analyze', victims: [], toAnalyze, movedOn: again });
    if (decision.kind === 'stop') return 'stopped';
    if (decision.kind === 'skip') return this.#decline('analyze', []);
    return this.#locked(async () => {
      if (toAnalyze.length > 0) this.#begin();
      for (const [done, card] of toAnalyze.entries()) {
        if (this.#deps.signal.aborted) return 'stopped';
        this.#deps.progress({ kind: 'analyzing', uid: card.uid, done, total: toAnalyze.length });
        await this.#analyzeOne(card);
        killPoint('sweep.analyze');
      }
      return 'on';
    });
  }

  async #analyzeOne(card: SessionCard): Promise<void> {
    const outcome = await this.#deps.analyzer
      .analyze(card.uid, this.#deps.signal)
      .catch((thrown) => ({ ok: false as const, why: messageOf(thrown) }));
    if (outcome.ok) {
      this.#tally.analyzed.push(card.uid);
      return;
    }
    // Stopped by the user: the session has not failed, it waits.
    if (this.#deps.signal.aborted) return;
    this.#tally.warnings.push(WARNINGS.analyzeFailed(card.uid, outcome.why));
    this.#deps.progress({ kind: 'analyze_failed', uid: card.uid, why: outcome.why });
    this.#failed.set(card.uid, { generation: card.generation, why: outcome.why });
  }

  /** (c) of the overflow, the last resort. */
  async #dataLossStep(movedOn: boolean): Promise<Went> {
    const { limits, flags } = this.#options;
    for (let round = 0; round < BUDGET_ROUNDS_MAX; round += 1) {
      if (this.#usage() <= limits.rawHardCapBytes) return 'on';
      // While an evictable session remains, nothing is offered to be lost: the budget pass is shown again.
      if (this.#victimsOf('budget_again').length === 0) break;
      if (this.#options.planId !== null || this.#deps.signal.aborted) return 'stopped';
      const declinedBefore = this.#tally.declined.length;
      if ((await this.#evictStep('budget_again', this.#tally.budget)) === 'stopped') return 'stopped';
      if (this.#tally.declined.length > declinedBefore) return 'on';
    }
    if (this.#usage() <= limits.rawHardCapBytes || this.#victimsOf('budget_again').length > 0) return 'on';
    const resort = this.#lastResort();
    if (resort.insufficient) {
      const now = this.#deps.clock.now();
      const pinned = this.#deps.store.withCensus(now, (census) => census.pinnedBytes);
      this.#tally.warnings.push(WARNINGS.insufficient(this.#deps.bytes(pinned)));
      return 'on';
    }
    if (resort.victims.length === 0) return 'on';
    if (!flags.dataLoss) {
      this.#tally.warnings.push(WARNINGS.dataLossForbidden(resort.victims.length));
      return 'on';
    }
    return this.#askAndLose(resort.victims, movedOn);
  }

  async #askAndLose(victims: readonly Victim[], movedOn: boolean): Promise<Went> {
    const decision = await this.#ask({ step: 'data_loss', victims, toAnalyze: [], movedOn });
    if (decision.kind === 'stop') return 'stopped';
    if (decision.kind === 'skip') return this.#decline('data_loss', victims);
    const { rawHardCapBytes } = this.#options.limits;
    return this.#locked(async () => {
      if (!this.#consent.unattended && !this.#isSameLoss(victims)) return 'moved_on';
      this.#begin();
      this.#deps.progress({ kind: 'pass', pass: 'data_loss', victims: victims.length });
      for (const victim of victims) {
        if (this.#deps.signal.aborted) return 'stopped';
        if (this.#usage() <= rawHardCapBytes) return 'on';
        await this.#deps.analyzer.salvage(victim.card.uid);
        const fate = this.#deps.store.lose(victim, this.#context(), rawHardCapBytes);
        this.#record([fate], this.#tally.lost);
        killPoint('sweep.data_loss');
        if (fate.kind === 'evicted') this.#tally.warnings.push(WARNINGS.dataLoss(fate.uid));
      }
      return 'on';
    });
  }

  /** Whether what was shown is, one by one, what would be lost now. */
  #isSameLoss(shown: readonly Victim[]): boolean {
    if (this.#victimsOf('budget_again').length > 0) return false;
    const stored = ({ card }: Victim) => [card.uid, card.generation, card.storedBytes].join(' ');
    return this.#lastResort().victims.map(stored).join() === shown.map(stored).join();
  }

  /** Who may be lost: live, unpinned, still un-analyzed, tried in this run (unless analysis is off), unchanged, within the plan. */
  #lastResort(): LastResort {
    const now = this.#deps.clock.now();
    const atWorst = new Map(
      this.#planned.plan.worstCaseDataLoss.map(({ card }) => [card.uid, card.generation]),
    );
    const candidates = this.#deps.store.withCensus(now, (census) => [...census.unanalyzed()]);
    const tried = candidates.filter((card) => {
      if (this.#options.flags.analyze) return this.#failed.get(card.uid)?.generation === card.generation;
      return this.#options.planId === null || atWorst.get(card.uid) === card.generation;
    });
    const resort = lastResortVictims(tried, this.#usage(), this.#options.limits);
    if (this.#options.planId === null) return resort;
    return {
      ...resort,
      victims: resort.victims.filter(({ card }) => atWorst.get(card.uid) === card.generation),
    };
  }

  #victimsOf(
    step: 'backstop' | 'budget' | 'budget_again',
    excluded: ReadonlySet<SessionUid> = new Set(),
  ): Victim[] {
    const now = this.#deps.clock.now();
    const { limits } = this.#options;
    return this.#deps.store.withCensus(now, (census) =>
      step === 'backstop'
        ? backstopVictims(census, limits, now, excluded)
        : budgetVictims(census, census.usageBytes, limits, now, excluded),
    );
  }

  /** Under an exact plan its passes take only what it named; what the analyses make evictable was forecast, not named. */
  #isPlanned(step: StepName, { card }: Victim): boolean {
    if (this.#options.planId === null || step === 'budget_again') return true;
    const planned = this.#planned.plan.passes.find(({ pass }) => pass === step)?.victims ?? [];
    return planned.some(
      (victim) => victim.card.uid === card.uid && victim.card.generation === card.generation,
    );
  }

  async #ask(step: Pick<Proposal, 'step' | 'victims' | 'toAnalyze' | 'movedOn'>): Promise<Decision> {
    if (this.#deps.signal.aborted) return { kind: 'stop' };
    const failures = new Map([...this.#failed].map(([uid, { why }]) => [uid, why]));
    return this.#consent.ask({ ...step, usageBytes: this.#usage(), failures });
  }

  #decline(step: StepName, victims: readonly Victim[]): Went {
    this.#tally.decline(step, victims);
    return 'on';
  }

  /**
   * Unattended, the lock is already held by `sweep`, and another writer is waited for as the store does. Else it is held
   * for this step only, and keys are answered while another process writes: a stop that comes then is a stop.
   */
  async #locked(apply: () => Promise<Went>): Promise<Went> {
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

  #record(fates: readonly Fate[], taken: SessionUid[]): void {
    // Asked once for all of them: of ten thousand, the question would take as long as the answer's deed.
    let usageBytes = this.#usage();
    for (const fate of fates) if (fate.kind === 'evicted') usageBytes += fate.freedBytes;
    for (const fate of fates) {
      this.#tally.record(fate, taken);
      if (fate.kind === 'skipped') continue;
      const { uid, freedBytes } = fate;
      usageBytes -= freedBytes;
      this.#deps.progress({ kind: 'evicted', uid, freedBytes, usageBytes });
    }
  }

  #context() {
    return { sweepId: this.#sweepId, at: this.#deps.clock.now() };
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

  async #finish(): Promise<Report> {
    const { store, clock, signal } = this.#deps;
    const { limits, reclaim } = this.#options;
    if (reclaim && !signal.aborted) await this.#reclaim();
    if (!reclaim && this.#tally.freedBytes > 0) this.#tally.warnings.push(WARNINGS.notReclaimed);
    const tier2Over = store.distilledBytes() > limits.distilledCapBytes;
    if (tier2Over) this.#tally.warnings.push(WARNINGS.tier2);
    const usageBytes = this.#usage();
    invariant(this.#tally.lost.length === 0 || this.#options.flags.dataLoss, 'data was lost without leave');
    const report: Report = {
      version: 1,
      sweep_id: this.#sweepId,
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
      over_hard_cap: usageBytes > limits.rawHardCapBytes,
      tier2_over_cap: tier2Over,
      interrupted: signal.aborted,
      plan: planReport(this.#planned.plan, this.#deps.bytes),
    };
    if (!this.#consent.unattended) await this.#untilWritable(AbortSignal.timeout(REPORT_WAIT_MS));
    this.#begin();
    store.finish(report);
    killPoint('sweep.finished');
    return report;
  }
}
