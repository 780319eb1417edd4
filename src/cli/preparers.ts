/**
 * Threads that make new sessions ready, as an ingest uses them.
 * Promises: started only where there is enough to do; gone with `using`; one that dies fails its orders, which then go
 * the long way.
 */
import type { Order, Prepared, Preparer } from '../ingest/prepare.ts';
import { Threads } from './threads.ts';

/** Below it one thread is done before others have started. */
const WORTH_BYTES = 8 * 1024 * 1024;
const THREADS_MAX = 4;

export class PreparerThreads implements Preparer, Disposable {
  readonly #start: (() => Worker) | null;
  readonly #threads = new Threads<Order, Prepared>();

  /** `start`: null where there are no threads to be had. */
  constructor(start: (() => Worker) | null) {
    this.#start = start;
  }

  /** Itself, with its threads started, where so many new bytes are worth it; else null. */
  forBytes(newBytes: number): Preparer | null {
    if (this.#start === null || newBytes < WORTH_BYTES) return null;
    this.#threads.start(Math.max(2, Math.min(THREADS_MAX, navigator.hardwareConcurrency)), this.#start);
    return this;
  }

  prepare(order: Order): Promise<Prepared> {
    return this.#threads.ask(order);
  }

  end(): void {
    this.#threads.end();
  }

  [Symbol.dispose](): void {
    this.end();
  }
}
