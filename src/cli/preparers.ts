/**
 * New sessions made ready for an ingest, their digests on threads of their own.
 * Promises: started only where there is enough to do; gone with `using`; one that dies fails its orders, which then go
 * the long way.
 */
import {
  type Digested,
  type DigestOrder,
  type Order,
  type Prepared,
  type Preparer,
  prepare,
} from '../ingest/prepare.ts';

export interface DigestAsked {
  readonly id: number;
  readonly order: DigestOrder;
}

export type DigestTold =
  | { readonly id: number; readonly ok: true; readonly digested: Digested }
  | { readonly id: number; readonly ok: false; readonly message: string };

/** Below it one thread is done before others have started. */
const WORTH_BYTES = 8 * 1024 * 1024;
/** One core is the store's; each further thread compiles all of its code anew, and takes its own memory for it. */
const THREADS_MAX = 3;

interface Lane {
  readonly worker: Worker;
  waiting: number;
}

interface Pending {
  readonly lane: Lane;
  readonly resolve: (digested: Digested) => void;
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
    const threads = Math.max(1, Math.min(THREADS_MAX, navigator.hardwareConcurrency - 1));
    this.#lanes = Array.from({ length: threads }, () => this.#lane(start()));
    return this;
  }

  prepare(order: Order): Promise<Prepared> {
    return prepare(order, (asked) => this.#ask(asked));
  }

  #ask(order: DigestOrder): Promise<Digested> {
    const [lane] = [...this.#lanes].sort((a, b) => a.waiting - b.waiting);
    if (lane === undefined) return Promise.reject(new Error('no thread is running'));
    this.#lastId += 1;
    const id = this.#lastId;
    lane.waiting += 1;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { lane, resolve, reject });
      const memory = order.files.map((file) => file.memory);
      // Handed over, not copied.
      lane.worker.postMessage({ id, order } satisfies DigestAsked, memory);
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
    worker.onmessage = ({ data }: MessageEvent<DigestTold>) => this.#onTold(data);
    worker.onerror = ({ message }) => this.#onDeath(lane, message);
    return lane;
  }

  #onTold(told: DigestTold): void {
    const pending = this.#pending.get(told.id);
    if (pending === undefined) return;
    this.#pending.delete(told.id);
    pending.lane.waiting -= 1;
    if (told.ok) pending.resolve(told.digested);
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
