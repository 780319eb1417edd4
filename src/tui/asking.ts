/**
 * Questions to other threads: how many are not answered yet, and whether a person has to be told that it takes a while.
 * Promises: an answer that fails is told, and keeps nobody waiting.
 */

/** Before that nobody has noticed. */
const SLOW_MS = 300;

export class Asking {
  readonly #onSlow: (isSlow: boolean) => void;
  readonly #failed: (thrown: unknown) => void;
  #open = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isSlow = false;
  /** So many were ever asked. */
  begun = 0;

  constructor(onSlow: (isSlow: boolean) => void, failed: (thrown: unknown) => void) {
    this.#onSlow = onSlow;
    this.#failed = failed;
  }

  get isWaiting(): boolean {
    return this.#open > 0;
  }

  /** `then` has the answer; `failed`: what else is to be done where there is none. */
  ask<T>(question: Promise<T>, then: (answer: T) => void, failed: () => void = () => undefined): void {
    this.begun += 1;
    this.#open += 1;
    this.#timer ??= setTimeout(() => this.#late(), SLOW_MS);
    void question
      .then(
        (answer) => {
          this.#answered();
          then(answer);
        },
        (thrown) => {
          this.#answered();
          failed();
          throw thrown;
        },
      )
      .catch(this.#failed);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #late(): void {
    this.#isSlow = true;
    this.#onSlow(true);
  }

  #answered(): void {
    this.#open -= 1;
    if (this.#open > 0) return;
    this.stop();
    if (this.#isSlow) this.#onSlow(false);
    this.#isSlow = false;
  }
}
