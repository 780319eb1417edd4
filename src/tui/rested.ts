/** What stands beside a row is read where the cursor rests, not on each row that it passes. */
export class Rested {
  readonly #waitMs: number;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Once nothing else was asked for so long. */
  when(read: () => void): void {
    this.stop();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      read();
    }, this.#waitMs);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
