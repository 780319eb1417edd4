/**
 * The background thread, as the screens use it.
 * Promises: a thread that dies is said and started again by the next job; an idle one is let go, with its memory.
 */
import { FailureError } from '../domain/errors.ts';
import { plainLine } from '../domain/text.ts';
import type { IngestProgress, IngestReport } from '../ingest/ingest.ts';
import type { Consent, Decision, Progress } from '../sweep/ports.ts';
import type { Answer, BackgroundJob, BackgroundReply, Results, Setup } from './background.protocol.ts';
import { formatBytes, formatCount, plural } from './format.ts';
import { ProposalParts, type ProposalPiece } from './proposal-pieces.ts';

/** Longer than an agent pauses between two lines, shorter than anyone looks at memory. */
const IDLE_MS = 30_000;
/** A thread that waits for another process's lock hears nothing; nobody waits for it longer than this to quit. */
const CLOSE_MS = 2_000;

interface PendingJob {
  readonly resolve: (result: Results[BackgroundJob['kind']]) => void;
  readonly reject: (error: Error) => void;
  readonly progress: (progress: IngestProgress) => void;
  readonly step: StepHeard;
  readonly sweep: SweepHeard;
}

/** What a sweep tells and asks; the answer to it is the decision, or null where there is more to ask first. */
interface SweepHeard {
  readonly told: (progress: Progress) => void;
  readonly asked: (piece: ProposalPiece) => Promise<Decision | null>;
}

/** No other job asks. */
const ASKS_NOBODY: SweepHeard = { told: () => undefined, asked: async () => ({ kind: 'stop' }) };

/** So many of a job's sessions are done. */
type StepHeard = (done: number, total: number) => void;

export class BackgroundThread {
  readonly #setup: Setup;
  readonly #startThread: () => Worker;
  readonly #pending = new Map<number, PendingJob>();
  readonly #stopped = new Int32Array(new SharedArrayBuffer(4));
  #worker: Worker | null = null;
  #lastId = 0;
  #idle: ReturnType<typeof setTimeout> | null = null;

  /** `startThread`: only an entry point knows where its sister lies in the executable. */
  constructor(setup: Setup, startThread: () => Worker) {
    this.#setup = setup;
    this.#startThread = startThread;
  }

  async run<K extends BackgroundJob['kind']>(
    job: Extract<BackgroundJob, { kind: K }>,
    progress: (progress: IngestProgress) => void = () => undefined,
    step: StepHeard = () => undefined,
    sweep: SweepHeard = ASKS_NOBODY,
  ): Promise<Results[K]> {
    if (this.#idle !== null) clearTimeout(this.#idle);
    const worker = this.#started();
    this.#lastId += 1;
    const id = this.#lastId;
    const done = new Promise<Results[BackgroundJob['kind']]>((resolve, reject) =>
      this.#pending.set(id, { resolve, reject, progress, step, sweep }),
    );
    worker.postMessage({ kind: 'job', id, job } satisfies BackgroundReply);
    try {
      // The thread answers a job with the result of its kind.
      return (await done) as Results[K];
    } finally {
      this.#pending.delete(id);
      if (this.#pending.size === 0) this.#idle = setTimeout(() => this.#letGo(), IDLE_MS);
    }
  }

  /** Has what runs end at its next safe place, without waiting for that. */
  interrupt(): void {
    Atomics.store(this.#stopped, 0, 1);
    this.#worker?.postMessage({ kind: 'stop' } satisfies BackgroundReply);
  }

  /** Stops what runs at its next safe place; resolves when nothing runs. */
  async stop(): Promise<void> {
    while (this.#pending.size > 0 && this.#worker !== null) {
      this.interrupt();
      await Bun.sleep(10);
    }
  }

  /** What does not stop in time is cut off, as a kill would: the store takes each session whole or not at all. */
  async close(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, CLOSE_MS);
    await Promise.race([this.stop(), late.promise]);
    // A timer that still runs keeps the process alive: each quit would take that long.
    clearTimeout(timer);
    this.#letGo();
  }

  #letGo(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    this.#worker?.terminate();
    this.#worker = null;
    for (const { reject } of this.#pending.values()) reject(new Error('the background thread was let go'));
  }

  #started(): Worker {
    if (this.#worker !== null) return this.#worker;
    const worker = this.#startThread();
    worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#onAnswer(data);
    worker.onerror = ({ message }) => {
      this.#worker = null;
      for (const { reject } of this.#pending.values())
        reject(new Error(`the background thread ended: ${message}`));
    };
    const { buffer: stopped } = this.#stopped;
    worker.postMessage({ kind: 'setup', setup: this.#setup, stopped } satisfies BackgroundReply);
    this.#worker = worker;
    return worker;
  }

  #onAnswer(answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    if (pending === undefined) {
      // It was answered and goes on: whoever waits behind it hears how far it is.
      if (answer.kind === 'step')
        for (const { step } of this.#pending.values()) step(answer.done, answer.total);
      return;
    }
    switch (answer.kind) {
      case 'progress':
        pending.progress(answer.progress);
        return;
      case 'sweeping':
        pending.sweep.told(answer.progress);
        return;
      case 'asked':
        void this.#replied(answer.id, pending, answer.piece);
        return;
      case 'step':
        pending.step(answer.done, answer.total);
        return;
      case 'done':
        pending.resolve(answer.result);
        return;
      case 'failed':
        pending.reject(
          answer.failure === null ? new Error(answer.message) : new FailureError(answer.failure),
        );
        return;
      default:
        return answer satisfies never;
    }
  }

  /** A question that cannot be put fails the job, which is told to stop. */
  async #replied(id: number, { sweep, reject }: PendingJob, piece: ProposalPiece): Promise<void> {
    let decision: Decision | null = { kind: 'stop' };
    try {
      decision = await sweep.asked(piece);
    } catch (thrown) {
      reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
    this.#worker?.postMessage({ kind: 'replied', id, decision } satisfies BackgroundReply);
  }
}

/** A sweep on its thread, under the consent of whoever holds the keys. Returns its id. */
export async function sweepBy(
  thread: BackgroundThread,
  consent: Consent,
  told: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<string> {
  const gathered = new ProposalParts();
  const asked = async (piece: ProposalPiece) => {
    const proposal = gathered.add(piece);
    return proposal === null ? null : consent.ask(proposal);
  };
  return stoppable<'sweep'>(thread, { kind: 'sweep' }, signal, undefined, { told, asked });
}

/** A job that ends at its next safe place when the signal comes. */
export async function stoppable<K extends BackgroundJob['kind']>(
  thread: BackgroundThread,
  job: Extract<BackgroundJob, { kind: K }>,
  signal: AbortSignal,
  step?: StepHeard,
  sweep?: SweepHeard,
): Promise<Results[K]> {
  const onAbort = () => void thread.stop();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await thread.run<K>(job, undefined, step, sweep);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** What an ingest did, in one sentence each; null where there is nothing to say. */
export function ingestNews(report: IngestReport): {
  readonly news: string | null;
  readonly trouble: string | null;
} {
  const changed = report.sessions_new + report.sessions_grown + report.sessions_digest_only;
  const news =
    changed === 0
      ? null
      : `Stored ${plural(report.sessions_new, 'new session')}${report.sessions_grown > 0 ? `, added to ${formatCount(report.sessions_grown)}` : ''}, ${formatBytes(report.stored_bytes_added)}${report.analyzed > 0 ? `; ${formatCount(report.analyzed)} analyzed` : ''}.`;
  const [warning] = report.warnings;
  const more =
    report.warnings.length > 1
      ? ` (and ${formatCount(report.warnings.length - 1)} more: see \`session-memory ingest\`)`
      : '';
  const trouble = report.disk_full
    ? `The disk is full: ${plural(report.sessions_waiting, 'session')} wait. s sweeps, and has a reserve to work with.`
    : report.sessions_waiting > 0
      ? `${plural(report.sessions_waiting, 'session')} wait at the hard cap: s sweeps.`
      : warning === undefined
        ? null
        : plainLine(warning) + more;
  return { news, trouble };
}
