/**
 * The background thread of the screens: ingest, scan and analysis, so that no key waits for them.
 * Promises: one job after the other; a stop is heeded at the next safe place; what it had stored stays.
 */

import type { Answer, BackgroundJob, BackgroundReply, Setup } from './cli/background.protocol.ts';
import { startDecisionLog } from './cli/decision-log.ts';
import type { ProposalPiece } from './cli/proposal-pieces.ts';
import type { Answers } from './cli/screen-reads.ts';
import { threadContext } from './cli/thread-context.ts';
import { FailureError, messageOf } from './domain/errors.ts';
import type { WritableDb } from './store/connection.ts';
import { openReadable, openWritable } from './store/open.ts';
import { allowSharedFolder } from './store/own-files.ts';
import { expectBucket } from './store/remote/receipts.ts';
import type { Decision } from './sweep/ports.ts';

declare const self: Worker;

let setup: Setup | null = null;
/** Open as long as the thread lives. */
let db: WritableDb | null = null;
let stop = new AbortController();
/** Not 0 once the job that runs is to stop: for what reads and writes for long without hearing a message. */
let stopped: Int32Array = new Int32Array(1);
let answers: Answers | null = null;
/** Who waits for the answer to what was asked. */
let heard: ((decision: Decision | null) => void) | null = null;
let queue: Promise<void> = Promise.resolve();

function answer(message: Answer): void {
  self.postMessage(message);
}

/** The columns of a list are handed over: copied, those of 100,000 sessions would lie in memory three times. */
function columnsOf(list: object): ArrayBuffer[] {
  return Object.values(list).flatMap((column) => {
    const memory: unknown = ArrayBuffer.isView(column) ? column.buffer : null;
    return memory instanceof ArrayBuffer ? [memory] : [];
  });
}

self.onmessage = ({ data }: MessageEvent<BackgroundReply>) => {
  switch (data.kind) {
    case 'setup':
      setup = data.setup;
      stopped = new Int32Array(data.stopped);
      if (setup.decisionLog !== null) startDecisionLog(setup.decisionLog);
      return;
    case 'stop':
      stop.abort();
      return;
    case 'replied':
      heard?.(data.decision);
      return;
    case 'job': {
      const { id, job } = data;
      // Another program answers this one, which may take its time.
      if (job.kind === 'schedule') void run(id, job);
      else queue = queue.then(() => run(id, job));
      return;
    }
    default:
      return data satisfies never;
  }
};

async function run(id: number, job: BackgroundJob): Promise<void> {
  if (setup === null) throw new Error('a job came before the setup');
  try {
    allowSharedFolder(setup.sharedFolder);
    if (job.kind === 'read') {
      const result = await read(setup, job);
      const handedOver = job.name === 'catalogue' && typeof result === 'object' && result !== null;
      return self.postMessage(
        { kind: 'done', id, result } satisfies Answer,
        handedOver ? columnsOf(result) : [],
      );
    }
    stop = new AbortController();
    Atomics.store(stopped, 0, 0);
    db ??= opened(setup, job.kind === 'sweep');
    const { work } = await import('./cli/background-work.ts');
    const working = { how: setup, db, signal: stop.signal, stopped, answer, ask, startDigester };
    answer({ kind: 'done', id, result: await work(working, id, job) });
  } catch (thrown) {
    const failure = thrown instanceof FailureError ? thrown.failure : null;
    answer({ kind: 'failed', id, message: messageOf(thrown), failure });
  }
}

/** With a bucket that is configured it is known at once: nothing goes that is not there. `roomForSweep`: on a full disk, too. */
function opened({ storePath, settings }: Setup, roomForSweep: boolean): WritableDb {
  const made = openWritable(storePath, { roomForSweep });
  if (settings.remote !== null) expectBucket(made);
  return made;
}

/** One question at a time: the job that asks goes on when it is answered. */
function ask(id: number, piece: ProposalPiece): Promise<Decision | null> {
  return new Promise((resolve) => {
    heard = resolve;
    answer({ kind: 'asked', id, piece });
  });
}

/** By a connection that cannot write. No stop of a job is meant for it. */
async function read(how: Setup, { name, args }: Extract<BackgroundJob, { kind: 'read' }>): Promise<unknown> {
  if (answers === null) {
    const { answersOf } = await import('./cli/screen-reads.ts');
    answers = await answersOf(threadContext(how, new AbortController().signal), openReadable(how.storePath));
  }
  const told = answers[name] as (...args: readonly unknown[]) => unknown;
  return told(...args);
}

function startDigester(): Worker {
  return new Worker(new URL('./digest.worker.ts', import.meta.url).href, { smol: true });
}
