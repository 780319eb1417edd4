/** Work on several sessions: told of as it goes, and stopped where the person says so. One at a time. */
import type { Clock } from '../domain/time.ts';
import type { WorkWatcher } from './ports.ts';
import type { Event } from './state.ts';

export class MarkedWork {
  readonly #clock: Clock;
  readonly #dispatch: (event: Event) => void;
  #stop: AbortController | null = null;

  constructor(clock: Clock, dispatch: (event: Event) => void) {
    this.#clock = clock;
    this.#dispatch = dispatch;
  }

  get isOn(): boolean {
    return this.#stop !== null;
  }

  stop(): void {
    this.#stop?.abort();
  }

  async run<T>(work: (watcher: WorkWatcher) => Promise<T>): Promise<T> {
    const [stop, beganMs] = [new AbortController(), this.#clock.monotonicMs()];
    this.#stop = stop;
    const step = (done: number, total: number) =>
      this.#dispatch({ kind: 'worked', done, total, elapsedMs: this.#clock.monotonicMs() - beganMs });
    try {
      return await work({ step, signal: stop.signal });
    } finally {
      this.#stop = null;
    }
  }
}
