/**
 * Threads that make new sessions ready, as an ingest uses them.
 * Promises: started only where there is enough to do; gone with `using`; one that dies fails its orders, which then go
 * the long way.
 */
import type { Order, Prepared, Preparer } from '../ingest/prepare.ts';

export interface PrepareAsked {
  readonly id: number;
  readonly order: Order;
}

export type PrepareTold =
  | { readonly id: number; readonly ok: true; readonly prepared: Prepared }
  | { readonly id: number; readonly ok: false; readonly message: string };

/** Below it one thread is done before others have started. */
const WORTH_BYTES = 8 * 1024 * 1024;
const THREADS_MAX = 4;

interface Lane {
  readonly worker: Worker;
  waiting: number;
}

interface Pending {
  readonly lane: Lane;
  readonly resolve: (prepared: Prepared) => void;
  readonly reject: (error: Error) => void;
}

export class PreparerThreads implements Preparer, Disposable {
  readonly #start: (() => Worker) | null;
  readonly #pending = new Map<number, Pending>();
  #lanes: Lane[] = [];
  #lastId = 0;

  /** `start`: null where there are no threads to be had. */
  constructor(start: (() => Worker) | null) {
    this.#start = start;
  }

  /** Itself, with its threads started, where so many new bytes are worth it; else null. */
  forBytes(newBytes: number): Preparer | null {
    const start = this.#start;
    if (start === null || newBytes < WORTH_BYTES) return null;
    const threads = Math.max(2, Math.min(THREADS_MAX, navigator.hardwareConcurrency));
    this.#lanes = Array.from({ length: threads }, () => this.#lane(start()));
    return this;
  }

  prepare(order: Order): Promise<Prepared> {
    const [lane] = [...this.#lanes].sort((a, b) => a.waiting - b.waiting);
    if (lane === undefined) return Promise.reject(new Error('no thread is running'));
    this.#lastId += 1;
    const id = this.#lastId;
    lane.waiting += 1;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { lane, resolve, reject });
      lane.worker.postMessage({ id, order } satisfies PrepareAsked);
    });
  }

  end(): void {
    for (const { worker } of this.#lanes) worker.terminate();
    this.#lanes = [];
    for (const { reject } of this.#pending.values()) reject(new Error('the ingest has ended'));
    this.#pending.clear();
  }

  [Symbol.dispose](): void {
    this.end();
  }

  #lane(worker: Worker): Lane {
    const lane: Lane = { worker, waiting: 0 };
    worker.onmessage = ({ data }: MessageEvent<PrepareTold>) => this.#onTold(data);
    worker.onerror = ({ message }) => this.#onDeath(lane, message);
    return lane;
  }

  #onTold(told: PrepareTold): void {
    const pending = this.#pending.get(told.id);
    if (pending === undefined) return;
    this.#pending.delete(told.id);
    pending.lane.waiting -= 1;
    if (told.ok) pending.resolve(told.prepared);
    else pending.reject(new Error(told.message));
  }

  #onDeath(lane: Lane, message: string): void {
    this.#lanes = this.#lanes.filter((one) => one !== lane);
    for (const [id, pending] of this.#pending) {
      if (pending.lane !== lane) continue;
      this.#pending.delete(id);
      pending.reject(new Error(`a thread ended: ${message}`));
    }
  }
}
