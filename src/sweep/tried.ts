/**
 * What was tried in one sweep to give sessions their digests, and on which it was tried in vain.
 * Promises: only who was tried as it is now can be lost; a stop and a full disk say nothing of a session.
 */
import { messageOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { causeOf } from '../domain/retry.ts';
import type { SessionCard } from '../domain/session.ts';
import type { AnalyzeOutcome, SweepDeps } from './ports.ts';
import { WARNINGS } from './report.ts';
import type { Tally } from './tally.ts';

/** So many failures of one cause in a row are no accident of single sessions: whoever watches is asked before it goes on. */
const EQUAL_FAILURES_MAX = 20;

export class Tried {
  readonly #deps: Pick<SweepDeps, 'analyzer' | 'signal' | 'progress'>;
  readonly #tally: Tally;
  /** Generation and reason of each session whose analysis failed. */
  readonly failed = new Map<SessionUid, { readonly generation: number; readonly why: string }>();
  /** Generation of each of which no digest could be made, for whatever reason but a stop: what a bucket may keep instead. */
  readonly undigested = new Map<SessionUid, number>();
  /** Generation of each on which the built-in analyzer alone failed. */
  readonly #builtInFailed = new Map<SessionUid, number>();
  /** The last look found no room on the disk for a digest. What an eviction frees may be enough for the next. */
  noRoom = false;
  /** The person said to go on however often it fails. */
  asksOn = false;
  #cause = '';
  #equal = 0;

  constructor(deps: Pick<SweepDeps, 'analyzer' | 'signal' | 'progress'>, tally: Tally) {
    this.#deps = deps;
    this.#tally = tally;
  }

  /** A program of the user's has failed for one cause so often that a person should be asked. */
  get isGivenUp(): boolean {
    const isAsked = this.#deps.analyzer.analyzeBuiltIn !== undefined;
    return isAsked && !this.asksOn && this.#equal >= EQUAL_FAILURES_MAX;
  }

  /** The built-in analyzer failed on it as it is now. */
  isHopeless({ uid, generation }: SessionCard): boolean {
    return this.#builtInFailed.get(uid) === generation;
  }

  /** `builtIn`: without the user's program. */
  async analyze(card: SessionCard, builtIn = false): Promise<void> {
    const { analyzer, signal, progress } = this.#deps;
    const isBuiltIn = builtIn || analyzer.analyzeBuiltIn === undefined;
    const outcome = await this.#ask(card.uid, builtIn);
    if (outcome.ok) {
      this.#tally.analyzed.push(card.uid);
      this.failed.delete(card.uid);
      this.undigested.delete(card.uid);
      this.#equal = 0;
      return;
    }
    // Stopped by the user: the session has not failed, it waits.
    if (signal.aborted) return;
    this.undigested.set(card.uid, card.generation);
    if ('isUntried' in outcome) return this.#tally.warnOnce(outcome.why);
    this.#tally.warnings.push(WARNINGS.analyzeFailed(card.uid, outcome.why));
    progress({ kind: 'analyze_failed', uid: card.uid, why: outcome.why });
    this.noRoom = outcome.noRoom === true;
    if (this.noRoom) return;
    this.failed.set(card.uid, { generation: card.generation, why: outcome.why });
    if (isBuiltIn) this.#builtInFailed.set(card.uid, card.generation);
    this.#equal = causeOf(outcome.why) === this.#cause ? this.#equal + 1 : 1;
    this.#cause = causeOf(outcome.why);
  }

  async #ask(uid: SessionUid, builtIn: boolean): Promise<AnalyzeOutcome> {
    const { analyzer, signal } = this.#deps;
    try {
      return await (builtIn && analyzer.analyzeBuiltIn !== undefined
        ? analyzer.analyzeBuiltIn(uid, signal)
        : analyzer.analyze(uid, signal));
    } catch (thrown) {
      return { ok: false, why: messageOf(thrown) };
    }
  }
}
