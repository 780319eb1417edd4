/**
 * When a frame is made.
 * Promises: one follows a key at once, or a moment later with what the key asked of the store; what comes by itself is shown at most
 * thirty times a second.
 */
import type { Clock } from '../domain/time.ts';

export const FRAME_MS = 33;
/** What a key asks of a store that is not slow is there by then, and in the same frame. */
const HOLD_MS = 12;

export class Pacing {
  readonly #clock: Clock;
  readonly #make: () => void;
  #atMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isHeld = false;

  constructor(clock: Clock, make: () => void) {
    this.#clock = clock;
    this.#make = make;
  }

  /** A frame waits for what was asked for it. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Never put off: what is held already is due by then. */
  hold(): void {
    if (this.#isHeld) return;
    this.stop();
    this.#isHeld = true;
    this.#timer = setTimeout(() => this.#show(), HOLD_MS);
  }

  frame(now: boolean): void {
    const sinceMs = this.#clock.monotonicMs() - this.#atMs;
    if (now || sinceMs >= FRAME_MS) this.#show();
    else this.#timer ??= setTimeout(() => this.#show(), FRAME_MS - sinceMs);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #show(): void {
    this.stop();
    this.#isHeld = false;
    this.#atMs = this.#clock.monotonicMs();
    this.#make();
  }
}
