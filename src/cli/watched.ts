/**
 * A process of ours that may come to wait for a file system that never answers.
 * Promises: it is given up `silentMs` after the last sign of life, and `STOP_MS` after a stop; one that cannot even be
 * killed is not waited for.
 */
import { readFileSync } from 'node:fs';

/** A root that does not answer is left after it. */
export const SILENT_MS = 10_000;
/** What does not stop in time is killed: the store takes each session whole or not at all. */
const STOP_MS = 1_000;
const LOOK_MS = 250;

export type ProcessEnd =
  | { readonly kind: 'ended'; readonly code: number }
  | { readonly kind: 'silent'; readonly afterMs: number }
  | { readonly kind: 'stopped' };

export class WatchedProcess {
  readonly #child: Bun.Subprocess;
  readonly #silentMs: number;
  readonly #signal: AbortSignal;
  #silentAt: number;

  constructor(child: Bun.Subprocess, silentMs: number, signal: AbortSignal) {
    this.#child = child;
    this.#silentMs = silentMs;
    this.#signal = signal;
    this.#silentAt = performance.now() + silentMs;
  }

  /** It has just said something. */
  moved(): void {
    this.#silentAt = performance.now() + this.#silentMs;
  }

  /** It has done something, which may be no more than to wake and to wait again: that is worth less than a word. */
  #stirred(): void {
    this.#silentAt = Math.max(this.#silentAt, performance.now() + this.#silentMs / 2);
  }

  async end(): Promise<ProcessEnd> {
    const child = this.#child;
    const given = Promise.withResolvers<ProcessEnd>();
    let pulse = pulseOf(child.pid);
    let stopAt = Number.POSITIVE_INFINITY;
    const onAbort = () => {
      child.kill('SIGTERM');
      stopAt = performance.now() + STOP_MS;
    };
    const look = () => {
      const next = pulseOf(child.pid);
      if (next !== pulse) this.#stirred();
      pulse = next;
      const now = performance.now();
      if (now >= this.#silentAt) given.resolve({ kind: 'silent', afterMs: this.#silentMs });
      if (now >= stopAt) given.resolve({ kind: 'stopped' });
    };
    const timer = setInterval(look, Math.min(LOOK_MS, this.#silentMs / 4));
    if (this.#signal.aborted) onAbort();
    this.#signal.addEventListener('abort', onAbort, { once: true });
    try {
      const ended = child.exited.then(
        (code): ProcessEnd => (this.#signal.aborted ? { kind: 'stopped' } : { kind: 'ended', code }),
      );
      return await Promise.race([ended, given.promise]);
    } finally {
      clearInterval(timer);
      this.#signal.removeEventListener('abort', onAbort);
      child.kill('SIGKILL');
      // A kill may wait for the file system too; nobody here does.
      child.unref();
    }
  }
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
