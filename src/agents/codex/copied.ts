/**
 * Which records of a rollout were copied from the thread that it was forked or spawned from.
 * Promises: told by what stands in the rollout alone: times from before it began, turns that are older than it, or all that was
 * written in one burst behind the first line of a fork. A rollout without a parent holds nothing copied.
 */
import type { Tokens } from '../../domain/facts.ts';
import type { Iso } from '../../domain/time.ts';
import { beyond, type Meta, msOfId } from './records.ts';

/** Versions without turn ids: what a fork copies is written in one burst. */
const BURST_MS = 1000;

export class CopiedHistory {
  /** The file's own identity. */
  own: Meta | null = null;
  /** The record that was told of last is a copied one. */
  isRunning = false;
  /** The fork whose copied history may be running. */
  #fork: Meta | null = null;
  #burstAt: Iso | null = null;
  #isByTime = false;
  #hasTurn = false;

  /** A record's time, before anything else is asked of it. False where the time is not of this thread. */
  at(at: Iso | null): boolean {
    if (at === null) return true;
    if (this.isFromBefore(at)) {
      this.isRunning = true;
      this.#isByTime = true;
      return false;
    }
    if (this.#isByTime || (this.#burstAt !== null && msSince(at, this.#burstAt) > BURST_MS)) {
      this.isRunning = false;
      this.#burstAt = null;
    }
    this.#isByTime = false;
    return true;
  }

  /** Clocks step a little, and what a thread writes first is stamped a moment after it began. */
  isFromBefore(at: Iso): boolean {
    const { own } = this;
    return own !== null && own.parent !== null && own.at !== null && msSince(own.at, at) > BURST_MS;
  }

  /** An identity; the first one is the file's own, a later one is its parent's, or that of another fork. */
  meta(meta: Meta, at: Iso | null): void {
    const isOwn = this.own === null;
    this.own ??= meta;
    if (isOwn && meta.parent !== null) this.#fork = meta;
    const { id, parent, isFork } = this.own;
    const isParents = !isOwn && !isFork && meta.id !== null && meta.id === parent && id !== meta.id;
    if (meta.isFork && !this.isRunning) this.#fork = meta;
    else if (!isParents) return;
    this.isRunning = true;
    this.#burstAt = at;
  }

  /** A copied turn is older than the thread that holds it: the ids of both carry their time. */
  turn(turnId: string | null): void {
    const turnMs = msOfId(turnId);
    const forkMs = msOfId(this.#fork?.id ?? null);
    if (turnMs === null || forkMs === null) return;
    this.isRunning = turnMs < forkMs;
    this.#burstAt = null;
    this.#hasTurn = true;
  }

  /** Whether a spawned thread may still be repeating its parent at that time: in one burst, before a turn whose id tells its time. */
  isBurst(at: Iso | null): boolean {
    const { own } = this;
    if (own?.at == null || own.parent === null || own.isFork || this.#hasTurn || at === null) return false;
    return Math.abs(msSince(at, own.at)) <= BURST_MS;
  }

  /** Of the thread itself, not of another one whose fork it holds. */
  get isOwn(): boolean {
    return this.#fork === this.own;
  }
}

function msSince(later: Iso, earlier: Iso): number {
  return Date.parse(later) - Date.parse(earlier);
}

/** What a thread used itself, where its counter goes on from its parent's or was copied with the history. */
export class OwnTotal {
  #before: Tokens | null = null;
  #isKnown = false;

  copied(total: Tokens): void {
    this.#before = total;
    this.#isKnown = true;
  }

  /** `last`: what the last answer alone used; the first total of a child tells with it what the parent had used. */
  of(total: Tokens, last: Tokens | null, isChild: boolean): Tokens {
    if (!this.#isKnown && isChild && last !== null) this.copied(beyond(total, last) ?? NONE);
    this.#isKnown = true;
    const own = this.#before === null ? total : beyond(total, this.#before);
    // The counter has started anew.
    if (own === null) this.#before = null;
    return own ?? total;
  }
}

const NONE: Tokens = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };
