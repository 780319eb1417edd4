/**
 * A sweep as the screens run it: each proposal is asked of the state, and answered by it alone.
 * Promises: one at a time; what agents write waits meanwhile; who stopped it is asked nothing more.
 */
import type { Consent, Decision } from '../sweep/ports.ts';
import type { Services } from './ports.ts';
import type { Event } from './state.ts';

export interface SweepingDeps {
  readonly services: Services;
  readonly dispatch: (event: Event) => void;
  /** What agents write is left alone until the sweep is over. */
  readonly pause: () => Promise<void>;
  readonly resume: () => void;
  /** With the id of the sweep. */
  readonly ended: (sweepId: string) => void;
  readonly failed: (thrown: unknown) => void;
}

export class Sweeping {
  readonly #deps: SweepingDeps;
  #answer: ((decision: Decision) => void) | null = null;
  #stop: AbortController | null = null;
  /** Resolves when nothing of a sweep runs any more. */
  over: Promise<void> = Promise.resolve();

  constructor(deps: SweepingDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.over = this.#run();
  }

  decide(decision: Decision): void {
    const answer = this.#answer;
    this.#answer = null;
    answer?.(decision);
  }

  stop(): void {
    this.#stop?.abort();
    this.decide({ kind: 'stop' });
  }

  async #run(): Promise<void> {
    const { services, dispatch, pause, resume, ended, failed } = this.#deps;
    const stop = new AbortController();
    this.#stop = stop;
    const consent: Consent = {
      unattended: false,
      ask: (proposal) =>
        new Promise((resolve) => {
          // Who stopped it before it could ask may not be there any more to answer.
          if (stop.signal.aborted) return resolve({ kind: 'stop' });
          this.#answer = resolve;
          dispatch({ kind: 'proposed', proposal });
        }),
    };
    try {
      await Promise.race([pause(), aborted(stop.signal)]);
      ended(
        await services.sweep(
          consent,
          (progress) => dispatch({ kind: 'progress', progress, atMs: services.clock.monotonicMs() }),
          stop.signal,
        ),
      );
    } catch (thrown) {
      failed(thrown);
    } finally {
      this.#answer = null;
      this.#stop = null;
      resume();
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
