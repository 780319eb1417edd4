/**
 * Starts this program once more to look at one mount, and leaves it where nothing moves there any more.
 * Promises: comes back whatever happens there (`watched.ts`).
 */
import { messageOf } from '../domain/errors.ts';
import type { IngestVisit, ScanVisit, Visit, Visitor } from '../ingest/discover/visits.ts';
import type { IngestOptions, IngestProgress } from '../ingest/ingest-report.ts';
import { SILENT_MS, WatchedProcess } from './watched.ts';

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
  | { readonly kind: 'scan'; readonly mount: string; readonly wantsUnplaced: boolean }
  /** Only whether anything answers at a path. */
  | { readonly kind: 'look'; readonly mount: string; readonly path: string };

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
  let last: VisitLine = {};
  const watched = new WatchedProcess(child, silentMs, signal);
  const reader = child.stdout.getReader();
  const lines = readLines(reader, (line) => {
    watched.moved();
    last = line;
    onLine(line);
  });
  // Where the process is left, nobody waits for its words.
  lines.catch(() => undefined);
  const end = await watched.end();
  if (end.kind !== 'ended') {
    // A process that cannot be killed holds its end for ever; this one must not wait for it to close.
    reader.cancel().catch(() => undefined);
    return end;
  }
  if (end.code !== 0) return { kind: 'failed', why: `the look at it failed (exit ${end.code})` };
  try {
    await lines;
    return { kind: 'done', result: last };
  } catch (thrown) {
    return { kind: 'failed', why: messageOf(thrown) };
  }
}

/** Until the stream ends or is let go; lines of this very program. */
async function readLines(
  reader: { read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }> },
  onLine: (line: VisitLine) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = `${rest}${decoder.decode(value, { stream: true })}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(JSON.parse(line) as VisitLine);
  }
}
