/**
 * New sessions made ready for an ingest, their digests on threads of their own.
 * Promises: started only where there is enough to do; gone with `using`; one that dies fails its orders, which then go
 * the long way.
 */
import {
  type Digested,
  type DigestRequest,
  type Prepared,
  type PrepareRequest,
  type Preparer,
  prepare,
} from '../ingest/fast-path/prepare.ts';
import { Threads } from './threads.ts';

/** Below it one thread is done before others have started. */
const WORTH_BYTES = 8 * 1024 * 1024;
/** One core is the store's; each further thread compiles all of its code anew, and takes its own memory for it. */
const THREADS_MAX = 3;

export class PreparerThreads implements Preparer, Disposable {
  readonly #start: (() => Worker) | null;
  readonly #threads = new Threads<DigestRequest, Digested>();

  /** `start`: null where there are no threads to be had. */
  constructor(start: (() => Worker) | null) {
    this.#start = start;
  }

  /** Itself, with its threads started, where so many new bytes are worth it; else null. */
  forBytes(newBytes: number): Preparer | null {
    if (this.#start === null || newBytes < WORTH_BYTES) return null;
    const count = Math.max(1, Math.min(THREADS_MAX, navigator.hardwareConcurrency - 1));
    return this.#threads.start(count, this.#start) ? this : null;
  }

  prepare(order: PrepareRequest): Promise<Prepared> {
    // Not read for nothing where all of them have died.
    if (!this.#threads.isRunning) return Promise.reject(new Error('no thread is running'));
    return prepare(order, (asked) => {
      const memory = asked.files.map((file) => file.memory);
      return this.#threads.ask(asked, 1, memory);
    });
  }

  end(): void {
    this.#threads.end();
  }

  [Symbol.dispose](): void {
    this.end();
  }
}
