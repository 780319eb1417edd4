/**
 * Who could go at this moment, as the store stands now: what the steps of a sweep are proposed from.
 * Promises: nobody whom the person kept out is among the victims of any step; only reads.
 */
import type { SessionUid } from '../domain/ids.ts';
import type { SessionCard } from '../domain/session.ts';
import { type Census, compareEviction } from '../policy/census.ts';
import {
  type EvictingPass,
  evictingPass,
  type LastResort,
  lastResortVictims,
  PASS_AFTER_ANALYSIS,
  sessionsToAnalyze,
  type Victim,
} from '../policy/passes.ts';
import type { KeptOut } from './kept-out.ts';
import type { PlannedSweep, SweepOptions } from './options.ts';
import type { EvictStep, SweepDeps } from './ports.ts';
import type { Tried } from './tried.ts';

/** Which pass a step runs. */
export function passOf(step: EvictStep): EvictingPass {
  return evictingPass(step) ?? PASS_AFTER_ANALYSIS;
}

/** What a step would take, and what it would take beside that had nobody kept it out. */
export interface Offer {
  readonly victims: readonly Victim[];
  readonly keptOut: readonly Victim[];
}

/** A step that evicts nobody. */
export const NOBODY: Offer = { victims: [], keptOut: [] };

/** The same sessions in the same order, and as much stored of each. */
export function isSame(some: readonly Victim[], others: readonly Victim[]): boolean {
  const stored = ({ card }: Victim) => [card.uid, card.generation, card.storedBytes].join(' ');
  return some.map(stored).join() === others.map(stored).join();
}

export class Candidates {
  readonly #deps: Pick<SweepDeps, 'store' | 'clock'>;
  readonly #options: SweepOptions;
  readonly #planned: PlannedSweep;
  /** The generation of each session that the plan would lose at worst. */
  readonly #atWorst: ReadonlyMap<SessionUid, number>;
  readonly #kept: KeptOut;
  readonly #tried: Pick<Tried, 'failed' | 'undigested' | 'noRoom'>;

  constructor(
    deps: Pick<SweepDeps, 'store' | 'clock'>,
    options: SweepOptions,
    planned: PlannedSweep,
    kept: KeptOut,
    tried: Pick<Tried, 'failed' | 'undigested' | 'noRoom'>,
  ) {
    this.#deps = deps;
    this.#options = options;
    this.#planned = planned;
    this.#atWorst = new Map(planned.plan.worstCaseDataLoss.map(({ card }) => [card.uid, card.generation]));
    this.#kept = kept;
    this.#tried = tried;
  }

  /** Of a pass that evicts. Where nobody is left to go, whoever is kept out still could. */
  offer(step: EvictStep): Offer {
    const all = this.#planOnly(step, this.evictable(step, new Set()));
    const keptOut = all.filter(({ card }) => this.#kept.has(card.uid));
    if (keptOut.length === 0) return { victims: all, keptOut };
    return { victims: this.#planOnly(step, this.evictable(step, this.#kept.uids)), keptOut };
  }

  evictable(step: EvictStep, excluded: ReadonlySet<SessionUid>): Victim[] {
    const now = this.#deps.clock.now();
    const { limits } = this.#options;
    return this.#deps.store.withCensus(now, (census) => {
      const out = step === 'bucket' ? excluded.union(this.#mayBeDigested(census)) : excluded;
      return passOf(step).select({ census, usageBytes: census.usageBytes, limits, now, excluded: out });
    });
  }

  /** Whom the bucket does not keep instead of a digest: of whom one may still be made. A full disk has no room for any. */
  #mayBeDigested(census: Census): Set<SessionUid> {
    if (!this.#options.flags.analyze || this.#tried.noRoom) return new Set();
    const waiting = [...census.unanalyzed()];
    return new Set(
      waiting.flatMap(({ uid, generation }) => (this.#tried.undigested.get(uid) === generation ? [] : [uid])),
    );
  }

  /** Of an offer those whom nobody keeps out any more, in order of eviction. */
  chosen({ victims, keptOut }: Offer): Victim[] {
    const now = this.#deps.clock.now();
    const letGo = keptOut.filter(({ card }) => !this.#kept.has(card.uid));
    const going = victims.filter(({ card }) => !this.#kept.has(card.uid));
    if (letGo.length === 0) return going;
    return [...going, ...letGo].sort((a, b) => compareEviction(a.card, b.card, now));
  }

  /** Live and without a digest, in order. */
  unanalyzed(): SessionCard[] {
    const now = this.#deps.clock.now();
    return this.#deps.store.withCensus(now, (census) => sessionsToAnalyze(census, now));
  }

  /** Those of them that are not yet tried as they are now. */
  toAnalyze(): SessionCard[] {
    return this.unanalyzed().filter(
      (card) => this.#tried.failed.get(card.uid)?.generation !== card.generation,
    );
  }

  /** Of the last resort. */
  lossOffer(): Offer & Pick<LastResort, 'insufficient'> {
    const losable = this.#losable();
    const resort = this.#resortOf(losable.filter((card) => !this.#kept.has(card.uid)));
    const all = this.#resortOf(losable);
    return { ...resort, keptOut: all.victims.filter(({ card }) => this.#kept.has(card.uid)) };
  }

  /** How many the last resort would have had beside its own, had nobody kept them out. */
  losableKeptOut(): number {
    return this.#losable().filter((card) => this.#kept.has(card.uid)).length;
  }

  #losable(): SessionCard[] {
    const now = this.#deps.clock.now();
    const waiting = this.#deps.store.withCensus(now, (census) => [...census.unanalyzed()]);
    return waiting.filter((card) => this.#mayBeLost(card));
  }

  /** Tried in this run (unless analysis is off), unchanged since, and within an exact plan. */
  #mayBeLost(card: SessionCard): boolean {
    if (this.#options.flags.analyze) return this.#tried.failed.get(card.uid)?.generation === card.generation;
    return this.#options.planId === null || this.#isWorstCase(card);
  }

  #resortOf(cards: readonly SessionCard[]): LastResort {
    const resort = lastResortVictims(cards, this.#deps.store.usageBytes(), this.#options.limits);
    if (this.#options.planId === null) return resort;
    return { ...resort, victims: resort.victims.filter(({ card }) => this.#isWorstCase(card)) };
  }

  #isWorstCase(card: SessionCard): boolean {
    return this.#atWorst.get(card.uid) === card.generation;
  }

  /** Under an exact plan its passes take only what it named; what the analyses make evictable was forecast, not named. */
  #planOnly(step: EvictStep, victims: readonly Victim[]): readonly Victim[] {
    if (this.#options.planId === null || step === 'budget_again') return victims;
    const planned = this.#planned.plan.passes.find(({ pass }) => pass === step)?.victims ?? [];
    const generations = new Map(planned.map(({ card }) => [card.uid, card.generation]));
    return victims.filter(({ card }) => generations.get(card.uid) === card.generation);
  }
}
