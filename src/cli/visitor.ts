/**
 * Starts this program once more to look at one mount, and leaves it where nothing moves there any more.
 * Promises: comes back within `silentMs` of the last sign of life, and within `STOP_MS` of a stop; a process that cannot
 * even be killed is not waited for.
 */
import { readFileSync } from 'node:fs';
import { messageOf } from '../domain/errors.ts';
import type { IngestOptions, IngestProgress } from '../ingest/ingest-report.ts';
import type { IngestVisit, ScanVisit, Visit, Visitor } from '../ingest/visits.ts';

/** SPEC §5: a root that does not answer is left after it. */
export const SILENT_MS = 10_000;
/** What does not stop in time is killed: the store takes each session whole or not at all. */
const STOP_MS = 1_000;
const LOOK_MS = 250;
/** A mount that was silent is not waited for again so soon, by a dashboard that looks every minute. */
const AGAIN_MS = 300_000;

/** What the other process is told, as one word of its command line. */
export type VisitOrder =
  | {
      readonly kind: 'ingest';
      readonly mount: string;
      readonly options: IngestOptions;
      readonly external: External;
    }
  | { readonly kind: 'scan'; readonly mount: string; readonly wantsUnplaced: boolean };

type External = { readonly command: string; readonly timeoutS: number } | null;

/** A line of what it answers; one without anything is a sign of life. */
export interface VisitLine {
  readonly progress?: IngestProgress;
  readonly ingest?: IngestVisit;
  readonly scan?: ScanVisit;
}

export interface VisitSetup {
  /** This program: its path and what must follow it. */
  readonly self: readonly string[];
  /** Flags that every command takes: the store, the configuration. */
  readonly globals: readonly string[];
  readonly external: External;
  readonly silentMs?: number;
}

/** When each mount was last found silent, monotonic milliseconds: what one run learned the next one need not. */
const silentAt = new Map<string, number>();

export class ProcessVisitor implements Visitor {
  readonly #setup: VisitSetup;

  constructor(setup: VisitSetup) {
    this.#setup = setup;
  }

  async ingest(
    mount: string,
    options: IngestOptions,
    progress: (event: IngestProgress) => void,
    signal: AbortSignal,
  ): Promise<Visit<IngestVisit>> {
    const { external } = this.#setup;
    const onProgress = (line: VisitLine) => line.progress !== undefined && progress(line.progress);
    const last = await this.#run({ kind: 'ingest', mount, options, external }, signal, onProgress);
    return answer(last, ({ ingest }) => ingest);
  }

  async scan(
    mount: string,
    wantsUnplaced: boolean,
    signal = new AbortController().signal,
  ): Promise<Visit<ScanVisit>> {
    const last = await this.#run({ kind: 'scan', mount, wantsUnplaced }, signal, () => undefined);
    return answer(last, ({ scan }) => scan);
  }

  async #run(
    order: VisitOrder,
    signal: AbortSignal,
    onLine: (line: VisitLine) => void,
  ): Promise<Visit<VisitLine>> {
    const silentMs = this.#setup.silentMs ?? SILENT_MS;
    const before = silentAt.get(order.mount);
    if (before !== undefined && performance.now() - before < AGAIN_MS)
      return { kind: 'silent', afterMs: silentMs };
    const { self, globals } = this.#setup;
    const outcome = await visit(
      [...self, ...globals, 'visit', JSON.stringify(order)],
      silentMs,
      signal,
      onLine,
    );
    if (outcome.kind === 'silent') silentAt.set(order.mount, performance.now());
    else silentAt.delete(order.mount);
    return outcome;
  }
}

function answer<Result>(visit: Visit<VisitLine>, of: (line: VisitLine) => Result | undefined): Visit<Result> {
  if (visit.kind !== 'done') return visit;
  const result = of(visit.result);
  return result === undefined
    ? { kind: 'failed', why: 'nothing came of the look at it' }
    : { kind: 'done', result };
}

/** The last line of a process that ended by itself. */
async function visit(
  argv: readonly string[],
  silentMs: number,
  signal: AbortSignal,
  onLine: (line: VisitLine) => void,
): Promise<Visit<VisitLine>> {
  if (signal.aborted) return { kind: 'stopped' };
  const child = Bun.spawn([...argv], { stdin: 'ignore', stdout: 'pipe', stderr: 'ignore' });
  let movedAt = performance.now();
  let last: VisitLine = {};
  const lines = readLines(child.stdout, (line) => {
    movedAt = performance.now();
    last = line;
    onLine(line);
  });
  const ended = lines.then(async (): Promise<Visit<VisitLine>> => {
    const code = await child.exited;
    return signal.aborted ? { kind: 'stopped' } : code === 0 ? { kind: 'done', result: last } : failed(code);
  });
  ended.catch(() => undefined);
  const given = Promise.withResolvers<Visit<VisitLine>>();
  let pulse = pulseOf(child.pid);
  let stopAt = Number.POSITIVE_INFINITY;
  const timer = setInterval(
    () => {
      const now = performance.now();
      const next = pulseOf(child.pid);
      if (next !== pulse) movedAt = now;
      pulse = next;
      if (now - movedAt >= silentMs) given.resolve({ kind: 'silent', afterMs: silentMs });
      if (now >= stopAt) given.resolve({ kind: 'stopped' });
    },
    Math.min(LOOK_MS, silentMs / 4),
  );
  const onAbort = () => {
    child.kill('SIGTERM');
    stopAt = performance.now() + STOP_MS;
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([ended, given.promise]);
  } catch (thrown) {
    return { kind: 'failed', why: messageOf(thrown) };
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', onAbort);
    child.kill('SIGKILL');
    // A kill may wait for the file system too; nobody here does.
    child.unref();
  }
}

function failed(code: number): Visit<VisitLine> {
  return { kind: 'failed', why: `the look at it failed (exit ${code})` };
}

/**
 * What changes whenever the main thread of a process gets on at all: a slow share lets it, a dead one does not. Null where
 * the system does not tell it: then only what the process says counts.
 */
function pulseOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8');
  } catch {
    return null;
  }
}

async function readLines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: VisitLine) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n');
    rest = lines.pop() ?? '';
    // It is this very program that writes them.
    for (const line of lines) if (line !== '') onLine(JSON.parse(line) as VisitLine);
  }
}
