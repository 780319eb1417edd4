/**
 * Threads of one kind that orders are given to, whoever has least to do first.
 * Promises: gone with `end`; an order that a thread dies on is refused and never lost; so is one to none.
 */

export interface WorkerRequest<Order> {
  readonly id: number;
  readonly order: Order;
}

export type WorkerReply<Result> =
  | { readonly id: number; readonly ok: true; readonly result: Result }
  | { readonly id: number; readonly ok: false; readonly message: string };

interface Lane {
  readonly worker: Worker;
  /** What it was asked for and has not told, as the sum of weights. */
  waiting: number;
}

interface QueuedCall<Result> {
  readonly lane: Lane;
  readonly weight: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

export class Threads<Order, Result> {
  readonly #pending = new Map<number, QueuedCall<Result>>();
  #lanes: Lane[] = [];
  #lastId = 0;

  /** Starts as many of `count` as the system allows; false where that is none. */
  start(count: number, startOne: () => Worker): boolean {
    try {
      while (this.#lanes.length < count) this.#lanes.push(this.#lane(startOne()));
    } catch {
      // Fewer do as well, and what none can do is done without them.
    }
    return this.isRunning;
  }

  get isRunning(): boolean {
    return this.#lanes.length > 0;
  }

  /** The same order to each, done by all when it resolves; one that fails at it is as good as gone. */
  async askEach(order: Order): Promise<void> {
    await Promise.allSettled(this.#lanes.map((lane) => this.#askOf(lane, order, 1, [])));
  }

  /** `weight`: what it will take, against other orders. `handedOver`: memory in it that is the thread's from now on, not copied. */
  ask(order: Order, weight = 1, handedOver: ArrayBuffer[] = []): Promise<Result> {
    const [lane] = [...this.#lanes].sort((a, b) => a.waiting - b.waiting);
    if (lane === undefined) return Promise.reject(new Error('no thread is running'));
    return this.#askOf(lane, order, weight, handedOver);
  }

  #askOf(lane: Lane, order: Order, weight: number, handedOver: ArrayBuffer[]): Promise<Result> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      // Refused at once where it cannot be sent.
      lane.worker.postMessage({ id, order } satisfies WorkerRequest<Order>, handedOver);
      lane.waiting += weight;
      this.#pending.set(id, { lane, weight, resolve, reject });
    });
  }

  end(): void {
    for (const { worker } of this.#lanes) worker.terminate();
    this.#lanes = [];
    for (const { reject } of this.#pending.values()) reject(new Error('the threads were ended'));
    this.#pending.clear();
  }

  #lane(worker: Worker): Lane {
    const lane: Lane = { worker, waiting: 0 };
    worker.onmessage = ({ data }: MessageEvent<WorkerReply<Result>>) => this.#onTold(data);
    worker.onerror = ({ message }) => this.#onDeath(lane, message);
    // One that ends without a word would leave its orders waiting for ever.
    worker.addEventListener('close', () => this.#onDeath(lane, 'it closed'));
    return lane;
  }

  #onTold(told: WorkerReply<Result>): void {
    const pending = this.#pending.get(told.id);
    if (pending === undefined) return;
    this.#pending.delete(told.id);
    pending.lane.waiting -= pending.weight;
    if (told.ok) pending.resolve(told.result);
    else pending.reject(new Error(told.message));
  }

  #onDeath(lane: Lane, message: string): void {
    this.#lanes = this.#lanes.filter((one) => one !== lane);
    // What it was asked for is done by somebody else now: it must not come back to it.
    lane.worker.terminate();
    for (const [id, pending] of this.#pending) {
      if (pending.lane !== lane) continue;
      this.#pending.delete(id);
      pending.reject(new Error(`a thread ended: ${message}`));
    }
  }
}
