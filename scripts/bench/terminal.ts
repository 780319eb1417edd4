/** A program in a terminal of its own, timed by what it writes. Takes no time from it while it waits. */
import { cpuMsOf, peakOf, residentOf } from './process.ts';
import type { Bench } from './row.ts';

const PATIENCE_MS = 30_000;
const QUIET_MS = 250;
/** How often it is looked whether a wait is over; what comes is timed when it comes. */
const LOOK_EVERY_MS = 2;

export class Screen implements AsyncDisposable {
  readonly #child: Bun.Subprocess;
  readonly #startedMs = performance.now();
  #lastMs = 0;
  #bytes = 0;
  #text = '';

  constructor(bench: Bench, command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = Bun.spawn([...command], {
      cwd: bench.scratch,
      env: {
        PATH: Bun.env['PATH'] ?? '',
        HOME: bench.scratch,
        TERM: 'xterm-256color',
        LANG: 'C.UTF-8',
        CI: 'false',
        ...env,
      },
      terminal: {
        cols: 160,
        rows: 50,
        data: (_terminal, data) => {
          this.#lastMs = performance.now();
          this.#bytes += data.length;
          this.#text = (this.#text + data.toString()).slice(-200_000);
        },
      },
    });
  }

  /** Milliseconds from the start of the program until it shows `text`. */
  async shows(text: string): Promise<number> {
    await this.#until(() => this.#text.includes(text), text);
    return this.#lastMs - this.#startedMs;
  }

  /** Waits until nothing has been written for a while. */
  async quiet(): Promise<void> {
    await this.#until(() => performance.now() - this.#lastMs > QUIET_MS, 'a quiet screen');
  }

  /** Milliseconds from a key to the first byte of what it changes. */
  async key(keys: string): Promise<number> {
    await this.quiet();
    this.#text = '';
    const before = this.#bytes;
    const began = performance.now();
    this.#child.terminal?.write(keys);
    await this.#until(() => this.#bytes > before, `an answer to ${JSON.stringify(keys)}`);
    return this.#lastMs - began;
  }

  cpuMs(): number {
    return cpuMsOf(this.#child.pid);
  }

  peakBytes(): number {
    return peakOf(this.#child.pid);
  }

  residentBytes(): number {
    return residentOf(this.#child.pid);
  }

  async #until(isSo: () => boolean, what: string): Promise<void> {
    const giveUpMs = performance.now() + PATIENCE_MS;
    while (!isSo()) {
      if (this.#child.exitCode !== null) throw new Error(`ended before it showed ${what}:\n${this.#text}`);
      if (performance.now() > giveUpMs)
        throw new Error(`never showed ${what}:\n${JSON.stringify(this.#text.slice(-1500))}`);
      await Bun.sleep(LOOK_EVERY_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#child.exited;
    this.#child.terminal?.close();
  }
}
