/**
 * Threads that write the files of a restore, as the command uses them.
 * Promises: started only where there is enough to do; gone with `using`; what one fails at, or dies on, is told as not
 * staged, and goes the long way.
 */
import type { StageOrder, Stager } from '../restore/stage.ts';
import { Threads } from './threads.ts';

export interface StageAsked {
  readonly storePath: string;
  /** Null: nothing more comes, and the store is to be closed. */
  readonly files: readonly StageOrder[] | null;
}

/** Below it one thread is done before others have started. */
const WORTH_BYTES = 16 * 1024 * 1024;
const THREADS_MAX = 4;
/** What a thread is asked for at a time: enough to be worth a message, and little enough that all are done at about the same time. */
const BATCH_FILES = 8;
const BATCH_BYTES = 4 * 1024 * 1024;
/** What it takes to make a file, counted as plain bytes to write. */
const FILE_WEIGHT = 128 * 1024;

export class StagerThreads implements Stager, Disposable {
  readonly #start: (() => Worker) | null;
  readonly #storePath: string;
  readonly #threads = new Threads<StageAsked, readonly boolean[]>();

  /** `start`: null where there are no threads to be had. */
  constructor(start: (() => Worker) | null, storePath: string) {
    this.#start = start;
    this.#storePath = storePath;
  }

  /** Itself, with its threads started, where so many plain bytes are worth it; else null. */
  forBytes(rawBytes: number): Stager | null {
    if (this.#start === null || rawBytes < WORTH_BYTES) return null;
    const count = Math.max(2, Math.min(THREADS_MAX, navigator.hardwareConcurrency));
    return this.#threads.start(count, this.#start) ? this : null;
  }

  async stage(orders: readonly StageOrder[]): Promise<readonly boolean[]> {
    const asked = batchesOf(orders).map((files) =>
      this.#threads
        .ask({ storePath: this.#storePath, files }, weightOf(files))
        .catch(() => files.map(() => false)),
    );
    return (await Promise.all(asked)).flat();
  }

  /** Ends them once they have closed the store: whoever closes it last takes its log back into it. */
  async close(): Promise<void> {
    await this.#threads.askEach({ storePath: this.#storePath, files: null });
    this.#threads.end();
  }

  [Symbol.dispose](): void {
    this.#threads.end();
  }
}

function batchesOf(orders: readonly StageOrder[]): StageOrder[][] {
  const batches: StageOrder[][] = [];
  let bytes = 0;
  for (const order of orders) {
    const last = batches.at(-1);
    if (last !== undefined && last.length < BATCH_FILES && bytes < BATCH_BYTES) last.push(order);
    else {
      batches.push([order]);
      bytes = 0;
    }
    bytes += order.file.rawBytes;
  }
  return batches;
}

function weightOf(files: readonly StageOrder[]): number {
  return files.reduce((sum, { file }) => sum + file.rawBytes + FILE_WEIGHT, 0);
}
